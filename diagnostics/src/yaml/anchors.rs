//! Anchors, and what their aliases may add.

use std::collections::HashMap;

use super::{MAX_ALIAS_BYTES, NODE_COST};
use crate::{Diagnostic, Kind, Node, Span};

/// The anchors of one file so far. They outlive their document, which the parser's own numbering does not know.
#[derive(Default)]
pub(super) struct Anchors {
    by_number: HashMap<usize, Anchor>,
    numbers: HashMap<String, usize>,
    spent: usize,
}

enum Anchor {
    /// The collection it names has not ended.
    Open,
    Complete {
        node: Node,
        bytes: usize,
        height: usize,
    },
}

impl Anchors {
    /// A collection with an anchor begins. The number 0 stands for no anchor.
    pub(super) fn open(&mut self, number: usize) {
        if number != 0 {
            self.by_number.insert(number, Anchor::Open);
        }
    }

    /// Keeps a copy of a finished node that has an anchor.
    pub(super) fn complete(&mut self, number: usize, node: &Node) -> Result<(), Diagnostic> {
        if number == 0 {
            return Ok(());
        }
        let (bytes, height) = measure(node);
        self.spend(bytes, node.span)?;
        self.by_number.insert(number, Anchor::Complete { node: node.clone(), bytes, height });
        Ok(())
    }

    /// An anchor's name; later ones of the same name replace it.
    pub(super) fn name(&mut self, name: String, number: usize) {
        self.numbers.insert(name, number);
    }

    /// What an alias of an earlier document stands for.
    pub(super) fn of_name(&self, name: &str, span: Span) -> Result<usize, Diagnostic> {
        self.numbers.get(name).copied().ok_or_else(|| unknown(name, span))
    }

    /// A copy of what an alias stands for, and how many collections deep that is. `written` is the alias itself.
    pub(super) fn resolve(
        &mut self,
        number: usize,
        written: &str,
        span: Span,
    ) -> Result<(Node, usize), Diagnostic> {
        let (bytes, height) = match self.by_number.get(&number) {
            Some(Anchor::Complete { bytes, height, .. }) => (*bytes, *height),
            Some(Anchor::Open) => return Err(recursive(written, span)),
            None => return Err(unknown(written.trim_start_matches('*'), span)),
        };
        // Paid before it is copied.
        self.spend(bytes, span)?;
        match self.by_number.get(&number) {
            Some(Anchor::Complete { node, .. }) => Ok((node.clone(), height)),
            _ => Err(recursive(written, span)),
        }
    }

    fn spend(&mut self, bytes: usize, span: Span) -> Result<(), Diagnostic> {
        self.spent = self.spent.saturating_add(bytes);
        if self.spent <= MAX_ALIAS_BYTES {
            return Ok(());
        }
        Err(Diagnostic::error("yaml/aliases-too-large", "the aliases of this file expand to too much")
            .at(span, "the bound is reached here")
            .help(format!(
                "anchors and aliases may add {} MiB to a file; write the parts that repeat where they are needed",
                MAX_ALIAS_BYTES >> 20
            )))
    }
}

/// What copying a node costs, and how many collections deep it is.
fn measure(node: &Node) -> (usize, usize) {
    let collection = |parts: &mut dyn Iterator<Item = (usize, usize)>| {
        let (bytes, height) = parts.fold((0, 0), |(b, h), (bytes, height)| (b + bytes, h.max(height)));
        (bytes + NODE_COST, height + 1)
    };
    match &node.kind {
        Kind::Str { text, .. } => (NODE_COST + text.len(), 0),
        Kind::Seq(items) => collection(&mut items.iter().map(measure)),
        Kind::Map(entries) => collection(&mut entries.iter().map(|entry| {
            let (bytes, height) = measure(&entry.value);
            (bytes + entry.key.value.len(), height)
        })),
        _ => (NODE_COST, 0),
    }
}

fn recursive(written: &str, span: Span) -> Diagnostic {
    Diagnostic::error("yaml/recursive-alias", format!("`{written}` stands inside what it names"))
        .at(span, "this would never end")
}

fn unknown(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error("yaml/unknown-alias", format!("there is no anchor `&{name}` before this"))
        .at(span, "this names it")
        .help("an unquoted `*` starts an alias: put the value in quotes if the `*` belongs to the text")
}
