//! A body that is read before it is forwarded.
//!
//! pingora keeps what is read here in its retry buffer, 64 KiB at most, and sends it upstream first.

use std::{net::IpAddr, time::Duration, time::SystemTime};

use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt as _, future::BoxFuture};
use http::{HeaderMap, Method, header::EXPECT};
use pingora::proxy::Session;
use portreeve_enforce::{Body, BodyError, Request};

/// How long a client may take to send a body that somebody waits for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is left to read of a request.
pub(super) struct Downstream<'s>(pub(super) &'s mut Session);

impl Body for Downstream<'_> {
    fn read(&mut self, limit: u64) -> BoxFuture<'_, Result<Bytes, BodyError>> {
        let whole = whole(self.0, limit);
        async { tokio::time::timeout(PATIENCE, whole).await.unwrap_or(Err(BodyError::Timeout)) }.boxed()
    }
}

async fn whole(session: &mut Session, limit: u64) -> Result<Bytes, BodyError> {
    session.enable_retry_buffering();
    if session.req_header().headers.contains_key(EXPECT) {
        session.write_continue_response().await.map_err(|_| BodyError::Broken)?;
        // It is kept now; the upstream has nothing to announce.
        session.req_header_mut().remove_header(&EXPECT);
    }
    let mut read = BytesMut::new();
    while let Some(part) =
        session.downstream_session.read_request_body().await.map_err(|_| BodyError::Broken)?
    {
        read.extend_from_slice(&part);
        if u64::try_from(read.len()).map_or(true, |length| length > limit) || session.retry_buffer_truncated()
        {
            return Err(BodyError::TooLarge(limit));
        }
    }
    Ok(read.freeze())
}

/// A request of its own, so that the session is free for reading.
pub(super) struct Copied {
    at: SystemTime,
    method: Method,
    scheme: &'static str,
    authority: Option<String>,
    target: String,
    headers: HeaderMap,
    certificate: Option<Vec<u8>>,
    peer: Option<IpAddr>,
}

impl Copied {
    pub(super) fn of(request: &Request<'_>) -> Self {
        Self {
            at: request.at,
            method: request.method.clone(),
            scheme: if request.scheme == "https" { "https" } else { "http" },
            authority: request.authority.map(str::to_owned),
            target: request.target.to_owned(),
            headers: request.headers.clone(),
            certificate: request.certificate.map(<[u8]>::to_vec),
            peer: request.peer,
        }
    }

    pub(super) fn request(&self) -> Request<'_> {
        Request {
            at: self.at,
            method: &self.method,
            scheme: self.scheme,
            authority: self.authority.as_deref(),
            target: &self.target,
            headers: &self.headers,
            certificate: self.certificate.as_deref(),
            peer: self.peer,
        }
    }
}
