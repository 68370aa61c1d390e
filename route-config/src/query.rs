use std::borrow::Cow;

use crate::{
    PathError,
    escape::{self, Rewrite, byte_at, is_unreserved},
    path::{MAX_BYTES, keep_escape},
};

/// The most parameters that a query may have when something in it is read.
pub const MAX_PARAMETERS: usize = 256;

/// A query in the one spelling that is judged and forwarded, without the `?`. It is taken apart only when a route
/// asks for something in it.
///
/// `+` is a space, `&` separates, and nothing else does: a query with a `;` cannot be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Query<'r>(Cow<'r, str>);

/// Why a parameter has no single value that gateway and upstream would agree on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// `id=1&id=2`: some upstreams take the first, others the last.
    #[error("the query has `{0}` more than once")]
    Repeated(String),
    /// `id[]=1` or `id[a]=1`: some upstreams read it as `id`.
    #[error("the query has `{0}` in brackets")]
    Bracketed(String),
    /// A `;`, which some upstreams read as `&`.
    #[error("the query has a semicolon")]
    Semicolon,
    /// A name or value that is not UTF-8 when decoded.
    #[error("the query is not UTF-8")]
    NotUtf8,
    /// More than [`MAX_PARAMETERS`].
    #[error("the query has more than {MAX_PARAMETERS} parameters")]
    TooMany,
}

impl QueryError {
    /// A stable name for the record and the metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Repeated(_) => "request/query-repeated",
            Self::Bracketed(_) => "request/query-bracketed",
            Self::Semicolon => "request/query-semicolon",
            Self::NotUtf8 => "request/query-not-utf8",
            Self::TooMany => "request/query-too-many",
        }
    }
}

impl<'r> Query<'r> {
    /// Spells a query canonically: escapes of unreserved characters decoded, other escapes upper case, characters
    /// that may not stand in a query escaped.
    ///
    /// # Errors
    /// A broken escape, a byte that must be escaped, a fragment, an escaped NUL, or too long.
    pub fn parse(raw: &'r str) -> Result<Self, PathError> {
        if raw.len() > MAX_BYTES {
            return Err(PathError::TooLong);
        }
        let bytes = raw.as_bytes();
        let mut text = Rewrite::of(raw);
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            at += match byte {
                b'%' => {
                    match byte_at(bytes, at).ok_or(PathError::BadEscape)? {
                        0 => return Err(PathError::QueryNul),
                        escaped if is_unreserved(escaped) => text.character(at, escaped),
                        escaped => keep_escape(&mut text, bytes, at, escaped),
                    }
                    3
                }
                b'#' => return Err(PathError::Fragment),
                b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => {
                    text.escape(at, byte);
                    1
                }
                b'!'..=b'~' => {
                    text.keep(at, at + 1);
                    1
                }
                _ => return Err(PathError::RawByte),
            };
        }
        Ok(Self(text.finish()))
    }

    /// The query as it is judged and forwarded; empty when there is none.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The one value of a parameter, or nothing when it is not there. `?id` is the empty text.
    ///
    /// # Errors
    /// When upstreams may disagree on the value.
    pub fn one(&self, name: &str) -> Result<Option<Cow<'_, str>>, QueryError> {
        let mut found = None;
        for pair in self.pairs()? {
            let (key, value) = pair?;
            if key == name {
                if found.is_some() {
                    return Err(QueryError::Repeated(name.to_owned()));
                }
                found = Some(value);
            } else if base(&key) == name {
                return Err(QueryError::Bracketed(name.to_owned()));
            }
        }
        Ok(found)
    }

    /// Every parameter with its values, in the order in which they first appear.
    ///
    /// # Errors
    /// When the query cannot be taken apart in one way.
    pub fn all(&self) -> Result<Vec<Parameter<'_>>, QueryError> {
        let mut all: Vec<Parameter<'_>> = Vec::new();
        for pair in self.pairs()? {
            let (key, value) = pair?;
            match all.iter_mut().find(|(known, _)| *known == key) {
                Some((_, values)) => values.push(value),
                None => all.push((key, vec![value])),
            }
        }
        Ok(all)
    }

    /// The same query, owning its text.
    #[must_use]
    pub fn into_owned(self) -> Query<'static> {
        Query(Cow::Owned(self.0.into_owned()))
    }

    fn pairs(&self) -> Result<impl Iterator<Item = Result<Pair<'_>, QueryError>>, QueryError> {
        if self.0.contains(';') {
            return Err(QueryError::Semicolon);
        }
        let parts = self.0.split('&').filter(|part| !part.is_empty());
        if parts.clone().count() > MAX_PARAMETERS {
            return Err(QueryError::TooMany);
        }
        Ok(parts.map(|part| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let decode = |text| escape::decode(text, true).ok_or(QueryError::NotUtf8);
            Ok((decode(key)?, decode(value)?))
        }))
    }
}

/// A parameter's name and its values.
pub type Parameter<'q> = (Cow<'q, str>, Vec<Cow<'q, str>>);

type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The name that an upstream with nested parameters may read: `id` of `id[]`.
fn base(key: &str) -> &str {
    key.split_once('[').map_or(key, |(base, _)| base)
}

#[cfg(test)]
mod tests {
    use super::{Query, QueryError};
    use crate::PathError;

    #[test]
    fn a_parameter_that_is_there_once_has_a_value() {
        let query = Query::parse("region=EU&name=a+b%2bc&flag&x%5B%5D=1").unwrap();
        assert_eq!(query.one("region").unwrap().as_deref(), Some("EU"));
        assert_eq!(query.one("name").unwrap().as_deref(), Some("a b+c"));
        assert_eq!(query.one("flag").unwrap().as_deref(), Some(""));
        assert_eq!(query.one("gone").unwrap(), None);
        assert_eq!(query.all().unwrap().len(), 4);
    }

    #[test]
    fn a_parameter_that_upstreams_may_read_in_two_ways_has_none() {
        let one = |raw: &'static str| Query::parse(raw).unwrap().one("id").unwrap_err();
        assert_eq!(one("id=1&id=2"), QueryError::Repeated("id".into()));
        assert_eq!(one("id=1&%69d=2"), QueryError::Repeated("id".into()));
        assert_eq!(one("id=1&id[]=2"), QueryError::Bracketed("id".into()));
        assert_eq!(one("id%5b%5d=2"), QueryError::Bracketed("id".into()));
        assert_eq!(one("a=1;id=2"), QueryError::Semicolon);
        assert_eq!(one("id=%ff"), QueryError::NotUtf8);
        let many = "a&".repeat(300);
        assert_eq!(Query::parse(&many).unwrap().one("id"), Err(QueryError::TooMany));
    }

    #[test]
    fn a_query_is_spelled_one_way() {
        for (raw, canonical) in
            [("a=%61%2f", "a=a%2F"), ("", ""), ("a=\"|\"", "a=%22%7C%22"), ("a[]=1", "a[]=1")]
        {
            let query = Query::parse(raw).unwrap();
            assert_eq!(query.as_str(), canonical);
            assert_eq!(Query::parse(query.as_str()).unwrap(), query);
        }
        assert_eq!(Query::parse("a=%"), Err(PathError::BadEscape));
        assert_eq!(Query::parse("a=%00"), Err(PathError::QueryNul));
        assert_eq!(Query::parse("a=#"), Err(PathError::Fragment));
        assert_eq!(Query::parse("a= "), Err(PathError::RawByte));
    }
}
