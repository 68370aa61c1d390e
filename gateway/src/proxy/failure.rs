//! What went wrong on the way to an upstream, in the words of statuses, metrics and records.

use http::StatusCode;
use pingora::{
    Error, ErrorSource,
    ErrorType::{
        self, ConnectNoRoute, ConnectRefused, ConnectTimedout, Custom, HTTPStatus, InvalidCert, ReadTimedout,
        TLSHandshakeFailure, TLSHandshakeTimedout, WriteTimedout,
    },
};

/// There is no endpoint that could be dialled.
pub(super) const UNREACHABLE: ErrorType = Custom("unreachable");

/// The status that tells the caller, or nothing when the caller is gone.
pub(super) fn status(error: &Error) -> Option<StatusCode> {
    if let HTTPStatus(code) = error.etype() {
        return StatusCode::from_u16(*code).ok();
    }
    if let Some(code) = code(error) {
        return Some(match code {
            "timeout" => StatusCode::GATEWAY_TIMEOUT,
            "unreachable" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_GATEWAY,
        });
    }
    match error.esource() {
        ErrorSource::Downstream => match error.etype() {
            ErrorType::WriteError | ErrorType::ReadError | ErrorType::ConnectionClosed => None,
            ReadTimedout => Some(StatusCode::REQUEST_TIMEOUT),
            WriteTimedout => None,
            _ => Some(StatusCode::BAD_REQUEST),
        },
        _ => Some(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// The kind of failure when it is the upstream's: one of a fixed set, for the metrics.
pub(super) fn code(error: &Error) -> Option<&'static str> {
    let upstream = *error.esource() == ErrorSource::Upstream;
    Some(match error.etype() {
        Custom("unreachable") => "unreachable",
        ConnectTimedout | TLSHandshakeTimedout => "timeout",
        ReadTimedout | WriteTimedout if upstream => "timeout",
        ConnectRefused | ConnectNoRoute => "refused",
        InvalidCert | TLSHandshakeFailure => "tls",
        _ if upstream => "broken",
        _ => return None,
    })
}

/// What is told of it, in records and logs. pingora shows the octets that it could not read, with whatever cookies and
/// tokens are in them; those are left out.
pub(super) fn told(error: &Error) -> String {
    let mut text = format!("{} {}", error.source_str(), error.reason_str()).trim().to_owned();
    let mut next = Some(error);
    while let Some(error) = next {
        let context =
            error.context.as_ref().map(ToString::to_string).filter(|text| !text.starts_with("buf:"));
        let cause = error.cause.as_ref();
        next = cause.and_then(|cause| cause.downcast_ref::<Box<Error>>()).map(|cause| &**cause);
        let last = cause.filter(|_| next.is_none()).map(ToString::to_string);
        for part in context.into_iter().chain(last) {
            text.push_str(": ");
            text.push_str(&part);
        }
    }
    text
}

/// Whether the client went away while it was sending. Once it is answered it may (RFC 9110 §10.1.1, RFC 9112 §9.5).
pub(super) fn is_unsent(error: &Error) -> bool {
    let gone = matches!(error.etype(), ErrorType::ConnectionClosed | ErrorType::ReadError);
    gone && *error.esource() == ErrorSource::Downstream
}

/// The code for the record.
pub(super) fn record_code(error: &Error) -> Option<&'static str> {
    if matches!(error.etype(), HTTPStatus(413)) {
        return Some("body/too-large");
    }
    Some(match code(error) {
        Some("timeout") => "upstream/timeout",
        Some("unreachable") => "upstream/unreachable",
        Some("refused") => "upstream/refused",
        Some("tls") => "upstream/tls",
        Some(_) => "upstream/broken",
        None if *error.esource() == ErrorSource::Downstream => "client/broken",
        None => "gateway/failed",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_told_of_what_an_upstream_said() {
        let inner =
            Error::explain(ErrorType::InvalidHTTPHeader, "buf: HTTP/1.1 200 OK\r\nSet-Cookie: secret");
        let error = Error::because(ErrorType::InvalidHTTPHeader, "Peer: app", inner).into_up();
        assert_eq!(told(&error), "Upstream InvalidHTTPHeader: Peer: app");
    }

    #[test]
    fn an_upstream_that_fails_is_not_the_callers_fault() {
        for (kind, source, expected) in [
            (ConnectTimedout, ErrorSource::Upstream, Some(504)),
            (ReadTimedout, ErrorSource::Upstream, Some(504)),
            (ConnectRefused, ErrorSource::Upstream, Some(502)),
            (InvalidCert, ErrorSource::Upstream, Some(502)),
            (ErrorType::ConnectionClosed, ErrorSource::Upstream, Some(502)),
            (UNREACHABLE, ErrorSource::Unset, Some(503)),
            (HTTPStatus(413), ErrorSource::Unset, Some(413)),
            (ErrorType::ConnectionClosed, ErrorSource::Downstream, None),
            (ErrorType::InvalidHTTPHeader, ErrorSource::Downstream, Some(400)),
            (ReadTimedout, ErrorSource::Downstream, Some(408)),
            (ErrorType::InternalError, ErrorSource::Unset, Some(500)),
        ] {
            let mut error = Error::new(kind.clone());
            error.esource = source;
            assert_eq!(status(&error).map(|status| status.as_u16()), expected, "{kind:?}");
        }
    }
}
