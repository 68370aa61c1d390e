//! Is the upstream told what the configuration says, by the gateway and by nobody else?

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use portreeve_identity::{jwt, mint};
use portreeve_tests::{Gateway, Issuer, Project, Request, Seen, Upstream, eventually, run_in};
use serde_json::{Value, json};

const ROUTES: &str = r#"
defaults: { upstream: app, authenticate: [test], mutate: [who] }
routes:
  - { match: GET /public, access: public }
  - { match: GET /who, access: authenticated }
  - { match: GET /lists, access: authenticated, mutate: [lists] }
  - { match: GET /cookies, access: authenticated, mutate: [cookies] }
  - { match: GET /bare, access: authenticated, mutate: [bare, trim] }
  - { match: GET /signed, access: authenticated, mutate: [signed] }
  - { match: GET /both, access: authenticated, mutate: [signed, who] }
  - { match: GET /instead, access: authenticated, mutate: [signed, bare] }
  - { match: GET /other, access: authenticated, mutate: [signed], upstream: other }
  - { match: GET /plain, access: authenticated, mutate: [] }
"#;

const MUTATORS: &str = r#"
mutators:
  who: { headers: { x-user: principal.id } }
  lists:
    headers:
      x-roles: { value: principal.roles, encode: list }
      x-json: { value: claims.deep, encode: json }
      x-base64: { value: claims.deep, encode: json-base64 }
  cookies: { cookies: { user_id: principal.id } }
  bare: { credential: strip }
  trim: { remove: { headers: [x-internal], cookies: [theme] } }
  signed:
    id-token:
      issuer: https://gateway.test
      key: file:signing.pem
      audience: { app: https://app.test, other: https://other.test }
      life: 100s
      claims: { roles: principal.roles, deep: claims.deep, nobody: 'null' }
"#;

/// A gateway with those mutators before an echo, and a token of `sally`.
struct Stage {
    gateway: Gateway,
    upstream: Upstream,
    sally: String,
}

fn pem() -> String {
    let key = mint::SigningKey::generate(jwt::Algorithm::ES256).unwrap();
    String::from_utf8(key.pem().unwrap().expose().to_vec()).unwrap()
}

fn project(upstream: u16, issuer: &Issuer, mutators: &str) -> Project {
    let project = Project::with_routes(upstream, issuer, ROUTES);
    let config = project.config(upstream, issuer);
    let other = format!("upstreams:\n  other: {{ endpoints: [http://127.0.0.1:{upstream}] }}\n");
    project.write("portreeve.yaml", &format!("{}{mutators}", config.replace("upstreams:\n", &other)));
    project.write("signing.pem", &pem());
    project
}

fn stage() -> Stage {
    let (upstream, issuer) = (Upstream::echo(), Issuer::new());
    let sally = issuer.token("sally", &["user", "clerk"], &json!({"deep": {"a": ["é", 1]}}));
    let gateway = Gateway::start(project(upstream.port(), &issuer, MUTATORS));
    Stage { gateway, upstream, sally }
}

impl Stage {
    /// What the upstream sees of a request of sally's.
    fn sees(&self, target: &str, fields: &[(&str, &str)]) -> Seen {
        let request = Request::get(target).bearer(&self.sally);
        let request = fields.iter().fold(request, |request, (name, value)| request.header(name, value));
        let before = self.upstream.seen().len();
        let reply = self.gateway.send(&request);
        assert_eq!(reply.status, 200, "{target}: {}", reply.text());
        self.upstream.seen().remove(before)
    }

    fn keys(&self) -> JwkSet {
        let reply = self.gateway.send(&Request::get("/.portreeve/jwks.json"));
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), Some("application/jwk-set+json"));
        serde_json::from_slice(&reply.body).unwrap()
    }
}

