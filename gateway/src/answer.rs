//! What a caller gets who is not forwarded: a status, a way to prove who they are, and the id of the event.
//!
//! Nothing of routes, policies or upstreams is in it. The form follows the request: HTML for browsers, a gRPC status
//! for gRPC, a JSON-RPC error for MCP, and problem details (RFC 9457) for everybody else.

mod form;

use std::fmt::Display;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode,
    header::{
        ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, RETRY_AFTER,
        SET_COOKIE, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
    },
};
use portreeve_identity::Reply;

use form::{Form, form};

use crate::answers::{Accept, Failure, Login, Page, Rule, Values, What, choose};

/// What is answered to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// The method.
    pub(crate) method: &'a Method,
    /// The header fields.
    pub(crate) headers: &'a HeaderMap,
    /// The path and query.
    pub(crate) target: &'a str,
}

/// What an answer says.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: StatusCode,
    /// The values for `WWW-Authenticate`, one field each.
    pub(crate) challenges: Vec<HeaderValue>,
    /// In how many seconds to come again.
    pub(crate) retry_after: Option<u64>,
    /// The whole of it, where the gateway itself has something to say.
    pub(crate) reply: Option<Reply>,
}

impl Answer {
    /// A status and nothing else.
    pub(crate) const fn of(status: StatusCode) -> Self {
        Self { status, challenges: Vec::new(), retry_after: None, reply: None }
    }

    /// What a refusal tells its caller.
    pub(crate) fn to(refusal: &portreeve_enforce::Refusal) -> Self {
        Self {
            status: refusal.status(),
            challenges: refusal.challenges(),
            retry_after: refusal.retry_after(),
            reply: refusal.reply().cloned(),
        }
    }

    /// The response to a request. `id` is the event's, `code` the record's; the first of the rules that fits says how.
    pub(crate) fn response(
        &self,
        asked: &Asked<'_>,
        id: &impl Display,
        code: &str,
        rules: &[Rule],
    ) -> Response<Bytes> {
        let Asked { method, headers, target } = *asked;
        let id = id.to_string();
        let mut response = match form(headers) {
            _ if self.speaks() => self.said(),
            Form::Grpc => self.grpc(&id),
            Form::Rpc => self.rpc(&id),
            form => {
                let accept = if form == Form::Html { Accept::Html } else { Accept::Json };
                match choose(rules, &Failure { status: self.status, code, accept, method }) {
                    Some(What::Problem) => self.problem(&id),
                    Some(What::Plain) => self.page(&id),
                    Some(What::Page(page, login)) => self.own_page(page, login.as_ref(), target, &id),
                    Some(What::Redirect(login)) => return redirect(login, target, &id),
                    None if accept == Accept::Html => self.page(&id),
                    None => self.problem(&id),
                }
            }
        };
        let fields = response.headers_mut();
        if let Ok(value) = HeaderValue::from_str(&id) {
            fields.insert(REQUEST_ID, value);
        }
        for (name, value) in self.reply.iter().flat_map(|reply| &reply.headers) {
            match *name == SET_COOKIE {
                true => drop(fields.append(name, value.clone())),
                false => drop(fields.insert(name, value.clone())),
            }
        }
        for challenge in &self.challenges {
            fields.append(WWW_AUTHENTICATE, challenge.clone());
        }
        if let Some(seconds) = self.retry_after {
            fields.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            // RFC 9110 §15.5.6 asks for the field; which methods there are is not told.
            fields.insert(ALLOW, HeaderValue::from_static(""));
        }
        if method == Method::HEAD {
            *response.body_mut() = Bytes::new();
        }
        response
    }

    /// Whether there is more to the answer than its status. An error of the login's own is told like every other.
    fn speaks(&self) -> bool {
        let error = self.status.is_client_error() || self.status.is_server_error();
        self.reply.as_ref().is_some_and(|reply| !error || !reply.body.is_empty())
    }

    fn said(&self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = self.status;
        if let Some(reply) = &self.reply {
            *response.body_mut() = Bytes::copy_from_slice(reply.body.as_bytes());
            let length = HeaderValue::from(reply.body.len());
            response.headers_mut().insert(CONTENT_LENGTH, length);
        }
        response
    }

