use std::fmt;

use portreeve_diagnostics::{Bundle, Diagnostic, Entry, Kind, Node, Place, Span, Spanned, suggest};

use super::Text;
use crate::{
    finding::{Cause, Findings},
    place,
};

/// Where a field is, as Cerbos writes it: `resourcePolicy.rules[0].actions`.
#[derive(Clone, Copy)]
pub(crate) enum Path<'p> {
    Root,
    Field(&'p Path<'p>, &'static str),
    Index(&'p Path<'p>, usize),
    Key(&'p Path<'p>, &'p str),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(Path::Root, name) => f.write_str(name),
            Self::Field(parent, name) => write!(f, "{parent}.{name}"),
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
            Self::Key(parent, key) => write!(f, "{parent}[\"{}\"]", camel(key)),
        }
    }
}

/// One file while it is read.
pub(crate) struct Reading<'b> {
    pub(crate) bundle: &'b Bundle,
    pub(crate) file: u32,
    pub(crate) findings: &'b mut Findings,
}

impl Reading<'_> {
    /// The shape is wrong.
    pub(crate) fn unreadable(&mut self, place: Span, text: impl Into<String>) {
        let text = text.into();
        let diagnostic = Diagnostic::error("policy/unreadable", text.clone()).at(place, "");
        self.findings.push(self.file, Cause::Parse, text, Some(place), diagnostic);
    }

    /// The shape is right and the content breaks a rule.
    pub(crate) fn invalid(&mut self, place: Span, path: Path<'_>, rule: &str) {
        let text = format!("{path}: {rule}");
        let diagnostic = Diagnostic::error("policy/invalid", format!("`{path}`: {rule}")).at(place, rule);
        let at = (rule != MISSING && rule != ONE_OF).then(|| self.said_at(place, path));
        self.findings.push(self.file, Cause::Validation, text, at, diagnostic);
    }

    /// The same of a mapping as a whole, in a list.
    pub(crate) fn invalid_mapping(&mut self, mapping: Span, path: Path<'_>, rule: &str) {
        let text = format!("{path}: {rule}");
        let diagnostic = Diagnostic::error("policy/invalid", format!("`{path}`: {rule}")).at(mapping, rule);
        let at = place::mapping(self.bundle, mapping);
        self.findings.push(self.file, Cause::Validation, text, Some(at), diagnostic);
    }

    /// A field that must be there is, and holds nothing.
    pub(crate) fn empty(&mut self, place: Span, path: Path<'_>) {
        let text = format!("{path}: {MISSING}");
        let diagnostic =
            Diagnostic::error("policy/invalid", format!("`{path}`: {MISSING}")).at(place, MISSING);
        let at = self.said_at(place, path);
        self.findings.push(self.file, Cause::Validation, text, Some(at), diagnostic);
    }

    /// A list that must hold something holds nothing, or is not there.
    fn lacks_items(&mut self, list: Option<&Node>, head: Span, path: Path<'_>) {
        match list {
            None => self.invalid(head, path, MISSING),
            Some(list) if list.as_seq().is_some() => self.empty(list.span, path),
            // It is no list, and that is said.
            Some(_) => {}
        }
    }

    /// Where Cerbos says a value is: a field's at its key.
    fn said_at(&self, place: Span, path: Path<'_>) -> Span {
        match path {
            Path::Field(..) => place::field(self.bundle, place),
            Path::Root | Path::Index(..) | Path::Key(..) => place,
        }
    }

    pub(crate) fn load(&mut self, place: Span, code: &'static str, text: String) {
        let diagnostic = Diagnostic::error(code, text.clone()).at(place, "");
        self.findings.push(self.file, Cause::Load, text, Some(place), diagnostic);
    }

    /// Of a mapping as a whole.
    pub(crate) fn load_mapping(&mut self, mapping: Span, code: &'static str, text: String) {
        let diagnostic = Diagnostic::error(code, text.clone()).at(mapping, "");
        let place = place::mapping(self.bundle, mapping);
        self.findings.push(self.file, Cause::Load, text, Some(place), diagnostic);
    }

    pub(crate) fn line_and_column(&self, place: Span) -> String {
        let place = self.bundle.place(place).unwrap_or(Place { line: 0, column: 0 });
        format!("{}:{}", place.line, place.column)
    }

    /// Checks a text against its rule.
    pub(crate) fn must(&mut self, text: &Text, path: Path<'_>, good: fn(&str) -> bool, rule: &str) {
        if !good(&text.value) {
            self.invalid(text.span, path, rule);
        }
    }

    pub(crate) fn text(&mut self, node: &Node) -> Option<Text> {
        let text = match &node.kind {
            Kind::Str { text, .. } => text.clone(),
            Kind::Int(value) => value.to_string(),
            Kind::Bool(value) => value.to_string(),
            Kind::Null => String::new(),
            _ => {
                self.mismatch(node, "string value", "text");
                return None;
            }
        };
        Some(Spanned::new(text, node.span))
    }

    /// A value of another shape: what Cerbos calls the shape that it expects, and what it is called here.
    pub(crate) fn mismatch(&mut self, node: &Node, theirs: &str, ours: &str) {
        let (found, place) = match node.kind {
            Kind::Map(_) => ("Mapping", place::mapping(self.bundle, node.span)),
            Kind::Seq(_) => ("Sequence", node.span),
            Kind::Null => ("Null", place::nothing(self.bundle, node.span)),
            Kind::Int(_) => ("Integer", node.span),
            Kind::Bool(_) => ("Bool", node.span),
            Kind::Str { .. } => ("String", node.span),
            Kind::Float(_) => ("Float", node.span),
        };
        let message = format!("expected {ours} and found {}", node.describe());
        let diagnostic =
            Diagnostic::error("policy/unreadable", message).at(node.span, format!("must be {ours}"));
        let text = format!("expected {theirs} got {found}");
        self.findings.push(self.file, Cause::Parse, text, Some(place), diagnostic);
    }

    pub(crate) fn flag(&mut self, node: &Node) -> bool {
        match node.kind {
            Kind::Bool(value) => value,
            _ => {
                self.mismatch(node, "boolean value", "a boolean");
                false
            }
        }
    }

    pub(crate) fn list<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        node.as_seq().unwrap_or_else(|| {
            self.mismatch(node, "sequence", "a list");
            &[]
        })
    }

    /// The items of a list that must hold some; `head` is where it is missing.
    pub(crate) fn some_items<'n>(
        &mut self,
        node: Option<&'n Node>,
        head: Span,
        path: Path<'_>,
    ) -> &'n [Node] {
        let items = node.map_or(&[][..], |node| self.list(node));
        if items.is_empty() {
            self.lacks_items(node, head, path);
        }
        items
    }

    /// Texts of which there must be some, unique and none of them empty; `head` is where the list is missing.
    pub(crate) fn some_texts(&mut self, node: Option<&Node>, head: Span, path: Path<'_>) -> Vec<Text> {
        let texts = self.texts(node, path, |text| !text.is_empty(), TOO_SHORT);
        if texts.is_empty() {
            self.lacks_items(node, head, path);
        }
        texts
    }

    /// Texts that are unique, each good.
    pub(crate) fn texts(
        &mut self,
        node: Option<&Node>,
        path: Path<'_>,
        good: fn(&str) -> bool,
        rule: &str,
    ) -> Vec<Text> {
        let Some(node) = node else { return Vec::new() };
        let texts: Vec<Text> = self.list(node).iter().filter_map(|item| self.text(item)).collect();
        for (index, text) in texts.iter().enumerate() {
            self.must(text, Path::Index(&path, index), good, rule);
            if texts.iter().take(index).any(|other| other.value == text.value) {
                self.repeated((text.span, node.span), path);
            }
        }
        texts
    }

    /// An item that a list has already; Cerbos speaks of the list.
    fn repeated(&mut self, (item, list): (Span, Span), path: Path<'_>) {
        let rule = "repeated value must contain unique items";
        let diagnostic = Diagnostic::error("policy/invalid", format!("`{path}`: {rule}")).at(item, rule);
        let at = self.said_at(list, path);
        self.findings.push(self.file, Cause::Validation, format!("{path}: {rule}"), Some(at), diagnostic);
    }

    /// A mapping of names to texts.
    pub(crate) fn definitions(&mut self, node: Option<&Node>) -> Vec<(Text, Text)> {
        self.entries(node)
            .iter()
            .filter_map(|entry| Some((entry.key.clone(), self.text(&entry.value)?)))
            .collect()
    }

    pub(crate) fn entries<'n>(&mut self, node: Option<&'n Node>) -> &'n [Entry] {
        let Some(node) = node else { return &[] };
        node.as_map().unwrap_or_else(|| {
            self.mismatch(node, "map", "a mapping");
            &[]
        })
    }
}

