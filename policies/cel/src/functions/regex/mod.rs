//! Regular expressions with the meaning RE2 gives them, in time linear in the text.

pub(in crate::functions) mod calls;
mod class;
mod cursor;
mod replacement;
mod translate;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

pub(crate) use replacement::Replacement;
pub(crate) use translate::BadPattern;

/// Bytes a compiled pattern of the policy's own text may take.
const LITERAL_LIMIT: usize = 8 << 20;
/// Bytes a compiled pattern that came out of an expression may take.
const DYNAMIC_LIMIT: usize = 1 << 20;
/// Longest pattern, in bytes, that is compiled while evaluating.
const DYNAMIC_LENGTH: usize = 4096;
/// Patterns each thread keeps compiled.
const KEPT: usize = 32;

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(crate) struct Pattern(regex::Regex);

impl Pattern {
    /// Compiles a pattern that is known before evaluation.
    pub(crate) fn compile(pattern: &str) -> Result<Self, BadPattern> {
        Self::within(pattern, LITERAL_LIMIT)
    }

    /// The pattern compiled, or the copy this thread kept of it.
    pub(crate) fn cached(pattern: &str) -> Result<Arc<Self>, BadPattern> {
        if let Some(found) = KEPT_PATTERNS.with_borrow_mut(|kept| recall(kept, pattern)) {
            return Ok(found);
        }
        if pattern.len() > DYNAMIC_LENGTH {
            return Err(BadPattern("expression too large".to_owned()));
        }
        let compiled = Arc::new(Self::within(pattern, DYNAMIC_LIMIT)?);
        KEPT_PATTERNS.with_borrow_mut(|kept| {
            kept.truncate(KEPT - 1);
            kept.push_front((pattern.into(), Arc::clone(&compiled)));
        });
        Ok(compiled)
    }

    fn within(pattern: &str, limit: usize) -> Result<Self, BadPattern> {
        let translated = translate::translate(pattern)?;
        let built = regex::RegexBuilder::new(&translated).size_limit(limit).dfa_size_limit(limit).build();
        match built {
            Ok(regex) => Ok(Self(regex)),
            Err(regex::Error::CompiledTooBig(_)) => Err(BadPattern("expression too large".to_owned())),
            Err(regex::Error::Syntax(message)) => Err(BadPattern(last_line(&message))),
            Err(other) => Err(BadPattern(other.to_string())),
        }
    }

    /// Does the pattern match anywhere in `text`?
    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// How many groups the pattern captures.
    pub(crate) fn groups(&self) -> usize {
        self.0.captures_len().saturating_sub(1)
    }

    /// The first group of every match, or the whole match where the pattern has no group; empty groups are
    /// left out.
    pub(crate) fn extracts<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> {
        let group = usize::from(self.groups() > 0);
        self.0.captures_iter(text).filter_map(move |found| {
            let text = found.get(group).map_or("", |m| m.as_str());
            (group == 0 || !text.is_empty()).then_some(text)
        })
    }

    /// As [`Self::extracts`], of the first match only.
    pub(crate) fn first_extract<'t>(&self, text: &'t str) -> Option<&'t str> {
        let group = usize::from(self.groups() > 0);
        let found = self.0.captures(text)?.get(group).map_or("", |m| m.as_str());
        (group == 0 || !found.is_empty()).then_some(found)
    }

    /// Replaces the first `limit` matches; `push` takes each piece of the result in turn and may stop it.
    pub(crate) fn replace<'t, E>(
        &self,
        text: &'t str,
        replacement: &'t Replacement<'_>,
        limit: Option<usize>,
        mut push: impl FnMut(&'t str) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rest = 0;
        for found in self.0.captures_iter(text).take(limit.unwrap_or(usize::MAX)) {
            let Some(whole) = found.get(0) else { continue };
            push(text.get(rest..whole.start()).unwrap_or_default())?;
            for piece in replacement.pieces() {
                push(piece.text(|group| found.get(group).map_or("", |m| m.as_str())))?;
            }
            rest = whole.end();
        }
        push(text.get(rest..).unwrap_or_default())
    }
}

type Kept = VecDeque<(Box<str>, Arc<Pattern>)>;

thread_local! {
    static KEPT_PATTERNS: RefCell<Kept> = const { RefCell::new(VecDeque::new()) };
}

/// The kept pattern, moved to the front.
fn recall(kept: &mut Kept, pattern: &str) -> Option<Arc<Pattern>> {
    let at = kept.iter().position(|(text, _)| &**text == pattern)?;
    let entry = kept.remove(at)?;
    let found = Arc::clone(&entry.1);
    kept.push_front(entry);
    Some(found)
}

