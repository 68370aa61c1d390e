//! Texts that are not YAML, in the words of Cerbos' parser and where it sees them.

use portreeve_diagnostics::{Bundle, Diagnostic, Span};

use crate::finding::{Cause, Findings};

/// A text that cannot be read at all.
pub(crate) fn unread(bundle: &Bundle, file: u32, diagnostic: Diagnostic, findings: &mut Findings) {
    let (text, place) = as_cerbos(bundle, &diagnostic);
    findings.push(file, Cause::Parse, text, place, diagnostic);
}

/// What Cerbos says, and where: as it is said here, where nothing better is known.
fn as_cerbos(bundle: &Bundle, found: &Diagnostic) -> (String, Option<Span>) {
    let place = found.span();
    let source = place.and_then(|span| Some(Source { text: &bundle.file(span)?.text, span }));
    let said = source.and_then(|source| match found.code {
        "yaml/duplicate-key" => twice(bundle, found),
        "yaml/unknown-alias" => {
            Some((format!("unknown anchor \"{}\"", source.here().trim_matches('*')), source.span))
        }
        "yaml/tab" => Some(("found character '\\t' that cannot start any token".to_owned(), source.span)),
        "yaml/text-after-quotes" => Some((QUOTES.to_owned(), source.at(source.first_quote()?))),
        "yaml/syntax" => syntax(&found.message, found.labels.get(1).map(|(span, _)| *span), source),
        _ => None,
    });
    match said {
        Some((text, place)) => (text, Some(place)),
        None => (found.message.clone(), place),
    }
}

const QUOTES: &str = "invalid YAML string: use a literal or folded block for strings containing quotes";
const VALUE: &str = "value is not allowed in this context";

fn twice(bundle: &Bundle, found: &Diagnostic) -> Option<(String, Span)> {
    let [(again, _), (first, _), ..] = found.labels.as_slice() else { return None };
    let key = bundle.text(*again)?.trim_matches(['"', '\'']);
    let first = bundle.place(*first)?;
    Some((format!("mapping key \"{key}\" already defined at [{}:{}]", first.line, first.column), *again))
}

/// The messages are those of the reader of YAML.
fn syntax(message: &str, second: Option<Span>, source: Source<'_>) -> Option<(String, Span)> {
    let here = source.span;
    let same = |text: &str| Some((text.to_owned(), here));
    match message {
        "this quoted string does not end" => Some((unclosed(source.next()), here)),
        "a quoted string does not end before this" => {
            let start = source.at(second?.start as usize);
            Some((unclosed(Source { span: start, ..source }.next()), start))
        }
        "`@` cannot stand here" => same("'@' is a reserved character"),
        "a backquote cannot stand here" => same("'`' is a reserved character"),
        "a name is missing after `&` or `*`" if source.next() == Some('&') => same("undefined anchor name"),
        "a name is missing after `&` or `*`" => same("undefined alias name"),
        "a `:` is missing after this key" => same("non-map value is specified"),
        "a list entry cannot stand here" => same("block sequence entries are not allowed in this context"),
        "this is neither part of the value before it nor a new entry" => Some(neither(source)),
        "a `:` is not expected here" => colon(source),
        "this closes nothing that was opened" | "this fits nothing above"
            if source.before().trim_end().ends_with([']', '}']) =>
        {
            same(VALUE)
        }
        "this closes nothing that was opened" if source.next() == Some(']') => {
            same("could not find '[' character corresponding to ']'")
        }
        "`,` or `]` is expected here" => Some(("',' or ']' must be specified".to_owned(), source.word())),
        "`,` or `}` is expected here" => Some(("',' or '}' must be specified".to_owned(), source.word())),
        _ => None,
    }
}

fn unclosed(quote: Option<char>) -> String {
    let kind = if quote == Some('\'') { "single" } else { "double" };
    format!("could not find end character of {kind}-quoted text")
}

/// Something that is no entry of the list or mapping it stands in.
fn neither(source: Source<'_>) -> (String, Span) {
    let before = source.before();
    let line = before.rsplit('\n').next().unwrap_or_default();
    if line.trim() == "-" {
        return (
            "non-map value is specified".to_owned(),
            source.at(before.trim_end().len().saturating_sub(1)),
        );
    }
    if before.trim_end().ends_with(['"', '\'']) {
        return (format!("{VALUE}. map key-value is pre-defined"), source.span);
    }
    (VALUE.to_owned(), source.span)
}

