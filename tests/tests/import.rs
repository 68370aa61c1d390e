//! Does a project that was imported from Oathkeeper let in whom its rules let in, and nobody else?

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use portreeve_tests::{Answer, Gateway, Issuer, Project, Ran, Request, Upstream, run_in};
use serde_json::{Value, json};

const RULES: &str = r#"[
  {
    "id": "health", "description": "anybody",
    "match": { "url": "<http|https>://api.test/health", "methods": ["GET"] },
    "authenticators": [{ "handler": "noop" }], "authorizer": { "handler": "allow" },
    "mutators": [{ "handler": "header" }], "upstream": { "url": "UPSTREAM", "preserve_host": true }
  },
  {
    "id": "users", "match": { "url": "http://api.test/<users|groups>/<[0-9]+>", "methods": ["GET", "POST"] },
    "authenticators": [{ "handler": "jwt" }], "authorizer": { "handler": "allow" },
    "mutators": [
      { "handler": "header" },
      { "handler": "header", "config": { "headers": {
          "X-Id": "{{ printIndex .MatchContext.RegexpCaptureGroups 1 }}",
          "X-Mail": "mail:{{ .Extra.email }}",
          "X-Roles": "{{ .Extra.groups | join \",\" }}" } } }
    ],
    "upstream": { "url": "UPSTREAM" }
  },
  {
    "id": "scoped", "match": { "url": "http://api.test/files/<.*>", "methods": ["GET"] },
    "authenticators": [{ "handler": "jwt", "config": { "required_scope": ["files.read"], "scope_strategy": "hierarchic" } }],
    "authorizer": { "handler": "allow" }, "mutators": [{ "handler": "noop" }], "upstream": { "url": "UPSTREAM" }
  },
  {
    "id": "session", "match": { "url": "http://api.test/me", "methods": ["GET"] },
    "authenticators": [{ "handler": "cookie_session" }, { "handler": "anonymous" }],
    "authorizer": { "handler": "allow" }, "mutators": [{ "handler": "header" }, { "handler": "cookie" }],
    "upstream": { "url": "UPSTREAM" }
  },
  {
    "id": "closed", "match": { "url": "http://api.test/closed", "methods": ["GET"] },
    "authenticators": [{ "handler": "jwt" }], "authorizer": { "handler": "deny" },
    "mutators": [{ "handler": "noop" }], "upstream": { "url": "UPSTREAM" }
  }
]"#;

const CONFIG: &str = r#"
serve:
  proxy: { host: 127.0.0.1, port: PORT }
  prometheus: { host: 127.0.0.1, port: ADMIN }
access_rules: { matching_strategy: regexp, repositories: ["file://rules.json"] }
authenticators:
  noop: { enabled: true }
  anonymous: { enabled: true, config: { subject: guest } }
  jwt:
    enabled: true
    config:
      jwks_urls: ["file://JWKS"]
      trusted_issuers: ["https://idp.test"]
      target_audience: [tests]
      allowed_algorithms: [ES256]
  cookie_session:
    enabled: true
    config:
      check_session_url: SESSIONS
      only: [sid]
      additional_headers: { X-Gateway: hunter2 }
      subject_from: identity.id
authorizers: { allow: { enabled: true }, deny: { enabled: true } }
mutators:
  noop: { enabled: true }
  header: { enabled: true, config: { headers: { X-User: "{{ print .Subject }}" } } }
  cookie: { enabled: true, config: { cookies: { user: "{{ print .Subject }}" } } }
errors: { fallback: [json] }
"#;

/// Knows one session, `good`, and whoever asks by the gateway's own key. A path shows that it was passed on.
fn sessions() -> Upstream {
    Upstream::answering(|seen| {
        let good = seen.header("cookie") == Some("sid=good") && seen.header("x-gateway") == Some("hunter2");
        match seen.target.as_str() {
            "/me" if good => Answer::json(&json!({"identity": {"id": "sid-owner"}})),
            _ => Answer::Body(401, "application/json", b"{}".to_vec()),
        }
    })
}

