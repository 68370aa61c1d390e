use super::*;
use crate::{
    Chain,
    test_request::{NOW, TestRequest, at},
    test_server::{Reply, TestServer},
};
use serde_json::json;

fn claims() -> Value {
    json!({"active": true, "iss": "https://idp.test", "aud": ["api"], "sub": "alice", "exp": NOW + 60,
           "scope": "contacts.read", "client_id": "spa", "roles": ["user"]})
}

fn with(changes: Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn config(server: &TestServer) -> IntrospectionConfig {
    let audience = Audience::AnyOf(vec!["api".into()]);
    let mut config = IntrospectionConfig::new("opaque".into(), server.url("/introspect"), audience);
    config.remote =
        RemoteConfig { timeout: Duration::from_millis(300), retries: 0, ..RemoteConfig::default() };
    config
}

async fn ask(chain: &Chain, token: &str, seconds: u64) -> String {
    let value = format!("Bearer {token}");
    match chain.authenticate(&TestRequest::new(&[("authorization", &value)]).at(seconds).presented()).await {
        Ok(identity) => identity.subject.to_string(),
        Err(refused) => {
            let rejection = refused.rejection;
            rejection.reason().map_or(rejection.code(), |reason| reason.code).to_owned()
        }
    }
}

fn chain(config: IntrospectionConfig) -> Chain {
    Chain::new([Arc::new(Introspection::new(config).unwrap()) as Arc<dyn Authenticator>])
}

#[tokio::test]
async fn an_answer_is_judged_before_it_is_believed() {
    for (answer, expected) in [
        (claims(), "alice"),
        (json!({"active": false}), "introspection/inactive"),
        (with(json!({"active": "true"})), "introspection/malformed-answer"),
        (json!({"sub": "alice"}), "introspection/malformed-answer"),
        (json!([]), "introspection/malformed-answer"),
        (with(json!({"token_use": "refresh_token"})), "jwt/not-an-access-token"),
        (with(json!({"token_use": "access_token"})), "alice"),
        (with(json!({"exp": NOW - 30})), "introspection/expired"),
        (with(json!({"exp": "soon"})), "jwt/malformed-time"),
        (with(json!({"nbf": NOW + 31})), "introspection/not-yet-valid"),
        (with(json!({"iss": "https://evil.test"})), "introspection/issuer"),
        (with(json!({"aud": "other"})), "jwt/audience"),
        (with(json!({"aud": null})), "jwt/malformed-audience"),
        (with(json!({"scope": "other"})), "introspection/scope"),
        (with(json!({"sub": ""})), "principal/no-id"),
    ] {
        let shown = answer.clone();
        let server = TestServer::start(move |_| Reply::json(&shown)).await;
        let mut config = config(&server);
        config.issuers = vec!["https://idp.test".into()];
        config.scopes.required = Box::new(["contacts.read".into()]);
        assert_eq!(ask(&chain(config), "opaque", 0).await, expected, "{answer}");
    }
}

#[tokio::test]
async fn an_endpoint_that_does_not_answer_says_nothing_about_the_token() {
    for (reply, expected) in [
        (Reply::status(400), "introspection/refused"),
        (Reply::status(401), "introspection/gateway-not-accepted"),
        (Reply::status(500), "introspection/unexpected-answer"),
        (Reply::status(302).with("location", "/"), "introspection/unexpected-answer"),
        (Reply::status(429).with("retry-after", "7"), "identity/throttled"),
        (Reply::never(), "remote/timeout"),
        (Reply::ok("{"), "introspection/malformed-answer"),
    ] {
        let server = TestServer::start(move |_| reply.clone()).await;
        assert_eq!(ask(&chain(config(&server)), "opaque", 0).await, expected);
    }
}

#[tokio::test]
async fn a_token_is_asked_about_once_until_the_ttl_or_its_expiry() {
    let server = TestServer::start(|_| Reply::json(&claims())).await;
    let chain = chain(config(&server));
    for (seconds, questions) in [(0, 1), (9, 1), (10, 2), (19, 2), (85, 3)] {
        assert_eq!(ask(&chain, "opaque", seconds).await, "alice");
        assert_eq!(server.seen().len(), questions, "after {seconds} s");
    }
    assert_eq!(ask(&chain, "opaque", 90).await, "introspection/expired");
    // Not the beginning of the token and nothing around it: the whole token is the key.
    ask(&chain, "opaqu", 0).await;
    assert_eq!(server.seen().len(), 5);
}

#[tokio::test]
async fn the_same_token_with_other_demands_is_judged_anew() {
    // CVE-2021-32701 and CVE-2026-33496: another scope, another server.
    let server = TestServer::start(|_| Reply::json(&claims())).await;
    let lenient = chain(config(&server));
    assert_eq!(ask(&lenient, "t", 0).await, "alice");
    let mut strict = config(&server);
    strict.scopes.required = Box::new(["contacts.write".into()]);
    assert_eq!(ask(&chain(strict), "t", 0).await, "introspection/scope");
    let other = TestServer::start(|_| Reply::json(&json!({"active": false}))).await;
    assert_eq!(ask(&chain(config(&other)), "t", 0).await, "introspection/inactive");
}

#[tokio::test]
async fn the_question_carries_the_token_and_the_gateways_own_proof() {
    let server = TestServer::start(|_| Reply::json(&claims())).await;
    let mut asking = config(&server);
    asking.client = ClientProof::Basic { id: "gate:way".into(), secret: Secret::new("p w") };
    assert_eq!(ask(&chain(asking), "a&b=c", 0).await, "alice");
    let seen = server.seen().remove(0);
    assert_eq!((&*seen.method, &*seen.body), ("POST", "token=a%26b%3Dc"));
    // base64 of `gate%3Away:p+w`
    assert_eq!(seen.headers["authorization"], "Basic Z2F0ZSUzQXdheTpwK3c=");
    let mut posting = config(&server);
    posting.client = ClientProof::Post { id: "gw".into(), secret: Secret::new("s&") };
    ask(&chain(posting), "t", 0).await;
    assert_eq!(server.seen()[1].body, "token=t&client_id=gw&client_secret=s%26");
}

#[tokio::test]
async fn jwts_are_left_to_others_where_only_opaque_tokens_are_asked_about() {
    let server = TestServer::start(|_| Reply::json(&claims())).await;
    let mut opaque = config(&server);
    opaque.opaque_only = true;
    let chain = chain(opaque);
    assert_eq!(ask(&chain, "eyJhbGciOiJSUzI1NiJ9.e30.AA", 0).await, "chain/unclaimed");
    assert_eq!(ask(&chain, "ory_at_x.y", 0).await, "alice");
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn expiry_is_kept_with_the_identity() {
    assert_eq!(claims::time(claims().as_object().unwrap(), "exp").unwrap(), Some(at(60)));
}
