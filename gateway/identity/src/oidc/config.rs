use std::{sync::Arc, time::Duration};

use url::Url;

use super::{seal::CookieKey, store::RedisConfig};
use crate::{CacheConfig, ClientProof, Flaw, MappingConfig, RemoteConfig, jwt::Algorithm};

/// Browser login with OpenID Connect, for services that have none of their own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OidcConfig {
    /// The name in the configuration.
    pub name: Arc<str>,
    /// The provider: what its ID tokens' `iss` must be.
    pub issuer: Box<str>,
    /// Its discovery document. Default: the issuer with `/.well-known/openid-configuration`.
    pub discovery: Option<Url>,
    /// The client id.
    pub client_id: Box<str>,
    /// How the gateway proves to the token endpoint who it is. `Nothing` is a public client: PKCE alone.
    pub client: ClientProof,
    /// What is asked for. Default `openid profile email`.
    pub scopes: Vec<Box<str>>,
    /// The algorithms the provider signs ID tokens with. Default RS256 and ES256.
    pub algorithms: Vec<Algorithm>,
    /// What browsers call the gateway: scheme, host and port. Never taken from a request.
    pub external_url: Url,
    /// Below this path are the login's own. Default `/.auth/NAME`: `/callback`, `/logout` and `/backchannel-logout`.
    pub path: Option<Box<str>>,
    /// The keys for cookies. The first one seals, the others still open: put a new one in front to rotate.
    pub cookie_keys: Vec<CookieKey>,
    /// Where sessions are kept. Default: in the browsers' cookies themselves.
    pub sessions: Option<RedisConfig>,
    /// For how long what the provider said is believed; then the session is renewed (by the refresh token, or through
    /// the provider). Default 15 min.
    pub fresh_for: Duration,
    /// The longest life of a session. Default 12 h.
    pub max_age: Duration,
    /// Where a browser goes after a logout. Default `/`.
    pub after_logout: Box<str>,
    /// Who that makes the caller. The mapping reads `claims` of the ID token.
    pub mapping: MappingConfig,
    /// How the provider is asked.
    pub remote: RemoteConfig,
    /// What is remembered of cookies that were opened.
    pub cache: CacheConfig,
}

impl OidcConfig {
    /// A login with every default.
    pub fn new(
        name: Arc<str>,
        issuer: &str,
        client_id: &str,
        external_url: Url,
        keys: Vec<CookieKey>,
    ) -> Self {
        Self {
            name,
            issuer: issuer.into(),
            discovery: None,
            client_id: client_id.into(),
            client: ClientProof::Nothing,
            scopes: ["openid", "profile", "email"].map(Into::into).to_vec(),
            algorithms: vec![Algorithm::RS256, Algorithm::ES256],
            external_url,
            path: None,
            cookie_keys: keys,
            sessions: None,
            fresh_for: Duration::from_secs(900),
            max_age: Duration::from_secs(12 * 3_600),
            after_logout: "/".into(),
            mapping: MappingConfig::default(),
            remote: RemoteConfig::default(),
            cache: CacheConfig::default(),
        }
    }

    pub(super) fn base_path(&self) -> String {
        self.path.as_deref().map_or_else(|| format!("/.auth/{}", self.name), str::to_owned)
    }

    pub(super) fn discovery_url(&self) -> Option<Url> {
        self.discovery.clone().or_else(|| {
            let issuer = self.issuer.trim_end_matches('/');
            Url::parse(&format!("{issuer}/.well-known/openid-configuration")).ok()
        })
    }

    /// Whether browsers reach the gateway over TLS. Without it only a loopback host is served, for development.
    pub(super) fn is_secure(&self) -> bool {
        self.external_url.scheme() == "https"
    }

    pub(super) fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let mut flaw = |field, code, message: &'static str| flaws.push(Flaw::new(field, code, message));
        if self.discovery_url().is_none() {
            flaw("issuer", "oidc/issuer", "the issuer is no URL: say `discovery`");
        }
        if self.client_id.is_empty() {
            flaw("client-id", "oidc/client-id", "the client id is empty");
        }
        let local = matches!(self.external_url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let development = self.external_url.scheme() == "http" && local;
        if !self.is_secure() && !development {
            flaw("external-url", "oidc/insecure", "sessions need https; http is for localhost only");
        }
        let plain = |id: &str| {
            !id.is_empty()
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        if self.cookie_keys.is_empty() {
            flaw("cookie-keys", "oidc/no-key", "no key for cookies");
        }
        for (index, key) in self.cookie_keys.iter().enumerate() {
            if key.secret.expose().len() != 32 {
                flaw("cookie-keys", "oidc/key-length", "a key for cookies has 32 bytes");
            }
            if !plain(&key.id) || self.cookie_keys.iter().take(index).any(|earlier| earlier.id == key.id) {
                flaw("cookie-keys", "oidc/key-id", "a key's id is its own, of letters, digits, `-` and `_`");
            }
        }
        if !self.scopes.iter().any(|scope| &**scope == "openid") {
            flaw("scopes", "oidc/scope", "without the scope `openid` there is no ID token");
        }
        if self.algorithms.is_empty() || self.algorithms.iter().any(|algorithm| algorithm.is_symmetric()) {
            flaw("algorithms", "oidc/algorithms", "name the asymmetric algorithms the provider signs with");
        }
        if super::paths::safe_return(&self.after_logout).is_none() {
            flaw(
                "after-logout",
                "oidc/after-logout",
                "after a logout a browser goes to a path of this gateway",
            );
        }
        let base = self.base_path();
        if super::paths::safe_return(&base).is_none() || base.ends_with('/') || base.contains(['?', '#']) {
            flaw("path", "oidc/path", "the login's own path begins with `/` and does not end with one");
        }
        flaws
    }
}
