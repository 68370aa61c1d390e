//! Key sets as they are published, rotated, broken and withheld.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};

use super::*;
use crate::{
    RemoteConfig,
    test_keys::{TestKey, base64, jwks},
    test_server::{Reply, TestServer},
};
use jwk::{BadKeySet, KeySet};

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
}

/// A server whose set can be changed, and keys that come from it.
async fn published(first: Value) -> (TestServer, Arc<Mutex<Option<Value>>>, Arc<Keys>) {
    let document = Arc::new(Mutex::new(Some(first)));
    let shown = Arc::clone(&document);
    let server = TestServer::start(move |_| match &*shown.lock().unwrap() {
        Some(document) => Reply::json(document),
        None => Reply::status(500),
    })
    .await;
    let keys = keys(KeySource::Url(server.url("/jwks")));
    (server, document, keys)
}

fn keys(source: KeySource) -> Arc<Keys> {
    let config = RemoteConfig {
        timeout: Duration::from_millis(200),
        retries: 0,
        max_answer_bytes: 100_000,
        breaker_failures: 100,
        ..RemoteConfig::default()
    };
    let issuer = Issuer {
        issuer: Some("https://idp.test".into()),
        audience: Audience::Unchecked,
        algorithms: vec![Algorithm::ES256],
        keys: source,
    };
    crate::test_server::install_tls_provider();
    let remote = Arc::new(Remote::new(config).unwrap());
    Keys::new(&issuer, KeyLimits::default(), KeyTiming::default(), remote)
}

async fn ask(keys: &Arc<Keys>, kid: &str, now: SystemTime) -> &'static str {
    let wanted = Wanted { id: Some(kid), algorithm: Algorithm::ES256 };
    match keys.holding(wanted, now).await {
        Ok(_) => "found",
        Err(rejection) => rejection.reason().unwrap().code,
    }
}

