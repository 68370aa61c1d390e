use base64::{Engine, engine::general_purpose::STANDARD};

/// The DER of the one `PUBLIC KEY` (SubjectPublicKeyInfo, RFC 7468 §13) in a PEM text.
pub(crate) fn public_key(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let (_, rest) = text.split_once("-----BEGIN PUBLIC KEY-----")?;
    let (body, rest) = rest.split_once("-----END PUBLIC KEY-----")?;
    if rest.contains("-----BEGIN") {
        return None;
    }
    let body: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(body).ok()
}
