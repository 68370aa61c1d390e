//! Parser events to nodes, without recursion over the input.

use granit_parser::{Event, ScalarStyle, Tag};

use super::anchors::Anchors;
use super::entries::{Merge, merged};
use super::{MAX_DEPTH, MAX_NODES, scalar};
use crate::{Diagnostic, Entry, Kind, Node, Span, Spanned};

/// The state between two events of one file.
pub(super) struct Builder<'t> {
    text: &'t str,
    file: u32,
    /// The finished documents that hold something.
    pub(super) documents: Vec<Node>,
    root: Option<Node>,
    frames: Vec<Frame>,
    anchors: Anchors,
    nodes: usize,
}

/// A collection that has not ended.
struct Frame {
    collection: Collection,
    span: Span,
    anchor: usize,
}

enum Collection {
    List(Vec<Node>),
    Mapping { entries: Vec<Entry>, merges: Vec<Merge>, key: Option<Key> },
}

struct Key {
    name: Spanned<String>,
    merge: bool,
}

impl<'t> Builder<'t> {
    pub(super) fn new(text: &'t str, file: u32) -> Self {
        Self {
            text,
            file,
            documents: Vec::new(),
            root: None,
            frames: Vec::new(),
            anchors: Anchors::default(),
            nodes: 0,
        }
    }

