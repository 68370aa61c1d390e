use http::HeaderValue;

use crate::Rejection;

/// One challenge of a `WWW-Authenticate` field: RFC 9110 §11.3, for `Bearer` with RFC 6750 §3.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Challenge {
    /// The scheme: `Bearer`, `Basic`.
    pub scheme: Box<str>,
    /// The realm, if one is told.
    pub realm: Option<Box<str>>,
    /// The scopes that a token needs here, told when the token has too few.
    pub scope: Box<[Box<str>]>,
    /// `resource_metadata` of RFC 9728, where a client finds out how to get a token.
    pub resource_metadata: Option<Box<str>>,
}

impl Challenge {
    /// A challenge that tells nothing but its scheme, and of `Bearer` a realm that is everybody's.
    pub fn new(scheme: &str) -> Self {
        Self { scheme: scheme.into(), realm: None, scope: Box::default(), resource_metadata: None }
    }

    /// The value of the field. `error` is told for `Bearer` only, and only when there was a token (RFC 6750 §3.1); why
    /// it was refused is told to nobody.
    pub fn value(&self, rejection: &Rejection) -> HeaderValue {
        let mut parameters: Vec<(&str, String)> = Vec::new();
        if let Some(realm) = &self.realm {
            parameters.push(("realm", realm.to_string()));
        }
        if &*self.scheme == "Bearer" {
            parameters.extend(error_code(rejection).map(|code| ("error", code.to_owned())));
            if matches!(rejection, Rejection::Insufficient(_)) && !self.scope.is_empty() {
                parameters.push(("scope", self.scope.join(" ")));
            }
            if let Some(uri) = &self.resource_metadata {
                parameters.push(("resource_metadata", uri.to_string()));
            }
            // There must be one (RFC 6750 §3), and this one tells nothing.
            if parameters.is_empty() {
                parameters.push(("realm", "api".to_owned()));
            }
        }
        let parameters: Vec<_> =
            parameters.iter().map(|(name, value)| format!("{name}={}", quoted(value))).collect();
        let text = format!("{} {}", self.scheme, parameters.join(", "));
        HeaderValue::from_str(text.trim_end()).unwrap_or_else(|_| HeaderValue::from_static("Bearer"))
    }
}

fn error_code(rejection: &Rejection) -> Option<&'static str> {
    match rejection {
        Rejection::Invalid(_) => Some("invalid_token"),
        Rejection::Insufficient(_) => Some("insufficient_scope"),
        Rejection::Ambiguous => Some("invalid_request"),
        Rejection::Missing | Rejection::Unavailable(_) | Rejection::Throttled { .. } => None,
    }
}

/// A quoted-string. What a header field cannot hold is left out.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars().filter(|character| matches!(character, ' '..='~')) {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_tells_the_kind_of_fault_and_no_more() {
        let plain = Challenge::new("Bearer");
        let full = Challenge {
            realm: Some("acme \"api\"\r\n".into()),
            scope: Box::new(["a".into(), "b".into()]),
            ..Challenge::new("Bearer")
        };
        let basic = Challenge { realm: Some("acme".into()), ..Challenge::new("Basic") };
        for (challenge, rejection, expected) in [
            (&plain, Rejection::Missing, "Bearer realm=\"api\""),
            (&plain, Rejection::invalid("jwt/expired"), "Bearer error=\"invalid_token\""),
            (&full, Rejection::Missing, "Bearer realm=\"acme \\\"api\\\"\""),
            (
                &full,
                Rejection::Insufficient("jwt/scope".into()),
                "Bearer realm=\"acme \\\"api\\\"\", error=\"insufficient_scope\", scope=\"a b\"",
            ),
            (&basic, Rejection::invalid("basic/wrong"), "Basic realm=\"acme\""),
        ] {
            assert_eq!(challenge.value(&rejection), expected);
        }
    }
}
