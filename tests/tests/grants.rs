//! Is an upstream shown the token that an authorization server gives, and nothing where it gives none?

use portreeve_tests::{
    Answer, Gateway, Issuer, Project, Reply, Request, Seen, Upstream, apps, eventually, run_in,
};
use serde_json::{Value, json};

const ROUTES: &str = "
defaults: { upstream: app, authenticate: [test] }
routes:
  - { match: GET /own, access: authenticated, mutate: [own] }
  - { match: GET /public, access: public, mutate: [own] }
  - { match: GET /beside, access: authenticated, mutate: [beside] }
  - { match: GET /apart, access: authenticated, mutate: [apart] }
  - { match: GET /plain, access: authenticated }
  - { match: GET /exchanged, access: authenticated, mutate: [exchanged] }
  - { match: GET /mixed, access: authenticated, authenticate: [machines, test], mutate: [exchanged] }
";

/// An authenticator whose callers show no token.
const MACHINES: &str = "
  machines: { api-key: { from: { header: x-key }, keys: [{ id: robot, sha256: 'b2cfb5518f033861ee2dd12be0f7c0b95c23d0b8d1f4c32c8a788f77bc8a52be' }] } }
routes:";

/// How `svc` proves who it is.
const SERVICE: &str = "Basic c3ZjOnN2Yy1zZWNyZXQ=";

/// Mutators that ask the token endpoint that `at` says.
fn mutators(at: &str) -> String {
    let own =
        format!("{at}, client: {{ basic: {{ id: svc, secret: 'file:service-secret' }} }}, scopes: [read]");
    format!(
        "
mutators:
  own: {{ client-credentials: {{ {own} }} }}
  exchanged: {{ token-exchange: {{ {own}, audience: ledger }} }}
  apart: {{ client-credentials: {{ {own}, header: x-service-token }} }}
  beside: {{ client-credentials: {{ {own}, header: x-service-token, scheme: Token, keep-authorization: true }} }}
"
    )
}

fn project(upstream: u16, issuer: &Issuer, at: &str) -> Project {
    written(Project::with_routes(upstream, issuer, ROUTES), upstream, issuer, at)
}

fn written(project: Project, upstream: u16, issuer: &Issuer, at: &str) -> Project {
    let config = project.config(upstream, issuer);
    let config = config.replace("\nroutes:", MACHINES);
    project.write("portreeve.yaml", &format!("{config}{}", mutators(at)));
    project.write("service-secret", "svc-secret\n");
    project
}

/// A gateway before an echo, a token endpoint, and a token of the caller's.
struct Stage {
    gateway: Gateway,
    upstream: Upstream,
    endpoint: Upstream,
    issuer: Issuer,
    alice: String,
}

fn stage(endpoint: Upstream) -> Stage {
    let (upstream, issuer) = (Upstream::echo(), Issuer::new());
    let alice = issuer.token("alice", &["user"], &json!({}));
    let at = format!("token-url: http://127.0.0.1:{}/token, timeout: 2s", endpoint.port());
    let gateway = Gateway::start(project(upstream.port(), &issuer, &at));
    Stage { gateway, upstream, endpoint, issuer, alice }
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
    assert_eq!(asked.header("authorization"), Some(SERVICE));
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

/// What a provider says of a token.
fn introspected(provider: &apps::App, token: &str) -> Value {
    Request::new("POST", "/token/introspection")
        .host(Some(&format!("127.0.0.1:{}", provider.port())))
        .header("Authorization", SERVICE)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(format!("token={token}").as_bytes())
        .send(provider.port())
        .json()
}

/// The field of a request whose token an upstream was shown.
fn token_of(seen: &Seen) -> &str {
    seen.header("authorization").unwrap().strip_prefix("Bearer ").unwrap()
}

#[test]
fn a_real_provider_gives_the_token_that_its_discovery_document_promises() {
    let (upstream, issuer) = (Upstream::echo(), Issuer::new());
    let alice = issuer.token("alice", &["user"], &json!({}));
    let project = Project::with_routes(upstream.port(), &issuer, ROUTES);
    let provider = apps::oidc_provider(project.port());
    let at = format!("issuer: http://127.0.0.1:{}, resource: https://api.test/opaque", provider.port());
    let gateway = Gateway::start(written(project, upstream.port(), &issuer, &at));
    assert_eq!(gateway.send(&Request::get("/own").bearer(&alice)).status, 200);
    let known = introspected(&provider, token_of(&upstream.only()));
    assert_eq!(
        [&known["active"], &known["client_id"], &known["scope"], &known["aud"]],
        [&json!(true), &json!("svc"), &json!("read"), &json!("https://api.test/opaque")],
        "{known}"
    );
}

#[test]
fn a_real_provider_exchanges_the_callers_token() {
    let upstream = Upstream::echo();
    let routes = "
defaults: { upstream: app, authenticate: [opaque] }
routes:
  - { match: GET /exchanged, access: authenticated, mutate: [exchanged] }
  - { match: GET /nowhere, access: authenticated, mutate: [nowhere] }
";
    let issuer = Issuer::new();
    let project = Project::with_routes(upstream.port(), &issuer, routes);
    let provider = apps::oidc_provider(project.port());
    let port = provider.port();
    let config = project.config(upstream.port(), &issuer);
    let with_provider = format!(
        "
  opaque:
    introspection:
      url: http://127.0.0.1:{port}/token/introspection
      audience: https://api.test/opaque
      client: {{ basic: {{ id: svc, secret: 'file:service-secret' }} }}
    principal: {{ id: claims.client_id }}
mutators:
  exchanged: {{ token-exchange: {{ issuer: 'http://127.0.0.1:{port}', client: {{ post: {{ id: gate, secret: 'file:gate-secret' }} }}, audience: ledger, scopes: [read] }} }}
  nowhere: {{ token-exchange: {{ issuer: 'http://127.0.0.1:{port}', client: {{ post: {{ id: gate, secret: 'file:gate-secret' }} }}, audience: elsewhere }} }}
routes:"
    );
    project.write("portreeve.yaml", &config.replace("\nroutes:", &with_provider));
    project.write("service-secret", "svc-secret");
    project.write("gate-secret", "gate-secret");
    let gateway = Gateway::start(project);
    let given = Request::new("POST", "/token")
        .host(Some(&format!("127.0.0.1:{port}")))
        .header("Authorization", SERVICE)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(b"grant_type=client_credentials&scope=read&resource=https://api.test/opaque")
        .send(port)
        .json();
    let token = given["access_token"].as_str().unwrap();
    for _ in 0..2 {
        assert_eq!(gateway.send(&Request::get("/exchanged").bearer(token)).status, 200);
    }
    let seen = upstream.seen();
    let known = introspected(&provider, token_of(&seen[0]));
    assert_eq!(
        [&known["active"], &known["client_id"], &known["for"], &known["aud"]],
        [&json!(true), &json!("gate"), &json!("svc"), &json!("https://api.test/ledger")],
        "{known}"
    );
    assert_eq!(token_of(&seen[0]), token_of(&seen[1]), "exchanged once");
    let refused = gateway.send(&Request::get("/nowhere").bearer(token));
    assert_eq!((refused.status, upstream.seen().len()), (403, 2), "{}", refused.text());
}

#[test]
fn a_callers_token_is_exchanged_for_one_that_no_other_caller_gets() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let stage = stage(Upstream::answering(move |_| {
        let nth = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let token = format!("exchanged-{nth}");
        Answer::json(&json!({"access_token": token, "token_type": "Bearer", "expires_in": 600}))
    }));
    for _ in 0..2 {
        let shown = stage.shown("/exchanged", "authorization");
        assert_eq!(shown.as_deref(), Some("Bearer exchanged-0"));
    }
    let bob = stage.issuer.token("bob", &["user"], &json!({}));
    assert_eq!(stage.gateway.send(&Request::get("/exchanged").bearer(&bob)).status, 200);
    assert_eq!(token_of(stage.upstream.seen().last().unwrap()), "exchanged-1");
    let asked = stage.endpoint.seen();
    assert_eq!(asked.len(), 2);
    let form = String::from_utf8_lossy(&asked[0].body).into_owned();
    assert!(form.contains(&format!("subject_token={}&", stage.alice)), "{form}");
    assert!(form.contains("audience=ledger"), "{form}");
    assert_eq!(asked[0].header("authorization"), Some(SERVICE));
}

