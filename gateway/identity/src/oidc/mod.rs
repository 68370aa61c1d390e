//! `oidc_login`: browsers log in with an OpenID Connect provider; authorization code with PKCE, state and nonce.
//!
//! The session lives in a cookie that only the gateway can read. Requests are answered from it; every so often what the
//! provider said is asked for again.

mod config;
mod cookies;
mod flow;
mod logout;
mod paths;
mod provider;
mod seal;
mod session;
mod sessions;
mod store;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::SystemTime};

use futures_util::future::BoxFuture;
use http::{Method, header::ORIGIN};
use quick_cache::sync::Cache;
use serde_json::Value;

pub use config::OidcConfig;
pub use paths::safe_return;
pub use seal::CookieKey;
pub use store::RedisConfig;

use crate::{
    Authenticator, CacheFigures, Credential, Flaw, Identity, Login, Place, Places, Presented, Rejection,
    RemoteConfig, fingerprint,
    jwt::{Audience, Issuer, Jwt, JwtConfig, KeySource, TokenKind, Typ},
    mapping::{Facts, Mapping, Proof},
    remote::Remote,
    verdicts::{Fresh, Verdicts},
};
use cookies::Cookies;
use provider::Provider;
use seal::Seals;
use session::Age;
use store::Store;

/// Logs browsers in, and authenticates them by their session.
#[derive(Debug)]
pub struct OidcLogin {
    config: OidcConfig,
    base: String,
    from: Places,
    cookies: Cookies,
    seals: Seals,
    /// Where sessions are, if not in cookies.
    store: Option<Store>,
    provider: Provider,
    id_tokens: Jwt,
    logout_tokens: Jwt,
    mapping: Mapping,
    verdicts: Verdicts,
    /// Sessions (`id …`, `sid …`) and users (`sub …`) that were logged out, and when.
    ended: Cache<String, SystemTime>,
    digest: [u8; 32],
}

impl OidcLogin {
    /// # Errors
    /// Everything that is wrong with the configuration.
    pub fn new(config: OidcConfig) -> Result<Self, Vec<Flaw>> {
        let mut flaws = config.flaws();
        let mapping = Mapping::compile(&config.mapping, &["claims"]).map_err(|found| flaws.extend(found));
        // A code is good for one exchange and a refresh token often too:
        // what may have been answered is not asked again.
        let once = RemoteConfig { retries: 0, ..config.remote.clone() };
        let remote = Remote::new(once).map_err(|error| {
            flaws.push(Flaw::new("remote", "remote/client", format!("cannot make requests: {error}")));
        });
        // The cookies of one login mean nothing to another one, nor after it is pointed at another provider.
        let context = fingerprint::of(&("oidc", &config.name, &config.issuer, &config.client_id));
        let seals = Seals::new(&config.cookie_keys, context);
        let store = config.sessions.as_ref().map(|redis| Store::new(redis, context)).transpose();
        let store = store.map_err(|flaw| flaws.push(flaw)).unwrap_or_default();
        let (Ok(mapping), Ok(remote), Some(seals), Some(document), true) =
            (mapping, remote, seals, config.discovery_url(), flaws.is_empty())
        else {
            return Err(flaws);
        };
        let cookies = Cookies::new(&config.name, config.is_secure());
        let digest = fingerprint::of(&("oidc_login", &config));
        Ok(Self {
            base: config.base_path(),
            from: Places::new([Place::Cookie(cookies.session().into())]),
            id_tokens: verifier(&config, document.clone(), Typ::default())?,
            logout_tokens: verifier(&config, document.clone(), logout_typ())?,
            provider: Provider::new(config.clone(), document, remote),
            verdicts: Verdicts::new(config.cache.clone(), digest),
            ended: Cache::new(10_000),
            cookies,
            seals,
            store,
            mapping,
            digest,
            config,
        })
    }

