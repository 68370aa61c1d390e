//! What the upstream gets to see: the target that was judged, the client's own header fields without those that are not
//! the client's to send, and what the gateway has to say.

use std::{mem, net::IpAddr};

use http::{
    HeaderMap, HeaderName, HeaderValue, Uri, Version,
    header::{CACHE_CONTROL, COOKIE, HOST, TE},
    request, response,
};
use pingora::{
    Error, ErrorType, OrErr, Result,
    http::{RequestHeader, ResponseHeader},
};
use portreeve_enforce::Edit;

use super::{Exchange, names, nominated};
use crate::answer::REQUEST_ID;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// What HTTP/1.1 calls hop-by-hop and pingora leaves in place between two HTTP/2 connections.
const HOP_BY_HOP: [&str; 4] = ["keep-alive", "proxy-authorization", "proxy-connection", "http2-settings"];

/// How the request came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival<'s> {
    /// The address at the other end of the connection.
    pub(super) peer: Option<IpAddr>,
    /// The host that the client asked for.
    pub(super) authority: Option<&'s str>,
    /// Whether that peer is believed what it says about those before it.
    pub(super) trusted: bool,
    /// Whether it came over TLS.
    pub(super) tls: bool,
}

/// Writes the request for the upstream over the client's own. Names of fields go on in lower case, as HTTP/2 has them:
/// to keep a second map of how each was written costs more than everything else that is done here.
pub(super) fn dress(
    request: &mut RequestHeader,
    arrival: &Arrival<'_>,
    exchange: &Exchange,
    reserved: &[HeaderName],
) -> Result<()> {
    let permit = exchange.permit()?;
    let ends_stream = request.send_end_stream();
    let mut parts = request::Parts::from(mem::replace(request, blank_request()));
    let before = Before::of(&parts.headers, arrival);
    strip(&mut parts, reserved, permit.edits());
    aim(&mut parts, permit.target(), arrival.authority)?;
    join_cookies(&mut parts.headers)?;
    let told = [
        (FORWARDED_FOR, Some(before.chain(arrival)?)),
        (FORWARDED_PROTO, Some(before.proto)),
        (FORWARDED_HOST, Some(before.host)),
        (REQUEST_ID, exchange.id_field()),
    ];
    parts.headers.reserve(told.len() + permit.edits().len());
    for (name, value) in told {
        value.map(|value| parts.headers.insert(name, value));
    }
    for edit in permit.edits() {
        match edit {
            Edit::Remove(name) => parts.headers.remove(name),
            Edit::Set(name, value) => parts.headers.insert(name.clone(), value.clone()),
        };
    }
    if let Some(host) = exchange.upstream().and_then(|upstream| upstream.settings.host.clone()) {
        parts.headers.insert(HOST, host);
    }
    *request = RequestHeader::from(parts);
    if let Some(ends_stream) = ends_stream {
        request.set_send_end_stream(ends_stream);
    }
    Ok(())
}

/// Takes off an upstream's answer what is not the client's business: fields that the gateway sets, and those that are
/// for one hop only, those that `Connection` names among them (RFC 9110 §7.6.1). Then the gateway has its say.
pub(super) fn undress(
    response: &mut ResponseHeader,
    reserved: &[HeaderName],
    exchange: &Exchange,
) -> Result<()> {
    let reason =
        response.get_reason_phrase().filter(|phrase| Some(*phrase) != response.status.canonical_reason());
    let reason = reason.map(str::to_owned);
    let mut parts = response::Parts::from(mem::replace(response, blank_response()));
    let headers = &mut parts.headers;
    for name in for_one_hop(headers, reserved) {
        headers.remove(&name);
    }
    headers.reserve(2);
    exchange.id_field().map(|id| headers.insert(REQUEST_ID, id));
    // What one caller may see, a shared cache must not hand to the next. An upstream that says something about caching
    // is taken at its word.
    if exchange.is_gated() && !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private"));
    }
    *response = ResponseHeader::from(parts);
    match reason {
        Some(reason) => response.set_reason_phrase(Some(&reason)),
        None => Ok(()),
    }
}

