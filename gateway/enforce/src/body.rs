//! What does the request's body say? Read only for routes that ask, once the caller is known, whole or not at all.

use bytes::Bytes;
use futures_util::{FutureExt as _, future::BoxFuture};
use http::{HeaderMap, StatusCode, header};
use portreeve_cel::Value;

/// Where a door has the body of a request. What it reads here it must still forward, octet for octet.
pub trait Body: Send {
    /// Reads to the end of the body.
    ///
    /// # Errors
    /// It has more than `limit` octets, broke off, or took too long.
    fn read(&mut self, limit: u64) -> BoxFuture<'_, Result<Bytes, BodyError>>;
}

/// Why a body says nothing. Each is a refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// 413: it has more octets than the route reads.
    #[error("the body has more than {0} bytes")]
    TooLarge(u64),
    /// 408: it did not come in time.
    #[error("the body did not come in time")]
    Timeout,
    /// 400: the client broke off.
    #[error("the body broke off")]
    Broken,
    /// 415: it is not declared as plain JSON, so the upstream may read it as something else.
    #[error("the body is not declared as JSON without a content coding")]
    MediaType,
    /// 400: it is no JSON, or has two readings: a key twice, or more levels than anybody means.
    #[error("the body cannot be read as JSON: {0}")]
    NotJson(Box<str>),
}

impl BodyError {
    /// A stable name for the record and the metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "body/too-large",
            Self::Timeout => "body/timeout",
            Self::Broken => "body/broken-off",
            Self::MediaType => "body/media-type",
            Self::NotJson(_) => "body/not-json",
        }
    }

    /// The status the caller sees.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Broken | Self::NotJson(_) => StatusCode::BAD_REQUEST,
        }
    }
}

/// The body of a request that has none, or whose body no route reads.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoBody;

impl Body for NoBody {
    fn read(&mut self, _: u64) -> BoxFuture<'_, Result<Bytes, BodyError>> {
        std::future::ready(Ok(Bytes::new())).boxed()
    }
}

/// A body that is there already.
impl Body for Bytes {
    fn read(&mut self, limit: u64) -> BoxFuture<'_, Result<Bytes, BodyError>> {
        let fits = u64::try_from(self.len()).is_ok_and(|length| length <= limit);
        std::future::ready(if fits { Ok(self.clone()) } else { Err(BodyError::TooLarge(limit)) }).boxed()
    }
}

/// The body as values see it.
pub(crate) async fn json(headers: &HeaderMap, body: &mut dyn Body, limit: u64) -> Result<Value, BodyError> {
    if !is_plain_json(headers) {
        return Err(BodyError::MediaType);
    }
    let text = body.read(limit).await?;
    serde_json::from_slice(&text).map_err(|error| BodyError::NotJson(error.to_string().into()))
}

/// `application/json`, or a type built on it (RFC 6839 §3.1), in UTF-8, and not compressed.
fn is_plain_json(headers: &HeaderMap) -> bool {
    let plain = headers.get_all(header::CONTENT_ENCODING).iter().all(|coding| coding == "identity");
    let declared =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (essence, parameters) = declared.split_once(';').unwrap_or((declared, ""));
    let essence = essence.trim().to_ascii_lowercase();
    let charset =
        parameters.split(';').filter_map(|parameter| parameter.split_once('=')).all(|(name, value)| {
            !name.trim().eq_ignore_ascii_case("charset")
                || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        });
    let json =
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    plain && charset && json
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (name.parse().unwrap(), http::HeaderValue::from_static(value))
        };
        fields.iter().map(pair).collect()
    }

    #[test]
    fn only_what_is_declared_as_plain_json_is_read_as_json() {
        for (fields, expected) in [
            (&[("content-type", "application/json")][..], true),
            (&[("content-type", "application/merge-patch+json; charset=UTF-8")], true),
            (&[("content-type", "application/json; charset=utf-16")], false),
            (&[("content-type", "text/plain")], false),
            (&[("content-type", "application/x-www-form-urlencoded")], false),
            (&[("content-type", "application/json"), ("content-encoding", "gzip")], false),
            (&[("content-type", "application/json"), ("content-encoding", "identity")], true),
            (&[], false),
        ] {
            assert_eq!(is_plain_json(&headers(fields)), expected, "{fields:?}");
        }
    }

    #[tokio::test]
    async fn what_has_two_readings_is_not_read() {
        let declared = headers(&[("content-type", "application/json")]);
        for (text, limit, code) in [
            ("{\"a\": 1}", 64, None),
            ("{\"a\": 1, \"a\": 2}", 64, Some("body/not-json")),
            ("{\"a\": 1} {}", 64, Some("body/not-json")),
            ("", 64, Some("body/not-json")),
            ("{\"a\": 1}", 7, Some("body/too-large")),
        ] {
            let mut body = Bytes::from_static(text.as_bytes());
            let read = json(&declared, &mut body, limit).await;
            assert_eq!(read.err().map(|error| error.code()), code, "{text}");
        }
    }
}