pub(crate) const MISSING: &str = "value is required";
pub(crate) const TOO_SHORT: &str = "must be at least 1 characters";
pub(crate) const ONE_OF: &str = "exactly one field is required in oneof";

/// A mapping while its fields are read, each by its camelCase or snake_case name.
pub(crate) struct Object<'n> {
    pub(crate) span: Span,
    entries: &'n [Entry],
    known: Vec<&'static str>,
}

impl<'n> Object<'n> {
    pub(crate) fn of(node: &'n Node, reading: &mut Reading<'_>) -> Self {
        let entries = node.as_map().unwrap_or_else(|| {
            reading.mismatch(node, "object", "a mapping");
            &[]
        });
        Self { span: node.span, entries, known: Vec::new() }
    }

    /// The value of a field. A null is no list, mapping or boolean, and no text is the empty one.
    pub(crate) fn field(&mut self, name: &'static str, reading: &mut Reading<'_>) -> Option<&'n Node> {
        self.known.push(name);
        let mut found = self.entries.iter().filter(|entry| spells(&entry.key.value, name));
        let first = found.next()?;
        if let Some(second) = found.next() {
            let at = reading.line_and_column(first.key.span);
            let text = format!("duplicate field definition: previous definition at [{at}]");
            reading.unreadable(second.key.span, text);
        }
        Some(&first.value)
    }

    /// The place of a field's name.
    pub(crate) fn key(&self, name: &str) -> Option<Span> {
        self.entries.iter().find(|entry| spells(&entry.key.value, name)).map(|entry| entry.key.span)
    }

    pub(crate) fn text(&mut self, name: &'static str, reading: &mut Reading<'_>) -> Option<Text> {
        let node = self.field(name, reading)?;
        reading.text(node)
    }

    /// A text that must be there and good.
    pub(crate) fn required(
        &mut self,
        (name, path): (&'static str, Path<'_>),
        reading: &mut Reading<'_>,
        good: fn(&str) -> bool,
        rule: &str,
    ) -> Text {
        let text = self.text(name, reading);
        let path = Path::Field(&path, name);
        match text {
            Some(text) if text.value.is_empty() => {
                reading.empty(text.span, path);
                text
            }
            Some(text) => {
                reading.must(&text, path, good, rule);
                text
            }
            None => {
                reading.invalid(self.head(), path, MISSING);
                Spanned::new(String::new(), self.head())
            }
        }
    }

    pub(crate) fn head(&self) -> Span {
        self.entries.first().map_or(self.span, |first| first.key.span)
    }

    /// Reports the fields that nobody asked for.
    pub(crate) fn finish(self, reading: &mut Reading<'_>) {
        for entry in self.entries {
            let key = entry.key.value.as_str();
            if self.known.iter().any(|name| spells(key, name)) {
                continue;
            }
            let text = format!("unknown field {key:?}");
            let mut found = Diagnostic::error("policy/unknown-field", format!("unknown field `{key}`"))
                .at(entry.key.span, "unknown field");
            if let Some(near) = suggest::nearest(key, self.known.iter().copied()) {
                found = found.help(format!("did you mean `{near}`?"));
            }
            reading.findings.push(reading.file, Cause::Parse, text, Some(entry.key.span), found);
        }
    }
}

