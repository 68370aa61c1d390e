//! What an authorization server or an OpenID provider says about itself.

use serde_json::{Map, Value};
use url::Url;

use crate::strict_json;

/// A discovery document (OpenID Connect Discovery §3, RFC 8414 §2) of the very issuer that it was asked about.
#[derive(Debug)]
pub(crate) struct Document(Map<String, Value>);

/// Why a document is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unbelievable {
    /// Not a JSON object, or one that can be read in two ways.
    Malformed,
    /// It names another issuer than the one that is trusted (OpenID Connect Discovery §4.3, RFC 8414 §3.3), or none.
    AnotherIssuer,
}

impl Document {
    /// Reads the document of an issuer; without one, of a document that names none.
    pub(crate) fn read(body: &[u8], issuer: Option<&str>) -> Result<Self, Unbelievable> {
        let document = strict_json::parse_object(body).map(Self).map_err(|_| Unbelievable::Malformed)?;
        if document.text("issuer") == issuer { Ok(document) } else { Err(Unbelievable::AnotherIssuer) }
    }

    /// What stands under a name, if it is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// The URL of `http` or `https` under a name.
    pub(crate) fn web_url(&self, name: &str) -> Option<Url> {
        let url = self.text(name).and_then(|text| Url::parse(text).ok());
        url.filter(|url| matches!(url.scheme(), "https" | "http"))
    }

    /// Whether `true` stands under a name.
    pub(crate) fn says(&self, name: &str) -> bool {
        self.0.get(name) == Some(&Value::Bool(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_document_of_the_very_issuer_is_believed() {
        use Unbelievable::{AnotherIssuer, Malformed};
        for (body, issuer, expected) in [
            (r#"{"issuer":"https://a.test"}"#, Some("https://a.test"), None),
            (r#"{"issuer":"https://a.test/"}"#, Some("https://a.test"), Some(AnotherIssuer)),
            (r#"{"issuer":["https://a.test"]}"#, Some("https://a.test"), Some(AnotherIssuer)),
            ("{}", Some("https://a.test"), Some(AnotherIssuer)),
            (r#"{"issuer":"https://a.test"}"#, None, Some(AnotherIssuer)),
            ("{}", None, None),
            (r#"{"issuer":"https://a.test","issuer":"b"}"#, Some("https://a.test"), Some(Malformed)),
            ("[]", None, Some(Malformed)),
            ("<html>", None, Some(Malformed)),
        ] {
            assert_eq!(Document::read(body.as_bytes(), issuer).err(), expected, "{body} {issuer:?}");
        }
    }

    #[test]
    fn an_endpoint_is_a_url_of_the_web() {
        for (url, expected) in [
            (r#""https://a.test/token""#, true),
            (r#""http://a.test/token""#, true),
            (r#""file:///etc/passwd""#, false),
            (r#""/token""#, false),
            (r#"["https://a.test/token"]"#, false),
            ("null", false),
        ] {
            let document = Document::read(format!(r#"{{"at":{url}}}"#).as_bytes(), None).unwrap();
            assert_eq!(document.web_url("at").is_some(), expected, "{url}");
        }
    }
}
