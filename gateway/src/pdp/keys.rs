//! Keys that tokens are signed with.

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{Jwk, JwkSet, PublicKeyUse},
};
use portreeve_api::pdp::config::KeySet;

/// Keys that can be asked whether they made a signature.
#[derive(Debug, Default)]
pub(super) struct KeyRing {
    keys: Vec<Key>,
    optional_kid: bool,
}

struct Key {
    id: Option<String>,
    /// Without one it is any of the key's family.
    algorithm: Option<Algorithm>,
    key: DecodingKey,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

impl KeyRing {
    /// The keys of a JSON Web Key or a set of them.
    pub(super) fn of_json(text: &[u8], set: &KeySet) -> Result<Self, String> {
        let keys = match serde_json::from_slice::<JwkSet>(text) {
            Ok(set) => set.keys,
            Err(_) => vec![serde_json::from_slice::<Jwk>(text).map_err(|error| error.to_string())?],
        };
        let keys = keys.iter().enumerate().map(|(index, jwk)| {
            one(jwk, set).map_err(|why| format!("failed to validate key at idx {index}: {why}"))
        });
        Ok(Self {
            keys: keys.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect(),
            optional_kid: set.optional_kid,
        })
    }

    /// A public key in PEM. It has neither an id nor an algorithm.
    pub(super) fn of_pem(text: &[u8], set: &KeySet) -> Result<Self, String> {
        if !set.optional_alg {
            return Err("failed to validate key at idx 0: missing algorithm (alg)".into());
        }
        if !set.optional_kid {
            return Err("failed to validate key at idx 0: missing key ID (kid)".into());
        }
        let key = DecodingKey::from_rsa_pem(text)
            .or_else(|_| DecodingKey::from_ec_pem(text))
            .or_else(|_| DecodingKey::from_ed_pem(text))
            .map_err(|_| "it is no public key in PEM".to_owned())?;
        Ok(Self { keys: vec![Key { id: None, algorithm: None, key }], optional_kid: true })
    }

    /// Whether one of the keys made the signature of this token.
    pub(super) fn signed(&self, token: &str) -> Result<(), String> {
        let header = jsonwebtoken::decode_header(token).map_err(|error| error.to_string())?;
        let (signed, signature) = token.rsplit_once('.').ok_or("it has no signature")?;
        if header.kid.is_none() && !self.optional_kid {
            return Err("it does not say which key it is signed with".into());
        }
        let fits = |key: &&Key| {
            let same_id = self.optional_kid || key.id == header.kid;
            let algorithm = match key.algorithm {
                Some(algorithm) => algorithm == header.alg,
                None => header.alg.family() == key.key.family(),
            };
            same_id && algorithm
        };
        let verified = |key: &Key| {
            jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &key.key, header.alg).unwrap_or(false)
        };
        if self.keys.iter().filter(fits).any(verified) {
            Ok(())
        } else {
            Err("no key of the set made its signature".into())
        }
    }
}

/// A key that makes signatures, or nothing when it is for something else.
fn one(jwk: &Jwk, set: &KeySet) -> Result<Option<Key>, String> {
    if jwk.common.public_key_use == Some(PublicKeyUse::Encryption) {
        return Ok(None);
    }
    let id = jwk.common.key_id.clone();
    match id.as_deref() {
        None if !set.optional_kid => return Err("missing key ID (kid)".into()),
        Some("") if !set.optional_kid => return Err("empty key ID (kid)".into()),
        _ => {}
    }
    let algorithm = match jwk.common.key_algorithm {
        Some(algorithm) => Some(algorithm.to_string().parse().map_err(|_| "unknown algorithm (alg)")?),
        None if set.optional_alg => None,
        None => return Err("missing algorithm (alg)".into()),
    };
    let key = DecodingKey::from_jwk(jwk).map_err(|error| error.to_string())?;
    Ok(Some(Key { id, algorithm, key }))
}
