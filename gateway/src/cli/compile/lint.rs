//! What is wrong with policies, in Cerbos' shapes and words.

use std::{borrow::Cow, fmt::Write};

use portreeve_diagnostics::{Bundle, Node, Place, Severity, Span, yaml};
use portreeve_policies::{Cause, Compiled, Disabled, Finding};
use serde_json::{Map, Value, json};

/// How many lines are shown before and after the one that is meant.
const AROUND: u32 = 3;

/// Headings and members of the object, in the order in which they are printed.
const GROUPS: [(&str, &str); 5] = [
    ("Duplicate definitions", "duplicate_defs"),
    ("Missing imports", "missing_imports"),
    ("Missing scopes", "missing_scope_details"),
    ("Load failures", "load_failures"),
    ("Scope permissions conflicts", "scope_permissions_conflicts"),
];

/// `{"lintErrors": …}`, or `{"compileErrors": …}` when there are no such.
pub(super) fn object(compiled: &Compiled, bundle: &Bundle) -> Value {
    let lint = lint(compiled, bundle);
    if lint.is_empty() {
        let errors: Vec<Value> =
            compiling(compiled, bundle).into_iter().map(|finding| compile_error(finding, bundle)).collect();
        return json!({ "compileErrors": { "errors": errors } });
    }
    let mut groups = Map::new();
    if !compiled.disabled.is_empty() {
        let disabled = compiled.disabled.iter().map(|disabled| switched_off(disabled, bundle)).collect();
        groups.insert("disabled_defs".to_owned(), disabled);
    }
    for finding in lint {
        let (group, value) = lint_error(finding, bundle);
        if let Some(list) = groups.entry(group).or_insert_with(|| json!([])).as_array_mut() {
            list.push(value);
        }
    }
    json!({ "lintErrors": groups })
}

/// The same for people.
pub(super) fn text(compiled: &Compiled, bundle: &Bundle) -> String {
    let lint = lint(compiled, bundle);
    let mut out = String::new();
    if lint.is_empty() {
        out.push_str("Compilation errors\n");
        for finding in compiling(compiled, bundle) {
            let what = match &finding.cause {
                Cause::Compile(what) => format!(" <{what}>"),
                _ => String::new(),
            };
            let _ = writeln!(out, "{}{}{what}", at(finding, bundle), finding.text);
            out.push_str(&shown(finding, bundle));
        }
        return out;
    }
    if !compiled.disabled.is_empty() {
        out.push_str("Disabled policies\n");
        for Disabled { policy, place } in &compiled.disabled {
            let (name, at) = (file(place.file, bundle), position(*place, bundle));
            let _ = writeln!(out, "{name}:{}:{} {policy}", at.line, at.column);
        }
        out.push('\n');
    }
    for (heading, group) in GROUPS {
        let mut members = lint.iter().filter(|finding| group_of(&finding.cause) == group).peekable();
        if members.peek().is_none() {
            continue;
        }
        let _ = writeln!(out, "{heading}");
        for finding in members {
            let _ = writeln!(out, "{}{}", at(finding, bundle), words(finding, bundle));
            out.push_str(&shown(finding, bundle));
        }
        out.push('\n');
    }
    out
}

fn errors(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|finding| finding.diagnostic.severity == Severity::Error)
}

/// What keeps policies from being compiled at all.
/// What is an error here and none to Cerbos counts when nothing else is.
fn lint<'c>(compiled: &'c Compiled, bundle: &Bundle) -> Vec<&'c Finding> {
    let mut lint: Vec<&Finding> =
        errors(&compiled.findings).filter(|finding| finding.cause.is_lint()).collect();
    if lint.is_empty() && compiling(compiled, bundle).is_empty() {
        lint = errors(&compiled.findings).collect();
    }
    lint.sort_by_cached_key(|finding| match group_of(&finding.cause) {
        "load_failures" => Some(in_files(finding, bundle)),
        _ => None,
    });
    lint
}

/// What is wrong with policies that could be read.
fn compiling<'c>(compiled: &'c Compiled, bundle: &Bundle) -> Vec<&'c Finding> {
    let mut found: Vec<&Finding> =
        errors(&compiled.findings).filter(|finding| matches!(finding.cause, Cause::Compile(_))).collect();
    found.sort_by_cached_key(|finding| in_files(finding, bundle));
    found
}

