use std::{path::PathBuf, sync::Arc, time::Duration};

use http::HeaderName;
use url::Url;

use super::{Algorithm, KeyLimits, Scopes, Spelling};
use crate::{CacheConfig, Flaw, MappingConfig, Places, RemoteConfig, Secret};

/// A JWT authenticator: whose tokens, what they must say, and who that makes the caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JwtConfig {
    /// The name in the configuration.
    pub name: Arc<str>,
    /// Where the token is. Default `Authorization: Bearer`.
    pub from: Places,
    /// Whose tokens. At least one; the token's own `iss` says which of them is asked.
    pub issuers: Vec<Issuer>,
    /// How the token is spelled. Default RFC 7515.
    pub spelling: Spelling,
    /// What the header's `typ` may be. Default: absent, `JWT` or `at+jwt`.
    pub typ: Typ,
    /// What the token is for. Default access tokens.
    pub kind: TokenKind,
    /// How far the issuer's clock and ours may be apart. Default 30 s.
    pub skew: Duration,
    /// How long after `iat` a token is taken, however late it expires. Default: until it expires.
    pub max_age: Option<Duration>,
    /// The longest life (`exp` − `iat`) a token may have. Default: any.
    pub max_lifetime: Option<Duration>,
    /// Claims that must be there, and what they may say.
    pub required_claims: Vec<RequiredClaim>,
    /// Scopes that the token must carry; without them the answer is 403.
    pub scopes: Scopes,
    /// The longest token that is looked at. Default 16 KiB.
    pub max_token_bytes: usize,
    /// Who a genuine token makes the caller.
    pub mapping: MappingConfig,
    /// What key sets may hold.
    pub key_limits: KeyLimits,
    /// How often keys are fetched.
    pub key_timing: KeyTiming,
    /// How keys are fetched.
    pub remote: RemoteConfig,
    /// What is remembered of tokens.
    pub cache: CacheConfig,
    /// Header fields that repeat what the token says, unsigned. They are stripped from what goes upstream.
    pub strip: Vec<HeaderName>,
    /// The realm told in `WWW-Authenticate`. Default none.
    pub realm: Option<Box<str>>,
}

impl Default for JwtConfig {
    fn default() -> Self {
        Self {
            name: "jwt".into(),
            from: Places::default(),
            issuers: Vec::new(),
            spelling: Spelling::Standard,
            typ: Typ::default(),
            kind: TokenKind::Access,
            skew: Duration::from_secs(30),
            max_age: None,
            max_lifetime: None,
            required_claims: Vec::new(),
            scopes: Scopes::default(),
            max_token_bytes: 16 << 10,
            mapping: MappingConfig::default(),
            key_limits: KeyLimits::default(),
            key_timing: KeyTiming::default(),
            remote: RemoteConfig::default(),
            cache: CacheConfig::default(),
            strip: Vec::new(),
            realm: None,
        }
    }
}

/// An issuer: its name, its keys, and the algorithms it signs with. All of them are pinned: a token cannot choose.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Issuer {
    /// What `iss` must be, byte for byte; it is never read as a URL. `None` for tokens that carry no issuer by design
    /// (SPIFFE), which must then be the only one.
    pub issuer: Option<Box<str>>,
    /// Whom the token must be for.
    pub audience: Audience,
    /// The algorithms. All symmetric, with a secret, or all asymmetric.
    pub algorithms: Vec<Algorithm>,
    /// Where the keys are.
    pub keys: KeySource,
}

/// Whom a token must be for. There is no default: a token for another service of the same issuer has the same keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// For at least one of these.
    AnyOf(Vec<Box<str>>),
    /// For all of these.
    AllOf(Vec<Box<str>>),
    /// The issuer sets no audience; something else must stand in for it (a required claim, a requirement).
    Unchecked,
}

/// Where keys are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeySource {
    /// A JWKS at an address.
    Url(Url),
    /// The `jwks_uri` of an OpenID Connect discovery document at an address. The document must name the very issuer.
    Discovery(Url),
    /// A file: a JWKS, or a public key in PEM. Read again when its time comes.
    File(PathBuf),
    /// A JWKS in the configuration itself.
    Inline(Box<str>),
    /// A secret, for HS256, HS384 and HS512 only.
    Secret(Secret),
    /// One public key in PEM per key id, below an address: the key id, made of letters, digits and `-` only, is the
    /// last segment of the path.
    PerKey(Url),
}

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// To call services with. Tokens that say they are something else (`token_use`, Keycloak's `typ`, `at_hash`,
    /// `c_hash`) are refused.
    Access,
    /// ID tokens, or anything that a proxy in front vouches with: the checks above are left out.
    Any,
}

/// What `typ` in the JOSE header may be, without case and without `application/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Typ {
    /// Whether it may be absent.
    pub absent: bool,
    /// The values.
    pub values: Vec<Box<str>>,
}