#[test]
fn whose_token_is_not_exchanged_is_told_so_and_not_why() {
    for (error, status) in [("invalid_grant", 401), ("invalid_request", 403), ("invalid_target", 403)] {
        let stage = stage(Upstream::answering(move |_| {
            let said = json!({"error": error, "error_description": "tell nobody"});
            Answer::Body(400, "application/json", said.to_string().into_bytes())
        }));
        let reply = stage.ask("/exchanged");
        assert_eq!(reply.status, status, "{error}");
        let challenge = (status == 401).then_some("Bearer error=\"invalid_token\"");
        assert_eq!(reply.header("www-authenticate"), challenge);
        assert!(!reply.text().contains("tell") && !reply.text().contains(error), "{}", reply.text());
        let record = stage.gateway.audit().of_event(reply.header("x-request-id").unwrap());
        assert_eq!(record["refused"], "mutate/token-denied");
        assert!(record["detail"].as_str().unwrap().contains(error), "{record}");
        assert!(!record.to_string().contains("tell nobody"));
        assert!(stage.upstream.seen().is_empty());
    }
}

#[test]
fn a_caller_without_a_token_has_none_to_exchange() {
    let stage = stage(giving("exchanged"));
    let robot = Request::get("/mixed").header("X-Key", "robot-key");
    let reply = stage.gateway.send(&robot);
    assert_eq!(reply.status, 403);
    let record = stage.gateway.audit().of_event(reply.header("x-request-id").unwrap());
    assert_eq!(record["refused"], "mutate/token-denied");
    assert!(record["detail"].as_str().unwrap().contains("token/none-shown"), "{record}");
    // A token of somebody else's beside the key is nobody's to exchange: it is not what proved who the caller is.
    assert_eq!(stage.gateway.send(&robot.bearer(&stage.alice)).status, 403);
    assert!(stage.upstream.seen().is_empty() && stage.endpoint.seen().is_empty());
    assert_eq!(stage.shown("/mixed", "authorization").as_deref(), Some("Bearer exchanged"));
}

#[test]
fn a_route_whose_callers_never_show_a_token_cannot_exchange_one() {
    let (upstream, issuer) = (Upstream::echo(), Issuer::new());
    let project = project(upstream.port(), &issuer, "token-url: http://127.0.0.1:1/token");
    project.write("routes/main.yaml", &ROUTES.replace("[machines, test]", "[machines]"));
    let ran = run_in(project.root(), &["check"]);
    assert_eq!(ran.code, Some(1), "{}", ran.text());
    for part in ["`exchanged` exchanges the caller's token", "link/no-token", "routes/main.yaml"] {
        assert!(ran.text().contains(part), "{part}: {}", ran.text());
    }
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
