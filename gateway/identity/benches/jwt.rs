//! What a token costs: seen before, never seen, and in a library of its own.
#![expect(clippy::unwrap_used, reason = "a bench may stop")]

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, SystemTime},
};

use criterion::{Criterion, criterion_group, criterion_main};
use http::{HeaderMap, HeaderValue, Method};
use portreeve_identity::{
    Authenticator, CacheConfig, Chain, Presented, Profile,
    jwt::{Algorithm, Audience, Issuer, Jwt, JwtConfig, KeySource},
    mint::{Mint, SigningKey},
};

fn jwt(mint: &Mint, algorithm: Algorithm, capacity: usize) -> Chain {
    let issuer = Issuer {
        issuer: Some("https://idp.test".into()),
        audience: Audience::AnyOf(vec!["api".into()]),
        algorithms: vec![algorithm],
        keys: KeySource::Inline(mint.jwks().to_string().into()),
    };
    let cache = CacheConfig { capacity, ..CacheConfig::default() };
    let jwt = Jwt::new(JwtConfig { issuers: vec![issuer], cache, ..JwtConfig::default() }).unwrap();
    Chain::new([Arc::new(jwt) as Arc<dyn Authenticator>])
}

fn compare(criterion: &mut Criterion, algorithm: Algorithm) {
    let mint =
        Mint::new("https://idp.test", Duration::from_secs(3_600), SigningKey::generate(algorithm).unwrap());
    let claims = serde_json::json!({"sub": "alice", "roles": ["admin", "user"], "email": "alice@acme.test",
        "org": "acme", "scope": "openid contacts.read contacts.write", "sid": "0190fake-0000-7000-8000-000000000000"});
    let now = SystemTime::now();
    let token = mint.token("api", claims.as_object().unwrap(), None, now).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
    let (path, query, headers) = ("/", "", &headers);
    let shown = Presented { method: &Method::GET, path, query, headers, certificate: None, peer: None, now };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut group = criterion.benchmark_group(algorithm.name());
    for (name, capacity) in [("seen before", 1_000), ("never seen", 0)] {
        let chain = jwt(&mint, algorithm, capacity);
        runtime.block_on(chain.authenticate(&shown)).unwrap();
        group.bench_function(name, |bench| {
            bench.iter(|| runtime.block_on(chain.authenticate(black_box(&shown))).unwrap());
        });
    }
    let jwk = mint.jwks().pointer("/keys/0").unwrap().clone();
    let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(jwk).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
    let mut validation = jsonwebtoken::Validation::new(algorithm.name().parse().unwrap());
    validation.set_audience(&["api"]);
    group.bench_function("jsonwebtoken", |bench| {
        bench.iter(|| {
            jsonwebtoken::decode::<serde_json::Value>(black_box(&*token), &key, &validation).unwrap()
        });
    });
    group.finish();
}

fn tokens(criterion: &mut Criterion) {
    rustls::crypto::aws_lc_rs::default_provider().install_default().unwrap();
    compare(criterion, Algorithm::RS256);
    compare(criterion, Algorithm::ES256);
    let anonymous = portreeve_identity::Anonymous::new("anyone".into(), &Profile::named("anyone"));
    let chain = Chain::new([Arc::new(anonymous) as Arc<dyn Authenticator>]);
    let (path, query, headers, now) = ("/", "", &HeaderMap::new(), SystemTime::now());
    let shown = Presented { method: &Method::GET, path, query, headers, certificate: None, peer: None, now };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    criterion.bench_function("anonymous", |bench| {
        bench.iter(|| runtime.block_on(chain.authenticate(black_box(&shown))).unwrap());
    });
}

criterion_group!(benches, tokens);
criterion_main!(benches);
