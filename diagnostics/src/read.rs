//! Reading of configuration: from [`Node`]s to typed values, with a finding for everything that does not fit.
//!
//! A reader takes the keys it knows out of a mapping with [`Fields`] and says at the end what is left over, so a key
//! that nobody reads is always reported, with the nearest known one.

use std::time::Duration;

use crate::{Diagnostic, Entry, Kind, Node, Report, Span, Spanned, suggest};

/// The keys of one mapping while they are read.
#[derive(Debug)]
pub struct Fields<'n> {
    what: &'static str,
    span: Span,
    entries: &'n [Entry],
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// The fields of a mapping. `what` names it in messages: `a route`. Anything but a mapping is reported.
    pub fn of(node: &'n Node, what: &'static str, report: &mut Report) -> Option<Self> {
        let Some(entries) = node.as_map() else {
            report.push(wrong_type(node, what, "a mapping"));
            return None;
        };
        Some(Self { what, span: node.span, entries, known: Vec::new() })
    }

    /// The value under a key, if it is there. A key without a value counts as absent.
    pub fn optional(&mut self, key: &'static str) -> Option<&'n Node> {
        self.present(key).filter(|node| node.kind != Kind::Null)
    }

    /// The value under a key, also when it is null.
    pub fn present(&mut self, key: &'static str) -> Option<&'n Node> {
        self.known.push(key);
        self.entries.iter().find(|entry| entry.key.value == key).map(|entry| &entry.value)
    }

    /// The value under a key; its absence is reported.
    pub fn required(&mut self, key: &'static str, report: &mut Report) -> Option<&'n Node> {
        let found = self.optional(key);
        if found.is_none() {
            let message = format!("{} has no `{key}`", self.what);
            report.push(
                Diagnostic::error("config/missing-key", message)
                    .at(self.head(), format!("`{key}` is missing")),
            );
        }
        found
    }

    /// The place of a key as written, for messages about the key and not its value.
    #[must_use]
    pub fn key_span(&self, key: &str) -> Option<Span> {
        self.entries.iter().find(|entry| entry.key.value == key).map(|entry| entry.key.span)
    }

    /// The place of the mapping's first line, for messages about the whole of it.
    #[must_use]
    pub fn head(&self) -> Span {
        match self.entries.first() {
            Some(first) => Span { end: first.value.span.start.max(first.key.span.end), ..first.key.span },
            None => self.span,
        }
    }

    /// Reports every key that nobody asked for.
    pub fn finish(self, report: &mut Report) {
        for entry in self.entries {
            let key = entry.key.value.as_str();
            if self.known.contains(&key) {
                continue;
            }
            let message = format!("unknown key `{key}` in {}", self.what);
            let diagnostic =
                Diagnostic::error("config/unknown-key", message).at(entry.key.span, "unknown key");
            report.push(match suggest::nearest(key, self.known.iter().copied()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help(format!("known keys are {}", list(&self.known))),
            });
        }
    }
}

/// Text. A number or boolean is taken as it is written, since `version: 20210210` means text.
pub fn text(node: &Node, what: &str, report: &mut Report) -> Option<Spanned<String>> {
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

/// A duration: digits with a unit, `250ms`, `5s`, `2m`, `1h`, `7d`, or several, `1m30s`. Zero is `0s`.
pub fn duration(node: &Node, what: &str, report: &mut Report) -> Option<Duration> {
    let parsed = node.as_str().and_then(parse_duration);
    if parsed.is_none() {
        report.push(wrong_type(node, what, "a duration such as `250ms`, `5s` or `1m30s`"));
    }
    parsed
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

    fn tree(text: &str) -> (Bundle, Node) {
        let file = SourceFile { name: "a.yaml".into(), text: text.into() };
        let bundle = Bundle { revision: "r".into(), files: vec![file] };
        let node = yaml::read(&bundle, 0).unwrap().remove(0);
        (bundle, node)
    }

    #[test]
    fn a_key_that_nobody_reads_is_reported_with_the_nearest_known_one() {
        let (bundle, node) = tree("upstrem: app\nhost: a\n");
        let mut report = Report::default();
        let mut fields = Fields::of(&node, "a route", &mut report).unwrap();
        assert!(fields.optional("host").is_some());
        assert!(fields.required("upstream", &mut report).is_none());
        fields.finish(&mut report);
        let said: Vec<_> =
            report.findings.iter().map(|d| (d.code, &*d.message, bundle.text(d.span().unwrap()))).collect();
        assert_eq!(said[1], ("config/unknown-key", "unknown key `upstrem` in a route", Some("upstrem")));
        assert_eq!((said[0].0, said[0].1), ("config/missing-key", "a route has no `upstream`"));
        assert_eq!(report.findings[1].help.as_deref(), Some("did you mean `upstream`?"));
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
}
