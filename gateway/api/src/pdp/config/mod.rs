//! The configuration file of a Cerbos server, as far as there is something here that it configures.
//!
//! What there is not is refused by name, so that nobody believes in a setting that does nothing. Settings that only say
//! how Cerbos goes about it (`telemetry`, sizes of caches) are passed over with a warning.

mod audit;
mod engine;
mod expand;
mod overrides;
mod server;
mod storage;
mod tokens;

use std::sync::Arc;

use portreeve_diagnostics::{
    Bundle, Diagnostic, Entry, Kind, Node, Report, SourceFile, Span,
    read::{Fields, any_text},
    suggest, yaml,
};
use portreeve_policies::Options;

pub use self::{
    audit::{Audit, Rotation},
    engine::ErrorLevel,
    server::{Cors, Limits, Listen},
    storage::Storage,
    tokens::{KeySet, Keys, Tokens},
};

/// What a decision point is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// `server.httpListenAddr`
    pub listen: Listen,
    /// `server.requestLimits`
    pub limits: Limits,
    /// `server.cors`; nothing when it is disabled.
    pub cors: Option<Cors>,
    /// `engine` and `schema.enforcement`
    pub options: Options,
    /// `engine.celErrorLogLevel`; nothing is not to log them.
    pub evaluation_errors: Option<ErrorLevel>,
    /// `storage`
    pub storage: Storage,
    /// `auxData`
    pub tokens: Tokens,
    /// `audit`; nothing when it is not enabled.
    pub audit: Option<Audit>,
}

/// Sections of a Cerbos configuration that nothing here answers to.
const ELSEWHERE: &[&str] = &["hub", "compile", "observability", "tracing", "metrics", "otel"];

impl Config {
    /// Reads the first file of the bundle. `overrides` are texts such as `server.httpListenAddr=:3592`, which take the
    /// place of what the file says; they are added to the bundle so that messages can show them. `variables` knows the
    /// environment.
    ///
    /// Every finding has a code that begins with `pdp/`, `config/` or `yaml/`.
    pub fn read(
        bundle: &mut Bundle,
        overrides: &[String],
        variables: &dyn Fn(&str) -> Option<String>,
        report: &mut Report,
    ) -> Option<Self> {
        let mut root = match yaml::read(bundle, 0) {
            Ok(documents) => whole(documents, report)?,
            Err(diagnostic) => {
                report.push(diagnostic);
                return None;
            }
        };
        if !overrides.is_empty() {
            let said: Arc<str> = overrides.join("\n").into();
            let file = u32::try_from(bundle.files.len()).unwrap_or(u32::MAX);
            overrides::apply(&mut root, &said, file, report);
            bundle.files.push(SourceFile { name: "--set".into(), text: said });
        }
        expand::expand(&mut root, variables, report);
        let config = sections(&root, report);
        config.filter(|_| !report.has_errors())
    }
}

fn whole(documents: Vec<Node>, report: &mut Report) -> Option<Node> {
    let mut documents = documents.into_iter();
    let start = Span { file: 0, start: 0, end: 0 };
    let first = documents.next().unwrap_or(Node { kind: Kind::Map(Vec::new()), span: start });
    if let Some(second) = documents.next() {
        let message = "the configuration has more than one document";
        report.push(Diagnostic::error("config/documents", message).at(second.span, "the second one"));
        return None;
    }
    Some(first)
}

fn sections(root: &Node, report: &mut Report) -> Option<Config> {
    let Some(entries) = root.as_map() else {
        report.push(portreeve_diagnostics::read::wrong_type(root, "the configuration", "a mapping"));
        return None;
    };
    entries.iter().for_each(|entry| unknown_section(entry, report));
    let section = |key: &str| root.get(key).filter(|node| node.kind != Kind::Null);
    let server = server::read(section("server"), report);
    let engine = engine::read(section("engine"), section("schema"), report);
    let storage = storage::read(section("storage"), root.span, report);
    let tokens = tokens::read(section("auxData"), report);
    let audit = audit::read(section("audit"), report);
    Some(Config {
        listen: server.listen,
        limits: server.limits,
        cors: server.cors,
        options: engine.options,
        evaluation_errors: engine.errors,
        storage: storage?,
        tokens,
        audit,
    })
}

