//! Tokens as attackers, clumsy clients and honest providers send them.

mod issuers;
mod keys;
mod said;
mod signature;

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};

use super::*;
use crate::{
    Chain, RemoteConfig, Secret,
    test_keys::{TestKey, base64, jwks},
    test_server::{Reply, TestServer, install_tls_provider},
};

const ISSUER: &str = "https://idp.test/";
const NOW: u64 = 1_800_000_000;

fn now() -> SystemTime {
    at(0)
}

fn at(seconds: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(NOW.checked_add_signed(seconds).unwrap())
}

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": "api", "sub": "alice", "exp": NOW + 60, "iat": NOW, "roles": ["admin", "admin", "user"]})
}

fn with(changes: Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn issuer(keys: KeySource, algorithms: &[Algorithm]) -> Issuer {
    let audience = Audience::AnyOf(vec!["api".into()]);
    Issuer { issuer: Some(ISSUER.into()), audience, algorithms: algorithms.to_vec(), keys }
}

fn config(keys: KeySource, algorithms: &[Algorithm]) -> JwtConfig {
    let remote = RemoteConfig { timeout: Duration::from_millis(300), retries: 0, ..RemoteConfig::default() };
    JwtConfig { name: "idp".into(), issuers: vec![issuer(keys, algorithms)], remote, ..JwtConfig::default() }
}

fn trusting(keys: &[&TestKey], change: impl FnOnce(&mut JwtConfig)) -> Jwt {
    install_tls_provider();
    let algorithms: Vec<Algorithm> = keys.iter().map(|key| key.algorithm).collect();
    let mut config = config(KeySource::Inline(jwks(keys).to_string().into()), &algorithms);
    change(&mut config);
    Jwt::new(config).unwrap()
}

async fn ask_at(jwt: &Jwt, token: &str, now: SystemTime) -> Result<Arc<Identity>, Rejection> {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
    let presented = Presented {
        method: &Method::GET,
        path: "/",
        query: "",
        headers: &headers,
        certificate: None,
        peer: None,
        now,
    };
    let credential = jwt.find(&presented).unwrap();
    match jwt.recall(&credential, &presented) {
        Some(known) => known,
        None => jwt.verify(credential, &presented).await,
    }
}

/// The reason's code, or the subject.
async fn outcome(jwt: &Jwt, token: &str) -> String {
    match ask_at(jwt, token, now()).await {
        Ok(identity) => identity.subject.to_string(),
        Err(rejection) => rejection.reason().map_or(rejection.code(), |reason| reason.code).to_owned(),
    }
}

#[tokio::test]
async fn a_token_of_any_size_costs_little_before_it_is_refused() {
    let key = TestKey::new(Algorithm::ES256, "k");
    let jwt = trusting(&[&key], |_| ());
    for token in ["a".repeat(1 << 20), ".".repeat(100_000), format!("{}.x", "e30".repeat(10_000))] {
        assert_eq!(outcome(&jwt, &token).await, "jwt/too-long");
    }
    assert_eq!(jwt.figures().entries, 0);
    assert_eq!(outcome(&jwt, &".".repeat(16_000)).await, "jwt/not-a-jwt");
    let genuine = key.token(&claims());
    for changed in
        [format!("{genuine}="), format!("{genuine}A"), genuine.split_at(genuine.len() - 1).0.to_owned()]
    {
        assert_ne!(outcome(&jwt, &changed).await, "alice");
    }
}

#[tokio::test]
async fn a_verified_token_is_answered_from_memory_until_it_expires() {
    let key = TestKey::new(Algorithm::ES256, "k");
    let jwt = trusting(&[&key], |_| ());
    let token = key.token(&claims());
    let first = ask_at(&jwt, &token, now()).await.unwrap();
    let again = ask_at(&jwt, &token, at(89)).await.unwrap();
    assert!(Arc::ptr_eq(&first, &again));
    assert_eq!(jwt.figures(), CacheFigures { hits: 1, misses: 1, entries: 1 });
    assert_eq!(ask_at(&jwt, &token, at(90)).await.unwrap_err(), Rejection::invalid("jwt/expired"));
}

#[test]
fn equal_configurations_have_equal_digests_and_others_have_not() {
    install_tls_provider();
    let build = |change: fn(&mut JwtConfig)| {
        let mut config = config(KeySource::Secret(Secret::new([7; 32])), &[Algorithm::HS256]);
        change(&mut config);
        Jwt::new(config).unwrap().digest()
    };
    let plain = build(|_| ());
    assert_eq!(plain, build(|_| ()));
    for change in [
        (|config| config.skew = Duration::ZERO) as fn(&mut JwtConfig),
        |config| config.issuers[0].audience = Audience::AnyOf(vec!["other".into()]),
        |config| config.issuers[0].keys = KeySource::Secret(Secret::new([8; 32])),
        |config| config.scopes.required = Box::new(["a".into()]),
    ] {
        assert_ne!(plain, build(change));
    }
}
