//! The decision point over HTTP.

use std::{net::SocketAddr, time::SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use serde::Serialize;

use super::{
    Point,
    answer::{CheckedResources, Results},
    call_id::CallId,
    cors, entry,
    failure::Failure,
    fields::{CHECK_RESOURCES, PLAN_RESOURCES},
    form::{self, Form},
    plan::PlannedResources,
    question::{CheckResources, PlanResources, text},
    reading, validate,
};

/// The largest body that is read.
const MAX_BODY: usize = 8 << 20;

pub(super) type Answer = Response<Full<Bytes>>;

/// Answers `POST /api/check/resources`, `POST /api/plan/resources` and `GET /_cerbos/health`, and says of everything
/// else that it is not there. `peer` is who asks.
pub(super) async fn answer(point: &Point, peer: Option<SocketAddr>, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    if let Some(cors) = &point.cors
        && let Some(answer) = cors::preflight(cors, &head)
    {
        return answer;
    }
    let form = form(head.uri.query(), &head.headers);
    let asked = |answer| asked(point, &head, peer, body, form, answer);
    let mut answered = match (head.uri.path(), &head.method) {
        ("/api/check/resources", &Method::POST) => asked(checked).await,
        ("/api/plan/resources", &Method::POST) => asked(planned).await,
        ("/_cerbos/health", &Method::GET) => health(head.uri.query(), form),
        ("/api/check/resources" | "/api/plan/resources" | "/_cerbos/health", _) => {
            refuse(&Failure::Method, form)
        }
        (path, _) => not_found(path, form),
    };
    if let Some(cors) = &point.cors {
        cors::allow(cors, &head.headers, &mut answered);
    }
    answered
}

/// A question as it came in.
struct Asked<'a> {
    headers: &'a HeaderMap,
    peer: Option<SocketAddr>,
    body: &'a [u8],
    form: Form,
}

async fn asked(
    point: &Point,
    head: &http::request::Parts,
    peer: Option<SocketAddr>,
    body: Incoming,
    form: Form,
    answer: fn(&Point, &Asked<'_>) -> Result<Vec<u8>, Failure>,
) -> Answer {
    let answered = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => answer(point, &Asked { headers: &head.headers, peer, body: &body.to_bytes(), form }),
        Err(_) => Err(Failure::TooLarge),
    };
    match answered {
        Ok(body) => json(StatusCode::OK, body),
        Err(failure) => refuse(&failure, form),
    }
}

fn checked(point: &Point, question: &Asked<'_>) -> Result<Vec<u8>, Failure> {
    let asked: CheckResources = reading::read(question.body, CHECK_RESOURCES)?;
    if let Some(violations) = validate::check_resources(&asked) {
        return Err(Failure::Violations(violations));
    }
    let at = SystemTime::now();
    let id = CallId::new(at);
    let method = "/cerbos.svc.v1.CerbosService/CheckResources";
    let call = entry::Call { id: &id, at, peer: question.peer, headers: question.headers, method };
    let answered = point.within_limits(&asked).and_then(|()| point.check(&asked, at));
    if let Some(journal) = &point.journal {
        match &answered {
            Ok(answered) => entry::checked(journal, &call, &asked, answered),
            Err(failure) => {
                entry::refused(journal, &call, asked.request_context.as_deref(), failure.code());
            }
        }
    }
    let answered = answered?;
    let results = Results {
        entries: asked.resources.as_deref().unwrap_or_default(),
        decisions: &answered.decisions,
        meta: asked.include_meta == Some(true),
    };
    let answer =
        CheckedResources { request_id: text(&asked.request_id), results, cerbos_call_id: id.as_str() };
    form::write(&answer, question.form).map_err(|error| Failure::Internal(error.to_string()))
}

fn planned(point: &Point, question: &Asked<'_>) -> Result<Vec<u8>, Failure> {
    let asked: PlanResources = reading::read(question.body, PLAN_RESOURCES)?;
    if let Some(violations) = validate::plan_resources(&asked) {
        return Err(Failure::Violations(violations));
    }
    let at = SystemTime::now();
    let id = CallId::new(at);
    let method = "/cerbos.svc.v1.CerbosService/PlanResources";
    let call = entry::Call { id: &id, at, peer: question.peer, headers: question.headers, method };
    let planned = point.plan(&asked, at);
    if let Some(journal) = &point.journal {
        match &planned {
            Ok(answered) => entry::planned(journal, &call, &asked, answered),
            Err(failure) => {
                entry::refused(journal, &call, asked.request_context.as_deref(), failure.code());
            }
        }
    }
    let answered = planned?;
    let answer = PlannedResources::of(&asked, &answered.plan, id.as_str());
    form::write(&answer, question.form).map_err(|error| Failure::Internal(error.to_string()))
}

fn health(query: Option<&str>, form: Form) -> Answer {
    const KNOWN: [&str; 2] = ["", "cerbos.svc.v1.CerbosService"];
    let asked = query.unwrap_or_default().split('&').find_map(|part| part.strip_prefix("service="));
    if asked.is_some_and(|service| !KNOWN.contains(&service)) {
        return refuse(&Failure::NotFound("unknown service"), form);
    }
    #[derive(Serialize)]
    struct Health {
        status: &'static str,
    }
    let mut body = form::write(&Health { status: "SERVING" }, form).unwrap_or_default();
    if form == Form::Lines {
        body.push(b'\n');
    }
    json(StatusCode::OK, body)
}

fn not_found(path: &str, form: Form) -> Answer {
    if path.starts_with("/api/") || path.starts_with("/_cerbos/") {
        return refuse(&Failure::NotFound("Not Found"), form);
    }
    let mut response = Response::new(Full::from("404 page not found\n"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    let text = header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    let as_told = header::HeaderValue::from_static("nosniff");
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, as_told);
    response
}

/// Several lines, if `?pretty` or a type with that name asks for them.
fn form(query: Option<&str>, headers: &HeaderMap) -> Form {
    const PRETTY: &str = "application/json+pretty";
    let pretty = |part: &str| part == "pretty" || part.starts_with("pretty=");
    let accepted = headers.get_all(header::ACCEPT).iter().any(|value| value == PRETTY);
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let sent = sent.is_some_and(|sent| sent.split(';').next().unwrap_or_default().trim() == PRETTY);
    let lines = accepted || sent || query.is_some_and(|query| query.split('&').any(pretty));
    if lines { Form::Lines } else { Form::Line }
}

fn refuse(failure: &Failure, form: Form) -> Answer {
    written(failure.status(), &failure.body(), form)
}

fn written(status: StatusCode, value: &impl Serialize, form: Form) -> Answer {
    json(status, form::write(value, form).unwrap_or_default())
}

fn json(status: StatusCode, body: Vec<u8>) -> Answer {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
