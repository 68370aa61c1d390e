//! Tokens as attackers, clumsy clients and honest providers send them.

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
async fn a_token_of_every_algorithm_is_verified_and_a_changed_one_is_not() {
    for algorithm in Algorithm::ALL {
        let key = TestKey::new(algorithm, "k");
        let jwt = if algorithm.is_symmetric() {
            install_tls_provider();
            Jwt::new(config(KeySource::Secret(Secret::new(key.secret())), &[algorithm])).unwrap()
        } else {
            trusting(&[&key], |_| ())
        };
        let token = key.token(&claims());
        assert_eq!(outcome(&jwt, &token).await, "alice", "{algorithm}");
        let forged = key.token(&with(json!({"sub": "mallory"})));
        let (forged, signature) = (forged.rsplit_once('.').unwrap().0, token.rsplit_once('.').unwrap().1);
        assert_eq!(outcome(&jwt, &format!("{forged}.{signature}")).await, "jwt/signature", "{algorithm}");
        let empty = format!("{}.", token.rsplit_once('.').unwrap().0);
        assert_eq!(outcome(&jwt, &empty).await, "jwt/signature", "{algorithm}");
        let zero = format!("{}.{}", token.rsplit_once('.').unwrap().0, base64([0; 64]));
        assert_eq!(outcome(&jwt, &zero).await, "jwt/signature", "{algorithm}");
    }
}

#[tokio::test]
async fn another_library_signs_the_tokens_that_are_verified_here() {
    let key = TestKey::new(Algorithm::HS256, "k");
    install_tls_provider();
    let jwt = Jwt::new(config(KeySource::Secret(Secret::new(key.secret())), &[Algorithm::HS256])).unwrap();
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    let secret = jsonwebtoken::EncodingKey::from_secret(key.secret());
    let token = jsonwebtoken::encode(&header, &claims(), &secret).unwrap();
    assert_eq!(outcome(&jwt, &token).await, "alice");
}

#[tokio::test]
async fn what_a_genuine_token_says_becomes_the_caller() {
    let key = TestKey::new(Algorithm::ES256, "k");
    let jwt = trusting(&[&key], |_| ());
    let identity = ask_at(&jwt, &key.token(&claims()), now()).await.unwrap();
    assert_eq!((&*identity.subject, &*identity.issuer, &*identity.authenticator), ("alice", ISSUER, "idp"));
    assert_eq!(identity.roles.iter().map(|role| &**role).collect::<Vec<_>>(), ["admin", "user"]);
    assert_eq!(identity.expires_at, Some(at(60)));
    let nobody = ask_at(&jwt, &key.token(&without("roles")), now()).await.unwrap();
    assert_eq!(&*nobody.roles[0], "authenticated");
}

