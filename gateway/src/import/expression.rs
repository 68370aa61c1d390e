//! What a regular expression of a rule can be: certain texts, anything, or some part of a path.

use regex_syntax::{
    ParserBuilder,
    hir::{Class, Hir, HirKind},
};

/// The most texts that an expression is written out as.
const MOST: usize = 32;

/// One regular expression that a path pattern or a condition can stand for.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    /// As it was written.
    pub(super) text: String,
    /// How many groups it captures itself.
    pub(super) groups: usize,
    hir: Hir,
}

impl Expression {
    /// Reads it. Nothing comes back for what only a backtracking engine can do, or what looks at its surroundings.
    pub(super) fn read(text: &str) -> Option<Self> {
        let hir = ParserBuilder::new().nest_limit(50).build().parse(text).ok()?;
        let properties = hir.properties();
        if !properties.look_set().is_empty() || !properties.is_utf8() {
            return None;
        }
        let groups = properties.explicit_captures_len();
        // What a condition could not compile is not understood either.
        regex::Regex::new(&format!("^(?:{text})$")).ok()?;
        Some(Self { text: text.to_owned(), groups, hir })
    }

    /// All the texts it stands for, if they are few.
    pub(super) fn texts(&self) -> Option<Vec<String>> {
        texts(&self.hir)
    }

    /// `.*`, `.+` and the like.
    pub(super) fn is_anything(&self) -> bool {
        repeated(&self.hir).is_some_and(|(class, min)| min <= 1 && lacks(class, &['\n']))
    }

    /// `.*` alone: nothing at all is good enough.
    pub(super) fn may_be_empty(&self) -> bool {
        self.hir.properties().minimum_len() == Some(0)
    }

    /// `[^/]+` and the like: whatever can stand between two slashes.
    pub(super) fn is_segment(&self) -> bool {
        repeated(&self.hir)
            .is_some_and(|(class, min)| min <= 1 && lacks(class, &['\n', '/']) && !has(class, '/'))
    }

    /// `(/.*)?`: the end, or a slash and whatever follows.
    pub(super) fn is_below(&self) -> bool {
        let below = |hir: &Hir| match plain(hir).kind() {
            HirKind::Concat(parts) => match parts.as_slice() {
                [slash, rest] => {
                    texts(slash).is_some_and(|all| all == ["/"])
                        && repeated(rest).is_some_and(|(class, min)| min == 0 && lacks(class, &['\n']))
                }
                _ => false,
            },
            _ => false,
        };
        match plain(&self.hir).kind() {
            HirKind::Repetition(repetition) => {
                (repetition.min, repetition.max) == (0, Some(1)) && below(&repetition.sub)
            }
            HirKind::Alternation(either) => match either.as_slice() {
                [one, other] => (is_empty(one) && below(other)) || (is_empty(other) && below(one)),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether it can have one of these characters in it.
    pub(super) fn can_have(&self, wanted: impl Fn(char, char) -> bool + Copy) -> bool {
        can_have(&self.hir, wanted)
    }

    /// Whether it can go over a slash.
    pub(super) fn can_cross(&self) -> bool {
        self.can_have(|from, to| (from..=to).contains(&'/'))
    }
}

/// What is in a group, which captures and does nothing else.
fn plain(hir: &Hir) -> &Hir {
    match hir.kind() {
        HirKind::Capture(capture) => plain(&capture.sub),
        _ => hir,
    }
}

fn is_empty(hir: &Hir) -> bool {
    matches!(plain(hir).kind(), HirKind::Empty)
}

/// A class that is repeated without an end, and how often at least.
fn repeated(hir: &Hir) -> Option<(&Class, u32)> {
    match plain(hir).kind() {
        HirKind::Repetition(repetition) if repetition.max.is_none() => match plain(&repetition.sub).kind() {
            HirKind::Class(class) => Some((class, repetition.min)),
            _ => None,
        },
        _ => None,
    }
}

fn ranges(class: &Class) -> Vec<(char, char)> {
    match class {
        Class::Unicode(class) => class.ranges().iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => {
            class.ranges().iter().map(|range| (range.start().into(), range.end().into())).collect()
        }
    }
}

fn has(class: &Class, wanted: char) -> bool {
    ranges(class).iter().any(|(from, to)| (*from..=*to).contains(&wanted))
}

/// Whether a class is everything but these (in order), at most.
fn lacks(class: &Class, but: &[char]) -> bool {
    let Class::Unicode(class) = class else { return false };
    let mut missing = class.clone();
    missing.negate();
    missing.ranges().iter().all(|range| range.start() == range.end() && but.contains(&range.start()))
}

fn can_have(hir: &Hir, wanted: impl Fn(char, char) -> bool + Copy) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => String::from_utf8_lossy(&literal.0).chars().any(|c| wanted(c, c)),
        HirKind::Class(class) => ranges(class).iter().any(|(from, to)| wanted(*from, *to)),
        HirKind::Repetition(repetition) => can_have(&repetition.sub, wanted),
        HirKind::Capture(capture) => can_have(&capture.sub, wanted),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().any(|part| can_have(part, wanted))
        }
    }
}

