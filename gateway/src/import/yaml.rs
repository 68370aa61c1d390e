//! A small writer of YAML: what is imported is read by people next, so it is laid out for them and can have comments.

use std::fmt::Write as _;

/// How long a line may be before a value is spread over several.
const WIDTH: usize = 110;

/// A value to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Yaml {
    /// Text, quoted where it must be.
    Text(String),
    /// A number, a boolean or nothing: written as it is.
    Word(String),
    /// A list.
    List(Vec<Yaml>),
    /// A mapping, in this order.
    Map(Vec<(String, Yaml)>),
}

impl Yaml {
    /// Text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A list of texts.
    pub(super) fn texts<T: Into<String>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(items.into_iter().map(Self::text).collect())
    }

    /// A mapping.
    pub(super) fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// In one line, brackets and all.
    pub(super) fn flow(&self) -> String {
        match self {
            Self::Text(text) => scalar(text),
            Self::Word(word) => word.clone(),
            Self::List(items) => {
                format!("[{}]", items.iter().map(Self::flow).collect::<Vec<_>>().join(", "))
            }
            Self::Map(entries) if entries.is_empty() => "{}".into(),
            Self::Map(entries) => {
                let entry = |(key, value): &(String, Self)| format!("{}: {}", scalar(key), value.flow());
                format!("{{ {} }}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// Over as many lines as it needs, each indented by so many spaces.
    pub(super) fn block(&self, indent: usize) -> String {
        let mut out = String::new();
        self.lines(indent, &mut out);
        out
    }

    fn lines(&self, indent: usize, out: &mut String) {
        let pad = " ".repeat(indent);
        match self {
            Self::Map(entries) if !entries.is_empty() => {
                for (key, value) in entries {
                    let _ = write!(out, "{pad}{}:", scalar(key));
                    value.after(indent, indent + scalar(key).len() + 2, out);
                }
            }
            Self::List(items) if !items.is_empty() => {
                for item in items {
                    let _ = write!(out, "{pad}-");
                    item.in_list(indent, out);
                }
            }
            other => {
                let _ = writeln!(out, "{pad}{}", other.flow());
            }
        }
    }

    /// After a key: on the same line where it fits.
    fn after(&self, indent: usize, column: usize, out: &mut String) {
        let flow = self.flow();
        let nested = matches!(self, Self::Map(entries) if !entries.is_empty())
            || matches!(self, Self::List(items) if !items.is_empty());
        if !nested || column + flow.len() <= WIDTH {
            let _ = writeln!(out, " {flow}");
            return;
        }
        out.push('\n');
        self.lines(indent + 2, out);
    }

    /// After a dash: a mapping begins on the line of the dash.
    fn in_list(&self, indent: usize, out: &mut String) {
        let flow = self.flow();
        if indent + 2 + flow.len() <= WIDTH {
            let _ = writeln!(out, " {flow}");
            return;
        }
        let mut inner = String::new();
        self.lines(indent + 2, &mut inner);
        let _ = write!(out, " {}", inner.trim_start());
    }
}

/// Text as YAML reads it as this text again, also between brackets.
fn scalar(text: &str) -> String {
    let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '/'));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '@');
    let address = text.replacen("://", "", 1).replacen(':', "", 1);
    let safe = first && (text.chars().all(plain) || (text.contains("://") && address.chars().all(plain)));
    let ends = !text.ends_with(':');
    let word = ["true", "false", "null"].iter().any(|word| text.eq_ignore_ascii_case(word));
    let duration = text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(['s', 'm', 'h'])
        && text.chars().all(|c| c.is_ascii_digit() || matches!(c, 's' | 'm' | 'h'));
    match (safe && ends && !word) || duration {
        true => text.to_owned(),
        false
            if text.contains('"') && !text.contains('\'') && text.chars().all(|c| matches!(c, ' '..='~')) =>
        {
            format!("'{text}'")
        }
        false => quoted(text),
    }
}

/// A string of JSON is one of YAML, but for the characters that YAML wants escaped.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    for c in serde_json::Value::from(text).to_string().chars() {
        match c {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use portreeve_diagnostics::{Bundle, SourceFile, yaml};

    use super::*;

    #[test]
    fn text_is_read_again_as_it_was() {
        for text in [
            "a",
            "",
            "true",
            "Null",
            "1",
            "1.5",
            "a: b",
            "#x",
            "a #x",
            "[a]",
            "{p}",
            "/x/{p*}",
            "é",
            "a\nb",
            "'",
            "\"",
            "-",
            "http://a:1",
            "http://a/b",
            "file:x/y",
            "a,b",
            "*",
            "&a",
            "!x",
            "${A}",
            "a:",
            "_x",
            "\u{1}\u{7f}",
            "0x1f",
            "~",
            "a\\b",
            "@x",
            "=",
            "<<",
            "yes",
        ] {
            let written =
                Yaml::map([("k", Yaml::List(vec![Yaml::map([(text, Yaml::text(text))])]))]).block(0);
            let file = SourceFile { name: "a".into(), text: written.as_str().into() };
            let node = yaml::read(&Bundle { revision: "".into(), files: vec![file] }, 0).unwrap().remove(0);
            let entry = &node.get("k").unwrap().as_seq().unwrap()[0].as_map().unwrap()[0];
            assert_eq!((entry.key.value.as_str(), entry.value.as_str()), (text, Some(text)), "{written}");
        }
    }

    #[test]
    fn what_does_not_fit_in_a_line_is_spread_over_several() {
        let long = Yaml::texts(vec!["x".repeat(40); 3]);
        let value =
            Yaml::map([("a", Yaml::List(vec![Yaml::map([("b", long.clone()), ("c", Yaml::texts(["d"]))])]))]);
        let x = "x".repeat(40);
        assert_eq!(
            value.block(0),
            format!("a:\n  - b:\n      - {x}\n      - {x}\n      - {x}\n    c: [d]\n")
        );
        assert_eq!(Yaml::map([("a", Yaml::Map(Vec::new()))]).block(2), "  a: {}\n");
    }
}