/// What a token says to whoever checks it by the published keys, or that it does not hold.
fn verified(token: &str, keys: &JwkSet, audience: &str) -> Option<Value> {
    let id = jsonwebtoken::decode_header(token).ok()?.kid?;
    let key = DecodingKey::from_jwk(keys.find(&id)?).ok()?;
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&[audience]);
    validation.set_issuer(&["https://gateway.test"]);
    jsonwebtoken::decode::<Value>(token, &key, &validation).ok().map(|found| found.claims)
}

fn token_of(seen: &Seen) -> String {
    seen.header("authorization").unwrap().strip_prefix("Bearer ").unwrap().to_owned()
}

#[test]
fn a_named_mutator_says_what_no_client_can_say_on_any_route_in_any_spelling() {
    let stage = stage();
    let forged = [("X-User", "root"), ("X_User", "root"), ("x.user", "root"), ("X-ROLES", "admin")];
    let seen = stage.sees("/who", &forged);
    assert_eq!(seen.header("x-user"), Some("sally"));
    for target in ["/who", "/plain", "/lists"] {
        let seen = stage.sees(target, &forged);
        assert!(!seen.head.contains("root") && !seen.head.contains("admin"), "{target}: {}", seen.head);
    }
    // Of the defaults, a public route leaves out what speaks of a caller.
    let reply = stage.gateway.send(&Request::get("/public").header("X-User", "root"));
    assert_eq!((reply.status, reply.text().contains("x-user")), (200, false));
}

#[test]
fn lists_and_objects_are_written_as_the_configuration_says() {
    let stage = stage();
    let seen = stage.sees("/lists", &[]);
    assert_eq!(seen.header("x-roles"), Some("user,clerk"));
    let json: Value = serde_json::from_str(seen.header("x-json").unwrap()).unwrap();
    assert_eq!(json["a"][0], "é");
    assert!(seen.header("x-json").unwrap().is_ascii());
    assert!(!seen.header("x-base64").unwrap().contains(['{', '=']));
}

#[test]
fn a_role_that_would_be_two_in_a_list_is_not_forwarded() {
    let (upstream, issuer) = (Upstream::echo(), Issuer::new());
    let gateway = Gateway::start(project(upstream.port(), &issuer, MUTATORS));
    let sly = issuer.token("sly", &["user,admin"], &json!({"deep": {}}));
    let reply = gateway.send(&Request::get("/lists").bearer(&sly));
    assert_eq!(reply.status, 403);
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_cookie_of_the_gateways_replaces_the_clients_and_leaves_the_others() {
    let stage = stage();
    let sent = [("Cookie", "theme=dark; user_id=root; User.Id=root; user%5Fid=root; lang=en")];
    assert_eq!(stage.sees("/cookies", &sent).header("cookie"), Some("theme=dark; lang=en; user_id=sally"));
    assert_eq!(stage.sees("/cookies", &[]).header("cookie"), Some("user_id=sally"));
    assert_eq!(stage.sees("/plain", &sent).header("cookie"), Some("theme=dark; lang=en"));
    assert_eq!(stage.sees("/plain", &[("Cookie", "user-id=root")]).header("cookie"), None);
}

#[test]
fn the_callers_credential_goes_on_unless_it_is_stripped() {
    let stage = stage();
    assert!(stage.sees("/plain", &[]).header("authorization").is_some());
    let sent = [("X-Internal", "1"), ("x_internal", "1"), ("Cookie", "theme=dark; lang=en")];
    let seen = stage.sees("/bare", &sent);
    assert_eq!(seen.header("authorization"), None);
    assert_eq!(seen.header("cookie"), Some("lang=en"));
    assert!(!seen.head.to_ascii_lowercase().contains("internal"), "{}", seen.head);
}

#[test]
fn stripping_takes_nothing_away_that_the_gateway_itself_says() {
    let stage = stage();
    let token = token_of(&stage.sees("/instead", &[]));
    assert!(verified(&token, &stage.keys(), "https://app.test").is_some());
}

#[test]
fn what_is_remembered_of_credentials_is_counted() {
    let stage = stage();
    stage.sees("/plain", &[]);
    stage.sees("/plain", &[]);
    let count = |name, label| stage.gateway.metric(name, &["authenticator=", label]);
    assert_eq!(count("portreeve_credential_cache_lookups_total", "outcome=\"miss\""), 1.0);
    assert_eq!(count("portreeve_credential_cache_lookups_total", "outcome=\"hit\""), 1.0);
    assert_eq!(count("portreeve_credential_cache_entries", ""), 1.0);
}

#[test]
fn a_signed_token_is_for_one_upstream_and_is_used_again() {
    let stage = stage();
    let keys = stage.keys();
    let token = token_of(&stage.sees("/signed", &[]));
    let claims = verified(&token, &keys, "https://app.test").unwrap();
    assert_eq!((&claims["sub"], &claims["roles"]), (&json!("sally"), &json!(["user", "clerk"])));
    assert_eq!(claims["deep"]["a"][0], "é");
    assert!(claims.get("nobody").is_none());
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 100);
    assert_eq!(token_of(&stage.sees("/signed", &[])), token, "signed once");
    assert_eq!(token_of(&stage.sees("/both", &[("X-User", "root")])), token);
    let other = token_of(&stage.sees("/other", &[]));
    assert!(verified(&other, &keys, "https://other.test").is_some());
    assert!(verified(&other, &keys, "https://app.test").is_none());
}