/// A key inside a value, which is said to be wrong where the value begins.
fn colon(source: Source<'_>) -> Option<(String, Span)> {
    let before = source.before();
    let Some(colon) = before.rfind(": ") else {
        let start = before.len() - before.trim_start().len();
        return Some(("unexpected key name".to_owned(), source.at(start)));
    };
    let value = before.get(colon + 2..)?;
    if value.trim_start().starts_with(['[', '{']) {
        return None;
    }
    let start = colon + 2 + (value.len() - value.trim_start().len());
    Some(("mapping value is not allowed in this context".to_owned(), source.at(start)))
}

/// A place in a text.
#[derive(Clone, Copy)]
struct Source<'t> {
    text: &'t str,
    span: Span,
}

impl<'t> Source<'t> {
    fn before(self) -> &'t str {
        self.text.get(..self.span.start as usize).unwrap_or_default()
    }

    fn here(self) -> &'t str {
        self.text.get(self.span.start as usize..self.span.end as usize).unwrap_or_default()
    }

    fn next(self) -> Option<char> {
        self.text.get(self.span.start as usize..)?.chars().next()
    }

    /// Where the first quote of the line is.
    fn first_quote(self) -> Option<usize> {
        let before = self.before();
        let line = before.rfind('\n').map_or(0, |end| end + 1);
        before.get(line..)?.find(['"', '\'']).map(|quote| line + quote)
    }

    /// Where the word begins that ends here.
    fn word(self) -> Span {
        let before = self.before();
        self.at(before.trim_end_matches(|c: char| !c.is_whitespace() && !matches!(c, '[' | '{' | ',')).len())
    }

    fn at(self, start: usize) -> Span {
        let start = u32::try_from(start).unwrap_or(self.span.start);
        Span { start, end: start, ..self.span }
    }
}

#[cfg(test)]
mod tests {
    use portreeve_diagnostics::{SourceFile, yaml};

    use super::*;

    #[test]
    fn what_is_no_yaml_is_told_as_cerbos_tells_it() {
        for (text, expected) in [
            ("a: \"x\nb: 1\n", "1:4 could not find end character of double-quoted text"),
            ("a: 'x\nb: 1\n", "1:4 could not find end character of single-quoted text"),
            ("\"x\n", "1:1 could not find end character of double-quoted text"),
            (
                "a: \"x\" y\n",
                "1:4 invalid YAML string: use a literal or folded block for strings containing quotes",
            ),
            ("a: @x\n", "1:4 '@' is a reserved character"),
            ("a: `x`\n", "1:4 '`' is a reserved character"),
            ("a: {x: 1\nb: 1\n", "2:1 ',' or '}' must be specified"),
            ("a: &\n", "1:4 undefined anchor name"),
            ("a: *\n", "1:4 undefined alias name"),
            ("a: b: c\n", "1:4 mapping value is not allowed in this context"),
            ("a\nb: 1\n", "1:1 unexpected key name"),
            ("a:\n  b: 1\n   c: 2\n", "2:6 mapping value is not allowed in this context"),
            ("a:\n  b: 1\n c: 2\n", "3:2 value is not allowed in this context"),
            (
                "a: \"x\n  y\"\n z: 1\n",
                "3:2 value is not allowed in this context. map key-value is pre-defined",
            ),
            ("a: 1\n- b\n", "2:1 non-map value is specified"),
            ("a:\n  b: >\n    c\n  d\n", "4:3 non-map value is specified"),
            ("a: 1\n\tb: 2\n", "2:1 found character '\\t' that cannot start any token"),
            ("a: - b\n", "1:4 block sequence entries are not allowed in this context"),
            ("a: ]\n", "1:4 could not find '[' character corresponding to ']'"),
            ("a: [1]]\n", "1:7 value is not allowed in this context"),
            ("{a: 1} b\n", "1:8 value is not allowed in this context"),
            ("a: 1\na: 2\n", "2:1 mapping key \"a\" already defined at [1:1]"),
            ("a: *x\n", "1:4 unknown anchor \"x\""),
        ] {
            let file = SourceFile { name: "a.yaml".into(), text: text.into() };
            let bundle = Bundle { revision: "r".into(), files: vec![file] };
            let found = yaml::read(&bundle, 0).expect_err(text);
            let (said, place) = as_cerbos(&bundle, &found);
            let place = place.and_then(|place| bundle.place(place)).expect(text);
            assert_eq!(format!("{}:{} {said}", place.line, place.column), expected, "{text}");
        }
    }
}
