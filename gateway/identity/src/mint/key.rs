use std::fmt;

use aws_lc_rs::{
    digest::{SHA256, digest},
    encoding::AsDer,
    error::KeyRejected,
    rand::SystemRandom,
    rsa::KeyPair as RsaKeyPair,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
        EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
        RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use x509_parser::{prelude::FromDer, public_key::RSAPublicKey};

use crate::{
    Secret,
    jwt::{Algorithm, pem},
};

/// A private key of the gateway's own.
pub struct SigningKey {
    algorithm: Algorithm,
    pair: Pair,
    jwk: Map<String, Value>,
    id: String,
}

enum Pair {
    Rsa(Box<RsaKeyPair>, &'static dyn RsaEncoding),
    Ec(Box<EcdsaKeyPair>),
    Ed(Box<Ed25519KeyPair>),
}

/// Why a key cannot sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSigningKey {
    /// The text is not one private key in PEM, PKCS #8.
    #[error("not a private key in PEM (`BEGIN PRIVATE KEY`, PKCS #8)")]
    NotPkcs8,
    /// The key is of another kind than the algorithm needs, or too weak.
    #[error("not a key for this algorithm")]
    AnotherKind,
    /// The algorithm shares a secret; what is signed with it, every upstream could sign.
    #[error("a secret is no key to sign with")]
    Symmetric,
    /// The system gives no random numbers.
    #[error("no key could be made")]
    Unlucky,
}

impl From<KeyRejected> for BadSigningKey {
    fn from(_: KeyRejected) -> Self {
        Self::AnotherKind
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Reads a private key in PEM (PKCS #8).
    ///
    /// # Errors
    /// When it is none, or none for the algorithm.
    pub fn read(pem: &Secret, algorithm: Algorithm) -> Result<Self, BadSigningKey> {
        let der = pem::private_key(pem.expose()).ok_or(BadSigningKey::NotPkcs8)?;
        Self::from_pkcs8(&der, algorithm)
    }

    /// Makes a new key. RSA takes a fraction of a second; prefer `ES256` or `EdDSA`.
    ///
    /// # Errors
    /// When the algorithm shares a secret, or the system gives no random numbers.
    pub fn generate(algorithm: Algorithm) -> Result<Self, BadSigningKey> {
        let unlucky = |_| BadSigningKey::Unlucky;
        let pair = match (ec(algorithm), rsa(algorithm)) {
            (Some(parameters), _) => Pair::Ec(Box::new(EcdsaKeyPair::generate(parameters).map_err(unlucky)?)),
            (_, Some(encoding)) => {
                let pair = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).map_err(unlucky)?;
                Pair::Rsa(Box::new(pair), encoding)
            }
            _ if algorithm == Algorithm::EdDSA => {
                Pair::Ed(Box::new(Ed25519KeyPair::generate().map_err(unlucky)?))
            }
            _ => return Err(BadSigningKey::Symmetric),
        };
        Self::of(pair, algorithm)
    }

    fn from_pkcs8(der: &[u8], algorithm: Algorithm) -> Result<Self, BadSigningKey> {
        let pair = match (ec(algorithm), rsa(algorithm)) {
            (Some(parameters), _) => Pair::Ec(Box::new(EcdsaKeyPair::from_pkcs8(parameters, der)?)),
            (_, Some(encoding)) => Pair::Rsa(Box::new(RsaKeyPair::from_pkcs8(der)?), encoding),
            _ if algorithm == Algorithm::EdDSA => Pair::Ed(Box::new(Ed25519KeyPair::from_pkcs8(der)?)),
            _ => return Err(BadSigningKey::Symmetric),
        };
        Self::of(pair, algorithm)
    }

    fn of(pair: Pair, algorithm: Algorithm) -> Result<Self, BadSigningKey> {
        let mut jwk = public(&pair, algorithm).ok_or(BadSigningKey::AnotherKind)?;
        // RFC 7638: the digest of exactly the members that make the key, which are in order in this map.
        let canonical = Value::Object(jwk.clone()).to_string();
        let id = URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()));
        jwk.extend([
            ("kid".to_owned(), id.clone().into()),
            ("alg".to_owned(), algorithm.name().into()),
            ("use".to_owned(), "sig".into()),
        ]);
        Ok(Self { algorithm, pair, jwk, id })
    }

    /// The key's id: its thumbprint (RFC 7638).
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The public half, as a JWK.
    pub fn jwk(&self) -> Value {
        Value::Object(self.jwk.clone())
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).ok()?;
                Some(signature)
            }
            Pair::Ec(pair) => pair.sign(&random, message).ok().map(|signature| signature.as_ref().to_vec()),
            Pair::Ed(pair) => Some(pair.sign(message).as_ref().to_vec()),
        }
    }
}

fn ec(algorithm: Algorithm) -> Option<&'static EcdsaSigningAlgorithm> {
    match algorithm {
        Algorithm::ES256 => Some(&ECDSA_P256_SHA256_FIXED_SIGNING),
        Algorithm::ES384 => Some(&ECDSA_P384_SHA384_FIXED_SIGNING),
        Algorithm::ES512 => Some(&ECDSA_P521_SHA512_FIXED_SIGNING),
        _ => None,
    }
}

fn rsa(algorithm: Algorithm) -> Option<&'static dyn RsaEncoding> {
    match algorithm {
        Algorithm::RS256 => Some(&RSA_PKCS1_SHA256),
        Algorithm::RS384 => Some(&RSA_PKCS1_SHA384),
        Algorithm::RS512 => Some(&RSA_PKCS1_SHA512),
        Algorithm::PS256 => Some(&RSA_PSS_SHA256),
        Algorithm::PS384 => Some(&RSA_PSS_SHA384),
        Algorithm::PS512 => Some(&RSA_PSS_SHA512),
        _ => None,
    }
}

/// The members that make the public key.
fn public(pair: &Pair, algorithm: Algorithm) -> Option<Map<String, Value>> {
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let jwk = match pair {
        Pair::Rsa(pair, _) => {
            let (_, key) = RSAPublicKey::from_der(pair.public_key().as_ref()).ok()?;
            let trimmed = |bytes: &'_ [u8]| text(bytes.strip_prefix(&[0]).unwrap_or(bytes));
            json!({"e": trimmed(key.exponent), "kty": "RSA", "n": trimmed(key.modulus)})
        }
        Pair::Ec(pair) => {
            let point = pair.public_key().as_ref().get(1..)?;
            let (x, y) = point.split_at_checked(point.len() / 2)?;
            let curve = match algorithm {
                Algorithm::ES256 => "P-256",
                Algorithm::ES384 => "P-384",
                _ => "P-521",
            };
            json!({"crv": curve, "kty": "EC", "x": text(x), "y": text(y)})
        }
        Pair::Ed(pair) => json!({"crv": "Ed25519", "kty": "OKP", "x": text(pair.public_key().as_ref())}),
    };
    match jwk {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

/// For tests and for development keys that are written to a file.
impl SigningKey {
    /// The private key in PEM (PKCS #8); `None` for a kind that the library does not write.
    pub fn pem(&self) -> Option<Secret> {
        let der = match &self.pair {
            Pair::Rsa(pair, _) => pair.as_der().ok()?.as_ref().to_vec(),
            Pair::Ec(pair) => pair.to_pkcs8v1().ok()?.as_ref().to_vec(),
            Pair::Ed(pair) => pair.to_pkcs8v1().ok()?.as_ref().to_vec(),
        };
        Some(pem::write_private_key(&der))
    }
}
