use std::{cmp::Ordering, sync::Arc};

use crate::path::{self, MAX_SEGMENTS, Path, PathError};

/// Which paths a route is for: `/contacts/{id}/notes`, `/files/{rest*}`.
///
/// Literals are compared as decoded text, upper and lower case apart; `{name}` is one segment that is not empty;
/// `{name*}` is all that follows, including nothing: `/files/{rest*}` is for `/files`, `/files/` and `/files/a/b`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    text: Arc<str>,
    segments: Box<[Segment]>,
}

/// One segment of a [`Pattern`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Segment {
    /// This text, decoded. Empty only for a slash at the end.
    Literal(Box<str>),
    /// Any one segment.
    Capture(Arc<str>),
    /// All that follows.
    Rest(Arc<str>),
}

/// What is wrong with a pattern, and which bytes of its text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct PatternError {
    /// First byte in the pattern's text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What is wrong.
    pub problem: PatternProblem,
}

/// The ways in which a pattern can be wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternProblem {
    /// Does not begin with `/`.
    #[error("a path pattern begins with a slash")]
    NotAbsolute,
    /// `a{id}`: a placeholder with text around it.
    #[error("a placeholder is a whole segment")]
    PartOfSegment,
    /// `{1st}`, `{}`.
    #[error("the name of a placeholder is letters, digits and `_`, and does not begin with a digit")]
    Name,
    /// `/{id}/{id}`.
    #[error("the placeholder `{0}` is there twice")]
    Twice(String),
    /// `/{rest*}/x`.
    #[error("`{{{0}*}}` stands for all that follows, so nothing can follow it")]
    RestNotLast(String),
    /// `/files/*`, or a regular expression for the same.
    #[error(
        "`*` is an ordinary character here; write `{{rest*}}` for all that follows and `{{name}}` for one segment"
    )]
    Star,
    /// `/contacts/:id`.
    #[error("placeholders are written `{{{0}}}`; write `%3A` for a colon")]
    Colon(String),
    /// No request has such a path.
    #[error("no request is let in with such a path: {0}")]
    Path(PathError),
}

impl PatternProblem {
    /// The diagnostic's code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAbsolute => "route/pattern-not-absolute",
            Self::PartOfSegment | Self::Name => "route/pattern-placeholder",
            Self::Twice(_) => "route/pattern-repeated-name",
            Self::RestNotLast(_) => "route/pattern-rest-not-last",
            Self::Star => "route/pattern-star",
            Self::Colon(_) => "route/pattern-colon",
            Self::Path(_) => "route/pattern-impossible",
        }
    }
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let whole = |problem| PatternError { start: 0, end: text.len(), problem };
        let rest = text.strip_prefix('/').ok_or_else(|| whole(PatternProblem::NotAbsolute))?;
        let mut segments: Vec<Segment> = Vec::new();
        let mut start = 1;
        let last = rest.split('/').count();
        for (index, raw) in rest.split('/').enumerate() {
            let end = start + raw.len();
            let at = |problem| PatternError { start, end, problem };
            let segment = Segment::parse(raw, index + 1 == last).map_err(at)?;
            if let Some(name) = segment.name()
                && segments.iter().any(|known| known.name() == Some(name))
            {
                return Err(at(PatternProblem::Twice(name.to_string())));
            }
            segments.push(segment);
            start = end + 1;
        }
        if segments.len() > MAX_SEGMENTS {
            return Err(whole(PatternProblem::Path(PathError::TooManySegments)));
        }
        Ok(Self { text: text.into(), segments: segments.into() })
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The names of its placeholders, in order.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> + Clone {
        self.segments.iter().filter_map(Segment::name)
    }

    /// Its segments.
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The same pattern with the slash at its end put or taken away; nothing where that makes no difference.
    pub(crate) fn other_slash(&self) -> Option<Vec<Segment>> {
        let mut segments = self.segments.to_vec();
        match segments.last()? {
            Segment::Rest(_) => None,
            Segment::Literal(text) if text.is_empty() => {
                segments.pop();
                (!segments.is_empty()).then_some(segments)
            }
            _ => {
                segments.push(Segment::Literal("".into()));
                Some(segments)
            }
        }
    }
}