/// By file, and there by line and column; what has no place comes last.
fn in_files(finding: &Finding, bundle: &Bundle) -> (String, bool, u32, u32) {
    let place = place(finding, bundle).map(|(_, place)| (place.line, place.column));
    let (line, column) = place.unwrap_or_default();
    (file(finding.file, bundle).to_owned(), place.is_none(), line, column)
}

const fn group_of(cause: &Cause) -> &'static str {
    match cause {
        Cause::MissingImport { .. } => "missing_imports",
        Cause::MissingScope { .. } => "missing_scope_details",
        Cause::Duplicate { .. } => "duplicate_defs",
        Cause::ScopePermissions { .. } => "scope_permissions_conflicts",
        Cause::Parse | Cause::Validation | Cause::Load | Cause::Compile(_) | Cause::Advice => "load_failures",
    }
}

fn words(finding: &Finding, bundle: &Bundle) -> String {
    match &finding.cause {
        Cause::MissingImport { policy, kind, name } => {
            format!("cannot find {kind} \"{name}\" imported by {policy}")
        }
        Cause::MissingScope { policy, descendants } => {
            let below = descendants.join(", ");
            format!("scoped policy {policy} is not found but is required by descendant policies {below}")
        }
        Cause::Duplicate { policy, other } => {
            let other = file(*other, bundle);
            format!("duplicate definition of {policy} (previous definition in {other})")
        }
        Cause::ScopePermissions { scope } => {
            format!("policies of scope \"{scope}\" differ in their scope permissions")
        }
        _ => finding.text.clone(),
    }
}

fn lint_error(finding: &Finding, bundle: &Bundle) -> (&'static str, Value) {
    let name = file(finding.file, bundle);
    let mut value = match &finding.cause {
        Cause::MissingImport { policy, kind, name: import } => json!({
            "importing_file": name,
            "desc": format!("cannot find {kind} '{import}' imported by policy {policy}"),
            "importing_policy": policy,
            "import_kind": kind,
            "import_name": import,
        }),
        Cause::MissingScope { policy, descendants } => {
            json!({ "missing_policy": policy, "descendants": descendants })
        }
        Cause::Duplicate { policy, other } => {
            json!({ "file": name, "other_file": file(*other, bundle), "policy": policy })
        }
        Cause::ScopePermissions { scope } => json!({ "scope": scope }),
        cause => {
            let mut details = located(finding, bundle);
            details.insert("message".into(), finding.text.clone().into());
            let kind = match cause {
                Cause::Parse => Some(1),
                Cause::Validation => Some(2),
                _ => None,
            };
            details.extend(kind.map(|kind| ("kind".to_owned(), kind.into())));
            json!({ "file": name, "error": finding.text, "error_details": details })
        }
    };
    if let (Some(value), Cause::MissingImport { .. } | Cause::Duplicate { .. }) =
        (value.as_object_mut(), &finding.cause)
    {
        value.extend(located(finding, bundle));
    }
    (group_of(&finding.cause), value)
}

fn switched_off(disabled: &Disabled, bundle: &Bundle) -> Value {
    let Place { line, column } = position(disabled.place, bundle);
    json!({
        "file": file(disabled.place.file, bundle),
        "policy": disabled.policy,
        "position": { "line": line, "column": column },
    })
}

fn position(span: Span, bundle: &Bundle) -> Place {
    bundle.place(span).unwrap_or(Place { line: 1, column: 1 })
}

fn compile_error(finding: &Finding, bundle: &Bundle) -> Value {
    let Cause::Compile(error) = &finding.cause else { return Value::Null };
    let mut value = located(finding, bundle);
    value.insert("file".into(), file(finding.file, bundle).into());
    value.insert("error".into(), (*error).into());
    value.insert("description".into(), finding.text.clone().into());
    Value::Object(value)
}

/// `position` and `context`, where there is a place.
fn located(finding: &Finding, bundle: &Bundle) -> Map<String, Value> {
    let mut value = Map::new();
    let Some((span, place)) = place(finding, bundle) else { return value };
    let mut position: Map<String, Value> =
        [("line".to_owned(), place.line.into()), ("column".to_owned(), place.column.into())]
            .into_iter()
            .collect();
    position.extend(path(finding, span, bundle).map(|path| ("path".to_owned(), path.into())));
    value.insert("position".into(), position.into());
    if !matches!(finding.cause, Cause::Duplicate { .. }) {
        value.insert("context".into(), context(span, place, bundle).into());
    }
    value
}