    fn problem(&self, id: &str) -> Response<Bytes> {
        let problem = serde_json::json!({
            "type": "about:blank",
            "title": phrase(self.status),
            "status": self.status.as_u16(),
            "instance": format!("urn:uuid:{id}"),
        });
        self.with_body("application/problem+json", problem.to_string())
    }

    fn page(&self, id: &str) -> Response<Bytes> {
        let (code, phrase) = (self.status.as_u16(), phrase(self.status));
        let page = format!(
            "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{code} {phrase}</title>\n\
             <h1>{code} {phrase}</h1>\n<p>If this is not what you expected, tell whoever runs this service the number \
             <code>{id}</code>.</p>\n</html>\n"
        );
        let mut response = self.with_body("text/html; charset=utf-8", page);
        let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
        response
    }

    /// A page of the configuration's. It may have styles and pictures, also its own, and runs nothing.
    fn own_page(&self, page: &Page, login: Option<&Login>, target: &str, id: &str) -> Response<Bytes> {
        let (status, title) = (self.status.as_u16(), phrase(self.status));
        let login = login.map(|login| login.url(target)).unwrap_or_default();
        let filled = page.filled(&Values { status, title, event: id, login: &login });
        let mut response = self.with_body("text/html; charset=utf-8", filled);
        let policy = HeaderValue::from_static(
            "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; \
             base-uri 'none'; frame-ancestors 'none'",
        );
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
        response
    }

    /// MCP speaks JSON-RPC 2.0. The request's id is in the body, which nobody read, so there is none.
    fn rpc(&self, id: &str) -> Response<Bytes> {
        let error = serde_json::json!({
            "jsonrpc": "2.0",
            "id": null,
            "error": {
                "code": rpc_code(self.status),
                "message": phrase(self.status),
                "data": { "status": self.status.as_u16(), "instance": format!("urn:uuid:{id}") },
            },
        });
        self.with_body("application/json", error.to_string())
    }

    /// gRPC tells a failure in its trailers; one without a message is its header alone (“Trailers-Only”).
    fn grpc(&self, id: &str) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        let message = format!("{} ({id})", phrase(self.status));
        let fields = response.headers_mut();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        fields.insert(GRPC_STATUS, HeaderValue::from(grpc_code(self.status)));
        if let Ok(message) = HeaderValue::from_str(&message) {
            fields.insert(GRPC_MESSAGE, message);
        }
        response
    }

    fn with_body(&self, kind: &'static str, body: String) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = self.status;
        let fields = response.headers_mut();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        fields.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        fields.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        *response.body_mut() = Bytes::from(body);
        response
    }
}