fn import(into: &Path, rules: &str, config: &str) -> Ran {
    let input = tempfile::tempdir().unwrap();
    std::fs::write(input.path().join("rules.json"), rules).unwrap();
    std::fs::write(input.path().join("config.yaml"), config).unwrap();
    run_in(input.path(), &["import", "oathkeeper", "rules.json", "config.yaml", "-o", into.to_str().unwrap()])
}

struct Stage {
    gateway: Gateway,
    upstream: Upstream,
    issuer: Issuer,
    _keys: tempfile::TempDir,
    _sessions: Upstream,
}

fn stage() -> Stage {
    let (upstream, sessions, issuer) = (Upstream::echo(), sessions(), Issuer::new());
    let keys = tempfile::tempdir().unwrap();
    let jwks = keys.path().join("jwks.json");
    std::fs::write(&jwks, issuer.jwks().to_string()).unwrap();
    let project = Project::empty();
    let config = CONFIG
        .replace("PORT", &project.port().to_string())
        .replace("ADMIN", &project.admin().to_string())
        .replace("JWKS", jwks.to_str().unwrap())
        .replace("SESSIONS", &format!("http://127.0.0.1:{}/", sessions.port()));
    let rules = RULES.replace("UPSTREAM", &format!("http://127.0.0.1:{}", upstream.port()));
    let ran = import(project.root(), &rules, &config);
    assert_eq!(ran.code, Some(0), "{}", ran.text());
    let checked = run_in(project.root(), &["check", "--strict", "."]);
    assert_eq!(checked.code, Some(0), "{}", checked.text());
    Stage { gateway: Gateway::start(project), upstream, issuer, _keys: keys, _sessions: sessions }
}

impl Stage {
    fn send(&self, request: &Request) -> (u16, Option<Value>) {
        let reply = self.gateway.send(&request.clone().host(Some("api.test")));
        (reply.status, (reply.status == 200).then(|| reply.json()))
    }

    fn token(&self, claims: &Value) -> String {
        self.issuer.token("sally", &[], claims)
    }
}

#[test]
fn requests_are_let_in_and_refused_as_the_rules_say() {
    let stage = stage();
    let token = stage.token(&json!({"scope": "files other", "email": "s@a.test", "groups": ["a", "b"]}));
    let narrow = stage.token(&json!({"scope": "other"}));
    let stranger = Issuer::of(
        "https://other.test",
        "tests",
        portreeve_tests::SigningKey::make(portreeve_tests::KeyKind::P256, "key-1"),
    );
    let stranger = stranger.token("sally", &[], &json!({}));
    let bearer = |target: &str, token: &str| Request::get(target).bearer(token);
    for (request, expected) in [
        (Request::get("/health"), 200),
        (bearer("/health", "nonsense"), 200),
        (Request::new("POST", "/health"), 404),
        (Request::get("/nowhere"), 404),
        (bearer("/users/1", &token), 200),
        (bearer("/groups/22", &token), 200),
        (Request::new("POST", "/users/1").bearer(&token), 200),
        (Request::new("PUT", "/users/1").bearer(&token), 404),
        (bearer("/users/one", &token), 403),
        (bearer("/users/1/x", &token), 404),
        (bearer("/users/", &token), 404),
        (bearer("/teams/1", &token), 404),
        (Request::get("/users/1"), 401),
        (bearer("/users/1", "a.b.c"), 401),
        (bearer("/users/1", &stranger), 401),
        (bearer("/files/a/b", &token), 200),
        (bearer("/files/a/b", &narrow), 403),
        (bearer("/files/../users/1", &token), 400),
        (bearer("/files/%2e%2e/users/1", &token), 400),
        (Request::get("/me").header("Cookie", "sid=good"), 200),
        (Request::get("/me").header("Cookie", "sid=bad"), 401),
        (Request::get("/me"), 200),
        (bearer("/closed", &token), 403),
        (Request::get("/closed"), 401),
    ] {
        let (status, _) = stage.send(&request);
        assert_eq!(status, expected, "{request:?}");
    }
    let (status, _) = (stage.gateway.send(&Request::get("/health").host(Some("other.test"))).status, ());
    assert_eq!(status, 404);
}

