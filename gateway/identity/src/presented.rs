use std::{borrow::Cow, fmt, net::IpAddr, time::SystemTime};

use http::{HeaderMap, Method};

/// What a request shows of its caller. Borrows everything; building one costs nothing. Prints names of fields only,
/// since their values, the query and a certificate can be credentials.
#[derive(Clone, Copy)]
pub struct Presented<'r> {
    /// The method.
    pub method: &'r Method,
    /// The path as the gateway forwards it, without the query.
    pub path: &'r str,
    /// The query as received, without the `?`; empty when there is none.
    pub query: &'r str,
    /// The header fields as received.
    pub headers: &'r HeaderMap,
    /// The leaf certificate (DER) that the client proved to hold. `None` unless the listener verified it.
    pub certificate: Option<&'r [u8]>,
    /// The address of the peer that opened the connection (after the PROXY protocol, if the listener speaks it).
    /// Never taken from a header.
    pub peer: Option<IpAddr>,
    /// When the request arrived: the one reading of the clock that everything is judged by.
    pub now: SystemTime,
}

impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<_> = self.headers.keys().collect();
        f.debug_struct("Presented")
            .field("path", &self.path)
            .field("headers", &fields)
            .finish_non_exhaustive()
    }
}

/// The values of one name: none, one, or more than one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found<T> {
    /// The name is absent.
    Nothing,
    /// One value.
    One(T),
    /// More than one value, or one that is not text: nobody may choose among them.
    Many,
}

impl<T> Found<T> {
    fn add(&mut self, value: T) {
        *self = match self {
            Self::Nothing => Self::One(value),
            Self::One(_) | Self::Many => Self::Many,
        };
    }
}

impl<'r> Presented<'r> {
    /// The one value of a header field.
    pub(crate) fn header(&self, name: &http::HeaderName) -> Found<&'r str> {
        let mut found = Found::Nothing;
        for value in self.headers.get_all(name) {
            match value.to_str() {
                Ok(text) => found.add(text),
                Err(_) => return Found::Many,
            }
        }
        found
    }

    /// The one value of a cookie, exactly as sent: nothing is unquoted or decoded.
    pub(crate) fn cookie(&self, name: &str) -> Found<&'r str> {
        let mut found = Found::Nothing;
        for field in self.headers.get_all(http::header::COOKIE) {
            let Ok(text) = field.to_str() else { continue };
            for pair in text.split(';') {
                if let Some((key, value)) = pair.trim_matches([' ', '\t']).split_once('=')
                    && key == name
                {
                    found.add(value);
                }
            }
        }
        found
    }

    /// The one value of a query parameter, percent-decoded.
    pub(crate) fn query_parameter(&self, name: &str) -> Found<Cow<'r, str>> {
        let mut found = Found::Nothing;
        for pair in self.query.split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if percent_encoding::percent_decode_str(key).decode_utf8().is_ok_and(|key| key == name) {
                match percent_encoding::percent_decode_str(value).decode_utf8() {
                    Ok(value) => found.add(value),
                    Err(_) => return Found::Many,
                }
            }
        }
        found
    }
}

/// The piece of a request that one authenticator is responsible for. Prints as `Credential(..)`: it is a secret.
#[derive(Clone)]
#[non_exhaustive]
pub enum Credential<'r> {
    /// Text out of a header field, cookie or query parameter.
    Text(Cow<'r, str>),
    /// A client certificate (DER) that the listener verified.
    Certificate(&'r [u8]),
    /// Header fields taken together; the authenticator reads them itself.
    Headers,
    /// Nothing is needed: everybody is welcome, or nobody is.
    Nothing,
    /// The place held more than one value, so there is nothing that could be judged. Refused with 400.
    Ambiguous,
}

impl Credential<'_> {
    /// The text, when the credential is text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderValue, header::COOKIE};

    fn shown<'r>(headers: &'r HeaderMap, query: &'r str) -> Presented<'r> {
        let now = SystemTime::UNIX_EPOCH;
        Presented { method: &Method::GET, path: "/", query, headers, certificate: None, peer: None, now }
    }

    fn cookies(fields: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(COOKIE, HeaderValue::from_str(field).unwrap());
        }
        headers
    }

    #[test]
    fn a_cookie_is_read_as_sent_and_only_when_there_is_one_of_it() {
        let cases: &[(&[&str], Found<&str>)] = &[
            (&[], Found::Nothing),
            (&["a=1; session=abc; b=2"], Found::One("abc")),
            (&["xsession=abc"], Found::Nothing),
            (&["session=\"abc"], Found::One("\"abc")),
            (&["session=a=b=="], Found::One("a=b==")),
            (&["session=1; session=2"], Found::Many),
            (&["session=1", "session=1"], Found::Many),
            (&["Session=1"], Found::Nothing),
        ];
        for (fields, expected) in cases {
            let headers = cookies(fields);
            assert_eq!(shown(&headers, "").cookie("session"), *expected, "{fields:?}");
        }
    }

    #[test]
    fn a_query_parameter_is_decoded_once_and_only_when_there_is_one_of_it() {
        let headers = HeaderMap::new();
        for (query, expected) in [
            ("", Found::Nothing),
            ("token=a%2Fb&x=1", Found::One(Cow::from("a/b"))),
            ("token=a%252Fb", Found::One(Cow::from("a%2Fb"))),
            ("to%6ben=a", Found::One(Cow::from("a"))),
            ("token=1&to%6ben=2", Found::Many),
            ("token=%ff", Found::Many),
            ("token", Found::One(Cow::from(""))),
        ] {
            assert_eq!(shown(&headers, query).query_parameter("token"), expected, "{query}");
        }
    }

    #[test]
    fn a_credential_never_prints_itself() {
        assert_eq!(format!("{:?}", Credential::Text("secret".into())), "Credential(..)");
        let headers = cookies(&["session=secret"]);
        let shown = format!("{:?}", shown(&headers, "token=secret"));
        assert!(shown.contains("cookie") && !shown.contains("secret"), "{shown}");
    }
}