/// Whether a key is a field's name in either spelling.
fn spells(key: &str, name: &str) -> bool {
    if key == name {
        return true;
    }
    let mut key = key.chars();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            if key.next() != Some('_') || key.next() != Some(c.to_ascii_lowercase()) {
                return false;
            }
        } else if key.next() != Some(c) {
            return false;
        }
    }
    key.next().is_none()
}

/// A key of a mapping as Cerbos writes it into a path: its words joined, each but the first with a capital.
fn camel(key: &str) -> String {
    let chars: Vec<char> = key.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let divides = |c: char| matches!(c, '_' | '-' | ' ');
    let mut out = String::with_capacity(key.len());
    for (index, c) in chars.iter().copied().enumerate() {
        let before = index.checked_sub(1).map_or('\0', at);
        if divides(c) {
            continue;
        }
        let kept = before.is_lowercase()
            || (before.is_uppercase() && c.is_uppercase() && at(index + 1).is_lowercase());
        if divides(before) {
            out.extend(c.to_uppercase());
        } else if kept {
            out.push(c);
        } else {
            out.extend(c.to_lowercase());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_a_path_is_in_camel_case() {
        for (key, expected) in [
            ("john_leave_request", "johnLeaveRequest"),
            ("view:public", "view:public"),
            ("d-e", "dE"),
            ("FooBar", "fooBar"),
            ("a b", "aB"),
            ("a1_b2", "a1B2"),
            ("ABC", "abc"),
            ("aB_cD", "aBCD"),
            ("a__b", "aB"),
            ("_b", "B"),
            ("b_", "b"),
            ("A_B", "aB"),
            ("aA2b", "aA2b"),
            ("é_b", "éB"),
        ] {
            assert_eq!(camel(key), expected, "{key}");
        }
    }
}
