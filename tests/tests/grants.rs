//! Is an upstream shown the token that an authorization server gives, and nothing where it gives none?

use portreeve_tests::{Answer, Gateway, Issuer, Project, Reply, Request, Upstream, apps, eventually, run_in};
use serde_json::{Value, json};

const ROUTES: &str = "
defaults: { upstream: app, authenticate: [test] }
routes:
  - { match: GET /own, access: authenticated, mutate: [own] }
  - { match: GET /public, access: public, mutate: [own] }
  - { match: GET /beside, access: authenticated, mutate: [beside] }
  - { match: GET /apart, access: authenticated, mutate: [apart] }
  - { match: GET /plain, access: authenticated }
";

/// Mutators that ask the token endpoint that `at` says.
fn mutators(at: &str) -> String {
    let own =
        format!("{at}, client: {{ basic: {{ id: svc, secret: 'file:service-secret' }} }}, scopes: [read]");
    format!(
        "
mutators:
  own: {{ client-credentials: {{ {own} }} }}
  apart: {{ client-credentials: {{ {own}, header: x-service-token }} }}
  beside: {{ client-credentials: {{ {own}, header: x-service-token, scheme: Token, keep-authorization: true }} }}
"
    )
}

fn project(upstream: u16, issuer: &Issuer, at: &str) -> Project {
    let project = Project::with_routes(upstream, issuer, ROUTES);
    let config = project.config(upstream, issuer);
    project.write("portreeve.yaml", &format!("{config}{}", mutators(at)));
    project.write("service-secret", "svc-secret\n");
    project
}

/// A gateway before an echo, a token endpoint, and a token of the caller's.
struct Stage {
    gateway: Gateway,
    upstream: Upstream,
    endpoint: Upstream,
    alice: String,
}

fn stage(endpoint: Upstream) -> Stage {
    let (upstream, issuer) = (Upstream::echo(), Issuer::new());
    let alice = issuer.token("alice", &["user"], &json!({}));
    let at = format!("token-url: http://127.0.0.1:{}/token, timeout: 300ms", endpoint.port());
    let gateway = Gateway::start(project(upstream.port(), &issuer, &at));
    Stage { gateway, upstream, endpoint, alice }
}

impl Stage {
    fn ask(&self, target: &str) -> Reply {
        self.gateway.send(&Request::get(target).bearer(&self.alice))
    }

    /// What the upstream is shown, by the name of the field.
    fn shown(&self, target: &str, field: &str) -> Option<String> {
        let before = self.upstream.seen().len();
        assert_eq!(self.ask(target).status, 200, "{target}");
        self.upstream.seen().remove(before).header(field).map(str::to_owned)
    }
}

fn giving(token: &'static str) -> Upstream {
    Upstream::answering(move |_| {
        Answer::json(&json!({"access_token": token, "token_type": "Bearer", "expires_in": 600}))
    })
}

#[test]
fn the_upstream_is_shown_a_token_of_the_gateways_own_in_place_of_the_callers() {
    let stage = stage(giving("opaque-1"));
    for target in ["/own", "/own", "/public"] {
        assert_eq!(stage.shown(target, "authorization").as_deref(), Some("Bearer opaque-1"), "{target}");
    }
    let asked = stage.endpoint.only();
    assert_eq!(asked.header("authorization"), Some("Basic c3ZjOnN2Yy1zZWNyZXQ="));
    assert_eq!(asked.body, b"grant_type=client_credentials&scope=read");
    assert_eq!(stage.shown("/plain", "authorization"), Some(format!("Bearer {}", stage.alice)));
}

#[test]
fn in_a_field_of_its_own_the_token_stands_alone_or_beside_the_callers() {
    let stage = stage(giving("opaque-1"));
    assert_eq!(stage.shown("/apart", "x-service-token").as_deref(), Some("opaque-1"));
    assert_eq!(stage.shown("/apart", "authorization"), None);
    assert_eq!(stage.shown("/beside", "x-service-token").as_deref(), Some("Token opaque-1"));
    assert_eq!(stage.shown("/beside", "authorization"), Some(format!("Bearer {}", stage.alice)));
    // Nobody else says what stands there, on any route.
    let request = Request::get("/plain").bearer(&stage.alice).header("X_Service.Token", "forged");
    assert!(!stage.gateway.send(&request).text().contains("forged"));
}

