//! What a route file says, as it was written: with places, without defaults and without meaning.

mod load;
mod matching;
mod shared;

use portreeve_diagnostics::{
    Kind, Node, Report, Span, Spanned,
    read::{self, Fields},
};

pub(crate) use load::RawLoad;
pub(crate) use matching::RawMatch;
pub(crate) use shared::{RawMutation, RawShared};

/// An expression, or other text whose parts have places of their own.
#[derive(Clone, Debug)]
pub(crate) struct RawText {
    pub(crate) text: String,
    /// Quotes included.
    pub(crate) span: Span,
    /// Where the text itself begins, unless it is not written as it reads (escapes, folded blocks).
    inner: Option<u32>,
}

/// Names with expressions, in the order written.
pub(crate) type RawValues = Vec<(Spanned<String>, RawText)>;

/// One file.
#[derive(Debug, Default)]
pub(crate) struct RawFile {
    pub(crate) defaults: RawShared,
    pub(crate) routes: Vec<RawRoute>,
}

/// One route.
#[derive(Debug)]
pub(crate) struct RawRoute {
    /// The route's first line.
    pub(crate) span: Span,
    pub(crate) name: Option<Spanned<String>>,
    pub(crate) matches: Vec<RawMatch>,
    pub(crate) shared: RawShared,
    pub(crate) access: Option<Spanned<RawAccess>>,
    pub(crate) resource: Option<Spanned<String>>,
    pub(crate) actions: Option<Vec<Spanned<String>>>,
    pub(crate) id: Option<RawText>,
    pub(crate) attr: RawValues,
    pub(crate) scope: Option<RawText>,
    pub(crate) version: Option<RawText>,
    pub(crate) load: Option<RawLoad>,
    /// The first key, if any, that only a route with a resource can have.
    pub(crate) of_resource: Option<Spanned<&'static str>>,
}

/// What `access` can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RawAccess {
    Public,
    Authenticated,
}

impl RawFile {
    pub(crate) fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut fields = Fields::of(node, "a route file", report)?;
        let defaults = fields.section("defaults").and_then(|node| {
            let mut fields = Fields::of(node, "`defaults`", report)?;
            let shared = RawShared::read(&mut fields, report);
            fields.finish(report);
            Some(shared)
        });
        let routes = fields.required("routes", report);
        fields.finish(report);
        let routes = match &routes?.kind {
            Kind::Seq(routes) => routes.iter().filter_map(|node| RawRoute::read(node, report)).collect(),
            _ => {
                report.push(read::wrong_type(routes?, "`routes`", "a list of routes"));
                Vec::new()
            }
        };
        Some(Self { defaults: defaults.unwrap_or_default(), routes })
    }
}

impl RawRoute {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut fields = Fields::of(node, "a route", report)?;
        let matches = fields.required("match", report).map(|node| RawMatch::read_all(node, report));
        let name = fields.optional("name").and_then(|node| read::text(node, "`name`", report));
        let access = fields.optional("access").and_then(|node| {
            let choices = [("public", RawAccess::Public), ("authenticated", RawAccess::Authenticated)];
            Some(Spanned::new(read::choice(node, "`access`", &choices, report)?, node.span))
        });
        let resource = fields.optional("resource").and_then(|node| read::text(node, "`resource`", report));
        let route = Self {
            span: fields.head(),
            name,
            matches: matches.unwrap_or_default(),
            access,
            resource,
            actions: actions(&mut fields, report),
            id: expression(fields.optional("id"), "`id`", report),
            attr: fields.optional("attr").map(|node| values(node, "`attr`", report)).unwrap_or_default(),
            scope: expression(fields.optional("scope"), "`scope`", report),
            version: expression(fields.optional("version"), "`version`", report),
            load: fields.optional("load").and_then(|node| RawLoad::read(node, report)),
            of_resource: ["action", "actions", "id", "attr", "scope", "version", "load"]
                .into_iter()
                .find_map(|key| Some(Spanned::new(key, fields.key_span(key)?))),
            shared: RawShared::read(&mut fields, report),
        };
        fields.finish(report);
        Some(route)
    }
}

impl RawText {
    pub(crate) fn of(node: &Node) -> Option<Self> {
        let (text, inner) = match &node.kind {
            Kind::Str { text, plain } => {
                let length = node.span.end.saturating_sub(node.span.start) as usize;
                let quotes = if *plain { 0 } else { 1 };
                let as_written = length == text.len() + 2 * quotes;
                let start = node.span.start + u32::from(!*plain);
                (text.clone(), as_written.then_some(start))
            }
            Kind::Int(value) => (value.to_string(), None),
            Kind::Float(value) => (value.to_string(), None),
            Kind::Bool(value) => (value.to_string(), None),
            Kind::Null | Kind::Seq(_) | Kind::Map(_) => return None,
        };
        Some(Self { text, span: node.span, inner })
    }

    /// The place of some bytes of the text; all of it where that cannot be told.
    pub(crate) fn part(&self, start: usize, end: usize) -> Span {
        let Some(inner) = self.inner else { return self.span };
        let at = |offset: usize| inner.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX));
        Span { file: self.span.file, start: at(start).min(self.span.end), end: at(end).min(self.span.end) }
    }
}

/// An expression: text, or a number or boolean, which stands for itself.
fn expression(node: Option<&Node>, what: &str, report: &mut Report) -> Option<RawText> {
    let node = node?;
    let text = RawText::of(node);
    if text.is_none() {
        report.push(read::wrong_type(node, what, "an expression such as `path.id` or `'\"new\"'`"));
    }
    text
}

/// A mapping from names to expressions.
fn values(node: &Node, what: &str, report: &mut Report) -> RawValues {
    let Some(entries) = node.as_map() else {
        report.push(read::wrong_type(node, what, "a mapping from names to expressions"));
        return Vec::new();
    };
    let value = |entry: &portreeve_diagnostics::Entry| {
        let named = format!("`{}` in {what}", entry.key.value);
        Some((entry.key.clone(), expression(Some(&entry.value), &named, report)?))
    };
    entries.iter().filter_map(value).collect()
}

fn actions(fields: &mut Fields<'_>, report: &mut Report) -> Option<Vec<Spanned<String>>> {
    let one = fields.optional("action");
    let several = fields.optional("actions");
    if let (Some(_), Some(second)) = (one, several) {
        report.push(
            portreeve_diagnostics::Diagnostic::error(
                "route/action",
                "a route has `action` or `actions`, not both",
            )
            .at(fields.key_span("actions").unwrap_or(second.span), "the second")
            .help("write all of them under `actions`"),
        );
    }
    match (one, several) {
        (Some(one), _) => read::text(one, "`action`", report).map(|action| vec![action]),
        (None, Some(several)) => Some(read::texts(several, "`actions`", report)),
        (None, None) => None,
    }
}
