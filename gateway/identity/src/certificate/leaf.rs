//! What a verified client certificate says of its owner.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// The facts of a certificate, and when it runs out (seconds since 1970). `None` when it cannot be read.
pub(crate) fn facts(der: &[u8]) -> Option<(Value, i64)> {
    let (rest, certificate) = X509Certificate::from_der(der).ok()?;
    if !rest.is_empty() {
        return None;
    }
    let (mut uris, mut names, mut emails) = (Vec::new(), Vec::new(), Vec::new());
    if let Some(alternatives) = certificate.subject_alternative_name().ok()? {
        for name in &alternatives.value.general_names {
            match name {
                GeneralName::URI(uri) => uris.push(*uri),
                GeneralName::DNSName(name) => names.push(*name),
                GeneralName::RFC822Name(email) => emails.push(*email),
                _ => {}
            }
        }
    }
    let mut common_names = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    let common_name = match (common_names.next(), common_names.next()) {
        (Some(one), None) => Some(one),
        _ => None,
    };
    let facts = json!({
        "uri": uris,
        "dns": names,
        "email": emails,
        "common_name": common_name,
        "subject": certificate.subject().to_string(),
        "issuer": certificate.issuer().to_string(),
        "serial": hex(certificate.raw_serial()),
        "hash": hex(digest(&SHA256, der).as_ref()),
    });
    Some((facts, certificate.validity().not_after.timestamp()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