/// The same for what comes after a body.
pub(super) fn undress_trailers(trailers: &mut HeaderMap, reserved: &[HeaderName]) {
    for name in for_one_hop(trailers, reserved) {
        trailers.remove(&name);
    }
}

fn for_one_hop(headers: &HeaderMap, reserved: &[HeaderName]) -> Vec<HeaderName> {
    // What `Connection` itself means is for pingora to see.
    let meant =
        |name: &HeaderName| ["close", "upgrade", "keep-alive", "content-length"].contains(&name.as_str());
    let mut strange: Vec<HeaderName> = nominated::names(headers).filter(|name| !meant(name)).collect();
    let own = |name: &&HeaderName| names::is_reserved(name, reserved) || HOP_BY_HOP.contains(&name.as_str());
    strange.extend(headers.keys().filter(own).cloned());
    strange
}

fn blank_request() -> RequestHeader {
    http::Request::new(()).into_parts().0.into()
}

fn blank_response() -> ResponseHeader {
    http::Response::new(()).into_parts().0.into()
}

/// What a trusted proxy said about the client, or else what the gateway sees itself.
struct Before {
    chain: Vec<HeaderValue>,
    proto: HeaderValue,
    host: HeaderValue,
}

impl Before {
    fn of(headers: &HeaderMap, arrival: &Arrival<'_>) -> Self {
        let seen = HeaderValue::from_static(if arrival.tls { "https" } else { "http" });
        let asked = arrival.authority.and_then(|host| HeaderValue::from_str(host).ok());
        let asked = asked.unwrap_or_else(|| HeaderValue::from_static(""));
        if !arrival.trusted {
            return Self { chain: Vec::new(), proto: seen, host: asked };
        }
        let proto = only(headers, &FORWARDED_PROTO).filter(|told| told == "http" || told == "https");
        let host = only(headers, &FORWARDED_HOST)
            .filter(|told| told.to_str().is_ok_and(|told| told.parse::<http::uri::Authority>().is_ok()));
        Self {
            chain: headers.get_all(FORWARDED_FOR).iter().cloned().collect(),
            proto: proto.unwrap_or(seen),
            host: host.unwrap_or(asked),
        }
    }

    /// The proxies and the client before them, nearest last.
    fn chain(&self, arrival: &Arrival<'_>) -> Result<HeaderValue> {
        let mut line = Vec::new();
        let peer = arrival.peer.map(|peer| peer.to_string());
        let told = self.chain.iter().map(HeaderValue::as_bytes);
        for part in told.chain(peer.iter().map(String::as_bytes)).filter(|part| !part.is_empty()) {
            if !line.is_empty() {
                line.extend_from_slice(b", ");
            }
            line.extend_from_slice(part);
        }
        HeaderValue::from_bytes(&line).or_err(ErrorType::InvalidHTTPHeader, "x-forwarded-for")
    }
}

/// The value of a field that is there once.
fn only(headers: &HeaderMap, name: &HeaderName) -> Option<HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none()).cloned()
}

fn strip(request: &mut request::Parts, reserved: &[HeaderName], edits: &[Edit]) {
    let mut strange: Vec<HeaderName> = Vec::new();
    for name in request.headers.keys() {
        let own = names::is_forwarding(name) || names::is_reserved(name, reserved);
        // What is replaced or removed is so in every spelling.
        let own = own || edits.iter().any(|edit| names::is_reserved(name, std::slice::from_ref(edit.name())));
        if own || HOP_BY_HOP.contains(&name.as_str()) {
            strange.push(name.clone());
        }
    }
    for name in strange {
        request.headers.remove(&name);
    }
    // gRPC servers insist on it, and it means nothing else.
    let trailers =
        request.version == Version::HTTP_2 && request.headers.get(TE).is_some_and(|te| te == "trailers");
    if !trailers {
        request.headers.remove(&TE);
    }
}

