//! Tokens in compact serialization, taken apart. Nothing in here is believed yet.

use base64::{
    Engine,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::URL_SAFE_NO_PAD},
};
use serde_json::{Map, Value};

use crate::strict_json;

/// Tokens of AWS's load balancers are padded, or were; the signature covers the text either way.
const PADDED: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How the parts of a token are spelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Spelling {
    /// RFC 7515: base64url without padding.
    #[default]
    Standard,
    /// AWS Application Load Balancer: base64url with or without padding;
    /// `iss` and `exp` are in the JOSE header as well.
    AwsAlb,
}

/// A token taken apart.
#[derive(Debug)]
pub(crate) struct Compact<'t> {
    /// The JOSE header.
    pub(crate) header: Map<String, Value>,
    /// The claims.
    pub(crate) claims: Map<String, Value>,
    /// What the signature is over.
    pub(crate) signed: &'t [u8],
    pub(crate) signature: Vec<u8>,
}

/// Why a token cannot be taken apart: a code for the log.
pub(crate) type Malformed = &'static str;

impl<'t> Compact<'t> {
    /// Takes a token apart. The caller has bounded its length.
    pub(crate) fn read(token: &'t str, spelling: Spelling) -> Result<Self, Malformed> {
        let [header, claims, signature] = parts(token).ok_or("jwt/not-a-jwt")?;
        let header = object(header, spelling).ok_or("jwt/malformed-header")?;
        check_header(&header)?;
        let claims = object(claims, spelling).ok_or("jwt/malformed-claims")?;
        let signature = decode(signature, spelling).ok_or("jwt/malformed-signature")?;
        let end = token.rfind('.').unwrap_or(0);
        let signed = token.as_bytes().get(..end).unwrap_or_default();
        Ok(Self { header, claims, signed, signature })
    }

    pub(crate) fn algorithm(&self) -> Option<&str> {
        self.header.get("alg")?.as_str()
    }

    /// The key id; an error when it is there and is not text.
    pub(crate) fn key_id(&self) -> Result<Option<&str>, Malformed> {
        match self.header.get("kid") {
            None => Ok(None),
            Some(Value::String(kid)) => Ok(Some(kid)),
            Some(_) => Err("jwt/malformed-kid"),
        }
    }
}

/// The header may say nothing that changes how the token is to be read. `jwk`, `jku`, `x5u` and `x5c` are not looked
/// at: keys come from the configuration only.
fn check_header(header: &Map<String, Value>) -> Result<(), Malformed> {
    if header.contains_key("crit") {
        return Err("jwt/critical-extension");
    }
    if header.contains_key("enc") || header.contains_key("zip") {
        return Err("jwt/encrypted");
    }
    if header.contains_key("b64") {
        return Err("jwt/unencoded-payload");
    }
    Ok(())
}

/// Whether text has the shape of a signed token: two dots, and a header that is a JSON object.
pub(crate) fn looks_like_one(token: &str, spelling: Spelling) -> bool {
    parts(token).is_some_and(|[header, ..]| object(header, spelling).is_some())
}

/// The issuer that a token claims. `None` when it claims none, or cannot be read.
pub(crate) fn claimed_issuer(token: &str, spelling: Spelling) -> Option<String> {
    let [header, claims, _] = parts(token)?;
    let of = |part| object(part, spelling)?.remove("iss");
    let claimed = match spelling {
        Spelling::Standard => of(claims)?,
        Spelling::AwsAlb => of(header).or_else(|| of(claims))?,
    };
    match claimed {
        Value::String(issuer) => Some(issuer),
        _ => None,
    }
}

/// Exactly three parts. A token of a hundred thousand dots costs the first four of them.
fn parts(token: &str) -> Option<[&str; 3]> {
    let mut parts = token.splitn(4, '.');
    let three = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(three)
}

fn decode(part: &str, spelling: Spelling) -> Option<Vec<u8>> {
    match spelling {
        Spelling::Standard => URL_SAFE_NO_PAD.decode(part).ok(),
        Spelling::AwsAlb => PADDED.decode(part).ok(),
    }
}

fn object(part: &str, spelling: Spelling) -> Option<Map<String, Value>> {
    strict_json::parse_object(&decode(part, spelling)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, claims: &str) -> String {
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
        format!("{header}.{claims}.AAAA")
    }

    fn fault(token: &str) -> &'static str {
        Compact::read(token, Spelling::Standard).err().unwrap_or("none")
    }

    #[test]
    fn a_token_has_three_canonical_parts() {
        let good = token(r#"{"alg":"RS256"}"#, "{}");
        let compact = Compact::read(&good, Spelling::Standard).unwrap();
        assert_eq!(compact.signed, good.rsplit_once('.').unwrap().0.as_bytes());
        for (bad, expected) in [
            (String::new(), "jwt/not-a-jwt"),
            ("a.b".into(), "jwt/not-a-jwt"),
            (".".repeat(100_000), "jwt/not-a-jwt"),
            (format!("{good}.x"), "jwt/not-a-jwt"),
            (format!("{good}="), "jwt/malformed-signature"),
            (format!("{good} "), "jwt/malformed-signature"),
            (format!(" {good}"), "jwt/malformed-header"),
            // The last character carries bits that belong to nothing.
            (format!("{}.AB", good.rsplit_once('.').unwrap().0), "jwt/malformed-signature"),
            (token("[]", "{}"), "jwt/malformed-header"),
            (token(r#"{"alg":"RS256"}"#, "[]"), "jwt/malformed-claims"),
            (token(r#"{"alg":"RS256","alg":"none"}"#, "{}"), "jwt/malformed-header"),
            (token(r#"{"alg":"RS256"}"#, r#"{"sub":"a","sub":"b"}"#), "jwt/malformed-claims"),
        ] {
            assert_eq!(fault(&bad), expected, "{bad:.60}");
        }
    }

    #[test]
    fn a_header_that_changes_how_the_token_is_read_is_refused() {
        for (header, expected) in [
            (r#"{"alg":"RS256","crit":["b64"],"b64":false}"#, "jwt/critical-extension"),
            (r#"{"alg":"RS256","crit":[]}"#, "jwt/critical-extension"),
            (r#"{"alg":"RS256","b64":false}"#, "jwt/unencoded-payload"),
            (r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#, "jwt/encrypted"),
            (r#"{"alg":"RS256","zip":"DEF"}"#, "jwt/encrypted"),
        ] {
            assert_eq!(fault(&token(header, "{}")), expected, "{header}");
        }
        // Five parts: encrypted.
        assert_eq!(fault("e30.AA.AA.AA.AA"), "jwt/not-a-jwt");
    }

    #[test]
    fn a_padded_token_is_read_only_where_that_is_the_spelling() {
        let padded = |part: &str| PADDED.encode(part);
        let token = format!("{}.{}.AA==", padded(r#"{"alg":"ES256"}"#), padded("{}"));
        assert!(Compact::read(&token, Spelling::AwsAlb).is_ok());
        assert!(Compact::read(&token, Spelling::Standard).is_err());
    }
}
