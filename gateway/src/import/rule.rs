//! One access rule as it was written.

use portreeve_diagnostics::{Diagnostic, Node, Report, Span, Spanned, read};

/// A handler that a rule names, with the rule's own configuration of it.
#[derive(Clone, Debug)]
pub(super) struct Named<'n> {
    pub(super) handler: Spanned<String>,
    pub(super) config: Option<&'n Node>,
}

/// One rule.
#[derive(Clone, Debug)]
pub(super) struct Rule<'n> {
    pub(super) span: Span,
    pub(super) id: String,
    pub(super) description: Option<&'n str>,
    /// The URL pattern; nothing for rules about procedures.
    pub(super) url: Option<Spanned<String>>,
    pub(super) methods: Vec<String>,
    pub(super) authenticators: Vec<Named<'n>>,
    pub(super) authorizer: Option<Named<'n>>,
    pub(super) mutators: Vec<Named<'n>>,
    pub(super) errors: Option<&'n Node>,
    pub(super) upstream: Option<&'n Node>,
    /// Keys that nobody reads.
    pub(super) unknown: Vec<&'n Spanned<String>>,
}

/// What a rule can say.
const KEYS: [&str; 9] = [
    "id",
    "version",
    "description",
    "match",
    "authenticators",
    "authorizer",
    "mutators",
    "errors",
    "upstream",
];

/// The rules of one document, which is a list of them.
pub(super) fn rules<'n>(document: &'n Node, report: &mut Report) -> Vec<Rule<'n>> {
    let Some(items) = document.as_seq() else {
        report.push(read::wrong_type(document, "a file of access rules", "a list of rules"));
        return Vec::new();
    };
    items.iter().filter_map(|node| rule(node, report)).collect()
}

fn rule<'n>(node: &'n Node, report: &mut Report) -> Option<Rule<'n>> {
    let Some(entries) = node.as_map() else {
        report.push(read::wrong_type(node, "an access rule", "a mapping"));
        return None;
    };
    let span =
        entries.first().map_or(node.span, |first| Span { end: first.value.span.end, ..first.key.span });
    let get = |key| node.get(key).filter(|node| node.kind != portreeve_diagnostics::Kind::Null);
    let Some(matching) = get("match") else {
        let found = Diagnostic::error("import/no-match", "an access rule has no `match`");
        report.push(found.at(span, "this rule").help("say `match: { url: …, methods: […] }`"));
        return None;
    };
    let url = match (matching.get("url"), matching.get("full_method")) {
        (Some(url), _) => Some(read::text(url, "`url`", report)?),
        (None, Some(_)) => None,
        (None, None) => {
            let found = Diagnostic::error("import/no-match", "the `match` of a rule has no `url`");
            report.push(found.at(matching.span, "which requests is it for?"));
            return None;
        }
    };
    let methods = matching.get("methods").map(|node| read::texts(node, "`methods`", report));
    let several = |key, report: &mut Report| {
        let items = get(key).map(read::items).unwrap_or_default();
        items.iter().filter_map(|node| named(node, report)).collect()
    };
    Some(Rule {
        span,
        id: get("id").and_then(Node::as_str).unwrap_or("rule").to_owned(),
        description: get("description").and_then(Node::as_str).filter(|text| !text.is_empty()),
        url,
        methods: methods
            .unwrap_or_default()
            .into_iter()
            .map(|method| method.value.to_ascii_uppercase())
            .collect(),
        authenticators: several("authenticators", report),
        authorizer: get("authorizer").and_then(|node| named(node, report)),
        mutators: several("mutators", report),
        errors: get("errors"),
        upstream: get("upstream"),
        unknown: entries
            .iter()
            .map(|entry| &entry.key)
            .filter(|key| !KEYS.contains(&key.value.as_str()))
            .collect(),
    })
}

fn named<'n>(node: &'n Node, report: &mut Report) -> Option<Named<'n>> {
    let Some(handler) = node.get("handler") else {
        report.push(read::wrong_type(node, "a handler", "a mapping with `handler`"));
        return None;
    };
    Some(Named { handler: read::text(handler, "`handler`", report)?, config: node.get("config") })
}
