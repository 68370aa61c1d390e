use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::Secret;

/// The DER of the one `PUBLIC KEY` (SubjectPublicKeyInfo, RFC 7468 §13) in a PEM text.
pub(crate) fn public_key(text: &[u8]) -> Option<Vec<u8>> {
    only(text, "PUBLIC KEY")
}

/// The DER of the one `PRIVATE KEY` (PKCS #8, RFC 7468 §10) in a PEM text.
pub(crate) fn private_key(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    only(text, "PRIVATE KEY").map(Zeroizing::new)
}

/// A private key as PEM text.
pub(crate) fn write_private_key(der: &[u8]) -> Secret {
    let body = Zeroizing::new(STANDARD.encode(der));
    let mut text = Zeroizing::new(String::from("-----BEGIN PRIVATE KEY-----\n"));
    for line in body.as_bytes().chunks(64) {
        text.extend(line.iter().map(|byte| char::from(*byte)).chain(['\n']));
    }
    text.push_str("-----END PRIVATE KEY-----\n");
    Secret::new(text.as_bytes())
}

fn only(text: &[u8], label: &str) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, rest) = rest.split_once(&format!("-----END {label}-----"))?;
    if rest.contains("-----BEGIN") {
        return None;
    }
    let body: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
    STANDARD.decode(body.as_bytes()).ok()
}
