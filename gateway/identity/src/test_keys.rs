//! Keys and tokens made in the test that uses them.

use std::sync::OnceLock;

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
        EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
        RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::jwt::Algorithm;

pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A key pair for one algorithm.
pub(crate) struct TestKey {
    pub(crate) algorithm: Algorithm,
    pub(crate) id: String,
    pair: Pair,
}

enum Pair {
    Rsa(&'static RsaKeyPair, &'static dyn RsaEncoding),
    Ec(Box<EcdsaKeyPair>, &'static str),
    Ed(Ed25519KeyPair),
    Secret(Box<hmac::Key>, Vec<u8>),
}

/// RSA keys take long to make: one is enough for most tests.
fn rsa() -> &'static RsaKeyPair {
    static PAIR: OnceLock<RsaKeyPair> = OnceLock::new();
    PAIR.get_or_init(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
}

impl TestKey {
    pub(crate) fn new(algorithm: Algorithm, id: &str) -> Self {
        let ec = |algorithm, curve| Pair::Ec(Box::new(EcdsaKeyPair::generate(algorithm).unwrap()), curve);
        let pair = match algorithm {
            Algorithm::RS256 => Pair::Rsa(rsa(), &RSA_PKCS1_SHA256),
            Algorithm::RS384 => Pair::Rsa(rsa(), &RSA_PKCS1_SHA384),
            Algorithm::RS512 => Pair::Rsa(rsa(), &RSA_PKCS1_SHA512),
            Algorithm::PS256 => Pair::Rsa(rsa(), &RSA_PSS_SHA256),
            Algorithm::PS384 => Pair::Rsa(rsa(), &RSA_PSS_SHA384),
            Algorithm::PS512 => Pair::Rsa(rsa(), &RSA_PSS_SHA512),
            Algorithm::ES256 => ec(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256"),
            Algorithm::ES384 => ec(&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384"),
            Algorithm::ES512 => ec(&ECDSA_P521_SHA512_FIXED_SIGNING, "P-521"),
            Algorithm::EdDSA => Pair::Ed(Ed25519KeyPair::generate().unwrap()),
            Algorithm::HS256 => secret(hmac::HMAC_SHA256),
            Algorithm::HS384 => secret(hmac::HMAC_SHA384),
            Algorithm::HS512 => secret(hmac::HMAC_SHA512),
        };
        Self { algorithm, id: id.to_owned(), pair }
    }

    /// The public half.
    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::Rsa(pair, _) => {
                let (n, e) = rsa_parts(pair);
                json!({"kty": "RSA", "n": base64(n), "e": base64(e)})
            }
            Pair::Ec(pair, curve) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                json!({"kty": "EC", "crv": curve, "x": base64(x), "y": base64(y)})
            }
            Pair::Ed(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": base64(pair.public_key())}),
            Pair::Secret(_, bytes) => json!({"kty": "oct", "k": base64(bytes)}),
        };
        jwk["kid"] = self.id.clone().into();
        jwk["alg"] = self.algorithm.name().into();
        jwk["use"] = "sig".into();
        jwk
    }

    pub(crate) fn secret(&self) -> &[u8] {
        match &self.pair {
            Pair::Secret(_, bytes) => bytes,
            _ => &[],
        }
    }

    /// A token with this key's own header.
    pub(crate) fn token(&self, claims: &Value) -> String {
        let header = json!({"alg": self.algorithm.name(), "typ": "JWT", "kid": self.id});
        self.sign(&header.to_string(), &claims.to_string())
    }

    /// A token with any header and claims, as text.
    pub(crate) fn sign(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", base64(header), base64(claims));
        let signature = base64(self.signature(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// A token spelled as AWS's load balancers do.
    pub(crate) fn sign_padded(&self, header: &str, claims: &str) -> String {
        use base64::engine::general_purpose::URL_SAFE;
        let signed = format!("{}.{}", URL_SAFE.encode(header), URL_SAFE.encode(claims));
        format!("{signed}.{}", URL_SAFE.encode(self.signature(signed.as_bytes())))
    }

    pub(crate) fn signature(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).unwrap();
                signature
            }
            Pair::Ec(pair, _) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Secret(key, _) => hmac::sign(key, message).as_ref().to_vec(),
        }
    }
}

fn secret(algorithm: hmac::Algorithm) -> Pair {
    let mut bytes = vec![0; 64];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    Pair::Secret(Box::new(hmac::Key::new(algorithm, &bytes)), bytes)
}

/// Modulus and exponent out of an RSAPublicKey (RFC 8017 A.1.1) of 2048 bits.
fn rsa_parts(pair: &RsaKeyPair) -> (Vec<u8>, Vec<u8>) {
    let der = pair.public_key().as_ref();
    (der[9..9 + 256].to_vec(), der[9 + 256 + 2..].to_vec())
}

pub(crate) fn jwks(keys: &[&TestKey]) -> Value {
    json!({"keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()})
}