fn texts(hir: &Hir) -> Option<Vec<String>> {
    let all = match hir.kind() {
        HirKind::Empty => vec![String::new()],
        HirKind::Look(_) => return None,
        HirKind::Literal(literal) => vec![String::from_utf8(literal.0.to_vec()).ok()?],
        HirKind::Class(class) => {
            let ranges = ranges(class);
            let count: usize = ranges.iter().map(|(from, to)| *to as usize - *from as usize + 1).sum();
            // More than a pair of spellings is a class that was meant as one.
            if count > 2 {
                return None;
            }
            ranges.into_iter().flat_map(|(from, to)| from..=to).map(String::from).collect()
        }
        HirKind::Repetition(repetition) => match (repetition.min, repetition.max) {
            (0, Some(1)) => [String::new()].into_iter().chain(texts(&repetition.sub)?).collect(),
            _ => return None,
        },
        HirKind::Capture(capture) => texts(&capture.sub)?,
        HirKind::Alternation(parts) => {
            parts.iter().map(texts).collect::<Option<Vec<_>>>()?.into_iter().flatten().collect()
        }
        HirKind::Concat(parts) => parts.iter().try_fold(vec![String::new()], |all, part| {
            let next = texts(part)?;
            let both = all.iter().flat_map(|start| next.iter().map(move |end| format!("{start}{end}")));
            Some(both.take(MOST + 1).collect())
        })?,
    };
    let mut once: Vec<String> = Vec::new();
    for text in all {
        if !once.contains(&text) {
            once.push(text);
        }
    }
    (once.len() <= MOST).then_some(once)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_told_by_what_it_can_be() {
        for (text, expected) in [
            (".*", "anything"),
            (".+", "anything"),
            ("(.*)", "anything"),
            (".*?", "anything"),
            (r"[\s\S]*", "anything"),
            ("[^/]+", "segment"),
            ("[^/]*", "segment"),
            ("([^/]+)", "segment"),
            ("(/.*)?", "below"),
            ("|/.*", "below"),
            ("users|groups", "users groups"),
            ("https?", "http https"),
            ("a(b|c)d", "abd acd"),
            (r"a\.b", "a.b"),
            ("[0-9]+", "within"),
            ("[a-z]{2}", "within"),
            ("[^/]{2,}", "within"),
            ("[^/a]+", "within"),
            ("[a-z/]+", "crossing"),
            (".{3}", "crossing"),
            ("a/.*", "crossing"),
            ("(/.*)", "crossing"),
            ("(?!admin).*", "none"),
            ("^a$", "none"),
            (r"\bx", "none"),
            ("(", "none"),
            (r"(a)\1", "none"),
        ] {
            let told = match Expression::read(text) {
                None => "none".to_owned(),
                Some(read) if read.texts().is_some() => read.texts().unwrap().join(" "),
                Some(read) if read.is_anything() => "anything".to_owned(),
                Some(read) if read.is_segment() => "segment".to_owned(),
                Some(read) if read.is_below() => "below".to_owned(),
                Some(read) if read.can_cross() => "crossing".to_owned(),
                Some(_) => "within".to_owned(),
            };
            assert_eq!(told, expected, "{text}");
        }
    }

    #[test]
    fn what_would_be_too_many_texts_is_left_as_it_is() {
        assert!(Expression::read("[ab][ab][ab][ab][ab][ab]").unwrap().texts().is_none());
        assert!(Expression::read("[abc]").unwrap().texts().is_none());
    }
}