fn place(finding: &Finding, bundle: &Bundle) -> Option<(Span, Place)> {
    let span = finding.place?;
    Some((span, bundle.place(span)?))
}

fn file(index: u32, bundle: &Bundle) -> &str {
    bundle.files.get(index as usize).map_or("", |file| &file.name)
}

/// `file:line:column ` before the words, as far as that is known and meant.
fn at(finding: &Finding, bundle: &Bundle) -> String {
    if matches!(finding.cause, Cause::MissingScope { .. } | Cause::ScopePermissions { .. }) {
        return String::new();
    }
    let name = file(finding.file, bundle);
    match place(finding, bundle) {
        Some((_, place)) => format!("{name}:{}:{} ", place.line, place.column),
        None => format!("{name}: "),
    }
}

fn shown(finding: &Finding, bundle: &Bundle) -> String {
    if matches!(finding.cause, Cause::Duplicate { .. }) {
        return String::new();
    }
    match place(finding, bundle) {
        Some((span, place)) => format!("{}\n\n", context(span, place, bundle)),
        None => String::new(),
    }
}

/// The lines around a place, with a mark under it.
fn context(span: Span, place: Place, bundle: &Bundle) -> String {
    let Some(source) = bundle.file(span) else { return String::new() };
    let (first, last) = (place.line.saturating_sub(AROUND), place.line + AROUND);
    let mut out = String::new();
    for (number, line) in (1u32..).zip(source.text.lines()) {
        if number < first || number > last {
            continue;
        }
        let mark = if number == place.line { '>' } else { ' ' };
        if number > place.line + 1 {
            out.push('\n');
        }
        let _ = write!(out, "{mark}{number:>3} | {line}");
        if number <= place.line {
            out.push('\n');
        }
        if number == place.line {
            let _ = writeln!(out, "{:indent$}^", "", indent = place.column as usize + 6);
        }
    }
    out
}

/// The way to what stands at a place: `$.resourcePolicy.rules[0].condition.match.expr`.
fn path(finding: &Finding, span: Span, bundle: &Bundle) -> Option<String> {
    let documents = yaml::read(bundle, span.file).ok()?;
    let to_place = || documents.iter().find_map(|document| way(document, span.start, "$"));
    // A mapping, and a value that is not written, are not where Cerbos says they are.
    let whole = finding.diagnostic.span().filter(|_| matches!(finding.cause, Cause::Parse | Cause::Load));
    let to_whole = |whole: Span| documents.iter().find_map(|document| way_to(document, whole, "$"));
    to_place().or_else(|| whole.and_then(to_whole))
}

fn way(node: &Node, start: u32, so_far: &str) -> Option<String> {
    for (here, key, value) in inside(node, so_far) {
        if key.is_some_and(|key| key.start == start) {
            return Some(here);
        }
        let found = way(value, start, &here);
        if found.is_some() {
            return found;
        }
    }
    let whole = node.span.start == start && node.as_map().is_none() && so_far != "$";
    whole.then(|| so_far.to_owned())
}

/// The way to a value as a whole.
fn way_to(node: &Node, whole: Span, so_far: &str) -> Option<String> {
    if node.span == whole {
        return Some(so_far.to_owned());
    }
    inside(node, so_far).find_map(|(here, _, value)| way_to(value, whole, &here))
}

/// What a value holds: the way to it, its key if it has one, and itself.
fn inside<'n>(node: &'n Node, so_far: &str) -> impl Iterator<Item = (String, Option<Span>, &'n Node)> {
    let items = node.as_seq().unwrap_or_default().iter().enumerate();
    let items = items.map(move |(index, item)| (format!("{so_far}[{index}]"), None, item));
    let entries = node.as_map().unwrap_or_default().iter();
    items.chain(entries.map(move |entry| {
        (format!("{so_far}.{}", step(&entry.key.value)), Some(entry.key.span), &entry.value)
    }))
}

/// A key in a path: in quotes if it holds what divides a path.
fn step(key: &str) -> Cow<'_, str> {
    if key.contains(['.', '[', ']', '*', '$']) { format!("'{key}'").into() } else { key.into() }
}
