use std::fmt;

use crate::{Path, PathError, Query};

/// The request target of a request line in origin form, read one way: what is judged and what is forwarded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestTarget<'r> {
    /// The path.
    pub path: Path<'r>,
    /// The query; empty when there is none. `/a?` is `/a`.
    pub query: Query<'r>,
}

impl<'r> RequestTarget<'r> {
    /// Reads `/path?query` as it stands in the request line or in `:path`. Taking an absolute form apart is the
    /// caller's: only it knows which host must be equal to which.
    ///
    /// # Errors
    /// The first ambiguity. A refused target must never reach an upstream.
    pub fn parse(raw: &'r str) -> Result<Self, PathError> {
        let (path, query) = raw.split_once('?').unwrap_or((raw, ""));
        Ok(Self { path: Path::parse(path)?, query: Query::parse(query)? })
    }

    /// The target as it is forwarded.
    #[must_use]
    pub fn canonical(&self) -> String {
        self.to_string()
    }

    /// The same target, owning its text.
    #[must_use]
    pub fn into_owned(self) -> RequestTarget<'static> {
        RequestTarget { path: self.path.into_owned(), query: self.query.into_owned() }
    }
}

/// The target as it is forwarded.
impl fmt::Display for RequestTarget<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path.as_str())?;
        match self.query.as_str() {
            "" => Ok(()),
            query => write!(f, "?{query}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::RequestTarget;
    use crate::PathError;

    #[test]
    fn path_and_query_are_read_each_by_its_own_rules() {
        let target = RequestTarget::parse("/%61?next=%2fhome%3f&x=a?b").unwrap();
        assert_eq!(target.canonical(), "/a?next=%2Fhome%3F&x=a?b");
        assert_eq!(RequestTarget::parse("/a?").unwrap().canonical(), "/a");
        assert_eq!(RequestTarget::parse("/a?x=/public/#").unwrap_err(), PathError::Fragment);
        assert_eq!(RequestTarget::parse("http://a.test/").unwrap_err(), PathError::NotAbsolute);
    }

    proptest! {
        #[test]
        fn what_is_forwarded_is_read_as_what_was_judged(raw in "/([a-z.+@|/{}?&=]|%[0-9a-fA-F]{2}){0,24}") {
            if let Ok(target) = RequestTarget::parse(&raw) {
                let forwarded = target.canonical();
                prop_assert_eq!(RequestTarget::parse(&forwarded).unwrap(), target);
            }
        }
    }
}
