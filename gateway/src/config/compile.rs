//! From what was written to settings, with all findings and not only the first.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use portreeve_diagnostics::{
    Diagnostic, Entry, Node, Report, Spanned,
    read::{
        Fields, choice, duration, items, positive, positive_duration, positive_size, size, some_texts, text,
        wrong_type,
    },
};

use super::{
    AuditSettings, Config, Evaluation, Folder, Limits, LogSettings, itself,
    listeners::{address, collide, listeners},
    raw::Raw,
    upstreams::upstreams,
};
use crate::beside;

/// Compiles the one document of `portreeve.yaml`, as far as it can be understood: what is wrong in one part of it hides
/// nothing that is wrong in what another part names. With an error in the report it is good for looking on, and for
/// nothing else. `None` if it does not even say where the policies are.
pub(crate) fn compile(node: &Node, folder: &Folder, report: &mut Report) -> Option<Config> {
    let raw = Raw::read(node, report)?;
    let listeners = raw.listeners.map(|node| listeners(node, folder, report));
    let admin = raw.admin.map_or(Some(ADMIN), |node| admin(node, report));
    if let Some((listener, admin)) = listeners.as_deref().and_then(|all| {
        let admin = admin?;
        Some((all.iter().find(|listener| collide(listener.address, admin))?.address, admin))
    }) {
        let message = format!("a listener has `{listener}`, so `admin` cannot have `{admin}`");
        let at = raw.admin.or(raw.listeners).map_or(node.span, |node| node.span);
        report.push(
            Diagnostic::error("config/tied-listeners", message)
                .at(at, "they collide")
                .help("give `admin` another port"),
        );
    }
    let limits = raw.limits.map_or(Some(LIMITS), |node| limits(node, report));
    let log = raw.log.map_or_else(|| Some(LogSettings::default()), |node| log(node, report));
    let upstreams = raw.upstreams.map(|node| upstreams(node, folder, report));
    let authenticators =
        raw.authenticators.map(|node| named(node, "authenticators", report)).unwrap_or_default();
    let mutators = raw.mutators.map(|node| named(node, "mutators", report)).unwrap_or_default();
    let answers = raw.answers.map(|node| named(node, "answers", report)).unwrap_or_default();
    let routes = raw.routes.map(|node| some_texts(node, "`routes`", report));
    let policies = raw.policies.and_then(|node| policies(node, report));
    let audit = raw.audit.map(|node| audit(node, folder, report)).unwrap_or_default();
    let (policies, evaluation) = policies?;
    let config = Config {
        listeners: listeners.unwrap_or_default(),
        admin: admin.unwrap_or(ADMIN),
        limits: limits.unwrap_or(LIMITS),
        log: log.unwrap_or_default(),
        upstreams: upstreams.unwrap_or_default(),
        upstream_names: raw.upstreams.and_then(Node::as_map).unwrap_or_default().iter().map(name).collect(),
        authenticators,
        mutators,
        answers,
        routes: routes.unwrap_or_default(),
        policies,
        evaluation,
        audit,
        beside: beside::named(node),
    };
    itself::report(&config, report);
    Some(config)
}

/// Where the admin listener is when nothing is said: on this machine only.
const ADMIN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9901);

/// How many full audit files are kept when nothing is said.
const KEEP: u32 = 5;

/// How many can be kept.
const MOST_KEPT: u64 = 10_000;

const LIMITS: Limits = Limits {
    connections: 10_000,
    header_timeout: Duration::from_secs(10),
    body: 10 << 20,
    requests_per_connection: 1_000,
    idle_timeout: Duration::from_secs(60),
    drain_timeout: Duration::from_secs(20),
};

impl Default for LogSettings {
    fn default() -> Self {
        Self { json: false, filter: "info".to_owned() }
    }
}

fn admin(node: &Node, report: &mut Report) -> Option<SocketAddr> {
    let mut fields = Fields::of(node, "`admin`", report)?;
    let written = fields.required("address", report);
    fields.finish(report);
    address(written?, report)
}

fn limits(node: &Node, report: &mut Report) -> Option<Limits> {
    let mut fields = Fields::of(node, "`limits`", report)?;
    let mut limits = LIMITS;
    if let Some(node) = fields.optional("connections") {
        limits.connections = usize::try_from(positive(node, "`connections`", report)?).unwrap_or(usize::MAX);
    }
    if let Some(node) = fields.optional("requests-per-connection") {
        let value = positive(node, "`requests-per-connection`", report)?;
        limits.requests_per_connection = u32::try_from(value).unwrap_or(u32::MAX);
    }
    if let Some(node) = fields.optional("body") {
        limits.body = size(node, "`body`", report)?;
    }
    for (key, name, slot) in [
        ("header-timeout", "`header-timeout`", &mut limits.header_timeout),
        ("idle-timeout", "`idle-timeout`", &mut limits.idle_timeout),
    ] {
        if let Some(node) = fields.optional(key) {
            *slot = positive_duration(node, name, report)?;
        }
    }
    if let Some(node) = fields.optional("drain-timeout") {
        limits.drain_timeout = duration(node, "`drain-timeout`", report)?;
    }
    fields.finish(report);
    Some(limits)
}

