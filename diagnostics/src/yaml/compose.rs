use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, Span as Range, StrInput, Tag};

use super::{MAX_ALIASED, MAX_DEPTH, MAX_NODES, scalar};
use crate::{Diagnostic, Entry, Kind, Node, Span, Spanned};

type Result<T> = std::result::Result<T, Diagnostic>;

/// Composes the events of the parser into trees.
pub(super) fn documents(text: &str, file: u32) -> Result<Vec<Node>> {
    let skipped = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let body = text.get(skipped..).unwrap_or_default();
    let mut options = Options::default();
    options.set_emit_comments(false);
    let parser = Parser::new_from_str_with_options(body, options);
    let mut composer =
        Composer { parser, body, file, skipped, anchors: HashMap::new(), nodes: 0, aliased: 0 };
    let mut documents = Vec::new();
    while let Some((event, range)) = composer.next()? {
        match event {
            Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
            Event::StreamEnd => break,
            event => documents.push(composer.node(event, range, 0)?),
        }
    }
    documents.retain(|node| node.kind != Kind::Null);
    Ok(documents)
}

struct Composer<'t> {
    parser: Parser<'t, StrInput<'t>>,
    body: &'t str,
    file: u32,
    /// The length of the byte order mark.
    skipped: usize,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    aliased: usize,
}

impl<'t> Composer<'t> {
    fn next(&mut self) -> Result<Option<(Event<'t>, Range)>> {
        self.parser.next_event().transpose().map_err(|error| self.syntax(&error))
    }

