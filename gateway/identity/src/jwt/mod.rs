//! `jwt`: tokens that an issuer signed (RFC 7519, RFC 8725).
//!
//! What an issuer signs with, and for whom, is pinned in the configuration; of a token's own header only `alg`, `kid`
//! and `typ` are read, to find the key and to refuse. A token that was verified once is answered from memory.

mod algorithm;
pub(crate) mod claims;
mod compact;
mod config;
mod jwk;
#[cfg(test)]
mod key_tests;
mod keys;
pub(crate) mod pem;
pub(crate) mod scopes;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::SystemTime};

use futures_util::future::{BoxFuture, join_all};
use http::HeaderName;
use serde_json::{Map, Value};

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use compact::Spelling;
pub use config::{Audience, Issuer, JwtConfig, KeySource, KeyTiming, RequiredClaim, TokenKind, Typ};
pub use jwk::KeyLimits;
pub use scopes::{ScopeStrategy, Scopes};

use crate::{
    Authenticator, CacheFigures, Challenge, Credential, Flaw, Identity, Presented, Readiness, Rejection,
    fingerprint,
    mapping::{Facts, Mapping, Proof},
    remote::Remote,
    verdicts::{Fresh, Verdicts},
};
use compact::Compact;
pub(crate) use compact::looks_like_one as looks_like_a_token;
use jwk::Wanted;
use keys::{Keys, Loaded};

/// Authenticates callers by signed tokens.
#[derive(Debug)]
pub struct Jwt {
    config: JwtConfig,
    /// In the order of the configuration's issuers.
    keys: Vec<Arc<Keys>>,
    mapping: Mapping,
    verdicts: Verdicts,
    digest: [u8; 32],
}

impl Jwt {
    /// Builds it. Nothing is fetched before [`prepare`](Authenticator::prepare) or the first token.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration.
    pub fn new(config: JwtConfig) -> Result<Self, Vec<Flaw>> {
        let mut flaws = config.flaws();
        let mapping =
            Mapping::compile(&config.mapping, &["claims", "jose"]).map_err(|found| flaws.extend(found));
        let remote = Remote::new(config.remote.clone()).map_err(|error| {
            flaws.push(Flaw::new("remote", "remote/client", format!("cannot make requests: {error}")));
        });
        let (Ok(mapping), Ok(remote), true) = (mapping, remote, flaws.is_empty()) else { return Err(flaws) };
        let remote = Arc::new(remote);
        let keys = config.issuers.iter().map(|issuer| {
            Keys::new(issuer, config.key_limits.clone(), config.key_timing.clone(), Arc::clone(&remote))
        });
        let digest = fingerprint::of(&("jwt", &config));
        Ok(Self {
            keys: keys.collect(),
            mapping,
            verdicts: Verdicts::new(config.cache.clone(), digest),
            digest,
            config,
        })
    }

    /// The issuer that a token claims, if it is one of ours.
    fn issuer_of(&self, claimed: Option<&str>) -> Option<(&Issuer, &Arc<Keys>)> {
        self.config.issuers.iter().zip(&self.keys).find(|(issuer, _)| match &issuer.issuer {
            None => true,
            Some(name) => claimed == Some(name),
        })
    }

    async fn check(&self, token: &str, now: SystemTime) -> Result<Fresh, Rejection> {
        let genuine = self.genuine(token, now).await?;
        let identity = self.mapping.identify(Proof {
            issuer: genuine.issuer,
            authenticator: &self.config.name,
            expires_at: Some(genuine.lifetime.expires_at),
            facts: Facts {
                main: ("claims", Value::Object(genuine.claims)),
                others: vec![("jose", Value::Object(genuine.header))],
            },
        })?;
        Ok(Fresh { identity: Arc::new(identity), until: genuine.lifetime.until })
    }

