//! With which key: one of ours, whatever the token says.

use super::*;

#[tokio::test]
async fn keys_that_a_token_brings_along_are_not_looked_at() {
    let (ours, theirs) = (TestKey::new(Algorithm::ES256, "k"), TestKey::new(Algorithm::ES256, "k"));
    let server = TestServer::start(move |_| Reply::ok("{}")).await;
    let jwt = trusting(&[&ours], |_| ());
    let url = server.url("/jwks").to_string();
    let header =
        json!({"alg": "ES256", "kid": "k", "jwk": theirs.jwk(), "jku": url, "x5u": url, "x5c": ["AAAA"]});
    let forged = theirs.sign(&header.to_string(), &claims().to_string());
    assert_eq!(outcome(&jwt, &forged).await, "jwt/signature");
    let genuine = ours.sign(&header.to_string(), &claims().to_string());
    assert_eq!(outcome(&jwt, &genuine).await, "alice");
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn a_key_id_is_looked_up_in_the_configured_set_and_nowhere_else() {
    let (a, b) = (TestKey::new(Algorithm::ES256, "a"), TestKey::new(Algorithm::ES256, "b"));
    let jwt = trusting(&[&a, &b], |_| ());
    let body = claims().to_string();
    let long = "k".repeat(10_000);
    for (kid, expected) in [
        (json!("a"), "alice"),
        (json!("b"), "jwt/signature"),
        (json!("../../dev/null"), "jwt/unknown-key"),
        (json!("' OR 1=1 --"), "jwt/unknown-key"),
        (json!(long), "jwt/unknown-key"),
        (json!(["a"]), "jwt/malformed-kid"),
        (json!(1), "jwt/malformed-kid"),
        (Value::Null, "jwt/malformed-kid"),
    ] {
        let header = json!({"alg": "ES256", "kid": kid}).to_string();
        assert_eq!(outcome(&jwt, &a.sign(&header, &body)).await, expected, "{header:.60}");
    }
    // Without one, only a set with a single fitting key says which is meant.
    let header = r#"{"alg":"ES256"}"#;
    assert_eq!(outcome(&jwt, &a.sign(header, &body)).await, "jwt/unknown-key");
    let alone = trusting(&[&a], |_| ());
    assert_eq!(outcome(&alone, &a.sign(header, &body)).await, "alice");
}

#[tokio::test]
async fn a_key_replaced_under_its_id_is_found_once_the_cool_down_is_over() {
    let (old, new) = (TestKey::new(Algorithm::ES256, "k"), TestKey::new(Algorithm::ES256, "k"));
    let documents = [jwks(&[&old]), jwks(&[&new])];
    let server = TestServer::start(move |seen| Reply::json(&documents[seen.nth.min(1)])).await;
    let jwt = Jwt::new(config(KeySource::Url(server.url("/")), &[Algorithm::ES256])).unwrap();
    jwt.prepare(now()).await;
    let token = new.token(&with(json!({"exp": NOW + 900})));
    assert_eq!(outcome(&jwt, &token).await, "jwt/signature");
    assert_eq!(&*ask_at(&jwt, &token, at(30)).await.unwrap().subject, "alice");
    assert_eq!(server.seen().len(), 2);
}
