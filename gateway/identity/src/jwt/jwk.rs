//! JSON Web Keys (RFC 7517), as keys that can verify.

use aws_lc_rs::{
    hmac,
    signature::{ED25519, ParsedPublicKey, RsaPublicKeyComponents, UnparsedPublicKey},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::algorithm::{Algorithm, Curve, Family};
use crate::{Secret, strict_json};

/// What is accepted of a key set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyLimits {
    /// The largest number of keys. Default 100.
    pub max_keys: usize,
    /// What `use` must say, where a key says it. Default `sig`; SPIFFE bundles say `jwt-svid`.
    pub key_use: Box<str>,
}

impl Default for KeyLimits {
    fn default() -> Self {
        Self { max_keys: 100, key_use: "sig".into() }
    }
}

/// Keys, each with the algorithms it may be used for.
#[derive(Debug)]
pub(crate) struct KeySet(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<Box<str>>,
    uses: Vec<(Algorithm, Material)>,
}

/// A key made ready for one algorithm.
pub(crate) enum Material {
    Public(Box<ParsedPublicKey>),
    Shared(Box<hmac::Key>),
}

impl std::fmt::Debug for Material {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Material(..)")
    }
}

impl Material {
    pub(crate) fn verify(&self, signed: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Public(key) => key.verify_sig(signed, signature).is_ok(),
            Self::Shared(key) => hmac::verify(key, signed, signature).is_ok(),
        }
    }
}

/// Why a key set is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadKeySet {
    #[error("not a JSON object with `keys`")]
    NotAKeySet,
    #[error("{0} keys are more than allowed")]
    TooMany(usize),
    #[error("two keys have the id `{0}`")]
    Twice(Box<str>),
    #[error("no key that can verify the configured algorithms")]
    Empty,
}

/// Which key a token asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'t> {
    pub(crate) id: Option<&'t str>,
    pub(crate) algorithm: Algorithm,
}

impl KeySet {
    /// Reads a set. Keys that are of no use here (another `use`, another algorithm, a weak or unknown kind, and
    /// secrets, which no published set may hold) are left out; a set that is wrong as a whole is not taken.
    pub(crate) fn read(json: &[u8], algorithms: &[Algorithm], limits: &KeyLimits) -> Result<Self, BadKeySet> {
        let mut document = strict_json::parse_object(json).map_err(|_| BadKeySet::NotAKeySet)?;
        let Some(Value::Array(found)) = document.remove("keys") else { return Err(BadKeySet::NotAKeySet) };
        if found.len() > limits.max_keys {
            return Err(BadKeySet::TooMany(found.len()));
        }
        let keys = found.iter().filter_map(|key| Key::read(key.as_object()?, algorithms, limits));
        Self::of(keys.collect())
    }

    /// A set of one secret.
    pub(crate) fn of_secret(secret: &Secret, algorithms: &[Algorithm]) -> Self {
        let uses = algorithms.iter().filter_map(|algorithm| match algorithm.family() {
            Family::Hmac(hash) => {
                Some((*algorithm, Material::Shared(Box::new(hmac::Key::new(hash, secret.expose())))))
            }
            _ => None,
        });
        Self(vec![Key { id: None, uses: uses.collect() }])
    }

    /// A set of one public key in a PEM file (`PUBLIC KEY`), for the algorithms it fits.
    pub(crate) fn of_public_key(der: &[u8], algorithms: &[Algorithm]) -> Result<Self, BadKeySet> {
        let uses = algorithms.iter().filter_map(|algorithm| {
            let key = match algorithm.family() {
                Family::Rsa(parameters) => ParsedPublicKey::new(parameters, der),
                Family::Ecdsa(parameters, _) => ParsedPublicKey::new(parameters, der),
                Family::EdDsa => ParsedPublicKey::new(&ED25519, der),
                Family::Hmac(_) => return None,
            };
            Some((*algorithm, Material::Public(Box::new(key.ok()?))))
        });
        Self::of(vec![Key { id: None, uses: uses.collect() }])
    }

    fn of(keys: Vec<Key>) -> Result<Self, BadKeySet> {
        for (index, key) in keys.iter().enumerate() {
            let rivals = keys.iter().take(index).filter(|earlier| key.id.is_some() && earlier.id == key.id);
            for rival in rivals {
                if key.uses.iter().any(|(algorithm, _)| rival.material(*algorithm).is_some()) {
                    return Err(BadKeySet::Twice(key.id.clone().unwrap_or_default()));
                }
            }
        }
        let useful = keys.iter().any(|key| !key.uses.is_empty());
        if useful { Ok(Self(keys)) } else { Err(BadKeySet::Empty) }
    }