impl Segment {
    fn parse(raw: &str, last: bool) -> Result<Self, PatternProblem> {
        if let Some(inner) = raw.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            return Self::placeholder(inner, last);
        }
        if raw.contains(['{', '}']) {
            return Err(PatternProblem::PartOfSegment);
        }
        if matches!(raw, "*" | "**" | ".*" | ".+" | "(.*)") {
            return Err(PatternProblem::Star);
        }
        if let Some(name) = raw.strip_prefix(':') {
            return Err(PatternProblem::Colon(name.to_owned()));
        }
        if raw.is_empty() && !last {
            return Err(PatternProblem::Path(PathError::EmptySegment));
        }
        literal(raw).map_err(PatternProblem::Path)
    }

    fn placeholder(inner: &str, last: bool) -> Result<Self, PatternProblem> {
        let (name, rest) = inner.strip_suffix('*').map_or((inner, false), |name| (name, true));
        let head = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !head || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(PatternProblem::Name);
        }
        match (rest, last) {
            (true, false) => Err(PatternProblem::RestNotLast(name.to_owned())),
            (true, true) => Ok(Self::Rest(name.into())),
            (false, _) => Ok(Self::Capture(name.into())),
        }
    }

    pub(crate) const fn name(&self) -> Option<&Arc<str>> {
        match self {
            Self::Literal(_) => None,
            Self::Capture(name) | Self::Rest(name) => Some(name),
        }
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Literal(_) => 0,
            Self::Capture(_) => 1,
            Self::Rest(_) => 3,
        }
    }
}

/// The more specific first. At the first segment in which two patterns differ a literal goes before a placeholder,
/// that before the pattern's end, and that before a `{rest*}`; two literals go by their text.
pub(crate) fn precedence(one: &[Segment], other: &[Segment]) -> Ordering {
    let rank = |segment: Option<&Segment>| segment.map_or(2, Segment::rank);
    let length = one.len().max(other.len());
    (0..length)
        .map(|at| {
            let (a, b) = (one.get(at), other.get(at));
            rank(a).cmp(&rank(b)).then_with(|| match (a, b) {
                (Some(Segment::Literal(a)), Some(Segment::Literal(b))) => a.cmp(b),
                _ => Ordering::Equal,
            })
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// Literals are read as requests are; only that text beyond ASCII may stand unescaped.
fn literal(raw: &str) -> Result<Segment, PathError> {
    let mut spelled = String::from("/");
    for character in raw.chars() {
        if character.is_ascii() {
            spelled.push(character);
        } else {
            let mut buffer = [0; 4];
            for byte in character.encode_utf8(&mut buffer).bytes() {
                crate::escape::push_escape(&mut spelled, byte);
            }
        }
    }
    let read = Path::parse(&spelled)?;
    Ok(Segment::Literal(path::decoded(read.after_slash()).into()))
}

#[cfg(test)]
mod tests {
    use super::{Pattern, PatternProblem as P, Segment};
    use crate::PathError;

    #[test]
    fn a_pattern_is_literals_placeholders_and_a_rest() {
        let pattern = Pattern::parse("/caf\u{e9}/{id}/%61+b/{rest*}").unwrap();
        assert_eq!(
            pattern.segments(),
            [
                Segment::Literal("caf\u{e9}".into()),
                Segment::Capture("id".into()),
                Segment::Literal("a+b".into()),
                Segment::Rest("rest".into())
            ]
        );
        assert_eq!(Pattern::parse("/").unwrap().segments(), [Segment::Literal("".into())]);
        assert_eq!(Pattern::parse("/a/").unwrap().segments().len(), 2);
    }

    #[test]
    fn a_wrong_pattern_says_which_segment() {
        for (text, bad, problem) in [
            ("contacts", "contacts", P::NotAbsolute),
            ("/a/b{id}", "b{id}", P::PartOfSegment),
            ("/a/{1}", "{1}", P::Name),
            ("/a/{}", "{}", P::Name),
            ("/{id}/x/{id}", "{id}", P::Twice("id".into())),
            ("/a/{rest*}/b", "{rest*}", P::RestNotLast("rest".into())),
            ("/files/**", "**", P::Star),
            ("/files/.*", ".*", P::Star),
            ("/a/:id/b", ":id", P::Colon("id".into())),
            ("/a/../b", "..", P::Path(PathError::DotSegment)),
            ("/a//b", "", P::Path(PathError::EmptySegment)),
            ("/a/b;c", "b;c", P::Path(PathError::Parameter)),
        ] {
            let error = Pattern::parse(text).unwrap_err();
            assert_eq!(error.problem, problem, "{text}");
            assert_eq!(text.get(error.start..error.end), Some(bad), "{text}");
        }
    }
}