/// What was judged is what is sent. Both wire forms take the host from the `Host` field.
fn aim(request: &mut request::Parts, target: &str, authority: Option<&str>) -> Result<()> {
    let same = request.uri.authority().is_none()
        && request.uri.path_and_query().is_some_and(|received| received.as_str() == target);
    if !same {
        request.uri = target.parse::<Uri>().map_err(|error| {
            Error::because(ErrorType::InternalError, "the permit's target cannot be written", error)
        })?;
    }
    if let Some(authority) = authority
        && request.headers.get(HOST).is_none_or(|host| host != authority)
    {
        request.headers.insert(HOST, value(authority)?);
    }
    Ok(())
}

fn value(text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text).or_err(ErrorType::InvalidHTTPHeader, "a value for a header field")
}

/// HTTP/2 may split a cookie field; HTTP/1.1 has one (RFC 9113 §8.2.3).
fn join_cookies(headers: &mut HeaderMap) -> Result<()> {
    let crumbs: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if crumbs.len() < 2 {
        return Ok(());
    }
    let joined = crumbs.join(&b"; "[..]);
    let joined = HeaderValue::from_bytes(&joined).or_err(ErrorType::InvalidHTTPHeader, "cookie")?;
    headers.insert(COOKIE, joined);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(fields: &[(&str, &str)]) -> request::Parts {
        let mut request = http::Request::builder().uri("/a/../b");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn arrival(trusted: bool) -> Arrival<'static> {
        Arrival { peer: "192.0.2.7".parse().ok(), authority: Some("api.test"), trusted, tls: false }
    }

    #[test]
    fn what_the_judged_target_is_goes_on_the_wire() {
        let mut sent = request(&[("host", "other.test")]);
        aim(&mut sent, "/b?x=1", Some("api.test")).unwrap();
        assert_eq!(RequestHeader::from(sent.clone()).raw_path(), b"/b?x=1");
        assert_eq!(sent.headers["host"], "api.test");
    }

    #[test]
    fn fields_that_are_not_the_clients_to_send_are_gone() {
        let mut sent = request(&[
            ("x-user-id", "admin"),
            ("X_User.Id", "admin"),
            ("x-forwarded-for", "1.2.3.4"),
            ("proxy-authorization", "Basic x"),
            ("te", "trailers"),
            ("accept", "*/*"),
        ]);
        strip(&mut sent, &[HeaderName::from_static("x-user-id")], &[]);
        let left: Vec<_> = sent.headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, ["accept"]);
    }

    #[test]
    fn only_a_trusted_peer_speaks_for_those_before_it() {
        let told = request(&[
            ("x-forwarded-for", "1.2.3.4, 5.6.7.8"),
            ("x-forwarded-for", "9.9.9.9"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "public.test"),
        ]);
        for (trusted, chain, proto, host) in [
            (true, "1.2.3.4, 5.6.7.8, 9.9.9.9, 192.0.2.7", "https", "public.test"),
            (false, "192.0.2.7", "http", "api.test"),
        ] {
            let before = Before::of(&told.headers, &arrival(trusted));
            assert_eq!(before.chain(&arrival(trusted)).unwrap(), chain);
            assert_eq!((before.proto, before.host), (proto.parse().unwrap(), host.parse().unwrap()));
        }
    }

    #[test]
    fn trailers_say_nothing_in_the_gateways_name() {
        let mut trailers = request(&[("grpc-status", "0"), ("X_User_Id", "root")]).headers;
        undress_trailers(&mut trailers, &[HeaderName::from_static("x-user-id")]);
        assert_eq!(trailers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["grpc-status"]);
    }

    #[test]
    fn crumbs_of_cookies_are_joined_in_order() {
        let mut sent = request(&[("cookie", "a=1"), ("cookie", "b=2")]);
        join_cookies(&mut sent.headers).unwrap();
        assert_eq!(sent.headers.get_all(COOKIE).iter().collect::<Vec<_>>(), ["a=1; b=2"]);
    }
}
