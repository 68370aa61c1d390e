use std::{net::IpAddr, time::SystemTime};

use http::{HeaderMap, HeaderName, Method, header};
use portreeve_identity::Presented;
use portreeve_route_config::{Host, HostError, PathError, RequestTarget};

/// A request as a door hands it over. Borrows everything.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// When it arrived; the one clock reading of the whole request.
    pub at: SystemTime,
    /// The method.
    pub method: &'r Method,
    /// `http` or `https`, as the client spoke it.
    pub scheme: &'r str,
    /// The host that the client asks for; `None` when it asks for none, or for more than one.
    pub authority: Option<&'r str>,
    /// The path and query as received, in origin form.
    pub target: &'r str,
    /// The header fields as received.
    pub headers: &'r HeaderMap,
    /// The leaf certificate (DER) that the client proved to hold.
    pub certificate: Option<&'r [u8]>,
    /// The peer's address.
    pub peer: Option<IpAddr>,
}

/// A request read the one way that everything after will read it.
#[derive(Debug)]
pub(crate) struct Reading<'r> {
    pub(crate) host: Host<'r>,
    pub(crate) target: RequestTarget<'r>,
}

/// Why a request has more than one reading, or none. 400, or 414 for a target that is too long.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The path or the query.
    #[error(transparent)]
    Target(#[from] PathError),
    /// The host.
    #[error(transparent)]
    Host(#[from] HostError),
    /// No host, or several that differ.
    #[error("the request names no host, or more than one")]
    NoHost,
    /// A field that may be there once is there more often.
    #[error("the header field `{0}` is there more than once")]
    Repeated(HeaderName),
}

/// Fields of which two readers may pick different ones.
const SINGLE: [HeaderName; 4] =
    [header::AUTHORIZATION, header::CONTENT_TYPE, header::CONTENT_LENGTH, header::HOST];

impl<'r> Request<'r> {
    pub(crate) fn read(&self) -> Result<Reading<'r>, Unreadable> {
        for name in SINGLE {
            let mut values = self.headers.get_all(&name).iter();
            values.next();
            if values.next().is_some() {
                return Err(Unreadable::Repeated(name));
            }
        }
        let target = RequestTarget::parse(self.target)?;
        let host = Host::parse(self.authority.ok_or(Unreadable::NoHost)?)?;
        Ok(Reading { host, target })
    }

    /// What it shows of its caller.
    pub(crate) fn presented<'a>(&'a self, reading: &'a Reading<'_>) -> Presented<'a> {
        Presented {
            method: self.method,
            path: reading.target.path.as_str(),
            query: reading.target.query.as_str(),
            headers: self.headers,
            certificate: self.certificate,
            peer: self.peer,
            now: self.at,
        }
    }
}

impl Unreadable {
    /// A stable name for the record and the metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Target(error) => error.code(),
            Self::Host(error) => error.code(),
            Self::NoHost => "request/no-host",
            Self::Repeated(_) => "request/field-repeated",
        }
    }

    /// The status the caller sees.
    #[must_use]
    pub const fn status(&self) -> http::StatusCode {
        match self {
            Self::Target(error) => error.status(),
            Self::Host(_) | Self::NoHost | Self::Repeated(_) => http::StatusCode::BAD_REQUEST,
        }
    }
}
