use portreeve_diagnostics::{
    Diagnostic, Kind, Node, Report,
    read::{Fields, wrong_type},
};

use super::{flag, unsupported, word, words};

/// What is written down, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// `accessLogsEnabled`; Cerbos 0.55 has it on when nothing is said.
    pub access: bool,
    /// `decisionLogsEnabled`; likewise.
    pub decisions: bool,
    /// `decisionLogFilters.checkResources.ignoreAllowAll`: a check that allowed everything is not written.
    pub ignore_allow_all: bool,
    /// `decisionLogFilters.planResources.ignoreAll`: plans are not written.
    pub ignore_plans: bool,
    /// `decisionLogFilters.planResources.ignoreAlwaysAllow`: plans that always allow are not written.
    pub ignore_always_allow: bool,
    /// `includeMetadataKeys`, in lower case.
    pub include: Vec<String>,
    /// `excludeMetadataKeys`, in lower case.
    pub exclude: Vec<String>,
    /// `file.path` and `file.additionalPaths`; `stdout` and `stderr` are the streams.
    pub paths: Vec<String>,
    /// `file.logRotation`
    pub rotation: Option<Rotation>,
}

/// When a file is moved aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// `maxFileSizeMB`, in bytes.
    pub max_bytes: Option<u64>,
    /// `maxFileCount`: how many are kept; 0 for all.
    pub keep: u32,
}

pub(super) fn read(node: Option<&Node>, report: &mut Report) -> Option<Audit> {
    let node = node?;
    let mut fields = Fields::lenient(node, "`audit`", report)?;
    let enabled = flag(&mut fields, "enabled", "audit", report).unwrap_or(false);
    let mut audit = Audit {
        access: flag(&mut fields, "accessLogsEnabled", "audit", report).unwrap_or(true),
        decisions: flag(&mut fields, "decisionLogsEnabled", "audit", report).unwrap_or(true),
        ..Audit::default()
    };
    let lower = |keys: Option<Vec<String>>| {
        keys.unwrap_or_default().iter().map(|key| key.to_ascii_lowercase()).collect()
    };
    audit.include = lower(words(&mut fields, "includeMetadataKeys", "audit", report));
    audit.exclude = lower(words(&mut fields, "excludeMetadataKeys", "audit", report));
    if let Some(node) = fields.optional("decisionLogFilters") {
        filters(node, &mut audit, report);
    }
    let backend = word(&mut fields, "backend", "audit", report);
    let file = fields.optional("file");
    for key in ["local", "kafka", "hub"] {
        if let Some(node) = fields.optional(key) {
            report.push(unsupported(&format!("audit.{key}"), node));
        }
    }
    if enabled && backend.as_deref() != Some("file") {
        let at = node.get("backend").map_or(fields.head(), |node| node.span);
        let message = format!("the audit backend `{}` is not supported", backend.unwrap_or_default());
        let found = Diagnostic::error("pdp/unknown-backend", message).at(at, "not supported");
        report.push(found.help("write `backend: file` and `file: { path: decisions.log }`"));
        return None;
    }
    fields.finish(report);
    match file {
        Some(node) => files(node, &mut audit, report)?,
        None if enabled => audit.paths.push("stdout".into()),
        None => {}
    }
    enabled.then_some(audit)
}

fn filters(node: &Node, audit: &mut Audit, report: &mut Report) {
    const CHECKS: &str = "decisionLogFilters.checkResources";
    const PLANS: &str = "decisionLogFilters.planResources";
    let Some(mut filters) = Fields::lenient(node, "`decisionLogFilters`", report) else { return };
    let (checks, plans) = (filters.optional("checkResources"), filters.optional("planResources"));
    filters.finish(report);
    if let Some(mut fields) = checks.and_then(|node| Fields::lenient(node, "`checkResources`", report)) {
        audit.ignore_allow_all = flag(&mut fields, "ignoreAllowAll", CHECKS, report).unwrap_or(false);
        fields.finish(report);
    }
    if let Some(mut fields) = plans.and_then(|node| Fields::lenient(node, "`planResources`", report)) {
        audit.ignore_plans = flag(&mut fields, "ignoreAll", PLANS, report).unwrap_or(false);
        audit.ignore_always_allow = flag(&mut fields, "ignoreAlwaysAllow", PLANS, report).unwrap_or(false);
        fields.finish(report);
    }
}

fn files(node: &Node, audit: &mut Audit, report: &mut Report) -> Option<()> {
    let mut fields = Fields::lenient(node, "`audit.file`", report)?;
    fields.required("path", report)?;
    audit.paths.extend(word(&mut fields, "path", "audit.file", report));
    audit.paths.extend(words(&mut fields, "additionalPaths", "audit.file", report).unwrap_or_default());
    if let Some(mut rotation) =
        fields.optional("logRotation").and_then(|node| Fields::lenient(node, "`logRotation`", report))
    {
        let bytes = number(&mut rotation, "maxFileSizeMB", report).unwrap_or(100);
        let keep = number(&mut rotation, "maxFileCount", report).unwrap_or(0);
        if let Some(node) = rotation.optional("maxFileAgeDays").filter(|node| node.kind != Kind::Int(0)) {
            report.push(unsupported("audit.file.logRotation.maxFileAgeDays", node));
        }
        rotation.finish(report);
        let max_bytes = u64::from(bytes).saturating_mul(1 << 20);
        audit.rotation = Some(Rotation { max_bytes: (max_bytes > 0).then_some(max_bytes), keep });
    }
    fields.finish(report);
    Some(())
}

fn number(fields: &mut Fields<'_>, key: &'static str, report: &mut Report) -> Option<u32> {
    let node = fields.optional(key)?;
    let number = match node.kind {
        Kind::Int(number) => u32::try_from(number).ok(),
        _ => None,
    };
    if number.is_none() {
        report.push(wrong_type(node, &format!("`audit.file.logRotation.{key}`"), "a number"));
    }
    number
}
