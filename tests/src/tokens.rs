//! Keys, key sets and tokens, made anew in every test.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// What kind of key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA with 2048 bits, for `RS256`.
    Rsa,
    /// The curve P-256, for `ES256`.
    P256,
}

/// A private key with its public half as a JWK.
pub struct SigningKey {
    kind: KeyKind,
    id: String,
    private: EncodingKey,
    public: Value,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kind", &self.kind).field("id", &self.id).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Makes a key with this key id.
    pub fn make(kind: KeyKind, id: &str) -> SigningKey {
        let (private, mut public) = match kind {
            KeyKind::Rsa => rsa(),
            KeyKind::P256 => p256(),
        };
        public["kid"] = json!(id);
        public["use"] = json!("sig");
        SigningKey { kind, id: id.to_owned(), private, public }
    }

    /// The public half as a JWK.
    pub fn jwk(&self) -> &Value {
        &self.public
    }

    /// Signs these claims, adding nothing to them.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_with(self.header(), claims)
    }

    /// Signs with another header, for tokens that are to be refused.
    pub fn sign_with(&self, header: Header, claims: &Value) -> String {
        jsonwebtoken::encode(&header, claims, &self.private).expect("a fresh key signs")
    }

    /// The header that [`SigningKey::sign`] uses.
    pub fn header(&self) -> Header {
        let algorithm = match self.kind {
            KeyKind::Rsa => Algorithm::RS256,
            KeyKind::P256 => Algorithm::ES256,
        };
        Header { kid: Some(self.id.clone()), ..Header::new(algorithm) }
    }
}

/// An identity provider with one name, one audience and one current key.
#[derive(Debug)]
pub struct Issuer {
    name: String,
    audience: String,
    key: SigningKey,
}

impl Issuer {
    /// `https://idp.test` for the audience `tests`, signing with ES256.
    pub fn new() -> Issuer {
        Issuer::of("https://idp.test", "tests", SigningKey::make(KeyKind::P256, "key-1"))
    }

    /// The issuer that the examples trust, but with a key of its own.
    pub fn for_example(audience: &str) -> Issuer {
        Issuer::of("https://dev.portreeve.test", audience, SigningKey::make(KeyKind::P256, "dev"))
    }

    /// Any issuer.
    pub fn of(name: &str, audience: &str, key: SigningKey) -> Issuer {
        Issuer { name: name.to_owned(), audience: audience.to_owned(), key }
    }

    /// The `iss` of its tokens.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The `aud` of its tokens.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// The key it signs with.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Signs with another key from now on.
    pub fn rotate(&mut self, key: SigningKey) {
        self.key = key;
    }

    /// The key set with the current key.
    pub fn jwks(&self) -> Value {
        json!({ "keys": [self.key.jwk()] })
    }

    /// The claims of a good token: valid for an hour, `roles` as given, `more` merged over everything.
    pub fn claims(&self, subject: &str, roles: &[&str], more: &Value) -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is after 1970").as_secs();
        let mut claims = json!({
            "iss": self.name, "aud": self.audience, "sub": subject, "iat": now, "exp": now + 3600, "roles": roles,
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        claims
    }

    /// A token for [`Issuer::claims`].
    pub fn token(&self, subject: &str, roles: &[&str], more: &Value) -> String {
        self.key.sign(&self.claims(subject, roles, more))
    }
}

impl Default for Issuer {
    fn default() -> Issuer {
        Issuer::new()
    }
}

fn p256() -> (EncodingKey, Value) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key can be made");
    let private = pair.to_pkcs8v1().expect("a key can be written");
    // An uncompressed point: 0x04, then 32 bytes each of x and y.
    let point = pair.public_key().as_ref();
    let (x, y) = (BASE64.encode(&point[1..33]), BASE64.encode(&point[33..65]));
    let public = json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "x": x, "y": y });
    (EncodingKey::from_ec_der(private.as_ref()), public)
}

fn rsa() -> (EncodingKey, Value) {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key can be made");
    let private: Pkcs8V1Der = pair.as_der().expect("a key can be written");
    let public = pair.public_key();
    let modulus = BASE64.encode(public.modulus().big_endian_without_leading_zero());
    let exponent = BASE64.encode(public.exponent().big_endian_without_leading_zero());
    let public = json!({ "kty": "RSA", "alg": "RS256", "n": modulus, "e": exponent });
    let pem = pem("PRIVATE KEY", private.as_ref());
    (EncodingKey::from_rsa_pem(pem.as_bytes()).expect("a fresh key is well formed"), public)
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = base64::prelude::BASE64_STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("base64 is ASCII")).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