/// The `regex` crate draws its errors over several lines; the last one says what is wrong.
fn last_line(message: &str) -> String {
    let line = message.lines().last().unwrap_or(message);
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> Result<bool, String> {
        Pattern::compile(pattern).map(|p| p.is_match(text)).map_err(|e| e.0)
    }

    #[test]
    fn perl_classes_and_word_boundaries_are_ascii() {
        for (pattern, text, expected) in [
            (r"\d", "٣", false),
            (r"\D", "٣", true),
            (r"\w", "é", false),
            (r"\W", "é", true),
            (r"[^\w]", "é", true),
            (r"[\W]", "é", true),
            (r"\s", "\u{a0}", false),
            (r"\s", "\u{b}", false),
            (r"[[:space:]]", "\u{b}", true),
            (r"\ba", "éa", true),
            (r"\Ba", "éa", false),
            (r"^\Bé", "é", true),
            (r"[\d-]", "-", true),
        ] {
            assert_eq!(matches(pattern, text), Ok(expected), "{pattern} {text}");
        }
    }

    #[test]
    fn text_that_other_engines_read_as_an_operator_is_literal() {
        for (pattern, text, expected) in [
            (r"^\Qa.b\E$", "a.b", true),
            (r"^\Qa.b\E$", "axb", false),
            (r"\Q(", "(", true),
            (r"^\Qab\E+$", "abb", true),
            ("a{", "a{", true),
            ("^a{,2}$", "a{,2}", true),
            ("^a{02}$", "a{02}", true),
            ("^[[a]$", "[", true),
            ("[a&&b]", "&", true),
            ("^[+--]$", ",", true),
            ("[a~~b]", "~", true),
            (r"\<", "<", true),
            (r"\_", "_", true),
            ("^[]a]$", "]", true),
            ("^[^]a]$", "]", false),
            ("^[a-]$", "-", true),
            ("a b # c", "a b # c", true),
            ("[[:alpha]", ":", true),
            (r"\101", "A", true),
            (r"\x41\x{42}", "AB", true),
            ("^[😀-😂]$", "😁", true),
        ] {
            assert_eq!(matches(pattern, text), Ok(expected), "{pattern} {text}");
        }
    }

    #[test]
    fn flags_and_anchors_work_as_in_re2() {
        for (pattern, text, expected) in [
            ("(?i)ABC", "abc", true),
            ("(?i:A)B", "ab", false),
            ("(?ii)A", "a", true),
            ("(?)a", "a", true),
            ("(?-s).", "\n", false),
            ("(?s).", "\n", true),
            ("^b", "a\nb", false),
            ("(?m)^b", "a\nb", true),
            ("a$", "a\n", false),
            (r"a\z", "a", true),
            (r"\Ab", "ab", false),
            (r"\pN", "٣", true),
            (r"\p{Greek}", "α", true),
            (r"\p{^Greek}", "α", false),
            (r"\PL", "α", false),
            ("(?P<n>a)(?<m>b)", "ab", true),
            ("(?P<1>a)", "a", true),
            ("a||b", "", true),
            ("^*", "", true),
            ("[^a]", "\n", true),
        ] {
            assert_eq!(matches(pattern, text), Ok(expected), "{pattern} {text:?}");
        }
    }

    #[test]
    fn patterns_that_re2_refuses_are_refused() {
        for pattern in [
            "x{1001}",
            "(x{10}){101}",
            "x{2,1}",
            "(?R)",
            "(?x)a",
            "(?=a)",
            "(?<=a)",
            "(?!a)",
            "(?>a)",
            r"\1",
            r"\8",
            r"\C",
            r"\Z",
            r"\G",
            r"\h",
            r"\k<a>",
            "a**",
            "a*+",
            "a{2}{3}",
            "*a",
            "(|*)",
            "+",
            "(",
            ")",
            "[a",
            "[b-a]",
            "[a--b]",
            "[[:nope:]]",
            r"\",
            r"[\b]",
            r"\p{nope}",
            r"\p{Alphabetic}",
            "(?P<a>x)(?P<a>y)",
            "(?P<a-b>x)",
            "(?i-)a",
            "(?P=a)",
            r"\x{110000}",
            r"[a-\d]",
            r"\u0041",
            r"((a{100}){10}){10}",
            "(?P<n",
            "(?i",
        ] {
            assert!(Pattern::compile(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn nesting_and_size_are_bounded() {
        let nested = format!("{}{}", "(".repeat(5000), ")".repeat(5000));
        assert_eq!(matches(&nested, ""), Err("groups are nested too deeply".to_owned()));
        assert_eq!(matches(r"(\pL{100}){10}", ""), Err("expression too large".to_owned()));
        assert!(Pattern::cached(&"a".repeat(5000)).is_err());
    }

    #[test]
    fn replacements_stop_where_they_are_told_to() {
        let pattern = Pattern::compile("a(b)?").expect("compiles");
        for (limit, expected) in [(None, "<b>x<>"), (Some(0), "abxa"), (Some(1), "<b>xa")] {
            let replacement = Replacement::parse(r"<\1>", 1).expect("parses");
            let mut out = String::new();
            let pushed: Result<(), ()> = pattern.replace("abxa", &replacement, limit, |piece| {
                out.push_str(piece);
                Ok(())
            });
            assert_eq!((pushed, out.as_str()), (Ok(()), expected));
        }
    }

    #[test]
    fn empty_matches_do_not_follow_a_match() {
        let pattern = Pattern::compile("a*").expect("compiles");
        let replacement = Replacement::parse("-", 0).expect("parses");
        let mut out = String::new();
        let _: Result<(), ()> = pattern.replace("baac", &replacement, None, |piece| {
            out.push_str(piece);
            Ok(())
        });
        assert_eq!(out, "-b-c-");
    }

    #[test]
    fn extracting_takes_the_group_if_there_is_one() {
        let extract = |pattern: &str, text: &'static str| {
            Pattern::compile(pattern).expect("compiles").extracts(text).collect::<Vec<_>>()
        };
        assert_eq!(extract("a", "a bb a"), ["a", "a"]);
        assert_eq!(extract(r"id:(\d*)", "id:1 id: id:23"), ["1", "23"]);
    }
}