#[test]
fn the_upstream_is_told_what_the_templates_said() {
    let stage = stage();
    let token = stage.token(&json!({"email": "s@a.test", "groups": ["a", "b"]}));
    let request =
        Request::get("/users/7").bearer(&token).header("X-User", "root").header("Connection", "x-user");
    let (_, seen) = stage.send(&request);
    let headers = &seen.unwrap()["headers"];
    for (name, expected) in
        [("x-user", "sally"), ("x-id", "7"), ("x-mail", "mail:s@a.test"), ("x-roles", "a,b")]
    {
        assert_eq!(headers[name], json!([expected]), "{name}: {headers}");
    }
    assert_eq!(headers["host"], json!([format!("127.0.0.1:{}", stage.upstream.port())]));

    let (_, seen) = stage.send(&Request::get("/me").header("Cookie", "sid=good; user=root; a=b"));
    let headers = &seen.unwrap()["headers"];
    assert_eq!(headers["x-user"], json!(["sid-owner"]));
    assert_eq!(headers["cookie"], json!(["sid=good; a=b; user=sid-owner"]));

    // Nobody was asked who they are: the subject was empty, and a spoofed field is overwritten all the same.
    let (_, seen) = stage.send(&Request::get("/health").header("X-User", "root"));
    let headers = &seen.unwrap()["headers"];
    assert_eq!((&headers["x-user"], &headers["host"]), (&json!([""]), &json!(["api.test"])));
}

#[test]
fn nothing_is_written_where_something_is_or_from_what_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine"), "").unwrap();
    let ran = import(folder.path(), "[]", "{}");
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("is not empty"), "{}", ran.stderr);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

    let into = folder.path().join("new");
    let ran = import(&into, "[{ \"id\": \"a\" }]", "{}");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("rules.json:1:") && ran.stderr.contains("import/no-match"), "{}", ran.stderr);
    assert!(!into.exists());

    let into = into.to_str().unwrap();
    let ran = run_in(folder.path(), &["import", "oathkeeper", "nowhere.json", "nowhere.yaml", "-o", into]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("cannot read `nowhere.yaml`"), "{}", ran.stderr);
}

#[test]
fn a_rule_that_needs_a_decision_lets_nobody_in_and_is_told() {
    let (upstream, project) = (Upstream::echo(), Project::empty());
    let config = CONFIG
        .replace("PORT", &project.port().to_string())
        .replace("ADMIN", &project.admin().to_string())
        .replace("file://JWKS", "http://127.0.0.1:1/jwks.json")
        .replace("SESSIONS", "http://127.0.0.1:1/");
    let rules = RULES
        .replace("UPSTREAM", &format!("http://127.0.0.1:{}", upstream.port()))
        .replace("<http|https>://api.test/health", "<http|https>://api.test/<(?!admin).*>");
    let ran = import(project.root(), &rules, &config);
    assert_eq!(ran.code, Some(1), "{}", ran.text());
    assert!(
        ran.stderr.contains("error[import/pattern]") && ran.stderr.contains("rules.json:4:"),
        "{}",
        ran.stderr
    );
    assert!(ran.stdout.contains("1 of them let nobody in"), "{}", ran.stdout);
    let gateway = Gateway::start(project);
    for target in ["/health", "/admin", "/"] {
        let request = Request::get(target).host(Some("api.test"));
        assert_eq!(gateway.send(&request).status, 401, "{target}");
    }
    assert!(upstream.seen().is_empty());
}