    /// The key for a token. Without a key id there must be one key alone that fits: keys are not tried in turn.
    pub(crate) fn find(&self, wanted: Wanted<'_>) -> Option<&Material> {
        let mut fitting = self.0.iter().filter_map(|key| {
            let named = wanted.id.is_none_or(|id| key.id.as_deref().is_none_or(|name| name == id));
            named.then(|| Some((key, key.material(wanted.algorithm)?))).flatten()
        });
        let first = fitting.next()?;
        match fitting.next() {
            None => Some(first.1),
            // A key with the very id goes before keys without one.
            Some(second) => [first, second]
                .into_iter()
                .chain(fitting)
                .find(|(key, _)| wanted.id.is_some() && key.id.as_deref() == wanted.id)
                .map(|(_, material)| material),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Key {
    fn material(&self, algorithm: Algorithm) -> Option<&Material> {
        self.uses.iter().find(|(of, _)| *of == algorithm).map(|(_, material)| material)
    }

    fn read(jwk: &Map<String, Value>, allowed: &[Algorithm], limits: &KeyLimits) -> Option<Self> {
        let id = match jwk.get("kid") {
            None => None,
            Some(id) => Some(id.as_str()?.into()),
        };
        if !may_verify(jwk, limits) {
            return None;
        }
        let bound = match jwk.get("alg") {
            None => None,
            Some(name) => Some(name.as_str()?.parse::<Algorithm>().ok()?),
        };
        let uses: Vec<_> = allowed
            .iter()
            .filter(|algorithm| bound.is_none_or(|bound| bound == **algorithm))
            .filter_map(|algorithm| Some((*algorithm, Material::Public(Box::new(public(jwk, *algorithm)?)))))
            .collect();
        if uses.is_empty() {
            tracing::debug!(kid = ?id, "a key of the set is of no use here");
            return None;
        }
        Some(Self { id, uses })
    }
}

fn may_verify(jwk: &Map<String, Value>, limits: &KeyLimits) -> bool {
    let for_signatures = jwk.get("use").is_none_or(|value| value.as_str() == Some(&*limits.key_use));
    let may = jwk.get("key_ops").is_none_or(|value| {
        value.as_array().is_some_and(|ops| ops.iter().any(|op| op.as_str() == Some("verify")))
    });
    for_signatures && may
}

fn public(jwk: &Map<String, Value>, algorithm: Algorithm) -> Option<ParsedPublicKey> {
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(jwk.get(name)?.as_str()?).ok();
    let kind = jwk.get("kty")?.as_str()?;
    match (algorithm.family(), kind) {
        (Family::Rsa(parameters), "RSA") => {
            let (n, e) = (bytes("n")?, bytes("e")?);
            if !is_strong_rsa(&n, &e) {
                return None;
            }
            RsaPublicKeyComponents { n: trimmed(&n), e: trimmed(&e) }.to_parsed_public_key(parameters).ok()
        }
        (Family::Ecdsa(parameters, curve), "EC") => {
            let point = point(curve, jwk.get("crv")?.as_str()?, &bytes("x")?, &bytes("y")?)?;
            ParsedPublicKey::new(parameters, point).ok()
        }
        (Family::EdDsa, "OKP") => {
            let (curve, x) = (jwk.get("crv")?.as_str()?, bytes("x")?);
            if curve != "Ed25519" || x.len() != 32 {
                return None;
            }
            UnparsedPublicKey::new(&ED25519, x).parse().ok()
        }
        _ => None,
    }
}

/// 2048 to 8192 bits, and an exponent of at least 65537: larger keys cost the gateway, smaller ones nobody.
fn is_strong_rsa(modulus: &[u8], exponent: &[u8]) -> bool {
    let (modulus, exponent) = (trimmed(modulus), trimmed(exponent));
    let odd = exponent.last().is_some_and(|byte| byte & 1 == 1);
    (256..=1024).contains(&modulus.len()) && odd && (3..=4).contains(&exponent.len())
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// An uncompressed point (SEC 1 §2.3.3).
fn point(curve: Curve, name: &str, x: &[u8], y: &[u8]) -> Option<Vec<u8>> {
    let fits = Curve::named(name) == Some(curve) && [x, y].iter().all(|c| c.len() == curve.coordinate());
    fits.then(|| [&[4], x, y].concat())
}