    /// Takes the next event.
    pub(super) fn feed(&mut self, event: Event<'t>, place: granit_parser::Span) -> Result<(), Diagnostic> {
        let span = self.span(place);
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let node =
                    self.scalar(&value, style, tag.as_deref().zip(Some(self.tag_span(place))), span)?;
                let written = node.span;
                self.anchors.complete(anchor, &node)?;
                self.attach(node, written)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), place, "seq")?;
                self.open(Collection::List(Vec::new()), self.starting_at_dash(span), anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), place, "map")?;
                let mapping = Collection::Mapping { entries: Vec::new(), merges: Vec::new(), key: None };
                self.open(mapping, span, anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Anchor(id, name) => {
                self.anchors.name(name.into_owned(), id);
                Ok(())
            }
            Event::Alias(id) => self.alias(id, span),
            Event::UnresolvedAlias(name) => self.alias(self.anchors.of_name(&name, span)?, span),
            Event::DocumentEnd => {
                let empty = |node: &Node| node.kind == Kind::Null && node.span.start == node.span.end;
                self.documents.extend(self.root.take().filter(|root| !empty(root)));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn span(&self, place: granit_parser::Span) -> Span {
        let range = place.byte_range().unwrap_or_default();
        let byte = |offset: usize| u32::try_from(offset.min(self.text.len())).unwrap_or(u32::MAX);
        Span { file: self.file, start: byte(range.start), end: byte(range.end) }
    }

    fn tag_span(&self, place: granit_parser::Span) -> Span {
        place.tag_span().map_or_else(|| self.span(place), |tag| self.span(tag))
    }

    fn refuse_tag(
        &self,
        tag: Option<&Tag>,
        place: granit_parser::Span,
        allowed: &str,
    ) -> Result<(), Diagnostic> {
        match tag {
            Some(tag) if tag.core_suffix() != Some(allowed) => {
                Err(scalar::unknown_tag(&tag.original(), self.tag_span(place)))
            }
            _ => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        value: &str,
        style: ScalarStyle,
        tag: Option<(&Tag, Span)>,
        span: Span,
    ) -> Result<Node, Diagnostic> {
        self.count(span)?;
        // The parser writes a missing value as `~`.
        let value = if span.start == span.end && style == ScalarStyle::Plain { "" } else { value };
        let span = match style {
            ScalarStyle::Literal | ScalarStyle::Folded => self.without_trailing_space(span),
            _ => span,
        };
        let kind = scalar::resolve(value, style == ScalarStyle::Plain, tag, span)?;
        Ok(Node { kind, span })
    }

    fn without_trailing_space(&self, span: Span) -> Span {
        let written = self.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        span.part(0, u32::try_from(written.trim_end().len()).unwrap_or(u32::MAX))
    }

    /// A block list that is not indented is reported behind its first dash.
    fn starting_at_dash(&self, span: Span) -> Span {
        let before = self.text.get(..span.start as usize).unwrap_or_default().trim_end();
        let behind =
            span.start == span.end && !self.text.as_bytes().get(span.start as usize).eq(&Some(&b'-'));
        match before.strip_suffix('-') {
            Some(dash) if behind => Span { start: u32::try_from(dash.len()).unwrap_or(u32::MAX), ..span },
            _ => span,
        }
    }

    fn count(&mut self, span: Span) -> Result<(), Diagnostic> {
        self.nodes += 1;
        if self.nodes <= MAX_NODES {
            return Ok(());
        }
        Err(Diagnostic::error("yaml/too-large", format!("the file has more than {MAX_NODES} values"))
            .at(span, "reading stopped here")
            .help("split it into several files"))
    }

    fn open(&mut self, collection: Collection, span: Span, anchor: usize) -> Result<(), Diagnostic> {
        self.count(span)?;
        if let Some(Collection::Mapping { key: None, .. }) = self.frames.last().map(|frame| &frame.collection)
        {
            return Err(key_not_text("a list or a mapping", span));
        }
        if self.frames.len() >= MAX_DEPTH {
            return Err(too_deep(span));
        }
        self.anchors.open(anchor);
        self.frames.push(Frame { collection, span, anchor });
        Ok(())
    }

    fn close(&mut self, end: Span) -> Result<(), Diagnostic> {
        let Some(Frame { collection, mut span, anchor }) = self.frames.pop() else { return Ok(()) };
        // In block style the event that ends a collection has no width and stands at the next thing written.
        if end.end > end.start {
            span.end = end.end;
        }
        let kind = match collection {
            Collection::List(items) => Kind::Seq(items),
            Collection::Mapping { entries, merges, .. } => Kind::Map(merged(entries, merges)?),
        };
        let node = Node { kind, span };
        self.anchors.complete(anchor, &node)?;
        self.attach(node, span)
    }

    fn alias(&mut self, number: usize, span: Span) -> Result<(), Diagnostic> {
        let written = self.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        let (node, height) = self.anchors.resolve(number, written, span)?;
        if self.frames.len() + height > MAX_DEPTH {
            return Err(too_deep(span));
        }
        self.attach(node, span)
    }

    /// Puts a finished node where it belongs. `written` is where it stands, which for an alias is not its own span.
    fn attach(&mut self, node: Node, written: Span) -> Result<(), Diagnostic> {
        let raw = self.text.get(written.start as usize..written.end as usize).unwrap_or_default();
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        frame.span.end = frame.span.end.max(written.end);
        match &mut frame.collection {
            Collection::List(items) => items.push(node),
            Collection::Mapping { entries, merges, key } => match key.take() {
                None => *key = Some(as_key(node, raw, written)?),
                Some(Key { name, merge: true }) => {
                    merges.push(Merge { key: name.span, before: entries.len(), value: node });
                }
                Some(Key { name, merge: false }) => entries.push(Entry { key: name, value: node }),
            },
        }
        Ok(())
    }
}

fn as_key(node: Node, raw: &str, written: Span) -> Result<Key, Diagnostic> {
    let what = node.describe();
    match node.kind {
        Kind::Str { text, plain } => {
            Ok(Key { merge: plain && text == "<<", name: Spanned::new(text, written) })
        }
        Kind::Seq(_) | Kind::Map(_) => Err(key_not_text("a list or a mapping", written)),
        Kind::Null if raw.is_empty() => Err(key_not_text("nothing", written)),
        _ => Err(key_not_text(what, written).help(format!("write `\"{raw}\":`"))),
    }
}

fn key_not_text(what: &str, span: Span) -> Diagnostic {
    Diagnostic::error("yaml/key-not-text", "only text can be a key").at(span, format!("this is {what}"))
}

fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::error("yaml/too-deep", format!("lists and mappings are nested more than {MAX_DEPTH} deep"))
        .at(span, "")
}