    async fn check(&self, cookie: &str, now: SystemTime) -> Result<Fresh, Rejection> {
        let session = self.opened(cookie).await?.ok_or_else(|| Rejection::invalid("oidc/cookie"))?;
        let until = match session.age(&self.config, now) {
            Age::Fresh(until) => until,
            Age::Stale => return Err(Rejection::invalid("oidc/stale")),
            Age::Over => return Err(Rejection::invalid("oidc/expired")),
        };
        if self.has_ended(&session) {
            return Err(Rejection::invalid("oidc/logged-out"));
        }
        let identity = self.mapping.identify(Proof {
            facts: Facts::of("claims", Value::Object(session.claims)),
            issuer: &self.config.issuer,
            authenticator: &self.config.name,
            expires_at: Some(until),
        })?;
        Ok(Fresh { identity: Arc::new(identity), until })
    }

    fn key(&self, cookie: &str) -> [u8; 32] {
        self.verdicts.key(cookie.as_bytes())
    }

    /// A cookie comes along with requests that another site makes a browser send; those that change something say where
    /// they come from.
    fn comes_from_elsewhere(&self, presented: &Presented<'_>) -> bool {
        let safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(presented.method);
        let origin = presented.headers.get(ORIGIN).map(|origin| origin.as_bytes());
        let ours = self.config.external_url.origin().ascii_serialization();
        !safe && origin.is_some_and(|origin| origin != ours.as_bytes())
    }
}

/// The verifier of one kind of the provider's tokens.
fn verifier(config: &OidcConfig, document: url::Url, typ: Typ) -> Result<Jwt, Vec<Flaw>> {
    let issuer = Issuer {
        issuer: Some(config.issuer.clone()),
        audience: Audience::AnyOf(vec![config.client_id.clone()]),
        algorithms: config.algorithms.clone(),
        keys: KeySource::Discovery(document),
    };
    Jwt::new(JwtConfig {
        name: Arc::clone(&config.name),
        issuers: vec![issuer],
        kind: TokenKind::Any,
        typ,
        remote: config.remote.clone(),
        ..JwtConfig::default()
    })
}

fn logout_typ() -> Typ {
    Typ { absent: true, values: vec!["logout+jwt".into(), "JWT".into()] }
}

impl Authenticator for OidcLogin {
    fn name(&self) -> &Arc<str> {
        &self.config.name
    }

    fn places(&self) -> Option<&Places> {
        Some(&self.from)
    }

    fn find<'r>(&self, presented: &Presented<'r>) -> Option<Credential<'r>> {
        self.from.find(presented)
    }

    fn recall(
        &self,
        credential: &Credential<'_>,
        presented: &Presented<'_>,
    ) -> Option<Result<Arc<Identity>, Rejection>> {
        if self.comes_from_elsewhere(presented) {
            return Some(Err(Rejection::invalid("oidc/cross-origin")));
        }
        self.verdicts.recall(&self.key(credential.text()?), presented.now)
    }

    fn verify<'a>(
        &'a self,
        credential: Credential<'a>,
        presented: &'a Presented<'a>,
    ) -> BoxFuture<'a, Result<Arc<Identity>, Rejection>> {
        Box::pin(async move {
            let cookie = credential.text().ok_or(Rejection::Missing)?;
            if self.comes_from_elsewhere(presented) {
                return Err(Rejection::invalid("oidc/cross-origin"));
            }
            self.verdicts.settle(self.key(cookie), presented.now, self.check(cookie, presented.now)).await
        })
    }

    fn prepare(&self, now: SystemTime) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // What is missing now is asked for again when it is needed; the log says so.
            let both = futures_util::future::join(self.provider.metadata(now), self.id_tokens.prepare(now));
            if let (Err(why), ()) = both.await {
                tracing::warn!(login = %self.config.name, %why, "the provider cannot be asked");
            }
        })
    }

    fn readiness(&self) -> crate::Readiness {
        self.id_tokens.readiness()
    }

    fn owned_cookies(&self) -> Vec<Box<str>> {
        vec![self.cookies.session().into()]
    }

    fn login(&self) -> Option<&dyn Login> {
        Some(self)
    }

    fn forget(&self, gone: &dyn Fn(&Identity) -> bool) {
        self.verdicts.forget(gone);
    }

    fn digest(&self) -> [u8; 32] {
        self.digest
    }

    fn figures(&self) -> CacheFigures {
        self.verdicts.figures()
    }
}
