//! Do callers who are not forwarded get what the configuration says, by route, status, failure and what they accept?

use portreeve_tests::{Answer, Gateway, Issuer, Project, Reply, Request, Upstream, eventually, run_in};
use serde_json::json;

const ROUTES: &str = "
defaults: { upstream: app, authenticate: [test] }
routes:
  - { match: 'ANY /app', access: authenticated }
  - { match: GET /api, access: authenticated, answers: api }
  - { match: GET /sorry, resource: desk, action: use, id: '\"desk\"', answers: pages }
  - { match: GET /gone, access: authenticated, upstream: nowhere, answers: pages }
  - { match: GET /busy, access: authenticated, authenticate: [busy], answers: pages }
";

const POLICY: &str = "apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: desk
  version: default
  rules:
    - { actions: [use], effect: EFFECT_ALLOW, roles: [admin] }
";

const PAGE: &str = "<h1>{{ status }} {{ title }}</h1><a href='{{ login }}'>in</a><i>{{ event }}</i>";

/// What browsers say when they navigate.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

struct Stage {
    gateway: Gateway,
    upstream: Upstream,
    issuer: Issuer,
    _checks: Upstream,
}

fn project(upstream: u16, issuer: &Issuer, checks: u16) -> Project {
    let project = Project::with_routes(upstream, issuer, ROUTES);
    let answers = "
answers:
  default:
    - { on: 401, accept: html, redirect: { to: 'https://login.test/in', return-to: rd, external-url: 'https://app.test' } }
  api: { answer: problem }
  pages:
    - { on: [policy, 5xx, 429], html: pages/sorry.html, login: 'https://login.test/in' }
    - { on: identity, answer: page }
routes:";
    let busy = format!("  busy: {{ bearer-token: {{ url: http://127.0.0.1:{checks}/whoami }} }}");
    let nowhere = "upstreams:\n  nowhere: { endpoints: [http://127.0.0.1:1] }";
    let config = project.config(upstream, issuer);
    let config = config.replace("\nroutes:", &format!("\n{busy}{answers}")).replace("upstreams:", nowhere);
    project.write("portreeve.yaml", &config);
    project.write("pages/sorry.html", PAGE);
    project.write("policies/desk.yaml", POLICY);
    project
}

fn stage() -> Stage {
    let throttled = b"HTTP/1.1 429 Slow\r\nRetry-After: 42\r\nContent-Length: 4\r\n\r\nslow".to_vec();
    let checks = Upstream::answering(move |_| Answer::Raw(throttled.clone()));
    let (upstream, issuer) = (Upstream::echo(), Issuer::new());
    let gateway = Gateway::start(project(upstream.port(), &issuer, checks.port()));
    Stage { gateway, upstream, issuer, _checks: checks }
}

impl Stage {
    fn ask(&self, method: &str, target: &str, accept: &str) -> Reply {
        self.gateway.send(&Request::new(method, target).header("Accept", accept))
    }

    fn ask_as(&self, user: &str, target: &str, accept: &str) -> Reply {
        let token = self.issuer.token(user, &["user"], &json!({"department": "x"}));
        self.gateway.send(&Request::get(target).header("Accept", accept).bearer(&token))
    }
}

fn kind(reply: &Reply) -> (u16, &str) {
    (reply.status, reply.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default())
}

#[test]
fn a_browser_is_sent_to_the_login_with_the_way_back_and_a_program_is_told() {
    let stage = stage();
    let sent = stage.ask("GET", "/app?a=b&c=%2F", BROWSER);
    assert_eq!(sent.status, 303);
    let back = "https://login.test/in?rd=https%3A%2F%2Fapp.test%2Fapp%3Fa%3Db%26c%3D%252F";
    assert_eq!(sent.header("location"), Some(back));
    assert_eq!((sent.header("cache-control"), sent.header("www-authenticate")), (Some("no-store"), None));
    let record = stage.gateway.audit().of_event(sent.header("x-request-id").unwrap_or_default());
    assert_eq!((&record["refused"], &record["status"]), (&json!("identity/missing"), &json!(303)));

    let told = stage.ask("GET", "/app", "application/json");
    assert_eq!(kind(&told), (401, "application/problem+json"));
    assert!(told.header("www-authenticate").is_some());
    // What has a body cannot be sent somewhere and come back.
    assert_eq!(kind(&stage.ask("POST", "/app", BROWSER)), (401, "text/html"));
}

