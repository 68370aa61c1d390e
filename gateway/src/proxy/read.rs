//! A pingora request as the enforcer reads it.

use std::{net::IpAddr, time::SystemTime};

use bytes::Bytes;
use http::{
    Version,
    header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING},
};
use pingora::{http::RequestHeader, proxy::Session};
use portreeve_enforce::Request;

use crate::{answer::Asked, listeners::Secured};

/// The request. What cannot be read one way only is passed on as something that the enforcer refuses.
pub(super) fn request(session: &Session, at: SystemTime, tls: bool) -> Request<'_> {
    let header = session.req_header();
    Request {
        at,
        method: &header.method,
        scheme: if tls { "https" } else { "http" },
        authority: authority(header).filter(|_| has_one_framing(session)),
        target: target(session),
        headers: &header.headers,
        certificate: secured(session).and_then(|secured| secured.certificate.as_deref()),
        peer: peer(session),
    }
}

/// The host that the client asks for, when it asks for one only: HTTP/2 has a pseudo-header field for it, HTTP/1.1 may
/// have it in its target, and both may have a `Host` field that says something else.
pub(super) fn authority(header: &RequestHeader) -> Option<&str> {
    let mut hosts = header.headers.get_all(HOST).iter();
    let host = match hosts.next() {
        Some(host) => Some(host.to_str().ok()?),
        None => None,
    };
    if hosts.next().is_some() {
        return None;
    }
    let target =
        header.uri.authority().map(http::uri::Authority::as_str).or_else(|| absolute(header).map(|(a, _)| a));
    match (target, host) {
        (Some(target), Some(host)) => target.eq_ignore_ascii_case(host).then_some(target),
        (one, other) => one.or(other),
    }
}

/// What an answer of the gateway's own depends on.
pub(super) fn asked(session: &Session) -> Asked<'_> {
    let header = session.req_header();
    Asked { method: &header.method, headers: &header.headers, target: target(session) }
}

/// The length of the body that the client promises.
pub(super) fn declared_length(session: &Session) -> Option<u64> {
    session.req_header().headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The address at the other end of the connection.
pub(super) fn peer(session: &Session) -> Option<IpAddr> {
    session.client_addr()?.as_inet().map(|address| address.ip().to_canonical())
}

fn secured(session: &Session) -> Option<&Secured> {
    session.digest()?.ssl_digest.as_ref()?.extension.get::<Secured>()
}

/// The path and query exactly as received. pingora drops a fragment, which is refused like any other second reading, so
/// one is put in its place; spaces and bytes that are no text are refused in the same way.
fn target(session: &Session) -> &str {
    const UNREADABLE: &str = "/\u{80}";
    let header = session.req_header();
    match request_line(session) {
        Some(line) if line.contains(&b'#') => return "/#",
        Some(line) if !is_plain(&line) => return UNREADABLE,
        _ => {}
    }
    let raw = std::str::from_utf8(header.raw_path()).unwrap_or(UNREADABLE);
    match absolute(header) {
        Some((_, "")) => "/",
        Some((_, target)) => target,
        None => raw,
    }
}

/// Authority and path of a target in absolute form.
fn absolute(header: &RequestHeader) -> Option<(&str, &str)> {
    let raw = std::str::from_utf8(header.raw_path()).ok()?;
    if raw.starts_with('/') {
        return None;
    }
    let (_, rest) = raw.split_once("://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    rest.split_at_checked(end)
}

/// Both a length and a transfer coding: which of them is believed differs between servers (RFC 9112 §6.1). pingora
/// removes the length before anybody can see it, so the bytes themselves are looked at, and only if there is a coding.
/// The one coding that everybody reads the same way is `chunked`, alone.
pub(super) fn has_one_framing(session: &Session) -> bool {
    let headers = &session.req_header().headers;
    if !headers.contains_key(TRANSFER_ENCODING) {
        // pingora reads `3, 3` as 3 and passes it on as it is.
        let length = headers.get(CONTENT_LENGTH).map(http::HeaderValue::as_bytes).unwrap_or(b"0");
        return length.iter().all(u8::is_ascii_digit);
    }
    if session.req_header().version == Version::HTTP_10 {
        return false;
    }
    let Some(raw) = raw(session) else { return true };
    let has_length = raw.split(|byte| *byte == b'\n').any(|line| {
        line.split(|byte| *byte == b':')
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(b"content-length"))
    });
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let chunked = codings.next().is_some_and(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"));
    chunked && codings.next().is_none() && !has_length
}

/// Whether a request line is three words of plain ASCII.
fn is_plain(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' '..=b'~'))
        && line.iter().filter(|byte| **byte == b' ').count() == 2
}

/// The first line that is not empty: some clients send an empty one after a body (RFC 9112 §2.2). HTTP/1.1 only.
fn request_line(session: &Session) -> Option<Bytes> {
    let raw = raw(session)?;
    let mut lines = raw.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.find(|line| !line.is_empty()).map(|line| raw.slice_ref(line))
}

/// The header as it came, request line included; HTTP/1.1 only.
fn raw(session: &Session) -> Option<Bytes> {
    Some(session.as_downstream().as_http1()?.get_headers_raw_bytes())
}
