//! Pages of other origins may ask, if they may.

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request::Parts};
use http_body_util::Full;

use super::{config::Cors, http::Answer};

/// The headers that a question needs.
const HEADERS: [&str; 4] = ["accept", "content-type", "user-agent", "x-requested-with"];

/// All that Cerbos lets through, though no question is asked with most of them.
const METHODS: [Method; 7] =
    [Method::GET, Method::POST, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

/// Tells browsers which origins may read an answer.
pub(super) fn allow(cors: &Cors, asked: &HeaderMap, answer: &mut Answer) {
    answer.headers_mut().insert(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(allowed) = allowed(cors, asked) {
        answer.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    }
}

/// The answer to a request that only asks whether another may be made; nothing if it is not one.
pub(super) fn preflight(cors: &Cors, asked: &Parts) -> Option<Answer> {
    let method = asked.headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
    let answer = || permission(cors, method, &asked.headers);
    (asked.method == Method::OPTIONS).then(answer)
}

fn permission(cors: &Cors, method: &HeaderValue, asked: &HeaderMap) -> Answer {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let answer = response.headers_mut();
    let vary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
    answer.insert(header::VARY, HeaderValue::from_static(vary));
    let Some(allowed) = allowed(cors, asked) else { return response };
    if !METHODS.iter().any(|known| known.as_str() == method) {
        return response;
    }
    if let Some(wanted) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        let known = |name: &str| {
            let name = name.trim();
            let mut listed = cors.headers.iter().map(String::as_str);
            listed.any(|known| known == "*" || known.eq_ignore_ascii_case(name))
                || (cors.headers.is_empty() && HEADERS.iter().any(|known| known.eq_ignore_ascii_case(name)))
        };
        if !wanted.to_str().is_ok_and(|wanted| wanted.split(',').all(known)) {
            return response;
        }
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, method.clone());
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    response
}

fn allowed(cors: &Cors, asked: &HeaderMap) -> Option<HeaderValue> {
    let origin = asked.get(header::ORIGIN)?;
    if cors.origins.is_empty() || cors.origins.iter().any(|known| known == "*") {
        return Some(HeaderValue::from_static("*"));
    }
    cors.origins.iter().any(|known| known.as_bytes() == origin.as_bytes()).then(|| origin.clone())
}
