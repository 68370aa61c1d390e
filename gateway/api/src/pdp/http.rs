//! The decision point over HTTP.

use std::{net::SocketAddr, sync::Arc, time::SystemTime};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, RawQuery, Request, State},
    http::{HeaderMap, Response, StatusCode, Uri, header},
    middleware,
    routing::{get, post},
};
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

/// `POST /api/check/resources`, `POST /api/plan/resources` and `GET /_cerbos/health`. Who asks is taken from [`ConnectInfo`].
pub fn router(point: Arc<Point>) -> Router {
    let has_cors = point.cors.is_some();
    let router = Router::new()
        .route("/api/check/resources", post(check_resources).fallback(wrong_method))
        .route("/api/plan/resources", post(plan_resources).fallback(wrong_method))
        .route("/_cerbos/health", get(health).head(wrong_method).fallback(wrong_method))
        .fallback(not_found)
        .with_state(Arc::clone(&point));
    if has_cors { router.layer(middleware::from_fn_with_state(point, cors::answer)) } else { router }
}

async fn check_resources(State(point): State<Arc<Point>>, request: Request) -> Response<Body> {
    asked(&point, request, checked).await
}

async fn plan_resources(State(point): State<Arc<Point>>, request: Request) -> Response<Body> {
    asked(&point, request, planned).await
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
    request: Request,
    answer: fn(&Point, &Asked<'_>) -> Result<Vec<u8>, Failure>,
) -> Response<Body> {
    let form = form(request.uri().query(), request.headers());
    let (head, body) = request.into_parts();
    let peer = head.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0);
    let answered = match axum::body::to_bytes(body, MAX_BODY).await {
        Ok(body) => answer(point, &Asked { headers: &head.headers, peer, body: &body, form }),
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

async fn health(RawQuery(query): RawQuery, headers: HeaderMap) -> Response<Body> {
    const KNOWN: [&str; 2] = ["", "cerbos.svc.v1.CerbosService"];
    let form = form(query.as_deref(), &headers);
    let asked =
        query.as_deref().unwrap_or_default().split('&').find_map(|part| part.strip_prefix("service="));
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

async fn wrong_method(RawQuery(query): RawQuery, headers: HeaderMap) -> Response<Body> {
    refuse(&Failure::Method, form(query.as_deref(), &headers))
}

async fn not_found(uri: Uri, headers: HeaderMap) -> Response<Body> {
    if uri.path().starts_with("/api/") || uri.path().starts_with("/_cerbos/") {
        return refuse(&Failure::NotFound("Not Found"), form(uri.query(), &headers));
    }
    let mut response = Response::new(Body::from("404 page not found\n"));
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

fn refuse(failure: &Failure, form: Form) -> Response<Body> {
    answer(failure.status(), &failure.body(), form)
}

fn answer(status: StatusCode, value: &impl Serialize, form: Form) -> Response<Body> {
    json(status, form::write(value, form).unwrap_or_default())
}

fn json(status: StatusCode, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
