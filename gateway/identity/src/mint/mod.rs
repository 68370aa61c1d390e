//! Tokens of the gateway's own: what the upstream is told, signed (`id_token`).
//!
//! Claims are built as values and never as text, so that nothing a caller is called can become a claim.

mod key;

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use arc_swap::ArcSwap;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use quick_cache::sync::Cache;
use serde_json::{Map, Value, json};

pub use key::{BadSigningKey, SigningKey};

use crate::fingerprint;

/// Signs tokens about callers, and says with which keys.
#[derive(Debug)]
pub struct Mint {
    issuer: Box<str>,
    life: Duration,
    /// The first one signs; the others are still published, for tokens that are out.
    keys: ArcSwap<Vec<Arc<SigningKey>>>,
    minted: Cache<[u8; 32], Minted>,
}

#[derive(Clone, Debug)]
struct Minted {
    token: Arc<str>,
    /// From when on another one is signed.
    renew_at: SystemTime,
}

/// No token could be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token could not be signed")]
pub struct NotSigned;

impl Mint {
    /// Signs with a key, as an issuer; tokens live for `life`.
    pub fn new(issuer: &str, life: Duration, key: SigningKey) -> Self {
        Self {
            issuer: issuer.into(),
            life,
            keys: ArcSwap::from_pointee(vec![Arc::new(key)]),
            minted: Cache::new(10_000),
        }
    }

    /// Publishes keys besides those that are: of a replica that signs with another one, or of a revision before.
    #[must_use]
    pub fn publishing(self, others: impl IntoIterator<Item = Arc<SigningKey>>) -> Self {
        let mut keys = self.keys.load().to_vec();
        for key in others {
            if keys.iter().all(|known| known.id() != key.id()) {
                keys.push(key);
            }
        }
        Self { keys: ArcSwap::from_pointee(keys), ..self }
    }

    /// The keys: the first one signs, all are published.
    pub fn keys(&self) -> Vec<Arc<SigningKey>> {
        self.keys.load().to_vec()
    }

    /// Signs with another key from now on. The key before it stays published until the next rotation, by when its
    /// tokens must have expired; keys before that are gone.
    pub fn rotate(&self, key: SigningKey) {
        let before = self.keys.load().first().cloned();
        self.keys.store(Arc::new(std::iter::once(Arc::new(key)).chain(before).collect()));
        self.minted.clear();
    }

    /// The public keys, for `/.well-known/jwks.json`.
    pub fn jwks(&self) -> Value {
        json!({"keys": self.keys.load().iter().map(|key| key.jwk()).collect::<Vec<_>>()})
    }

    /// A token for an audience. `claims` says what else it says; `iss`, `aud`, `iat`, `nbf`, `exp` and `jti` are the
    /// mint's. A token is used again for the same claims until a tenth of its life is left; never past `not_after`.
    ///
    /// # Errors
    /// When signing fails.
    pub fn token(
        &self,
        audience: &str,
        claims: &Map<String, Value>,
        not_after: Option<SystemTime>,
        now: SystemTime,
    ) -> Result<Arc<str>, NotSigned> {
        let said = serde_json::to_vec(claims).map_err(|_| NotSigned)?;
        let limit = not_after.map_or(0, seconds).to_be_bytes();
        let key = fingerprint::of_parts(&[audience.as_bytes(), &said, &limit]);
        if let Some(known) = self.minted.get(&key).filter(|known| now < known.renew_at) {
            return Ok(known.token);
        }
        let expiry = now + self.life;
        // Where the caller's own proof ends first, a newer token would end no later.
        let (expiry, renew_at) = match not_after {
            Some(limit) if limit < expiry => (limit, limit),
            _ => (expiry, now + self.life.mul_f64(0.9)),
        };
        let token: Arc<str> = self.sign(audience, claims, expiry, now)?.into();
        self.minted.insert(key, Minted { token: Arc::clone(&token), renew_at });
        Ok(token)
    }

    fn sign(
        &self,
        audience: &str,
        claims: &Map<String, Value>,
        expiry: SystemTime,
        now: SystemTime,
    ) -> Result<String, NotSigned> {
        let keys = self.keys.load();
        let key = keys.first().ok_or(NotSigned)?;
        let mut id = [0; 16];
        aws_lc_rs::rand::fill(&mut id).map_err(|_| NotSigned)?;
        let mut claims = claims.clone();
        claims.extend([
            ("iss".to_owned(), Value::from(&*self.issuer)),
            ("aud".to_owned(), audience.into()),
            ("iat".to_owned(), seconds(now).into()),
            ("nbf".to_owned(), seconds(now).into()),
            ("exp".to_owned(), seconds(expiry).into()),
            ("jti".to_owned(), URL_SAFE_NO_PAD.encode(id).into()),
        ]);
        let header = json!({"alg": key.algorithm().name(), "typ": "JWT", "kid": key.id()});
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&Value::Object(claims)));
        let signature = key.sign(signed.as_bytes()).ok_or(NotSigned)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// The public keys of several, each once, as one set.