/// The authenticators of a rule, what a client sends, and what comes of it: of several, the first whose credential it
/// is decides alone, and its failure is never another one's success.
#[test]
fn the_first_authenticator_whose_credential_it_is_decides() {
    let (upstream, issuer, project) = (Upstream::echo(), Issuer::new(), Project::empty());
    let sessions = Upstream::answering(|seen| match seen.header("cookie").unwrap_or_default() {
        "sid=good" => Answer::json(&json!({"identity": {"id": "sam"}})),
        "sid=nobody" => Answer::json(&json!({"identity": {}})),
        "sid=much" => {
            Answer::Raw(b"HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n".to_vec())
        }
        "sid=broken" => Answer::Body(500, "text/plain", Vec::new()),
        _ => Answer::Body(401, "text/plain", Vec::new()),
    });
    let chains = [
        ("jwt-anonymous", r#"[{"handler": "jwt"}, {"handler": "anonymous"}]"#),
        ("session-jwt", r#"[{"handler": "cookie_session"}, {"handler": "jwt"}]"#),
        ("unauthorized-anonymous", r#"[{"handler": "unauthorized"}, {"handler": "anonymous"}]"#),
        ("jwt-noop", r#"[{"handler": "jwt"}, {"handler": "noop"}]"#),
    ];
    let rule = |(id, chain): (&str, &str)| {
        format!(
            r#"{{"id": "{id}", "match": {{"url": "http://api.test/{id}", "methods": ["GET"]}}, "authenticators": {chain},
            "authorizer": {{"handler": "allow"}}, "mutators": [{{"handler": "noop"}}],
            "upstream": {{"url": "http://127.0.0.1:{}"}}}}"#,
            upstream.port()
        )
    };
    let keys = tempfile::tempdir().unwrap();
    let jwks = keys.path().join("jwks.json");
    std::fs::write(&jwks, issuer.jwks().to_string()).unwrap();
    let config = CONFIG
        .replace("PORT", &project.port().to_string())
        .replace("ADMIN", &project.admin().to_string())
        .replace("JWKS", jwks.to_str().unwrap())
        .replace("only: [sid]", "only: [sid]\n      preserve_path: true")
        .replace("SESSIONS", &format!("http://127.0.0.1:{}/whoami", sessions.port()))
        + "\n";
    let config = config.replace(
        "noop: { enabled: true }\n  anonymous",
        "noop: { enabled: true }\n  unauthorized: { enabled: true }\n  anonymous",
    );
    let rules = format!("[{}]", chains.map(rule).join(","));
    let ran = import(project.root(), &rules, &config);
    assert_eq!(ran.code, Some(0), "{}", ran.text());
    let gateway = Gateway::start(project);

    let good = format!("Bearer {}", issuer.token("sally", &[], &json!({})));
    for (target, field, value, expected) in [
        ("/jwt-anonymous", "X-None", "1", 200),
        ("/jwt-anonymous", "Authorization", &*good, 200),
        ("/jwt-anonymous", "Authorization", "Bearer a.b.c", 401),
        ("/jwt-anonymous", "Authorization", "Basic YTpi", 401),
        ("/session-jwt", "Cookie", "sid=good", 200),
        ("/session-jwt", "Cookie", "sid=bad", 401),
        ("/session-jwt", "Cookie", "sid=nobody", 401),
        ("/session-jwt", "Cookie", "sid=much", 429),
        ("/session-jwt", "Cookie", "sid=broken", 503),
        ("/session-jwt", "Cookie", "other=1", 401),
        ("/session-jwt", "Authorization", &*good, 200),
        ("/unauthorized-anonymous", "X-None", "1", 401),
        ("/jwt-noop", "X-None", "1", 200),
        ("/jwt-noop", "Authorization", "Bearer a.b.c", 401),
    ] {
        let request = Request::get(target).host(Some("api.test")).header(field, value);
        let reply = gateway.send(&request);
        assert_eq!(reply.status, expected, "{target} {field}: {value}");
        assert_eq!(reply.header("retry-after"), (expected == 429).then_some("7"), "{target} {value}");
    }
}
