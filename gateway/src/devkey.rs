//! The key that signs tokens for development: made once in a folder, never meant to be trusted by anything reachable.

use std::{fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use anyhow::{Context, anyhow};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::{Value, json};

const PRIVATE: &str = "key.pem";
const PUBLIC: &str = "jwks.json";

/// An ES256 key with its id.
pub(crate) struct DevKey {
    pair: EcdsaKeyPair,
    private: EncodingKey,
    id: String,
}

impl DevKey {
    /// The key of a folder, made when there is none (then `true`). The key set is written next to it.
    ///
    /// # Errors
    /// The folder cannot be written, or what is in it is not a key.
    pub(crate) fn in_folder(folder: &Path) -> anyhow::Result<(Self, bool)> {
        let path = folder.join(PRIVATE);
        let (key, made) = match fs::read(&path) {
            Ok(text) => {
                let der = PrivatePkcs8KeyDer::from_pem_slice(&text).map_err(|_| anyhow!("not a key in PEM"));
                (Self::read(der.with_context(|| path.display().to_string())?.secret_pkcs8_der())?, false)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                fs::create_dir_all(folder)?;
                let key = Self::fresh()?;
                write_secret(&path, &key.pem()?)?;
                (key, true)
            }
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        let jwks = format!("{:#}\n", key.jwks()?);
        let public = folder.join(PUBLIC);
        // Not touched when it is right, so that a gateway that watches it has nothing to do.
        if fs::read_to_string(&public).ok().as_deref() != Some(&jwks) {
            fs::write(&public, jwks)?;
        }
        Ok((key, made))
    }

    /// A key that nobody has.
    ///
    /// # Errors
    /// The machine has no randomness to give.
    pub(crate) fn fresh() -> anyhow::Result<Self> {
        let pair =
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| anyhow!("no key made"))?;
        let der = pair.to_pkcs8v1().map_err(|_| anyhow!("the key cannot be written"))?;
        Self::read(der.as_ref())
    }

    /// The public half, as a key set.
    ///
    /// # Errors
    /// Never for a P-256 key; the type cannot say so.
    pub(crate) fn jwks(&self) -> anyhow::Result<Value> {
        // An uncompressed point: 4, then 32 bytes each of x and y.
        let point = self.pair.public_key().as_ref();
        let halves = point.get(1..33).zip(point.get(33..65)).context("not a point of P-256")?;
        let (x, y) = (BASE64_URL_SAFE_NO_PAD.encode(halves.0), BASE64_URL_SAFE_NO_PAD.encode(halves.1));
        let key = json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.id, "x": x, "y": y,
        });
        Ok(json!({ "keys": [key] }))
    }

    /// Signs claims, adding nothing to them.
    ///
    /// # Errors
    /// The machine has no randomness to give.
    pub(crate) fn sign(&self, claims: &Value) -> anyhow::Result<String> {
        let header = Header { kid: Some(self.id.clone()), ..Header::new(Algorithm::ES256) };
        Ok(jsonwebtoken::encode(&header, claims, &self.private)?)
    }

    fn read(der: &[u8]) -> anyhow::Result<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
            .map_err(|_| anyhow!("not a P-256 key in PKCS #8"))?;
        // The id follows from the key, so that another key has another id.
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, pair.public_key().as_ref());
        let id = BASE64_URL_SAFE_NO_PAD.encode(digest.as_ref().get(..9).unwrap_or_default());
        let private = EncodingKey::from_ec_der(der);
        Ok(Self { pair, private, id: format!("dev-{id}") })
    }

    fn pem(&self) -> anyhow::Result<String> {
        let der = self.pair.to_pkcs8v1().map_err(|_| anyhow!("the key cannot be written"))?;
        let text = BASE64_STANDARD.encode(der.as_ref());
        let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
        for line in text.as_bytes().chunks(64) {
            pem.push_str(&String::from_utf8_lossy(line));
            pem.push('\n');
        }
        pem.push_str("-----END PRIVATE KEY-----\n");
        Ok(pem)
    }
}

fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use jsonwebtoken::{DecodingKey, Validation, jwk::JwkSet};

    use super::*;

    #[test]
    fn a_folder_keeps_its_key_and_the_key_set_verifies_its_tokens() {
        let folder = tempfile::tempdir().unwrap();
        let dev = folder.path().join("dev");
        let (_, made) = DevKey::in_folder(&dev).unwrap();
        assert!(made);
        let (key, made) = DevKey::in_folder(&dev).unwrap();
        assert!(!made);
        let claims = json!({ "sub": "alice", "aud": "a", "exp": jsonwebtoken::get_current_timestamp() + 60 });
        let token = key.sign(&claims).unwrap();
        let set: JwkSet = serde_json::from_slice(&fs::read(dev.join(PUBLIC)).unwrap()).unwrap();
        let kid = jsonwebtoken::decode_header(&token).unwrap().kid.unwrap();
        let decoding = DecodingKey::from_jwk(set.find(&kid).unwrap()).unwrap();
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_audience(&["a"]);
        let read = jsonwebtoken::decode::<Value>(&token, &decoding, &validation).unwrap();
        assert_eq!(read.claims, claims);
        assert_eq!(fs::metadata(dev.join(PRIVATE)).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_is_not_a_key_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(PRIVATE), "nonsense").unwrap();
        assert!(DevKey::in_folder(folder.path()).is_err());
        assert_eq!(fs::read_to_string(folder.path().join(PRIVATE)).unwrap(), "nonsense");
    }
}