pub fn published(mints: &[Arc<Mint>]) -> Value {
    let mut keys: Vec<Arc<SigningKey>> = Vec::new();
    for key in mints.iter().flat_map(|mint| mint.keys()) {
        if keys.iter().all(|known| known.id() != key.id()) {
            keys.push(key);
        }
    }
    json!({"keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()})
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Authenticator, Chain, Secret,
        jwt::{Algorithm, Audience, Issuer, Jwt, JwtConfig, KeySource},
        test_request::{TestRequest, at},
        test_server::install_tls_provider,
    };

    const ISSUER: &str = "https://gateway.test";

    fn mint(algorithm: Algorithm) -> Mint {
        Mint::new(ISSUER, Duration::from_secs(100), SigningKey::generate(algorithm).unwrap())
    }

    fn claims(subject: &str) -> Map<String, Value> {
        json!({"sub": subject, "iss": "forged", "exp": 1}).as_object().unwrap().clone()
    }

    /// Who the gateway's own verifier says a token is about, at a time.
    async fn subject(mint: &Mint, token: &str, seconds: u64) -> Result<String, String> {
        install_tls_provider();
        let issuer = Issuer {
            issuer: Some(ISSUER.into()),
            audience: Audience::AnyOf(vec!["up".into()]),
            algorithms: Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric()).collect(),
            keys: KeySource::Inline(mint.jwks().to_string().into()),
        };
        let config = JwtConfig { issuers: vec![issuer], skew: Duration::ZERO, ..JwtConfig::default() };
        let chain = Chain::new([Arc::new(Jwt::new(config).unwrap()) as Arc<dyn Authenticator>]);
        let value = format!("Bearer {token}");
        let request = TestRequest::new(&[("authorization", &value)]).at(seconds);
        let identity =
            chain.authenticate(&request.presented()).await.map_err(|refused| refused.to_string())?;
        Ok(identity.subject.to_string())
    }

    #[tokio::test]
    async fn what_is_minted_is_verified_by_what_is_published() {
        for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric()) {
            let mint = mint(algorithm);
            let token = mint.token("up", &claims("a\",\"roles\":[\"admin"), None, at(0)).unwrap();
            assert_eq!(subject(&mint, &token, 0).await.unwrap(), "a\",\"roles\":[\"admin", "{algorithm}");
            assert_eq!(
                subject(&mint, &token, 100).await.unwrap_err(),
                "credential is not valid: jwt/expired"
            );
        }
        assert_eq!(SigningKey::generate(Algorithm::HS256).unwrap_err(), BadSigningKey::Symmetric);
    }

    #[tokio::test]
    async fn a_token_is_used_again_for_the_same_claims_until_a_tenth_of_its_life_is_left() {
        let mint = mint(Algorithm::ES256);
        let token =
            |audience, subject, seconds| mint.token(audience, &claims(subject), None, at(seconds)).unwrap();
        let first = token("up", "a", 0);
        assert_eq!(token("up", "a", 89), first);
        assert_ne!(token("up", "a", 90), first);
        assert_ne!(token("other", "a", 0), first);
        assert_ne!(token("up", "b", 0), first);
        let bounded = mint.token("up", &claims("a"), Some(at(5)), at(0)).unwrap();
        assert!(subject(&mint, &bounded, 4).await.is_ok());
        assert!(subject(&mint, &bounded, 5).await.is_err());
    }

    #[tokio::test]
    async fn the_key_before_a_rotation_is_published_until_the_next_one() {
        let mint = mint(Algorithm::ES256);
        let old = mint.token("up", &claims("a"), None, at(0)).unwrap();
        mint.rotate(SigningKey::generate(Algorithm::EdDSA).unwrap());
        let new = mint.token("up", &claims("a"), None, at(0)).unwrap();
        assert_ne!(old, new);
        assert!(subject(&mint, &old, 0).await.is_ok());
        assert!(subject(&mint, &new, 0).await.is_ok());
        mint.rotate(SigningKey::generate(Algorithm::ES256).unwrap());
        assert!(subject(&mint, &old, 0).await.is_err());
        assert!(subject(&mint, &new, 0).await.is_ok());
    }

    #[test]
    fn a_key_is_read_back_from_its_own_text_and_from_no_other_kind() {
        for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::ES384, Algorithm::EdDSA] {
            let key = SigningKey::generate(algorithm).unwrap();
            let read = SigningKey::read(&key.pem().unwrap(), algorithm).unwrap();
            assert_eq!((read.id(), read.jwk()), (key.id(), key.jwk()));
            let other = if algorithm == Algorithm::ES256 { Algorithm::RS256 } else { Algorithm::ES256 };
            assert_eq!(SigningKey::read(&key.pem().unwrap(), other).unwrap_err(), BadSigningKey::AnotherKind);
        }
        let nothing = Secret::new("-----BEGIN RSA PRIVATE KEY-----");
        assert_eq!(SigningKey::read(&nothing, Algorithm::RS256).unwrap_err(), BadSigningKey::NotPkcs8);
    }

    #[test]
    fn a_keys_id_is_its_thumbprint_as_the_standard_computes_it() {
        let key = SigningKey::generate(Algorithm::RS256).unwrap();
        let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(key.jwk()).unwrap();
        assert_eq!(key.id(), jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).unwrap());
    }
}