/// The way to a login, which is told to nobody else and remembered by no cache.
fn redirect(login: &Login, target: &str, id: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let fields = response.headers_mut();
    fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    fields.insert(CONTENT_LENGTH, HeaderValue::from(0));
    if let Ok(id) = HeaderValue::from_str(id) {
        fields.insert(REQUEST_ID, id);
    }
    match HeaderValue::try_from(login.url(target)) {
        Ok(url) => drop(fields.insert(LOCATION, url)),
        Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    response
}

/// The field that carries the event's id.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

fn phrase(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Error")
}

/// Of the codes that JSON-RPC leaves to servers.
fn rpc_code(status: StatusCode) -> i32 {
    match status.as_u16() {
        400 | 413..=415 => -32600, // Invalid Request
        401 => -32001,
        403 => -32003,
        404 => -32004,
        429 => -32029,
        _ => -32000,
    }
}

/// As gRPC's own mapping from HTTP has it, with the codes that say more where the gateway knows more.
fn grpc_code(status: StatusCode) -> u16 {
    match status.as_u16() {
        400 => 3,              // INVALID_ARGUMENT
        401 => 16,             // UNAUTHENTICATED
        403 => 7,              // PERMISSION_DENIED
        404 => 12,             // UNIMPLEMENTED
        413 => 8,              // RESOURCE_EXHAUSTED
        504 => 4,              // DEADLINE_EXCEEDED
        429 | 502 | 503 => 14, // UNAVAILABLE
        _ => 2,                // UNKNOWN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(status: u16, method: Method, fields: &[(&'static str, &'static str)]) -> Response<Bytes> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_static(value));
        }
        let asked = Asked { method: &method, headers: &headers, target: "/a" };
        Answer::of(StatusCode::from_u16(status).unwrap()).response(&asked, &"0199-id", "policy/denied", &[])
    }

    #[test]
    fn the_form_follows_what_the_caller_accepts() {
        for (accept, expected) in [
            ("", "application/problem+json"),
            ("*/*", "application/problem+json"),
            ("application/json", "application/problem+json"),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
            ("text/html;q=0.5, application/json", "application/problem+json"),
            ("text/html;q=0", "application/problem+json"),
            ("text/html;q=NaN", "application/problem+json"),
        ] {
            let response = ask(403, Method::GET, &[("accept", accept)]);
            assert_eq!(response.headers()["content-type"], expected, "{accept}");
            assert_eq!(response.status(), 403);
            assert_eq!(response.headers()["x-content-type-options"], "nosniff");
            assert_eq!(response.headers()["cache-control"], "no-store");
        }
    }

    #[test]
    fn a_problem_tells_its_status_and_the_event_and_nothing_else() {
        let response = ask(403, Method::GET, &[]);
        let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        let expected = serde_json::json!({
            "type": "about:blank", "title": "Forbidden", "status": 403, "instance": "urn:uuid:0199-id",
        });
        assert_eq!(body, expected);
        assert_eq!(response.headers()["x-request-id"], "0199-id");
    }

    #[test]
    fn head_has_the_fields_of_get_and_no_body() {
        let (get, head) = (ask(404, Method::GET, &[]), ask(404, Method::HEAD, &[]));
        assert_eq!(get.headers(), head.headers());
        assert!(head.body().is_empty() && !get.body().is_empty());
    }

    #[test]
    fn grpc_gets_a_status_in_its_header_and_no_body() {
        for (status, code) in
            [(400, "3"), (401, "16"), (403, "7"), (404, "12"), (503, "14"), (504, "4"), (500, "2")]
        {
            for kind in ["application/grpc", "application/grpc+proto", "application/grpc;x=y"] {
                let response = ask(status, Method::POST, &[("content-type", kind)]);
                assert_eq!(response.status(), 200);
                assert_eq!(response.headers()["grpc-status"], code);
                assert_eq!(response.headers()["content-type"], "application/grpc");
                assert!(response.body().is_empty());
            }
        }
        let other = ask(403, Method::POST, &[("content-type", "application/grpc-web")]);
        assert_eq!(other.status(), 403);
    }

    #[test]
    fn a_client_of_mcp_gets_an_error_of_json_rpc_with_the_same_status() {
        let both = ("accept", "application/json, text/event-stream");
        let json = ("content-type", "application/json");
        for (fields, expected) in [
            (&[both, json][..], true),
            (&[("mcp-protocol-version", "2025-06-18")], true),
            (&[both], false),
            (&[json, ("accept", "application/json")], false),
            (&[json, ("accept", "application/json, text/event-stream;q=0")], false),
        ] {
            let response = ask(401, Method::POST, fields);
            assert_eq!(response.status(), 401);
            let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
            assert_eq!(body["jsonrpc"] == "2.0", expected, "{fields:?}");
            if expected {
                assert_eq!(
                    (&body["error"]["code"], &body["id"]),
                    (&(-32001).into(), &serde_json::Value::Null)
                );
                assert_eq!(response.headers()["content-type"], "application/json");
            }
        }
    }

    #[test]
    fn challenges_and_the_time_to_come_again_are_told() {
        let challenges =
            vec![HeaderValue::from_static("Bearer"), HeaderValue::from_static("Basic realm=\"a\"")];
        let answer =
            Answer { status: StatusCode::UNAUTHORIZED, challenges, retry_after: Some(3), reply: None };
        let asked = Asked { method: &Method::GET, headers: &HeaderMap::new(), target: "/" };
        let response = answer.response(&asked, &"id", "identity/missing", &[]);
        let told: Vec<_> = response.headers().get_all("www-authenticate").iter().collect();
        assert_eq!(told, ["Bearer", "Basic realm=\"a\""]);
        assert_eq!(response.headers()["retry-after"], "3");
    }
}