    /// What a token says, if it is genuine and says what it must.
    pub(crate) async fn genuine(&self, token: &str, now: SystemTime) -> Result<Genuine<'_>, Rejection> {
        if token.len() > self.config.max_token_bytes {
            return Err(Rejection::invalid("jwt/too-long"));
        }
        let mut compact = Compact::read(token, self.config.spelling).map_err(Rejection::invalid)?;
        self.complete(&mut compact);
        let claimed = compact.claims.get("iss").and_then(Value::as_str);
        let (issuer, keys) = self.issuer_of(claimed).ok_or_else(|| Rejection::invalid("jwt/issuer"))?;
        let algorithm = pinned(issuer, &compact).ok_or_else(|| Rejection::invalid("jwt/algorithm"))?;
        let wanted = Wanted { id: compact.key_id().map_err(Rejection::invalid)?, algorithm };
        let signed_by = |loaded: &Loaded| {
            loaded.set.find(wanted).is_some_and(|key| key.verify(compact.signed, &compact.signature))
        };
        let loaded = keys.holding(wanted, now).await?;
        // An issuer may have put another key under the same id, or under none.
        if !signed_by(&loaded) && !keys.renewed(&loaded, now).await.is_some_and(|loaded| signed_by(&loaded)) {
            return Err(Rejection::invalid("jwt/signature"));
        }
        let lifetime = claims::check(&self.config, issuer, &compact.header, &compact.claims, now)?;
        let issuer = issuer.issuer.as_deref().unwrap_or(&self.config.name);
        Ok(Genuine { header: compact.header, claims: compact.claims, issuer, lifetime })
    }

    /// AWS's load balancers say `iss` and `exp` in the header, which the signature covers as well; what they say there
    /// counts, not what the provider behind them said to them.
    fn complete(&self, compact: &mut Compact<'_>) {
        if self.config.spelling == Spelling::AwsAlb {
            for name in ["iss", "exp"] {
                if let Some(value) = compact.header.get(name) {
                    compact.claims.insert(name.to_owned(), value.clone());
                }
            }
        }
    }

    fn key(&self, token: &str) -> [u8; 32] {
        self.verdicts.key(token.as_bytes())
    }
}

/// A token that holds.
pub(crate) struct Genuine<'j> {
    header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    issuer: &'j str,
    lifetime: claims::Lifetime,
}

/// The token's algorithm, if its issuer signs with it.
fn pinned(issuer: &Issuer, compact: &Compact<'_>) -> Option<Algorithm> {
    let algorithm = compact.algorithm()?.parse().ok()?;
    issuer.algorithms.contains(&algorithm).then_some(algorithm)
}

impl Authenticator for Jwt {
    fn name(&self) -> &Arc<str> {
        &self.config.name
    }

    fn places(&self) -> Option<&crate::Places> {
        Some(&self.config.from)
    }

    fn find<'r>(&self, presented: &Presented<'r>) -> Option<Credential<'r>> {
        self.config.from.find(presented)
    }

    fn recall(
        &self,
        credential: &Credential<'_>,
        presented: &Presented<'_>,
    ) -> Option<Result<Arc<Identity>, Rejection>> {
        let token = credential.text().filter(|token| token.len() <= self.config.max_token_bytes)?;
        self.verdicts.recall(&self.key(token), presented.now)
    }

    /// A token of another issuer, or none at all, is not ours. One that cannot be read is nobody else's either.
    fn concerns(&self, credential: &Credential<'_>) -> bool {
        let Some(token) = credential.text() else { return false };
        if token.len() > self.config.max_token_bytes {
            return true;
        }
        if !compact::looks_like_one(token, self.config.spelling) {
            return false;
        }
        match compact::claimed_issuer(token, self.config.spelling) {
            Some(claimed) => self.issuer_of(Some(&claimed)).is_some(),
            None => true,
        }
    }

    fn verify<'a>(
        &'a self,
        credential: Credential<'a>,
        presented: &'a Presented<'a>,
    ) -> BoxFuture<'a, Result<Arc<Identity>, Rejection>> {
        Box::pin(async move {
            let Some(token) = credential.text() else { return Err(Rejection::Missing) };
            if token.len() > self.config.max_token_bytes {
                return Err(Rejection::invalid("jwt/too-long"));
            }
            let now = presented.now;
            self.verdicts.settle(self.key(token), now, self.check(token, now)).await
        })
    }

    fn prepare(&self, now: SystemTime) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            join_all(self.keys.iter().map(|keys| keys.load(now))).await;
        })
    }

    fn readiness(&self) -> Readiness {
        let not_ready =
            self.keys.iter().map(|keys| keys.readiness()).filter(|state| *state != Readiness::Ready);
        not_ready.max_by_key(|state| matches!(state, Readiness::Waiting(_))).unwrap_or(Readiness::Ready)
    }

    fn challenge(&self) -> Option<Challenge> {
        let scope = self.config.scopes.required.clone();
        Some(Challenge { realm: self.config.realm.clone(), scope, ..Challenge::new("Bearer") })
    }

    fn proves_by_token(&self) -> bool {
        true
    }

    fn digest(&self) -> [u8; 32] {
        self.digest
    }

    fn owned_fields(&self) -> Vec<HeaderName> {
        self.config.strip.clone()
    }

    fn forget(&self, gone: &dyn Fn(&Identity) -> bool) {
        self.verdicts.forget(gone);
    }

    fn figures(&self) -> CacheFigures {
        self.verdicts.figures()
    }
}