fn log(node: &Node, report: &mut Report) -> Option<LogSettings> {
    let mut fields = Fields::of(node, "`log`", report)?;
    let mut log = LogSettings::default();
    if let Some(node) = fields.optional("format") {
        log.json = choice(node, "`format`", &[("text", false), ("json", true)], report)?;
    }
    if let Some(node) = fields.optional("level") {
        let written = text(node, "`level`", report)?;
        if written.value.parse::<tracing_subscriber::filter::Targets>().is_err() {
            let message = format!("`{}` is not a level", written.value);
            let help = "use `error`, `warn`, `info`, `debug`, `trace`, or `info,portreeve=debug`";
            report
                .push(Diagnostic::error("config/bad-level", message).at(node.span, "not a level").help(help));
            return None;
        }
        log.filter = written.value;
    }
    fields.finish(report);
    Some(log)
}

fn named(node: &Node, what: &str, report: &mut Report) -> Vec<(Spanned<String>, Node)> {
    let Some(entries) = node.as_map() else {
        report.push(wrong_type(node, &format!("`{what}`"), &format!("a mapping from names to {what}")));
        return Vec::new();
    };
    let nameless = entries.iter().filter(|entry| entry.key.value.trim().is_empty());
    nameless.for_each(|entry| report.push(no_name(entry)));
    entries.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect()
}

fn name(entry: &Entry) -> Spanned<String> {
    entry.key.clone()
}

pub(super) fn no_name(entry: &Entry) -> Diagnostic {
    Diagnostic::error("config/empty", "a name is empty").at(entry.key.span, "nobody could name this")
}

fn policies(node: &Node, report: &mut Report) -> Option<(Spanned<String>, Evaluation)> {
    let mut fields = Fields::of(node, "`policies`", report)?;
    let directory = fields.required("directory", report).and_then(|node| text(node, "`directory`", report));
    let evaluation = match fields.optional("evaluation") {
        Some(node) => {
            let words = [("strict", Evaluation::Strict), ("cerbos", Evaluation::Cerbos)];
            choice(node, "`evaluation`", &words, report)
        }
        None => Some(Evaluation::Strict),
    };
    fields.finish(report);
    Some((directory?, evaluation?))
}

fn audit(node: &Node, folder: &Folder, report: &mut Report) -> Vec<AuditSettings> {
    let mut all: Vec<AuditSettings> = Vec::new();
    for node in items(node) {
        let Some(sink) = sink(node, folder, report) else { continue };
        if all.iter().any(|other| other.writes_to(&sink)) {
            let message = "two audit sinks write to the same place, so every record would be there twice";
            report.push(Diagnostic::error("config/tied-sinks", message).at(node.span, "the second one"));
        }
        all.push(sink);
    }
    all
}

fn sink(node: &Node, folder: &Folder, report: &mut Report) -> Option<AuditSettings> {
    if node.as_str().is_some() {
        return choice(node, "`audit`", &[("stdout", ())], report).map(|()| AuditSettings::Stdout);
    }
    let mut fields = Fields::of(node, "an audit sink", report)?;
    let file = fields.required("file", report);
    fields.finish(report);
    let mut fields = Fields::of(file?, "`file`", report)?;
    let path = fields.required("path", report).and_then(|node| text(node, "`path`", report));
    let (full, kept) = (fields.optional("max-size"), fields.optional("keep"));
    fields.finish(report);
    if let (None, Some(node)) = (full, kept) {
        let message = "without `max-size` there is one file, and `keep` says nothing";
        report.push(Diagnostic::warning("config/unused-keep", message).at(node.span, "says nothing"));
    }
    let max_bytes = full.and_then(|node| positive_size(node, "`max-size`", report));
    let keep = kept.map_or(Some(KEEP), |node| keep(node, report))?;
    Some(AuditSettings::File { path: folder.path(&path?.value), max_bytes, keep })
}

/// With 0 a full file would be deleted with all that it says; each one is renamed whenever the first is full.
fn keep(node: &Node, report: &mut Report) -> Option<u32> {
    let keep = positive(node, "`keep`", report)?;
    if keep > MOST_KEPT {
        let message = format!("`keep` must be at most {MOST_KEPT}");
        report.push(Diagnostic::error("config/too-many", message).at(node.span, "too many"));
        return None;
    }
    u32::try_from(keep).ok()
}

#[cfg(test)]
mod tests;