#[test]
fn the_keys_are_for_everybody_to_read_and_hold_nothing_private() {
    let stage = stage();
    let reply = stage.gateway.send(&Request::get("/.portreeve/jwks.json"));
    let keys = reply.json();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
    assert!(keys["keys"][0].get("d").is_none());
    assert_eq!(stage.gateway.send(&Request::new("POST", "/.portreeve/jwks.json")).status, 405);
    assert!(stage.upstream.seen().is_empty());
}

#[test]
fn after_a_rotation_tokens_of_both_keys_hold() {
    let stage = stage();
    let old = token_of(&stage.sees("/signed", &[]));
    let project = stage.gateway.project();
    project.write("signing.pem", &pem());
    // Keys are no text of a revision: the configuration says that there is another one.
    let config = std::fs::read_to_string(project.path("portreeve.yaml")).unwrap();
    project.replace("portreeve.yaml", &format!("{config}# another key\n"));
    eventually("the new key signs", || token_of(&stage.sees("/signed", &[])) != old);
    let (keys, new) = (stage.keys(), token_of(&stage.sees("/signed", &[])));
    assert_eq!(keys.keys.len(), 2);
    assert!(verified(&old, &keys, "https://app.test").is_some());
    assert!(verified(&new, &keys, "https://app.test").is_some());
}

#[test]
fn a_mutator_that_is_not_there_is_said_where_it_is_named() {
    let (upstream, issuer) = (Upstream::echo(), Issuer::new());
    let project = project(upstream.port(), &issuer, &MUTATORS.replace("  lists:\n", "  list:\n"));
    let ran = run_in(project.root(), &["check"]);
    assert_eq!(ran.code, Some(1), "{}", ran.text());
    for part in ["there is no mutator `lists`", "routes/main.yaml", "did you mean `list`?"] {
        assert!(ran.text().contains(part), "{part}: {}", ran.text());
    }
}

#[test]
fn a_public_route_cannot_name_a_mutator_that_speaks_of_the_caller() {
    let (upstream, issuer) = (Upstream::echo(), Issuer::new());
    let project = project(upstream.port(), &issuer, MUTATORS);
    let routes = ROUTES.replace("/public, access: public }", "/public, access: public, mutate: [signed] }");
    project.write("routes/main.yaml", &routes);
    let ran = run_in(project.root(), &["check"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.text().contains("the mutator `signed` speaks of the caller"), "{}", ran.text());
}
