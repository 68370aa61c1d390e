//! Fields that whoever sent them says are for the gateway alone.

use http::{HeaderMap, HeaderName, header::CONNECTION};
use pingora::http::RequestHeader;

/// What `Connection` may name that says how the connection or the body is read, so that it is pingora's to look at.
const FRAMING: [&str; 12] = [
    "close",
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Takes off the fields that `Connection` names (RFC 9110 §7.6.1) before anybody looks at them. The upstream does not
/// get them, so that a decision by what they say would be one about another request.
pub(super) fn take_off(request: &mut RequestHeader) {
    if !request.headers.contains_key(CONNECTION) {
        return;
    }
    let gone: Vec<_> = names(&request.headers).filter(|name| !FRAMING.contains(&name.as_str())).collect();
    for name in gone {
        request.remove_header(&name);
    }
}

/// What `Connection` names, in lower case.
pub(super) fn names(headers: &HeaderMap) -> impl Iterator<Item = HeaderName> {
    let values = headers.get_all(CONNECTION).iter().map(http::HeaderValue::as_bytes);
    let names = values.flat_map(|value| value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    names.filter_map(|name| HeaderName::from_bytes(name).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_connection_names_is_gone_unless_it_frames_the_message() {
        let mut request = RequestHeader::build("GET", b"/", None).unwrap();
        for (name, value) in [
            ("connection", "X-Region, close,host"),
            ("connection", "content-type , content-length, x-none, x y"),
            ("host", "a.test"),
            ("x-region", "EU"),
            ("content-type", "application/json"),
            ("content-length", "2"),
            ("accept", "*/*"),
        ] {
            request.append_header(name, value).unwrap();
        }
        take_off(&mut request);
        let mut left: Vec<_> = request.headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["accept", "connection", "content-length", "host"]);
    }
}