#[tokio::test]
async fn an_unknown_key_fetches_the_set_once_per_cool_down_however_often_it_is_asked_for() {
    let (server, _, keys) = published(jwks(&[&TestKey::new(Algorithm::ES256, "a")])).await;
    assert_eq!(ask(&keys, "a", at(0)).await, "found");
    // The first fetch was nobody's doing: a key that was added since is found at once.
    for index in 0..200 {
        assert_eq!(ask(&keys, &format!("unknown-{index}"), at(1)).await, "jwt/unknown-key");
    }
    assert_eq!(server.seen().len(), 2);
    assert_eq!(ask(&keys, "unknown", at(30)).await, "jwt/unknown-key");
    assert_eq!(server.seen().len(), 2);
    assert_eq!(ask(&keys, "unknown", at(31)).await, "jwt/unknown-key");
    assert_eq!(ask(&keys, "unknown", at(32)).await, "jwt/unknown-key");
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn many_requests_at_once_share_one_fetch() {
    let (server, _, keys) = published(jwks(&[&TestKey::new(Algorithm::ES256, "a")])).await;
    let tasks = (0..50).map(|_| {
        let keys = Arc::clone(&keys);
        tokio::spawn(async move { ask(&keys, "a", at(0)).await })
    });
    for answer in join_all(tasks).await {
        assert_eq!(answer.unwrap(), "found");
    }
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_new_key_is_taken_at_once_and_the_last_good_set_outlives_failures() {
    let (a, b) = (TestKey::new(Algorithm::ES256, "a"), TestKey::new(Algorithm::ES256, "b"));
    let (_server, document, keys) = published(jwks(&[&a])).await;
    assert_eq!(ask(&keys, "a", at(0)).await, "found");
    *document.lock().unwrap() = Some(jwks(&[&b]));
    assert_eq!(ask(&keys, "b", at(1)).await, "found");
    assert_eq!(ask(&keys, "a", at(2)).await, "jwt/unknown-key");
    for bad in [None, Some(json!({"keys": []})), Some(json!([])), Some(json!({"keys": vec![b.jwk(); 101]}))] {
        *document.lock().unwrap() = bad;
        keys.load(at(1_000)).await;
        assert_eq!(ask(&keys, "b", at(1_001)).await, "found");
        assert!(matches!(keys.readiness(), Readiness::Stale(_)));
        assert_eq!(ask(&keys, "c", at(1_001)).await, "jwt/keys-unavailable");
    }
}

#[tokio::test]
async fn old_keys_serve_while_new_ones_are_fetched() {
    let a = TestKey::new(Algorithm::ES256, "a");
    let (server, _, keys) = published(jwks(&[&a])).await;
    assert_eq!(ask(&keys, "a", at(0)).await, "found");
    assert_eq!(ask(&keys, "a", at(299)).await, "found");
    assert_eq!(server.seen().len(), 1);
    assert_eq!(ask(&keys, "a", at(300)).await, "found");
    for _ in 0..100 {
        if server.seen().len() == 2 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the set was not fetched again");
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_nobodys_fault_but_ours() {
    let server = TestServer::start(|_| Reply::never()).await;
    let hanging = keys(KeySource::Url(server.url("/jwks")));
    assert!(matches!(hanging.readiness(), Readiness::Waiting(_)));
    assert_eq!(ask(&hanging, "a", at(0)).await, "jwt/keys-unavailable");
    assert_eq!(ask(&hanging, "a", at(4)).await, "jwt/keys-unavailable");
    assert_eq!(server.seen().len(), 1);
    ask(&hanging, "a", at(5)).await;
    assert_eq!(server.seen().len(), 2);
    let server = TestServer::start(|_| Reply::ok("x".repeat(200_000))).await;
    assert_eq!(ask(&keys(KeySource::Url(server.url("/"))), "a", at(0)).await, "jwt/keys-unavailable");
    let server = TestServer::start(|_| Reply::status(302).with("location", "/other")).await;
    assert_eq!(ask(&keys(KeySource::Url(server.url("/"))), "a", at(0)).await, "jwt/keys-unavailable");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn discovery_names_the_very_issuer_and_keys_at_its_own_address() {
    let a = TestKey::new(Algorithm::ES256, "a");
    let discovered = async |issuer: &'static str, jwks_uri: &'static str| {
        let set = jwks(&[&a]);
        let server = TestServer::start(move |seen| match &*seen.target {
            "/jwks" => Reply::json(&set),
            _ => {
                let host = &seen.headers["host"];
                Reply::json(&json!({"issuer": issuer, "jwks_uri": jwks_uri.replace("SELF", host)}))
            }
        })
        .await;
        ask(&keys(KeySource::Discovery(server.url("/.well-known/openid-configuration"))), "a", at(0)).await
    };
    assert_eq!(discovered("https://idp.test", "http://SELF/jwks").await, "found");
    assert_eq!(discovered("https://idp.test/", "http://SELF/jwks").await, "jwt/keys-unavailable");
    for elsewhere in ["http://169.254.169.254/jwks", "https://127.0.0.1:1/jwks", "file:///etc/passwd", "//x"]
    {
        assert_eq!(discovered("https://idp.test", elsewhere).await, "jwt/keys-unavailable", "{elsewhere}");
    }
}

#[tokio::test]
async fn a_file_is_a_set_or_a_public_key() {
    let a = TestKey::new(Algorithm::ES256, "a");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    std::fs::write(&path, jwks(&[&a]).to_string()).unwrap();
    let of_file = keys(KeySource::File(path.clone()));
    assert_eq!(ask(&of_file, "a", at(0)).await, "found");
    assert_eq!(
        ask(&keys(KeySource::File(folder.path().join("none"))), "a", at(0)).await,
        "jwt/keys-unavailable"
    );
    let mut der = base64::Engine::decode(
        &base64::engine::general_purpose::STANDARD,
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE",
    )
    .unwrap();
    let point = |name: &str| {
        let jwk = a.jwk();
        base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, jwk[name].as_str().unwrap())
            .unwrap()
    };
    der.extend(point("x"));
    der.extend(point("y"));
    let body = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der);
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n{}\n-----END PUBLIC KEY-----\n",
        body.split_at(64).0,
        body.split_at(64).1
    );
    std::fs::write(&path, pem).unwrap();
    assert_eq!(ask(&keys(KeySource::File(path)), "any", at(0)).await, "found");
}

#[tokio::test]
async fn single_keys_are_fetched_by_plain_ids_only() {
    let a = TestKey::new(Algorithm::ES256, "a");
    let set = jwks(&[&a]);
    let server = TestServer::start(move |seen| match &*seen.target {
        "/keys/a" => Reply::json(&set),
        _ => Reply::status(403),
    })
    .await;
    let keys = keys(KeySource::PerKey(server.url("/keys")));
    for odd in ["", "../a", "a/b", "a?b", "a%2fb", "a.b", &"a".repeat(65)] {
        assert_eq!(ask(&keys, odd, at(0)).await, "jwt/unknown-key", "{odd}");
    }
    assert_eq!(server.seen().len(), 0);
    assert_eq!(ask(&keys, "a", at(0)).await, "found");
    for unknown in ["b", "c", "d"] {
        assert_eq!(ask(&keys, unknown, at(0)).await, "jwt/keys-unavailable");
    }
    assert_eq!(ask(&keys, "a", at(9_999)).await, "found");
    assert_eq!(server.seen().len(), 2);
}

fn read(keys: &[Value]) -> Result<usize, BadKeySet> {
    let algorithms = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];
    let json = json!({"keys": keys}).to_string();
    KeySet::read(json.as_bytes(), &algorithms, &KeyLimits::default()).map(|set| set.len())
}

fn changed(key: &TestKey, changes: Value) -> Value {
    let mut jwk = key.jwk();
    for (name, value) in changes.as_object().unwrap() {
        jwk[name] = value.clone();
    }
    jwk
}

#[test]
fn keys_that_must_not_verify_are_left_out_of_a_set() {
    let (rsa, ec) = (TestKey::new(Algorithm::RS256, "r"), TestKey::new(Algorithm::ES256, "e"));
    let modulus = |bytes: usize| base64([vec![0xff; bytes - 1], vec![0xfd]].concat());
    for odd in [
        TestKey::new(Algorithm::HS256, "h").jwk(),
        changed(&rsa, json!({"use": "enc"})),
        changed(&rsa, json!({"key_ops": ["sign"]})),
        changed(&rsa, json!({"alg": "HS256"})),
        changed(&rsa, json!({"alg": "RS512"})),
        changed(&rsa, json!({"alg": "RSA-OAEP"})),
        changed(&rsa, json!({"n": modulus(128)})),
        changed(&rsa, json!({"n": modulus(2048)})),
        changed(&rsa, json!({"e": base64([1])})),
        changed(&rsa, json!({"e": base64([3])})),
        changed(&rsa, json!({"e": base64([1, 0, 0])})),
        changed(&rsa, json!({"kty": "EC"})),
        changed(&rsa, json!({"kty": "unknown"})),
        changed(&ec, json!({"crv": "P-384"})),
        changed(&ec, json!({"x": base64([1; 32])})),
        changed(&ec, json!({"x": base64([1; 31])})),
        changed(&ec, json!({"kid": 7})),
        json!(7),
        json!({}),
    ] {
        assert_eq!(read(std::slice::from_ref(&odd)).unwrap_err(), BadKeySet::Empty, "{odd}");
        let good = TestKey::new(Algorithm::ES256, "good").jwk();
        assert_eq!(read(&[odd, good]).unwrap(), 1);
    }
}

#[test]
fn a_set_that_is_wrong_as_a_whole_is_not_taken() {
    let (a, b) = (TestKey::new(Algorithm::ES256, "a"), TestKey::new(Algorithm::ES256, "a"));
    assert_eq!(read(&[a.jwk(), b.jwk()]).unwrap_err(), BadKeySet::Twice("a".into()));
    assert_eq!(read(&vec![a.jwk(); 10_000]).unwrap_err(), BadKeySet::TooMany(10_000));
    // The same id for keys of two kinds says which is meant.
    assert_eq!(read(&[a.jwk(), TestKey::new(Algorithm::RS256, "a").jwk()]).unwrap(), 2);
}