    fn node(&mut self, event: Event<'t>, range: Range, depth: usize) -> Result<Node> {
        let span = self.span(&range);
        if depth > MAX_DEPTH {
            let message = format!("nested more than {MAX_DEPTH} levels deep");
            return Err(Diagnostic::error("yaml/too-deep", message).at(span, "here"));
        }
        self.count(1, span)?;
        let before = self.nodes;
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                (Node { kind: scalar_kind(&text, style, tag.as_deref(), span)?, span }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                refuse_tag(tag.as_deref(), "seq", span)?;
                (self.sequence(span, depth)?, anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                refuse_tag(tag.as_deref(), "map", span)?;
                (self.mapping(span, depth)?, anchor)
            }
            Event::Alias(id) => return self.alias(id, span),
            _ => return Err(Diagnostic::error("yaml/syntax", "a value is missing").at(span, "here")),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), self.nodes - before + 1));
        }
        Ok(node)
    }

    fn sequence(&mut self, mut span: Span, depth: usize) -> Result<Node> {
        let mut items = Vec::new();
        while let Some((event, range)) = self.next()? {
            if matches!(event, Event::SequenceEnd) {
                span.end = span.end.max(self.closing(&range));
                break;
            }
            let item = self.node(event, range, depth + 1)?;
            span.end = span.end.max(item.span.end);
            items.push(item);
        }
        Ok(Node { kind: Kind::Seq(items), span })
    }

    fn mapping(&mut self, mut span: Span, depth: usize) -> Result<Node> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut places: HashMap<String, Span> = HashMap::new();
        let mut merged: Vec<Node> = Vec::new();
        while let Some((event, range)) = self.next()? {
            if matches!(event, Event::MappingEnd) {
                span.end = span.end.max(self.closing(&range));
                break;
            }
            let (key, merges) = self.key(event, range)?;
            let Some((event, range)) = self.next()? else { break };
            let value = self.node(event, range, depth + 1)?;
            span.end = span.end.max(value.span.end).max(key.span.end);
            if merges {
                merged.push(value);
                continue;
            }
            if let Some(first) = places.insert(key.value.clone(), key.span) {
                return Err(duplicate(&key, first));
            }
            entries.push(Entry { key, value });
        }
        self.merge(&mut entries, merged)?;
        Ok(Node { kind: Kind::Map(entries), span })
    }

    /// A key, and whether it is the merge key.
    fn key(&mut self, event: Event<'t>, range: Range) -> Result<(Spanned<String>, bool)> {
        let span = self.span(&range);
        let (text, style) = match event {
            Event::Scalar(text, style, 0, None) => (text, style),
            Event::Alias(id) => match self.alias(id, span)?.kind {
                Kind::Str { text, .. } => (text.into(), ScalarStyle::DoubleQuoted),
                _ => return Err(not_text(span)),
            },
            _ => return Err(not_text(span)),
        };
        let plain = style == ScalarStyle::Plain;
        if plain && !matches!(scalar::plain(&text), Kind::Str { .. }) {
            return Err(not_text(span).help(format!("put it in quotes: `\"{text}\":`")));
        }
        let merges = plain && text == "<<";
        Ok((Spanned::new(text.into_owned(), span), merges))
    }

    /// Merge keys give what the mapping itself does not say, the earlier of several first.
    fn merge(&mut self, entries: &mut Vec<Entry>, merged: Vec<Node>) -> Result<()> {
        let mut seen: HashSet<String> = entries.iter().map(|entry| entry.key.value.clone()).collect();
        for source in merged.into_iter().flat_map(|node| match node.kind {
            Kind::Seq(items) => items,
            _ => vec![node],
        }) {
            let span = source.span;
            let Kind::Map(given) = source.kind else {
                let message = "only a mapping can be merged";
                return Err(Diagnostic::error("yaml/merge", message).at(span, "not a mapping"));
            };
            for entry in given {
                if seen.insert(entry.key.value.clone()) {
                    entries.push(entry);
                }
            }
        }
        Ok(())
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<Node> {
        let Some((node, size)) = self.anchors.get(&id) else {
            let message = "an alias stands inside the value that it names, or names nothing";
            return Err(Diagnostic::error("yaml/alias", message).at(span, "this alias"));
        };
        let (node, size) = (node.clone(), *size);
        self.aliased += size;
        if self.aliased > MAX_ALIASED {
            let message = format!("aliases unfold into more than {MAX_ALIASED} values");
            return Err(Diagnostic::error("yaml/too-large", message)
                .at(span, "this alias is one too many")
                .help("write the values out, or use fewer nested anchors"));
        }
        self.count(size, span)?;
        Ok(node)
    }

    fn count(&mut self, more: usize, span: Span) -> Result<()> {
        self.nodes += more;
        if self.nodes > MAX_NODES {
            let message = format!("more than {MAX_NODES} values in one file");
            return Err(Diagnostic::error("yaml/too-large", message).at(span, "here"));
        }
        Ok(())
    }

    fn span(&self, range: &Range) -> Span {
        let bytes = range.byte_range().unwrap_or_default();
        let end = trimmed_end(self.body, bytes.start, bytes.end);
        Span { file: self.file, start: to_u32(bytes.start + self.skipped), end: to_u32(end + self.skipped) }
    }

    /// The end of a closing bracket; a block ends with its last value instead.
    fn closing(&self, range: &Range) -> u32 {
        let bytes = range.byte_range().unwrap_or_default();
        let bracket = self.body.get(bytes.clone()).is_some_and(|text| text.starts_with([']', '}']));
        if bracket { to_u32(bytes.end + self.skipped) } else { 0 }
    }

    fn syntax(&self, error: &ScanError) -> Diagnostic {
        let at = error.marker().byte_offset().unwrap_or(self.body.len()).min(self.body.len());
        let line_end =
            self.body.get(at..).and_then(|rest| rest.find('\n')).map_or(self.body.len(), |n| at + n);
        let end = (at + 1).min(line_end.max(at));
        let span =
            Span { file: self.file, start: to_u32(at + self.skipped), end: to_u32(end + self.skipped) };
        let diagnostic = Diagnostic::error("yaml/syntax", lower_first(&error.info())).at(span, "here");
        match trailing_text(self.body, at) {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }
}

fn scalar_kind(text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Result<Kind> {
    let quoted = || Kind::Str { text: text.to_owned(), plain: false };
    match tag {
        None if style == ScalarStyle::Plain => Ok(scalar::plain(text)),
        None => Ok(quoted()),
        Some(tag) if core(tag, "str") => Ok(quoted()),
        Some(tag) if ["int", "float", "bool", "null"].iter().any(|name| core(tag, name)) => {
            Ok(scalar::plain(text))
        }
        Some(tag) => Err(custom_tag(tag, span)),
    }
}

fn refuse_tag(tag: Option<&Tag>, allowed: &str, span: Span) -> Result<()> {
    match tag {
        Some(tag) if !core(tag, allowed) => Err(custom_tag(tag, span)),
        _ => Ok(()),
    }
}

fn core(tag: &Tag, name: &str) -> bool {
    tag.to_string()
        .trim_start_matches(['!', '<'])
        .trim_end_matches('>')
        .trim_start_matches("tag:yaml.org,2002:")
        == name
}

fn custom_tag(tag: &Tag, span: Span) -> Diagnostic {
    Diagnostic::error("yaml/tag", format!("the tag `{tag}` is not allowed"))
        .at(span, "tagged value")
        .help("remove the tag; text that begins with `!` must be quoted")
}

fn duplicate(key: &Spanned<String>, first: Span) -> Diagnostic {
    Diagnostic::error("yaml/duplicate-key", format!("the key `{}` is written twice", key.value))
        .at(key.span, "written again here")
        .at(first, "first written here")
        .help("remove one of the two")
}

fn not_text(span: Span) -> Diagnostic {
    Diagnostic::error("yaml/key", "a key must be text").at(span, "this key")
}

/// `expr: "a" == b` is the mistake behind most errors after a closing quote.
fn trailing_text(body: &str, at: usize) -> Option<String> {
    let line_start = body.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
    let line = body.get(line_start..)?.lines().next()?;
    let (key, value) = line.split_once(": ")?;
    let value = value.trim();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let close = value.get(1..)?.find(quote)? + 2;
    (close < value.len()).then(|| {
        let key = key.trim().trim_start_matches("- ");
        let other = if quote == '"' { '\'' } else { '"' };
        format!("the value ends at its closing quote; quote all of it: `{key}: {other}{value}{other}`")
    })
}

fn lower_first(text: &str) -> String {
    let mut chars = text.trim_end_matches('.').chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// Block values reach to the next token; what people see ends at their last visible character.
fn trimmed_end(body: &str, start: usize, end: usize) -> usize {
    body.get(start..end).map_or(end, |text| start + text.trim_end().len())
}

fn to_u32(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
