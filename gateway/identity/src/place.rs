use std::borrow::Cow;

use http::{HeaderName, header::AUTHORIZATION};

use crate::presented::{Credential, Found, Presented};

/// Where in a request a credential is looked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Place {
    /// A header field.
    Header {
        /// Its name.
        name: HeaderName,
        /// The authentication scheme before the credential (`Bearer`), compared without case. A field with another
        /// scheme holds another credential. `None` takes the whole value.
        scheme: Option<Box<str>>,
        /// What the credential itself must start with (`ory_st_`), or it is not this authenticator's. Kept in the
        /// credential.
        prefix: Option<Box<str>>,
    },
    /// A cookie. Names are compared with case, values are taken as sent.
    Cookie(Box<str>),
    /// A query parameter, percent-decoded. Tokens in a URL end up in logs; prefer any other place.
    Query(Box<str>),
}

impl Place {
    /// `Authorization: Bearer …`, RFC 6750 §2.1.
    pub fn bearer() -> Self {
        Self::Header { name: AUTHORIZATION, scheme: Some("Bearer".into()), prefix: None }
    }

    /// The whole value of a header field.
    pub fn header(name: HeaderName) -> Self {
        Self::Header { name, scheme: None, prefix: None }
    }

    fn look<'r>(&self, presented: &Presented<'r>) -> Found<Cow<'r, str>> {
        match self {
            Self::Header { name, scheme, prefix } => {
                in_header(presented, name, scheme.as_deref(), prefix.as_deref())
            }
            Self::Cookie(name) => borrowed(presented.cookie(name)),
            Self::Query(name) => presented.query_parameter(name),
        }
    }
}

fn in_header<'r>(
    presented: &Presented<'r>,
    name: &HeaderName,
    scheme: Option<&str>,
    prefix: Option<&str>,
) -> Found<Cow<'r, str>> {
    let found = match presented.header(name) {
        Found::One(value) => value,
        other => return borrowed(other),
    };
    let value = match scheme {
        None => found,
        Some(scheme) => match after_scheme(found, scheme) {
            Some(value) => value,
            None => return Found::Nothing,
        },
    };
    match prefix {
        Some(prefix) if !value.starts_with(prefix) => Found::Nothing,
        _ => Found::One(Cow::Borrowed(value)),
    }
}

fn borrowed<'r>(found: Found<&'r str>) -> Found<Cow<'r, str>> {
    match found {
        Found::Nothing => Found::Nothing,
        Found::One(value) => Found::One(Cow::Borrowed(value)),
        Found::Many => Found::Many,
    }
}

/// What follows the scheme, with the space between them taken off (RFC 9110 §11.4: `1*SP`).
fn after_scheme<'v>(value: &'v str, scheme: &str) -> Option<&'v str> {
    let (head, rest) = value.split_at_checked(scheme.len())?;
    if !head.eq_ignore_ascii_case(scheme) {
        return None;
    }
    match rest.strip_prefix(' ') {
        Some(credential) => Some(credential.trim_start_matches(' ')),
        None => rest.is_empty().then_some(""),
    }
}

/// The places of one authenticator, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Places(Box<[Place]>);

impl Places {
    /// Looks in these places.
    pub fn new(places: impl IntoIterator<Item = Place>) -> Self {
        Self(places.into_iter().collect())
    }

    /// The places.
    pub fn iter(&self) -> impl Iterator<Item = &Place> {
        self.0.iter()
    }

    /// Whether one of the places has this authentication scheme.
    pub(crate) fn uses_scheme(&self, wanted: &str) -> bool {
        self.0.iter().any(|place| match place {
            Place::Header { scheme: Some(scheme), .. } => scheme.eq_ignore_ascii_case(wanted),
            _ => false,
        })
    }

    /// The credential. Two places (or one place twice) with different values are [`Credential::Ambiguous`]: which of
    /// them was meant is not for the gateway to guess.
    pub fn find<'r>(&self, presented: &Presented<'r>) -> Option<Credential<'r>> {
        let mut found: Option<Cow<'r, str>> = None;
        for place in &self.0 {
            match (place.look(presented), &found) {
                (Found::Nothing, _) => {}
                (Found::Many, _) => return Some(Credential::Ambiguous),
                (Found::One(value), Some(earlier)) if *earlier != value => {
                    return Some(Credential::Ambiguous);
                }
                (Found::One(value), _) => found = Some(value),
            }
        }
        found.map(Credential::Text)
    }

    /// The credential of the first place that holds one. For providers that document such a precedence themselves; the
    /// caller of this must forward that credential and no other.
    pub fn first<'r>(&self, presented: &Presented<'r>) -> Option<(&Place, Credential<'r>)> {
        self.0.iter().find_map(|place| match place.look(presented) {
            Found::Nothing => None,
            Found::One(value) => Some((place, Credential::Text(value))),
            Found::Many => Some((place, Credential::Ambiguous)),
        })
    }
}

impl Default for Places {
    /// `Authorization: Bearer …` only.
    fn default() -> Self {
        Self::new([Place::bearer()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, HeaderValue, Method};
    use std::time::SystemTime;

    fn find(places: &Places, fields: &[(&'static str, &str)], query: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let now = SystemTime::UNIX_EPOCH;
        let shown = Presented {
            method: &Method::GET,
            path: "/",
            query,
            headers: &headers,
            certificate: None,
            peer: None,
            now,
        };
        places.find(&shown).map(|credential| match credential {
            Credential::Text(text) => text.into_owned(),
            _ => "!".to_owned(),
        })
    }

    #[test]
    fn a_bearer_token_is_found_whatever_the_case_of_its_scheme() {
        let places = Places::default();
        for (value, expected) in [
            ("Bearer abc", Some("abc")),
            ("bEARER   abc", Some("abc")),
            ("Bearer", Some("")),
            ("Bearerabc", None),
            ("Basic abc", None),
            ("", None),
        ] {
            assert_eq!(find(&places, &[("authorization", value)], "").as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn different_values_in_two_places_are_ambiguous_and_equal_ones_are_not() {
        let places = Places::new([Place::bearer(), Place::Cookie("t".into()), Place::Query("t".into())]);
        let auth = ("authorization", "Bearer a");
        assert_eq!(find(&places, &[auth, ("cookie", "t=a")], "t=a").as_deref(), Some("a"));
        assert_eq!(find(&places, &[auth, ("cookie", "t=b")], "").as_deref(), Some("!"));
        assert_eq!(find(&places, &[auth], "t=b").as_deref(), Some("!"));
        assert_eq!(find(&places, &[auth, auth], "").as_deref(), Some("!"));
        assert_eq!(find(&places, &[auth, ("authorization", "Basic b")], "").as_deref(), Some("!"));
        assert_eq!(find(&places, &[("cookie", "t=1; t=2")], "").as_deref(), Some("!"));
    }

    #[test]
    fn a_prefix_tells_whose_credential_it_is() {
        let place = Place::Header {
            name: AUTHORIZATION,
            scheme: Some("Bearer".into()),
            prefix: Some("ory_st_".into()),
        };
        let places = Places::new([place]);
        assert_eq!(find(&places, &[("authorization", "Bearer ory_st_1")], "").as_deref(), Some("ory_st_1"));
        assert_eq!(find(&places, &[("authorization", "Bearer eyJ.a.b")], ""), None);
    }
}
