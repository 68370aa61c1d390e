//! Reading of configuration: from [`Node`]s to typed values, with a finding for everything that does not fit.
//!
//! A reader takes the keys it knows out of a mapping with [`Fields`] and says at the end what is left over, so a key
//! that nobody reads is always reported, with the nearest known one, and so is one that has no value.

mod fields;

use std::time::Duration;

use crate::{Diagnostic, Kind, Node, Report, Spanned, suggest};

pub use fields::Fields;

/// Text that says something: neither empty nor all spaces. A number or boolean is taken as it is written, since
/// `version: 20210210` means text.
pub fn text(node: &Node, what: &str, report: &mut Report) -> Option<Spanned<String>> {
    let text = any_text(node, what, report)?;
    if text.value.trim().is_empty() {
        report.push(Diagnostic::error("config/empty", format!("{what} is empty")).at(node.span, "empty"));
        return None;
    }
    Some(text)
}

/// Text, also empty.
pub fn any_text(node: &Node, what: &str, report: &mut Report) -> Option<Spanned<String>> {
    let text = match &node.kind {
        Kind::Str { text, .. } => text.clone(),
        Kind::Int(value) => value.to_string(),
        Kind::Bool(value) => value.to_string(),
        _ => {
            report.push(wrong_type(node, what, "text"));
            return None;
        }
    };
    Some(Spanned::new(text, node.span))
}

/// `true` or `false`.
pub fn boolean(node: &Node, what: &str, report: &mut Report) -> Option<bool> {
    match node.kind {
        Kind::Bool(value) => Some(value),
        _ => {
            report.push(wrong_type(node, what, "`true` or `false`"));
            None
        }
    }
}

/// A whole number that is not negative.
pub fn count(node: &Node, what: &str, report: &mut Report) -> Option<u64> {
    let value = match node.kind {
        Kind::Int(value) => u64::try_from(value).ok(),
        _ => None,
    };
    if value.is_none() {
        report.push(wrong_type(node, what, "a whole number that is not negative"));
    }
    value
}

/// A whole number from 1.
pub fn positive(node: &Node, what: &str, report: &mut Report) -> Option<u64> {
    more_than_nothing(count(node, what, report)?, node, what, report)
}

/// A list; a single value stands for a list of one.
#[must_use]
pub fn items(node: &Node) -> &[Node] {
    match &node.kind {
        Kind::Seq(items) => items,
        _ => std::slice::from_ref(node),
    }
}

/// A list of texts; a single text stands for a list of one.
pub fn texts(node: &Node, what: &str, report: &mut Report) -> Vec<Spanned<String>> {
    items(node).iter().filter_map(|item| text(item, what, report)).collect()
}

/// The items of a list that must not be empty.
pub fn some_items<'n>(node: &'n Node, what: &str, report: &mut Report) -> &'n [Node] {
    let items = items(node);
    if items.is_empty() {
        let message = format!("{what} is an empty list");
        let found = Diagnostic::error("config/empty", message).at(node.span, "empty");
        report.push(found.help("put something into it, or leave the key out"));
    }
    items
}

/// The texts of a list that must not be empty.
pub fn some_texts(node: &Node, what: &str, report: &mut Report) -> Vec<Spanned<String>> {
    some_items(node, what, report).iter().filter_map(|item| text(item, what, report)).collect()
}

/// A duration: digits with a unit, `250ms`, `5s`, `2m`, `1h`, `7d`, or several, `1m30s`. Zero is `0s`.
pub fn duration(node: &Node, what: &str, report: &mut Report) -> Option<Duration> {
    let parsed = node.as_str().and_then(parse_duration);
    if parsed.is_none() {
        report.push(wrong_type(node, what, "a duration such as `250ms`, `5s` or `1m30s`"));
    }
    let parsed = parsed?;
    if parsed > LONGEST {
        let message = format!("{what} is longer than 100 years");
        report.push(Diagnostic::error("config/too-long", message).at(node.span, "cannot be meant"));
        return None;
    }
    Some(parsed)
}

/// A duration longer than nothing.
pub fn positive_duration(node: &Node, what: &str, report: &mut Report) -> Option<Duration> {
    more_than_nothing(duration(node, what, report)?, node, what, report)
}

/// A size in bytes: digits, or digits with `KiB`, `MiB`, `GiB`, `kB`, `MB`, `GB`, `B`.
pub fn size(node: &Node, what: &str, report: &mut Report) -> Option<u64> {
    let parsed = match &node.kind {
        Kind::Int(value) => u64::try_from(*value).ok(),
        Kind::Str { text, .. } => parse_size(text),
        _ => None,
    };
    if parsed.is_none() {
        report.push(wrong_type(node, what, "a size such as `64KiB` or `1MiB`"));
    }
    parsed
}

/// A size of one byte at least.
pub fn positive_size(node: &Node, what: &str, report: &mut Report) -> Option<u64> {
    more_than_nothing(size(node, what, report)?, node, what, report)
}

