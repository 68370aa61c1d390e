//! What an upstream's answer has to be like to be passed on.
//!
//! An answer is framed anew for the client. What says something about the connection to the upstream only would be
//! wrong on the client's: a coding that is not undone, a length of nothing, a protocol that nobody asked for.

use http::{
    StatusCode,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE},
};
use pingora::{Error, ErrorSource, ErrorType, Result, http::ResponseHeader};

/// Refuses what cannot be passed on, and takes off what an answer without a body must not say (RFC 9110 §8.6, RFC 9112
/// §6.1). `upgrade` is whether the client asked for a WebSocket.
///
/// # Errors
/// The upstream's fault, 502 for the client.
pub(super) fn require(answer: &mut ResponseHeader, upgrade: bool) -> Result<()> {
    if answer.status == StatusCode::SWITCHING_PROTOCOLS && !(upgrade && is_websocket(answer)) {
        return broken("it changes to a protocol that it was not asked for");
    }
    if answer.headers.contains_key(TRANSFER_ENCODING) && !is_chunked(answer) {
        return broken("it has a transfer coding that it was not asked for");
    }
    if answer.status.is_informational() || answer.status == StatusCode::NO_CONTENT {
        answer.remove_header(&TRANSFER_ENCODING);
        answer.remove_header(&CONTENT_LENGTH);
    }
    say_once(answer)
}

/// A length that is told several times. Those that differ were refused before.
fn say_once(answer: &mut ResponseHeader) -> Result<()> {
    let mut lengths = answer.headers.get_all(CONTENT_LENGTH).iter();
    let Some(first) = lengths.next() else { return Ok(()) };
    let one = first.as_bytes().split(|byte| *byte == b',').next().unwrap_or_default().trim_ascii();
    if lengths.next().is_none() && one.len() == first.len() {
        return Ok(());
    }
    let one = one.to_vec();
    answer.insert_header(CONTENT_LENGTH, one)
}

fn is_websocket(answer: &ResponseHeader) -> bool {
    is_only(answer, UPGRADE, "websocket")
}

fn is_chunked(answer: &ResponseHeader) -> bool {
    is_only(answer, TRANSFER_ENCODING, "chunked")
}

fn is_only(answer: &ResponseHeader, name: http::HeaderName, wanted: &str) -> bool {
    let mut values = answer.headers.get_all(name).iter();
    let first = values.next().is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(wanted.as_bytes()));
    first && values.next().is_none()
}

fn broken(why: &'static str) -> Result<()> {
    Err(Error::create(ErrorType::InvalidHTTPHeader, ErrorSource::Upstream, Some(why.into()), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, fields: &[(&'static str, &str)]) -> ResponseHeader {
        let mut answer = ResponseHeader::build(status, None).unwrap();
        for (name, value) in fields {
            answer.append_header(*name, *value).unwrap();
        }
        answer
    }

    #[test]
    fn only_what_was_asked_for_is_passed_on() {
        for (status, fields, upgrade, expected) in [
            (101, &[("upgrade", "WebSocket")][..], true, true),
            (101, &[("upgrade", "websocket")], false, false),
            (101, &[("upgrade", "h2c")], true, false),
            (101, &[("upgrade", "websocket"), ("upgrade", "h2c")], true, false),
            (101, &[], true, false),
            (103, &[], false, true),
            (200, &[("transfer-encoding", "chunked")], false, true),
            (200, &[("transfer-encoding", "Chunked")], false, true),
            (200, &[("transfer-encoding", "gzip, chunked")], false, false),
            (200, &[("transfer-encoding", "xchunked")], false, false),
            (200, &[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")], false, false),
        ] {
            let sound = require(&mut answer(status, fields), upgrade).is_ok();
            assert_eq!(sound, expected, "{status} {fields:?} {upgrade}");
        }
    }

    #[test]
    fn an_answer_says_how_long_it_is_once_or_not_at_all() {
        for (status, fields, length) in [
            (204, &[("content-length", "3")][..], &[][..]),
            (204, &[("transfer-encoding", "chunked")], &[]),
            (200, &[("content-length", "3"), ("content-length", "3")], &["3"]),
            (200, &[("content-length", "3, 3")], &["3"]),
            (304, &[("content-length", "300")], &["300"]),
        ] {
            let mut answer = answer(status, fields);
            require(&mut answer, false).unwrap();
            let told: Vec<_> = answer.headers.get_all(CONTENT_LENGTH).iter().collect();
            assert_eq!(told, length, "{status} {fields:?}");
            assert!(!answer.headers.contains_key(TRANSFER_ENCODING), "{status} {fields:?}");
        }
    }
}
