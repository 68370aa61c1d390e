//! `--set a.b=c`: values that take the place of those in the file.

use portreeve_diagnostics::{Diagnostic, Entry, Kind, Node, Report, Span, Spanned};

/// Puts the overrides into the tree. `text` is all of them, one in each line, as it is shown in messages; `file` is its
/// place in the bundle.
///
/// As Cerbos reads them: several in one text are separated by `,`, keys by `.` (`\.` and `\,` are characters), an
/// element of a list is `a[0]`, `{a,b}` is a list, and `true`, `false`, `null` and whole numbers are not text.
pub(super) fn apply(root: &mut Node, text: &str, file: u32, report: &mut Report) {
    let mut offset = 0;
    for line in text.split('\n') {
        for (start, part) in split(line, ',') {
            let start = offset + start;
            let span = span(file, start, start + part.len());
            match assignment(part) {
                Some((path, value)) => put(root, &path, scalar_or_list(value, span), span),
                None => report.push(
                    Diagnostic::error("pdp/override", format!("`{part}` sets nothing"))
                        .at(span, "not `key=value`")
                        .help("write `--set server.httpListenAddr=127.0.0.1:3592`"),
                ),
            }
        }
        offset += line.len() + 1;
    }
}

#[derive(Debug, PartialEq)]
enum Step {
    Key(String),
    Item(usize),
}

fn span(file: u32, start: usize, end: usize) -> Span {
    let place = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
    Span { file, start: place(start), end: place(end) }
}

/// The parts between separators that are neither behind a backslash nor in braces, with their offsets.
fn split(text: &str, separator: char) -> Vec<(usize, &str)> {
    let (mut parts, mut start, mut escaped, mut depth) = (Vec::new(), 0, false, 0_u32);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            c if c == separator && depth == 0 => {
                parts.push((start, text.get(start..at).unwrap_or_default()));
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push((start, text.get(start..).unwrap_or_default()));
    parts
}

fn assignment(part: &str) -> Option<(Vec<Step>, &str)> {
    let (key, value) = part.split_once('=')?;
    let mut path = Vec::new();
    for (_, step) in split(key, '.') {
        let (name, mut items) = step.split_once('[').map_or((step, None), |(name, rest)| (name, Some(rest)));
        if name.is_empty() {
            return None;
        }
        path.push(Step::Key(plain(name)));
        while let Some(rest) = items {
            let (index, after) = rest.split_once(']')?;
            path.push(Step::Item(index.parse().ok().filter(|index| *index < 1000)?));
            items = match after {
                "" => None,
                after => Some(after.strip_prefix('[')?),
            };
        }
    }
    Some((path, value))
}

/// Without the backslashes.
fn plain(text: &str) -> String {
    let mut escaped = false;
    text.chars()
        .filter(|c| {
            escaped = *c == '\\' && !escaped;
            !escaped
        })
        .collect()
}

fn scalar_or_list(text: &str, span: Span) -> Node {
    let list = text.strip_prefix('{').and_then(|inner| inner.strip_suffix('}'));
    let kind = match (list, text) {
        (Some(""), _) => Kind::Seq(Vec::new()),
        (Some(items), _) => {
            Kind::Seq(split(items, ',').into_iter().map(|(_, item)| scalar_or_list(item, span)).collect())
        }
        (None, "true") => Kind::Bool(true),
        (None, "false") => Kind::Bool(false),
        (None, "null") => Kind::Null,
        (None, text) => match text.parse() {
            Ok(number) if text == "0" || !text.starts_with('0') => Kind::Int(number),
            _ => Kind::Str { text: plain(text), plain: true },
        },
    };
    Node { kind, span }
}

fn put(node: &mut Node, path: &[Step], value: Node, span: Span) {
    let Some((step, rest)) = path.split_first() else {
        *node = value;
        return;
    };
    match step {
        Step::Key(key) => {
            if node.as_map().is_none() {
                *node = Node { kind: Kind::Map(Vec::new()), span };
            }
            let Kind::Map(entries) = &mut node.kind else { return };
            let at = entries.iter().position(|entry| entry.key.value == *key).unwrap_or_else(|| {
                let nothing = Node { kind: Kind::Null, span };
                entries.push(Entry { key: Spanned::new(key.clone(), span), value: nothing });
                entries.len() - 1
            });
            if let Some(entry) = entries.get_mut(at) {
                put(&mut entry.value, rest, value, span);
            }
        }
        Step::Item(index) => {
            if node.as_seq().is_none() {
                *node = Node { kind: Kind::Seq(Vec::new()), span };
            }
            let Kind::Seq(items) = &mut node.kind else { return };
            while items.len() <= *index {
                items.push(Node { kind: Kind::Null, span });
            }
            if let Some(item) = items.get_mut(*index) {
                put(item, rest, value, span);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> (Node, Report) {
        let mut root = Node { kind: Kind::Null, span: Span::default() };
        let mut report = Report::default();
        apply(&mut root, text, 1, &mut report);
        (root, report)
    }

    fn at<'n>(node: &'n Node, path: &[&str]) -> &'n Kind {
        let found = path.iter().try_fold(node, |node, step| match step.parse::<usize>() {
            Ok(index) => node.as_seq()?.get(index),
            Err(_) => node.get(step),
        });
        &found.expect("it was set").kind
    }

    #[test]
    fn keys_lists_and_types_are_read_as_helm_reads_them() {
        let text = |text: &str| Kind::Str { text: text.into(), plain: true };
        for (line, path, kind) in [
            ("a.b=c", vec!["a", "b"], text("c")),
            ("a=1,b=2", vec!["b"], Kind::Int(2)),
            ("a=010", vec!["a"], text("010")),
            ("a=true", vec!["a"], Kind::Bool(true)),
            ("a=null", vec!["a"], Kind::Null),
            ("a={x,1}", vec!["a", "1"], Kind::Int(1)),
            ("a[1].b=c", vec!["a", "1", "b"], text("c")),
            ("a\\.b=c\\,d", vec!["a.b"], text("c,d")),
            ("a=b=c", vec!["a"], text("b=c")),
            ("a=1\nb.c=2", vec!["b", "c"], Kind::Int(2)),
        ] {
            let (root, report) = set(line);
            assert!(report.is_empty(), "{line}: {report:?}");
            assert_eq!(at(&root, &path), &kind, "{line}");
        }
    }

    #[test]
    fn what_sets_nothing_is_refused_where_it_stands() {
        for (text, start, end) in [("a=1,foo", 4, 7), ("a=1\nb", 4, 5), ("=1", 0, 2), ("a[x]=1", 0, 6)] {
            let (_, report) = set(text);
            assert_eq!(report.findings[0].span(), Some(Span { file: 1, start, end }), "{text}");
        }
    }
}