#[test]
fn the_way_back_is_never_taken_from_the_request() {
    let stage = stage();
    let request = Request::get("/app").header("Accept", BROWSER);
    let request = request.header("X-Forwarded-Host", "evil.test").host(Some("evil.test"));
    let sent = stage.gateway.send(&request);
    assert_eq!((sent.status, sent.header("location").unwrap_or_default().contains("evil")), (303, false));
    for target in ["//evil.test/app", "/\\evil.test", "https://evil.test/app"] {
        let raw = format!(
            "GET {target} HTTP/1.1\r\nHost: app.test\r\nAccept: {BROWSER}\r\nConnection: close\r\n\r\n"
        );
        let reply = stage.gateway.send_raw(raw);
        assert!(!reply.header("location").unwrap_or_default().contains("evil"), "{target}: {reply:?}");
    }
}

#[test]
fn a_route_says_how_its_own_callers_are_answered() {
    let stage = stage();
    assert_eq!(kind(&stage.ask("GET", "/api", BROWSER)), (401, "application/problem+json"));
    assert_eq!(kind(&stage.ask("GET", "/nothing", BROWSER)), (404, "text/html"));
    assert_eq!(kind(&stage.ask("GET", "/sorry", "application/json")), (401, "text/html"));
}

#[test]
fn a_page_of_ones_own_is_filled_in_for_denials_and_for_upstreams_that_fail() {
    let stage = stage();
    let denied = stage.ask_as("alice", "/sorry", BROWSER);
    assert_eq!(kind(&denied), (403, "text/html"));
    let event = denied.header("x-request-id").unwrap_or_default();
    let login = "https://login.test/in?return_to=%2Fsorry";
    assert_eq!(denied.text(), format!("<h1>403 Forbidden</h1><a href='{login}'>in</a><i>{event}</i>"));
    assert!(denied.header("content-security-policy").unwrap_or_default().contains("default-src 'none'"));
    let failed = stage.ask_as("alice", "/gone", BROWSER);
    assert_eq!(failed.status, 502);
    assert!(failed.text().starts_with("<h1>502 Bad Gateway</h1>"), "{}", failed.text());
    assert!(stage.upstream.seen().is_empty());
}

#[test]
fn clients_of_other_protocols_keep_their_own_form() {
    let stage = stage();
    let rpc = Request::get("/sorry").header("MCP-Protocol-Version", "2025-06-18");
    assert_eq!(stage.gateway.send(&rpc).json()["error"]["code"], -32001);
    let grpc = Request::new("POST", "/app").header("Content-Type", "application/grpc");
    assert_eq!(stage.gateway.send(&grpc).header("grpc-status"), Some("16"));
}

#[test]
fn when_a_remote_check_asks_to_come_later_the_caller_is_told_when() {
    let stage = stage();
    for (target, accept, form) in
        [("/busy", "application/json", "text/html"), ("/busy", BROWSER, "text/html")]
    {
        let reply = stage.gateway.send(&Request::get(target).header("Accept", accept).bearer("opaque"));
        assert_eq!(kind(&reply), (429, form));
        assert_eq!(reply.header("retry-after"), Some("42"));
        assert!(!reply.text().contains("slow"), "what the server said is told to nobody");
    }
}

#[test]
fn another_page_takes_effect_when_it_is_saved_and_a_broken_one_does_not() {
    let stage = stage();
    let project = stage.gateway.project();
    project.replace("pages/sorry.html", "<p>other {{ status }}");
    eventually("the other page is shown", || {
        stage.ask_as("alice", "/sorry", BROWSER).text() == "<p>other 403"
    });
    project.replace("pages/sorry.html", "<p>broken {{ statu }}");
    eventually("the revision is refused", || {
        stage.gateway.metric("portreeve_reloads_total", &["outcome=\"failed\""]) > 0.0
    });
    assert_eq!(stage.ask_as("alice", "/sorry", BROWSER).text(), "<p>other 403");
}

#[test]
fn what_is_wrong_is_said_where_it_is_written() {
    let (upstream, issuer) = (Upstream::echo(), Issuer::new());
    for (file, from, to, parts) in [
        (
            "pages/sorry.html",
            "{{ event }}",
            "{{ evnt }}",
            ["there is no `evnt` to fill in", "pages/sorry.html:1"],
        ),
        (
            "routes/main.yaml",
            "answers: api",
            "answers: apis",
            ["there is no answers `apis`", "did you mean `api`?"],
        ),
        (
            "portreeve.yaml",
            "pages/sorry.html",
            "pages/none.html",
            ["no file or folder `pages/none.html`", "error"],
        ),
    ] {
        let project = project(upstream.port(), &issuer, 1);
        let text = std::fs::read_to_string(project.path(file)).unwrap_or_default();
        project.write(file, &text.replace(from, to));
        let ran = run_in(project.root(), &["check"]);
        assert_eq!(ran.code, Some(1), "{}", ran.text());
        for part in parts {
            assert!(ran.text().contains(part), "{part}: {}", ran.text());
        }
    }
}