#[test]
fn without_a_token_nothing_is_forwarded_and_nobody_is_told_why() {
    let error = || {
        let said = json!({"error": "invalid_client", "error_description": "tell nobody"});
        Answer::Body(401, "application/json", said.to_string().into_bytes())
    };
    let text = |status| move || Answer::Body(status, "text/plain", b"tell nobody".to_vec());
    type Answers = Box<dyn Fn() -> Answer + Send + Sync>;
    let cases: [(Answers, u16, &str); 4] = [
        (Box::new(error), 502, "mutate/token-refused"),
        (Box::new(text(200)), 502, "mutate/token-refused"),
        (Box::new(text(500)), 503, "mutate/token-unavailable"),
        (Box::new(|| Answer::Never), 504, "mutate/token-unavailable"),
    ];
    for (answer, status, code) in cases {
        let stage = stage(Upstream::answering(move |_| answer()));
        let reply = stage.ask("/own");
        assert_eq!(reply.status, status);
        assert!(!reply.text().contains("tell nobody"), "{}", reply.text());
        assert_eq!(stage.gateway.audit().of_event(reply.header("x-request-id").unwrap())["refused"], code);
        assert!(stage.upstream.seen().is_empty());
    }
}

#[test]
fn when_to_come_again_is_passed_on() {
    let throttled = b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n".to_vec();
    let stage = stage(Upstream::answering(move |_| Answer::Raw(throttled.clone())));
    let reply = stage.ask("/own");
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("7")));
}

#[test]
fn a_real_provider_gives_the_token_that_its_discovery_document_promises() {
    let (upstream, issuer) = (Upstream::echo(), Issuer::new());
    let alice = issuer.token("alice", &["user"], &json!({}));
    let project = Project::with_routes(upstream.port(), &issuer, ROUTES);
    let provider = apps::oidc_provider(project.port());
    let at = format!("issuer: http://127.0.0.1:{}, resource: https://api.test/opaque", provider.port());
    let config = format!("{}{}", project.config(upstream.port(), &issuer), mutators(&at));
    project.write("portreeve.yaml", &config);
    project.write("service-secret", "svc-secret");
    let gateway = Gateway::start(project);
    assert_eq!(gateway.send(&Request::get("/own").bearer(&alice)).status, 200);
    let shown = upstream.only();
    let token = shown.header("authorization").unwrap().strip_prefix("Bearer ").unwrap();
    let known = Request::new("POST", "/token/introspection")
        .host(Some(&format!("127.0.0.1:{}", provider.port())))
        .header("Authorization", "Basic c3ZjOnN2Yy1zZWNyZXQ=")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(format!("token={token}").as_bytes())
        .send(provider.port())
        .json();
    let said = |name: &str| known.get(name).cloned().unwrap_or_default();
    assert_eq!(
        (said("active"), said("client_id"), said("scope"), said("aud")),
        (json!(true), json!("svc"), json!("read"), json!("https://api.test/opaque")),
        "{known}"
    );
}

#[test]
fn what_was_given_is_asked_for_anew_after_a_reload() {
    let stage = stage(giving("opaque-1"));
    assert_eq!(stage.ask("/own").status, 200);
    let project = stage.gateway.project();
    let revision: Value = stage.gateway.revision();
    project.replace("routes/main.yaml", &ROUTES.replace("/plain", "/other"));
    eventually("the revision is live", || stage.gateway.revision() != revision);
    assert_eq!(stage.ask("/own").status, 200);
    assert_eq!(stage.endpoint.seen().len(), 2);
}

#[test]
fn check_asks_nobody_for_a_token() {
    let (upstream, endpoint, issuer) = (Upstream::echo(), giving("t"), Issuer::new());
    let at = format!("token-url: http://127.0.0.1:{}/token", endpoint.port());
    let project = project(upstream.port(), &issuer, &at);
    let ran = run_in(project.root(), &["check"]);
    assert_eq!(ran.code, Some(0), "{}", ran.text());
    assert!(endpoint.seen().is_empty());
}