#[tokio::test]
async fn the_algorithm_is_the_issuers_and_the_keys_never_the_tokens() {
    let key = TestKey::new(Algorithm::RS256, "k");
    let jwt = trusting(&[&key], |_| ());
    let body = claims().to_string();
    for alg in [
        "\"none\"",
        "\"None\"",
        "\"nOnE\"",
        "\"\"",
        "[\"RS256\"]",
        "\"RS384\"",
        "\"rs256\"",
        "\"HS256\"",
        "null",
    ] {
        let header = format!(r#"{{"alg":{alg},"kid":"k"}}"#);
        let unsigned = format!("{}.{}.", base64(&header), base64(&body));
        for token in [unsigned, key.sign(&header, &body)] {
            assert_eq!(outcome(&jwt, &token).await, "jwt/algorithm", "{alg}");
        }
    }
    assert_eq!(outcome(&jwt, &key.sign(r#"{"kid":"k"}"#, &body)).await, "jwt/algorithm");
}

#[tokio::test]
async fn a_public_key_is_never_a_secret() {
    // 5.2: signed as HS256 with the public key, in each spelling an attacker would try.
    let key = TestKey::new(Algorithm::RS256, "k");
    let jwt = trusting(&[&key], |_| ());
    for secret in [key.jwk().to_string(), key.jwk()["n"].as_str().unwrap().to_owned()] {
        let header = jsonwebtoken::Header { kid: Some("k".into()), ..Default::default() };
        let secret = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
        let token = jsonwebtoken::encode(&header, &claims(), &secret).unwrap();
        assert_eq!(outcome(&jwt, &token).await, "jwt/algorithm");
    }
    // And a configuration that would allow it is not taken.
    let mut wrong = config(KeySource::Inline("{}".into()), &[Algorithm::RS256, Algorithm::HS256]);
    let codes = |config: &JwtConfig| config.flaws().iter().map(|flaw| flaw.code).collect::<Vec<_>>();
    assert_eq!(codes(&wrong), ["jwt/secret-for-algorithm"]);
    wrong.issuers[0].keys = KeySource::Secret(Secret::new([7; 32]));
    assert_eq!(codes(&wrong), ["jwt/algorithm-for-secret"]);
}

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
async fn times_are_numbers_and_expiry_is_there() {
    let key = TestKey::new(Algorithm::ES256, "k");
    let jwt = trusting(&[&key], |_| ());
    let cases = [
        (without("exp"), "jwt/no-expiry"),
        (with(json!({"exp": (NOW + 60).to_string()})), "jwt/malformed-time"),
        (with(json!({"exp": true})), "jwt/malformed-time"),
        (with(json!({"exp": null})), "jwt/malformed-time"),
        (with(json!({"exp": -1})), "jwt/malformed-time"),
        (with(json!({"exp": 1e300})), "jwt/malformed-time"),
        (with(json!({"exp": u64::MAX})), "jwt/malformed-time"),
        (with(json!({"exp": NOW as f64 + 0.5})), "alice"),
        (with(json!({"exp": NOW - 29})), "alice"),
        (with(json!({"exp": NOW - 30})), "jwt/expired"),
        (with(json!({"nbf": NOW + 30})), "alice"),
        (with(json!({"nbf": NOW + 31})), "jwt/not-yet-valid"),
        (with(json!({"nbf": "0"})), "jwt/malformed-time"),
        (with(json!({"iat": NOW + 31})), "jwt/issued-in-the-future"),
        (with(json!({"iat": []})), "jwt/malformed-time"),
    ];
    for (claims, expected) in cases {
        assert_eq!(outcome(&jwt, &key.token(&claims)).await, expected, "{claims}");
    }
    let header = r#"{"alg":"ES256","kid":"k"}"#;
    let huge = claims().to_string().replace(&(NOW + 60).to_string(), "1e400");
    assert_eq!(outcome(&jwt, &key.sign(header, &huge)).await, "jwt/malformed-claims");
}

#[tokio::test]
async fn issuer_audience_and_subject_are_exact() {
    let key = TestKey::new(Algorithm::ES256, "k");
    let jwt = trusting(&[&key], |_| ());
    let cases = [
        (without("iss"), "jwt/issuer"),
        (with(json!({"iss": "https://idp.test"})), "jwt/issuer"),
        (with(json!({"iss": "https://IDP.test/"})), "jwt/issuer"),
        (with(json!({"iss": [ISSUER]})), "jwt/issuer"),
        (without("aud"), "jwt/audience"),
        (with(json!({"aud": []})), "jwt/audience"),
        (with(json!({"aud": ""})), "jwt/audience"),
        (with(json!({"aud": "ap"})), "jwt/audience"),
        (with(json!({"aud": "api2"})), "jwt/audience"),
        (with(json!({"aud": "API"})), "jwt/audience"),
        (with(json!({"aud": ["other", "api"]})), "alice"),
        (with(json!({"aud": {"api": 1}})), "jwt/malformed-audience"),
        (with(json!({"aud": ["api", 1]})), "jwt/malformed-audience"),
        (with(json!({"sub": null})), "jwt/subject"),
        (with(json!({"sub": 7})), "jwt/subject"),
        (with(json!({"sub": ""})), "jwt/subject"),
        (without("sub"), "principal/no-id"),
        (with(json!({"roles": "admin,user"})), "principal/roles-not-a-list-of-text"),
        (with(json!({"roles": [1]})), "principal/roles-not-a-list-of-text"),
    ];
    for (claims, expected) in cases {
        assert_eq!(outcome(&jwt, &key.token(&claims)).await, expected, "{claims}");
    }
    let all = trusting(&[&key], |config| {
        config.issuers[0].audience = Audience::AllOf(vec!["api".into(), "web".into()]);
    });
    assert_eq!(outcome(&all, &key.token(&claims())).await, "jwt/audience");
    assert_eq!(outcome(&all, &key.token(&with(json!({"aud": ["web", "x", "api"]})))).await, "alice");
}

#[tokio::test]
async fn tokens_made_for_something_else_are_refused() {
    let key = TestKey::new(Algorithm::ES256, "k");
    let jwt = trusting(&[&key], |_| ());
    for (claims, expected) in [
        (with(json!({"token_use": "id"})), "jwt/not-an-access-token"),
        (with(json!({"token_use": "refresh_token"})), "jwt/not-an-access-token"),
        (with(json!({"token_use": "access"})), "alice"),
        (with(json!({"typ": "Refresh"})), "jwt/not-an-access-token"),
        (with(json!({"typ": "ID"})), "jwt/not-an-access-token"),
        (with(json!({"typ": "Bearer"})), "alice"),
        (with(json!({"at_hash": "x"})), "jwt/not-an-access-token"),
    ] {
        assert_eq!(outcome(&jwt, &key.token(&claims)).await, expected, "{claims}");
    }
    for (typ, expected) in [
        ("\"at+jwt\"", "alice"),
        ("\"application/AT+JWT\"", "alice"),
        ("\"jwt\"", "alice"),
        ("\"logout+jwt\"", "jwt/typ"),
        ("\"dpop+jwt\"", "jwt/typ"),
        ("[\"JWT\"]", "jwt/typ"),
    ] {
        let header = format!(r#"{{"alg":"ES256","kid":"k","typ":{typ}}}"#);
        assert_eq!(outcome(&jwt, &key.sign(&header, &claims().to_string())).await, expected, "{typ}");
    }
}

#[tokio::test]
async fn age_lifetime_claims_and_scopes_are_required_where_configured() {
    let key = TestKey::new(Algorithm::ES256, "k");
    let aged = trusting(&[&key], |config| config.max_age = Some(Duration::from_secs(600)));
    let long = |iat: u64| with(json!({"iat": iat, "exp": NOW + 9_000}));
    assert_eq!(outcome(&aged, &key.token(&long(NOW - 629))).await, "alice");
    assert_eq!(outcome(&aged, &key.token(&long(NOW - 630))).await, "jwt/too-old");
    assert_eq!(outcome(&aged, &key.token(&without("iat"))).await, "jwt/no-issue-time");
    // What is remembered grows old as well.
    let token = key.token(&long(NOW));
    assert!(ask_at(&aged, &token, now()).await.is_ok());
    assert!(ask_at(&aged, &token, at(629)).await.is_ok());
    assert!(ask_at(&aged, &token, at(631)).await.is_err());

    let brief = trusting(&[&key], |config| config.max_lifetime = Some(Duration::from_secs(60)));
    assert_eq!(outcome(&brief, &key.token(&claims())).await, "alice");
    assert_eq!(outcome(&brief, &key.token(&long(NOW))).await, "jwt/lives-too-long");

    let picky = trusting(&[&key], |config| {
        config.required_claims = vec![RequiredClaim { name: "tenant".into(), any_of: vec!["acme".into()] }];
        config.scopes =
            Scopes { required: Box::new(["contacts.read".into()]), strategy: ScopeStrategy::Wildcard };
    });
    for (changes, expected) in [
        (json!({}), "jwt/claim"),
        (json!({"tenant": "evil"}), "jwt/claim"),
        (json!({"tenant": "acme"}), "jwt/scope"),
        (json!({"tenant": "acme", "scope": "contacts.*"}), "alice"),
        (json!({"tenant": ["acme", "b"], "scp": ["contacts.read"]}), "alice"),
        (json!({"tenant": "acme", "scp": 1}), "jwt/malformed-scope"),
    ] {
        assert_eq!(outcome(&picky, &key.token(&with(changes.clone()))).await, expected, "{changes}");
    }
    let insufficient = ask_at(&picky, &key.token(&with(json!({"tenant": "acme"}))), now()).await.unwrap_err();
    assert_eq!(insufficient.status(), 403);
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
async fn several_issuers_each_have_their_own_keys() {
    let (a, b) = (TestKey::new(Algorithm::ES256, "k"), TestKey::new(Algorithm::RS256, "k"));
    let second = Issuer {
        issuer: Some("b".into()),
        ..issuer(KeySource::Inline(jwks(&[&b]).to_string().into()), &[Algorithm::RS256])
    };
    let jwt = trusting(&[&a], |config| config.issuers.push(second));
    assert_eq!(outcome(&jwt, &a.token(&claims())).await, "alice");
    assert_eq!(outcome(&jwt, &b.token(&with(json!({"iss": "b"})))).await, "alice");
    assert_eq!(outcome(&jwt, &b.token(&claims())).await, "jwt/algorithm");
    assert_eq!(outcome(&jwt, &a.token(&with(json!({"iss": "b"})))).await, "jwt/algorithm");
    assert_eq!(outcome(&jwt, &b.token(&with(json!({"iss": "c"})))).await, "jwt/issuer");
}

#[tokio::test]
async fn in_a_chain_a_token_goes_to_the_authenticator_of_its_issuer_and_to_no_other() {
    let (a, b) = (TestKey::new(Algorithm::ES256, "k"), TestKey::new(Algorithm::ES256, "k"));
    let other = trusting(&[&b], |config| {
        config.issuers[0].issuer = Some("b".into());
        config.name = "b".into();
    });
    let chain = Chain::new([Arc::new(trusting(&[&a], |_| ())) as Arc<dyn Authenticator>, Arc::new(other)]);
    let ask = async |token: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
        let (path, query, headers) = ("/", "", &headers);
        let presented = Presented {
            method: &Method::GET,
            path,
            query,
            headers,
            certificate: None,
            peer: None,
            now: now(),
        };
        match chain.authenticate(&presented).await {
            Ok(identity) => identity.authenticator.to_string(),
            Err(refused) => format!("{:?} {}", refused.authenticator, refused.rejection),
        }
    };
    assert_eq!(ask(&a.token(&claims())).await, "idp");
    assert_eq!(ask(&b.token(&with(json!({"iss": "b"})))).await, "b");
    assert_eq!(ask(&b.token(&claims())).await, "Some(\"idp\") credential is not valid: jwt/signature");
    assert_eq!(
        ask(&a.token(&with(json!({"iss": "c"})))).await,
        "None credential is not valid: chain/unclaimed"
    );
    assert_eq!(ask("opaque").await, "None credential is not valid: chain/unclaimed");
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