fn unknown_section(entry: &Entry, report: &mut Report) {
    const KNOWN: [&str; 6] = ["server", "engine", "schema", "auxData", "storage", "audit"];
    let (name, span) = (entry.key.value.as_str(), entry.key.span);
    if KNOWN.contains(&name) {
        return;
    }
    if name == "telemetry" {
        let message = "`telemetry` is passed over: nothing is ever sent";
        report.push(Diagnostic::warning("pdp/passed-over", message).at(span, "says nothing here"));
        return;
    }
    let message = format!("the section `{name}` is not supported");
    let diagnostic = Diagnostic::error("pdp/unknown-section", message).at(span, "unknown section");
    let near = suggest::nearest(name, KNOWN).filter(|_| !ELSEWHERE.contains(&name));
    report.push(match near {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(
            "remove it; the sections are `server`, `engine`, `schema`, `auxData`, `storage` and `audit`",
        ),
    });
}

/// A setting that can only be what it is without it.
fn only(fields: &mut Fields<'_>, key: &'static str, value: bool, what: &str, report: &mut Report) {
    let Some(node) = fields.optional(key) else { return };
    match node.kind {
        Kind::Bool(written) if written == value => {}
        Kind::Bool(_) => report.push(unsupported(&format!("{what}.{key}"), node)),
        _ => {
            portreeve_diagnostics::read::boolean(node, &format!("`{what}.{key}`"), report);
        }
    }
}

fn unsupported(what: &str, node: &Node) -> Diagnostic {
    let message = format!("`{what}` is not supported");
    Diagnostic::error("pdp/unsupported", message).at(node.span, "not supported").help("remove it")
}

/// A setting that says how Cerbos goes about something that is done otherwise here.
fn passed_over(fields: &mut Fields<'_>, key: &'static str, what: &str, why: &str, report: &mut Report) {
    if let Some(node) = fields.optional(key) {
        let message = format!("`{what}.{key}` is passed over: {why}");
        report.push(Diagnostic::warning("pdp/passed-over", message).at(node.span, "says nothing here"));
    }
}

/// `true` or `false`, or what is one in the YAML of Cerbos' configuration (`yes`, `on` …).
fn flag(fields: &mut Fields<'_>, key: &'static str, what: &str, report: &mut Report) -> Option<bool> {
    let node = fields.optional(key)?;
    match yes_or_no(node) {
        Some(value) => Some(value),
        None => portreeve_diagnostics::read::boolean(node, &format!("`{what}.{key}`"), report),
    }
}

/// YAML 1.1 has more words for true and false.
fn yes_or_no(node: &Node) -> Option<bool> {
    match &node.kind {
        Kind::Str { text, plain: true } => match text.as_str() {
            "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
            "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn word(fields: &mut Fields<'_>, key: &'static str, what: &str, report: &mut Report) -> Option<String> {
    let node = fields.optional(key)?;
    any_text(node, &format!("`{what}.{key}`"), report).map(|text| text.value)
}

fn words(fields: &mut Fields<'_>, key: &'static str, what: &str, report: &mut Report) -> Option<Vec<String>> {
    let node = fields.optional(key)?;
    let name = format!("`{what}.{key}`");
    let Some(items) = node.as_seq() else {
        report.push(portreeve_diagnostics::read::wrong_type(node, &name, "a list"));
        return None;
    };
    let read = items.iter().filter_map(|item| any_text(item, &name, report));
    Some(read.map(|text| text.value).collect())
}

#[cfg(test)]
mod tests;