impl Default for Typ {
    fn default() -> Self {
        Self { absent: true, values: vec!["JWT".into(), "at+jwt".into()] }
    }
}

/// A claim that must be there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequiredClaim {
    /// Its name.
    pub name: Box<str>,
    /// What it may be, as text; a list must hold one of these. Empty: anything but null.
    pub any_of: Vec<Box<str>>,
}

/// How often keys are fetched.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyTiming {
    /// After this time keys are fetched again, while the old ones still serve. Default 5 min.
    pub refresh: Duration,
    /// A token with an unknown key id fetches them at once, but at most once in this time. Default 30 s.
    pub cool_down: Duration,
    /// After a failure, the next attempt waits this long. Default 5 s.
    pub pause: Duration,
}

impl Default for KeyTiming {
    fn default() -> Self {
        Self {
            refresh: Duration::from_secs(300),
            cool_down: Duration::from_secs(30),
            pause: Duration::from_secs(5),
        }
    }
}

impl JwtConfig {
    /// What is wrong with the configuration, all of it.
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws: Vec<Flaw> = match self.issuers.as_slice() {
            [only] => only.flaws(),
            several => several
                .iter()
                .enumerate()
                .flat_map(|(index, issuer)| {
                    let within = move |flaw: Flaw| Flaw {
                        field: format!("issuers.{index}.{}", flaw.field).into(),
                        ..flaw
                    };
                    issuer.flaws().into_iter().map(within)
                })
                .collect(),
        };
        if self.issuers.is_empty() {
            flaws.push(Flaw::new("issuer", "jwt/no-issuer", "no issuer: whose tokens are these?"));
        }
        let nameless = self.issuers.iter().filter(|issuer| issuer.issuer.is_none()).count();
        if nameless > 0 && self.issuers.len() > 1 {
            let message = "an authenticator for tokens without an issuer can have no other issuer";
            flaws.push(Flaw::new("issuer", "jwt/nameless-issuer", message));
        }
        for (index, issuer) in self.issuers.iter().enumerate() {
            if self.issuers.iter().take(index).any(|earlier| earlier.issuer == issuer.issuer) {
                flaws.push(Flaw::new("issuer", "jwt/issuer-twice", "the same issuer is configured twice"));
            }
        }
        if self.skew > Duration::from_secs(600) {
            flaws.push(Flaw::new("skew", "jwt/skew", "a clock skew of more than 10 minutes defeats expiry"));
        }
        flaws
    }
}

impl Issuer {
    fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let symmetric = self.algorithms.iter().filter(|algorithm| algorithm.is_symmetric()).count();
        let shares_secret = matches!(self.keys, KeySource::Secret(_));
        if self.algorithms.is_empty() {
            flaws.push(Flaw::new(
                "algorithms",
                "jwt/no-algorithm",
                "no algorithm: name those the issuer signs with",
            ));
        } else if shares_secret && symmetric < self.algorithms.len() {
            let message = "a secret verifies HS256, HS384 and HS512 only";
            flaws.push(Flaw::new("algorithms", "jwt/algorithm-for-secret", message));
        } else if !shares_secret && symmetric > 0 {
            let message = "HS256, HS384 and HS512 need a `secret`: a published key set holds no secrets, and a public key \
                           taken for a secret lets anybody sign";
            flaws.push(Flaw::new("algorithms", "jwt/secret-for-algorithm", message));
        }
        if let KeySource::Secret(secret) = &self.keys {
            let least =
                self.algorithms.iter().map(|algorithm| algorithm.least_secret_bytes()).max().unwrap_or(32);
            if secret.expose().len() < least {
                let message = format!("the secret is shorter than the {least} bytes its algorithm needs");
                flaws.push(Flaw::new("secret", "jwt/short-secret", message));
            }
        }
        if let Audience::AnyOf(values) | Audience::AllOf(values) = &self.audience
            && (values.is_empty() || values.iter().any(|value| value.is_empty()))
        {
            let message = "no audience: say whom tokens must be for, or `none` where the issuer sets none";
            flaws.push(Flaw::new("audience", "jwt/no-audience", message));
        }
        if let KeySource::Url(url) | KeySource::Discovery(url) | KeySource::PerKey(url) = &self.keys
            && !matches!(url.scheme(), "https" | "http")
        {
            flaws.push(Flaw::new(
                "jwks",
                "jwt/jwks-scheme",
                format!("keys cannot be fetched by `{}`", url.scheme()),
            ));
        }
        if let (KeySource::Discovery(_), None) = (&self.keys, &self.issuer) {
            flaws.push(Flaw::new(
                "discovery",
                "jwt/discovery-issuer",
                "discovery needs an issuer to compare with",
            ));
        }
        flaws
    }
}