/// One of a fixed set of words.
pub fn choice<T: Copy>(
    node: &Node,
    what: &str,
    choices: &[(&'static str, T)],
    report: &mut Report,
) -> Option<T> {
    let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
    let Some(written) = node.as_str() else {
        report.push(wrong_type(node, what, &format!("one of {}", list(&words))));
        return None;
    };
    if let Some((_, value)) = choices.iter().find(|(word, _)| *word == written) {
        return Some(*value);
    }
    let message = format!("`{written}` is not a value of {what}");
    let diagnostic = Diagnostic::error("config/unknown-value", message).at(node.span, "unknown value");
    report.push(match suggest::nearest(written, words.iter().copied()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(format!("use one of {}", list(&words))),
    });
    None
}

/// What to say when a value has the wrong shape.
#[must_use]
pub fn wrong_type(node: &Node, what: &str, expected: &str) -> Diagnostic {
    let message = format!("{what} must be {expected}, and this is {}", node.describe());
    Diagnostic::error("config/wrong-type", message).at(node.span, format!("must be {expected}"))
}

/// Beyond this, clocks overflow.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 86_400);

fn more_than_nothing<T: Default + PartialEq>(
    value: T,
    node: &Node,
    what: &str,
    report: &mut Report,
) -> Option<T> {
    if value == T::default() {
        let message = format!("{what} must be more than 0");
        report.push(Diagnostic::error("config/zero", message).at(node.span, "zero"));
        return None;
    }
    Some(value)
}

fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let (number, after) = digits(rest)?;
        let unit_end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at_checked(unit_end)?;
        let one = match unit {
            "ms" => Duration::from_millis(1),
            "s" => Duration::from_secs(1),
            "m" => Duration::from_secs(60),
            "h" => Duration::from_secs(3600),
            "d" => Duration::from_secs(86_400),
            _ => return None,
        };
        total = total.checked_add(one.checked_mul(u32::try_from(number).ok()?)?)?;
        rest = next;
    }
    (!text.is_empty()).then_some(total)
}

fn parse_size(text: &str) -> Option<u64> {
    let (number, unit) = digits(text)?;
    let one: u64 = match unit.trim_start() {
        "" | "B" => 1,
        "kB" | "KB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(one)
}

fn digits(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Bundle, SourceFile, yaml};

    pub(super) fn tree(text: &str) -> (Bundle, Node) {
        let file = SourceFile { name: "a.yaml".into(), text: text.into() };
        let bundle = Bundle { revision: "r".into(), files: vec![file] };
        let node = yaml::read(&bundle, 0).unwrap().remove(0);
        (bundle, node)
    }

    #[test]
    fn durations_and_sizes_have_units() {
        for (text, expected) in [
            ("5s", Some(5_000)),
            ("250ms", Some(250)),
            ("1m30s", Some(90_000)),
            ("0s", Some(0)),
            ("5", None),
            ("5 s", None),
            ("s", None),
            ("-5s", None),
            ("5x", None),
        ] {
            assert_eq!(parse_duration(text), expected.map(Duration::from_millis), "{text}");
        }
        for (text, expected) in
            [("64KiB", Some(65_536)), ("1MB", Some(1_000_000)), ("12", Some(12)), ("1 TiB", None)]
        {
            assert_eq!(parse_size(text), expected, "{text}");
        }
    }

    #[test]
    fn a_wrong_shape_says_what_would_be_right() {
        let (bundle, node) = tree("timeout: [1]\nmode: strct\n");
        let mut report = Report::default();
        assert_eq!(duration(node.get("timeout").unwrap(), "`timeout`", &mut report), None);
        let modes = [("strict", 1), ("cerbos", 2)];
        assert_eq!(choice(node.get("mode").unwrap(), "`evaluation`", &modes, &mut report), None);
        assert_eq!(
            report.findings[0].message,
            "`timeout` must be a duration such as `250ms`, `5s` or `1m30s`, and this is a list"
        );
        assert_eq!(bundle.text(report.findings[0].span().unwrap()), Some("[1]"));
        assert_eq!(report.findings[1].help.as_deref(), Some("did you mean `strict`?"));
    }

    #[test]
    fn what_says_nothing_is_refused() {
        let mut report = Report::default();
        for written in ["''", "' '", "\"\\t\""] {
            let (_, node) = tree(&format!("a: {written}\n"));
            let node = node.get("a").unwrap();
            assert!(text(node, "`a`", &mut report).is_none(), "{written}");
            assert!(any_text(node, "`a`", &mut report).is_some(), "{written}");
            assert_eq!(report.findings.pop().unwrap().message, "`a` is empty");
        }
        for (written, expected) in [
            ("0s", "`a` must be more than 0"),
            ("0ms", "`a` must be more than 0"),
            ("1000000d", "`a` is longer than 100 years"),
        ] {
            let (_, node) = tree(&format!("a: {written}\n"));
            assert!(positive_duration(node.get("a").unwrap(), "`a`", &mut report).is_none(), "{written}");
            assert_eq!(report.findings.pop().unwrap().message, expected);
        }
        let (_, node) = tree("a: 0\nb: []\nc: [1]\n");
        assert!(positive(node.get("a").unwrap(), "`a`", &mut report).is_none());
        assert!(positive_size(node.get("a").unwrap(), "`a`", &mut report).is_none());
        assert!(some_items(node.get("b").unwrap(), "`b`", &mut report).is_empty());
        assert_eq!(some_items(node.get("c").unwrap(), "`c`", &mut report).len(), 1);
        let said: Vec<_> = report.findings.iter().map(|found| &*found.message).collect();
        assert_eq!(said, ["`a` must be more than 0", "`a` must be more than 0", "`b` is an empty list"]);
    }
}
