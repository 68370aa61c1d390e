//! SPIFFE ids and trust domains (the SPIFFE-ID specification, as strictly as go-spiffe reads it).

const SCHEME: &str = "spiffe://";

/// A text that is no SPIFFE id or trust domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadSpiffe {
    #[error("cannot be empty")]
    Empty,
    #[error("scheme is missing or invalid")]
    Scheme,
    #[error("trust domain is missing")]
    NoTrustDomain,
    #[error(
        "trust domain characters are limited to lowercase letters, numbers, dots, dashes, and underscores"
    )]
    TrustDomain,
    #[error("path cannot contain empty segments")]
    EmptySegment,
    #[error("path cannot contain dot segments")]
    DotSegment,
    #[error("path cannot have a trailing slash")]
    TrailingSlash,
    #[error("path segment characters are limited to letters, numbers, dots, dashes, and underscores")]
    Path,
}

/// A valid id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id<'a> {
    text: &'a str,
    /// Bytes of the trust domain.
    domain: usize,
}

impl<'a> Id<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, BadSpiffe> {
        if text.is_empty() {
            return Err(BadSpiffe::Empty);
        }
        let rest = text.strip_prefix(SCHEME).ok_or(BadSpiffe::Scheme)?;
        let domain = rest.find('/').unwrap_or(rest.len());
        let (name, path) = rest.split_at_checked(domain).unwrap_or((rest, ""));
        TrustDomain::checked(name)?;
        check_path(path)?;
        Ok(Self { text, domain })
    }

    /// The whole id.
    pub(crate) fn as_str(self) -> &'a str {
        self.text
    }

    pub(crate) fn trust_domain(self) -> TrustDomain<'a> {
        TrustDomain(self.text.get(SCHEME.len()..SCHEME.len() + self.domain).unwrap_or_default())
    }

    /// The path with its slash; nothing if there is none.
    pub(crate) fn path(self) -> &'a str {
        self.text.get(SCHEME.len() + self.domain..).unwrap_or_default()
    }
}

/// A valid trust domain, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrustDomain<'a>(&'a str);

impl<'a> TrustDomain<'a> {
    /// Reads a name, or takes the trust domain out of an id.
    pub(crate) fn parse(text: &'a str) -> Result<Self, BadSpiffe> {
        if text.contains(":/") { Id::parse(text).map(Id::trust_domain) } else { Self::checked(text) }
    }

    fn checked(name: &'a str) -> Result<Self, BadSpiffe> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_');
        match name {
            "" => Err(BadSpiffe::NoTrustDomain),
            _ if name.chars().all(allowed) => Ok(Self(name)),
            _ => Err(BadSpiffe::TrustDomain),
        }
    }

    pub(crate) fn name(self) -> &'a str {
        self.0
    }

    /// The id of the trust domain itself.
    pub(crate) fn id(self) -> String {
        format!("{SCHEME}{}", self.0)
    }
}

/// Which ids are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matcher<'a> {
    /// Every id.
    Any,
    /// One of these ids.
    OneOf(&'a [Id<'a>]),
    /// The ids of this trust domain.
    MemberOf(TrustDomain<'a>),
}

impl Matcher<'_> {
    pub(crate) fn matches(self, id: Id<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(ids) => ids.iter().any(|one| one.as_str() == id.as_str()),
            Self::MemberOf(domain) => domain.name() == id.trust_domain().name(),
        }
    }
}

fn check_path(path: &str) -> Result<(), BadSpiffe> {
    let Some(segments) = path.strip_prefix('/') else { return Ok(()) };
    let mut segments = segments.split('/').peekable();
    while let Some(segment) = segments.next() {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        match segment {
            "" if segments.peek().is_none() => return Err(BadSpiffe::TrailingSlash),
            "" => return Err(BadSpiffe::EmptySegment),
            "." | ".." => return Err(BadSpiffe::DotSegment),
            _ if segment.chars().all(allowed) => {}
            _ => return Err(BadSpiffe::Path),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_a_trust_domain_and_maybe_a_path() {
        for (text, domain, path) in [
            ("spiffe://cerbos.dev/ns/privileged/sa/curl", "cerbos.dev", "/ns/privileged/sa/curl"),
            ("spiffe://cerbos.dev", "cerbos.dev", ""),
            ("spiffe://cerbos.dev/a..b", "cerbos.dev", "/a..b"),
        ] {
            let id = Id::parse(text).expect(text);
            assert_eq!((id.trust_domain().name(), id.path(), id.as_str()), (domain, path, text));
        }
    }

    #[test]
    fn anything_else_says_what_is_wrong() {
        for (text, error) in [
            ("", BadSpiffe::Empty),
            ("http://a/b", BadSpiffe::Scheme),
            ("SPIFFE://a/b", BadSpiffe::Scheme),
            ("spiffe:///a", BadSpiffe::NoTrustDomain),
            ("spiffe://Cerbos.dev/a", BadSpiffe::TrustDomain),
            ("spiffe://cerbos.dev:80/a", BadSpiffe::TrustDomain),
            ("spiffe://user@cerbos.dev/a", BadSpiffe::TrustDomain),
            ("spiffe://cerbos.dev/", BadSpiffe::TrailingSlash),
            ("spiffe://cerbos.dev/a/", BadSpiffe::TrailingSlash),
            ("spiffe://cerbos.dev//a", BadSpiffe::EmptySegment),
            ("spiffe://cerbos.dev/./a", BadSpiffe::DotSegment),
            ("spiffe://cerbos.dev/a/..", BadSpiffe::DotSegment),
            ("spiffe://cerbos.dev/a?b", BadSpiffe::Path),
            ("spiffe://cerbos.dev/a%20b", BadSpiffe::Path),
        ] {
            assert_eq!(Id::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn trust_domains_are_names_or_come_out_of_ids() {
        for (text, expected) in [
            ("cerbos.dev", Ok("cerbos.dev")),
            ("a_b-c.d", Ok("a_b-c.d")),
            ("spiffe://a/b/c", Ok("a")),
            ("", Err(BadSpiffe::NoTrustDomain)),
            ("spiffe://", Err(BadSpiffe::NoTrustDomain)),
            ("a/b", Err(BadSpiffe::TrustDomain)),
            ("a:b", Err(BadSpiffe::TrustDomain)),
            ("A", Err(BadSpiffe::TrustDomain)),
        ] {
            assert_eq!(TrustDomain::parse(text).map(TrustDomain::name), expected, "{text}");
        }
        assert_eq!(TrustDomain::parse("a").map(TrustDomain::id).as_deref(), Ok("spiffe://a"));
    }

    #[test]
    fn matchers_match_whole_ids_or_their_trust_domain() {
        let id = |text| Id::parse(text).expect("an id");
        let ids = [id("spiffe://a/b")];
        for (matcher, text, expected) in [
            (Matcher::Any, "spiffe://x/y", true),
            (Matcher::OneOf(&ids), "spiffe://a/b", true),
            (Matcher::OneOf(&ids), "spiffe://a/b/c", false),
            (Matcher::OneOf(&[]), "spiffe://a/b", false),
            (Matcher::MemberOf(ids[0].trust_domain()), "spiffe://a/z", true),
            (Matcher::MemberOf(ids[0].trust_domain()), "spiffe://aa/z", false),
        ] {
            assert_eq!(matcher.matches(id(text)), expected, "{text}");
        }
    }
}
