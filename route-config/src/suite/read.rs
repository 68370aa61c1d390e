use portreeve_cel::{Map, Value as Cel};
use portreeve_diagnostics::{
    Diagnostic, Kind, Node, Report, Span, Spanned,
    read::{self, Fields},
};

/// One test as it was written.
#[derive(Debug)]
pub(super) struct RawTest {
    pub(super) name: Option<Spanned<String>>,
    pub(super) request: Spanned<String>,
    pub(super) host: Option<Spanned<String>>,
    pub(super) headers: Vec<(Spanned<String>, Spanned<String>)>,
    pub(super) caller: Option<RawCaller>,
    pub(super) body: Option<Cel>,
    pub(super) stored: Option<Cel>,
    pub(super) expect: RawExpected,
    pub(super) span: Span,
}

/// Who the test's caller is.
#[derive(Debug, Default)]
pub(super) struct RawCaller {
    pub(super) id: String,
    pub(super) roles: Vec<Spanned<String>>,
    pub(super) issuer: String,
    pub(super) scope: Option<String>,
    pub(super) attr: Map,
    pub(super) claims: Cel,
}

/// What a test expects; what it leaves out may be anything.
#[derive(Debug, Default)]
pub(super) struct RawExpected {
    pub(super) span: Span,
    pub(super) route: Option<Spanned<String>>,
    pub(super) upstream: Option<Spanned<String>>,
    /// `none`, `public`, `authenticated`, or the code of what is wrong with the request.
    pub(super) outcome: Option<Spanned<String>>,
    pub(super) resource: Option<Spanned<String>>,
    pub(super) id: Option<Spanned<String>>,
    pub(super) actions: Option<(Vec<Spanned<String>>, Span)>,
    pub(super) attr: Option<Spanned<Cel>>,
    pub(super) forwarded: Option<Spanned<String>>,
}

/// The tests of a file; nothing when it is no such file.
pub(super) fn tests(document: &Node, report: &mut Report) -> Option<Vec<RawTest>> {
    let mut fields = Fields::of(document, "a file of route tests", report)?;
    let tests = fields.required("tests", report);
    fields.finish(report);
    Some(read::items(tests?).iter().filter_map(|node| test(node, report)).collect())
}

fn test(node: &Node, report: &mut Report) -> Option<RawTest> {
    let mut fields = Fields::of(node, "a route test", report)?;
    let request = fields.required("request", report).and_then(|node| read::text(node, "`request`", report));
    let expect = fields.required("expect", report).and_then(|node| expected(node, report));
    let mut text = |key, what: &str, report: &mut Report| {
        fields.optional(key).and_then(|node| read::text(node, what, report))
    };
    let (name, host) = (text("name", "`name`", report), text("host", "`host`", report));
    let test = RawTest {
        name,
        host,
        headers: fields.optional("headers").map(|node| headers(node, report)).unwrap_or_default(),
        caller: fields.optional("as").and_then(|node| caller(node, report)),
        body: fields.optional("body").map(value),
        stored: fields.optional("stored").map(value),
        span: fields.head(),
        request: Spanned::new(String::new(), node.span),
        expect: RawExpected::default(),
    };
    fields.finish(report);
    Some(RawTest { request: request?, expect: expect?, ..test })
}

fn headers(node: &Node, report: &mut Report) -> Vec<(Spanned<String>, Spanned<String>)> {
    let Some(entries) = node.as_map() else {
        report.push(read::wrong_type(node, "`headers`", "a mapping from names to text"));
        return Vec::new();
    };
    let several = |entry: &portreeve_diagnostics::Entry, report: &mut Report| -> Vec<_> {
        let values = read::items(&entry.value)
            .iter()
            .filter_map(|item| read::any_text(item, "a header's value", report));
        values.map(|value| (entry.key.clone(), value)).collect()
    };
    entries.iter().flat_map(|entry| several(entry, report)).collect()
}

fn caller(node: &Node, report: &mut Report) -> Option<RawCaller> {
    let mut fields = Fields::of(node, "`as`", report)?;
    let id = fields.required("id", report).and_then(|node| read::text(node, "`id`", report));
    let mut text = |key, report: &mut Report| {
        fields.optional(key).and_then(|node| read::text(node, key, report)).map(|text| text.value)
    };
    let (issuer, scope) = (text("issuer", report), text("scope", report));
    let caller = RawCaller {
        id: id.map(|id| id.value).unwrap_or_default(),
        roles: fields.optional("roles").map(|node| read::texts(node, "`roles`", report)).unwrap_or_default(),
        issuer: issuer.unwrap_or_default(),
        scope,
        attr: match fields.optional("attr").map(value) {
            Some(Cel::Map(map)) => map,
            _ => Map::default(),
        },
        claims: fields.optional("claims").map(value).unwrap_or_default(),
    };
    fields.finish(report);
    Some(caller)
}

fn expected(node: &Node, report: &mut Report) -> Option<RawExpected> {
    if node.as_map().is_none() {
        let word = read::text(node, "`expect`", report)?;
        let known =
            matches!(word.value.as_str(), "none" | "public" | "authenticated") || word.value.contains('/');
        if !known {
            report.push(
                Diagnostic::error("config/unknown-value", format!("`{}` cannot be expected", word.value))
                    .at(word.span, "unknown")
                    .help("use `none`, `public`, `authenticated`, a code such as `request/dot-segment`, or a mapping"),
            );
        }
        return known.then(|| RawExpected { span: node.span, outcome: Some(word), ..RawExpected::default() });
    }
    let mut fields = Fields::of(node, "`expect`", report)?;
    let mut text = |key, what: &str, report: &mut Report| {
        fields.optional(key).and_then(|node| read::any_text(node, what, report))
    };
    let expected = RawExpected {
        span: node.span,
        route: text("route", "`route`", report),
        upstream: text("upstream", "`upstream`", report),
        outcome: text("access", "`access`", report),
        resource: text("resource", "`resource`", report),
        id: text("id", "`id`", report),
        forwarded: text("forwarded", "`forwarded`", report),
        actions: fields.optional("actions").map(|node| (read::texts(node, "`actions`", report), node.span)),
        attr: fields.optional("attr").map(|node| Spanned::new(value(node), node.span)),
    };
    fields.finish(report);
    Some(expected)
}

/// A YAML value as the JSON that a request would have.
#[expect(clippy::cast_precision_loss, reason = "JSON numbers are doubles")]
fn value(node: &Node) -> Cel {
    match &node.kind {
        Kind::Null => Cel::Null,
        Kind::Bool(value) => Cel::Bool(*value),
        Kind::Int(value) => Cel::Double(*value as f64),
        Kind::Float(value) => Cel::Double(*value),
        Kind::Str { text, .. } => Cel::from(text.as_str()),
        Kind::Seq(items) => Cel::List(items.iter().map(value).collect()),
        Kind::Map(entries) => {
            Cel::Map(entries.iter().map(|entry| (entry.key.value.as_str(), value(&entry.value))).collect())
        }
    }
}
