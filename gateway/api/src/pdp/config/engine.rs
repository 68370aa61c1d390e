use portreeve_cel::{Map, Value};
use portreeve_diagnostics::{
    Kind, Node, Report,
    read::{Fields, choice, wrong_type},
};
use portreeve_policies::{Enforcement, Options};

use super::{flag, passed_over, word, yes_or_no};

/// How loudly expressions without a value are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorLevel {
    /// For those who look for them.
    Debug,
    /// With what else happens.
    Info,
    /// As something to look at.
    Warn,
    /// As something that is wrong.
    Error,
}

#[derive(Debug)]
pub(super) struct Engine {
    pub(super) options: Options,
    pub(super) errors: Option<ErrorLevel>,
}

pub(super) fn read(engine: Option<&Node>, schema: Option<&Node>, report: &mut Report) -> Engine {
    let options = Options { strict: false, ..Options::default() };
    let mut read = Engine { options, errors: None };
    if let Some(node) = engine {
        settings(node, &mut read, report);
    }
    if let Some(mut fields) = schema.and_then(|node| Fields::lenient(node, "`schema`", report)) {
        if let Some(node) = fields.optional("enforcement") {
            let words =
                [("none", Enforcement::None), ("warn", Enforcement::Warn), ("reject", Enforcement::Reject)];
            read.options.schemas =
                choice(node, "`schema.enforcement`", &words, report).unwrap_or(Enforcement::None);
        }
        passed_over(&mut fields, "cacheSize", "schema", "every schema is ready from the start", report);
        fields.finish(report);
    }
    read
}

fn settings(node: &Node, engine: &mut Engine, report: &mut Report) {
    let Some(mut fields) = Fields::lenient(node, "`engine`", report) else { return };
    let options = &mut engine.options;
    if let Some(version) = word(&mut fields, "defaultPolicyVersion", "engine", report) {
        options.default_version = version.into();
    }
    if let Some(scope) = word(&mut fields, "defaultScope", "engine", report) {
        options.default_scope = scope.into();
    }
    if let Some(lenient) = flag(&mut fields, "lenientScopeSearch", "engine", report) {
        options.lenient_scope_search = lenient;
    }
    if let Some(strict) = flag(&mut fields, "strictEvaluation", "engine", report) {
        options.strict = strict;
    }
    if let Some(node) = fields.optional("globals") {
        match value(node) {
            Value::Map(globals) => options.globals = globals,
            _ => report.push(wrong_type(node, "`engine.globals`", "a mapping")),
        }
    }
    if let Some(node) = fields.optional("celErrorLogLevel") {
        let words = [
            ("none", None),
            ("debug", Some(ErrorLevel::Debug)),
            ("info", Some(ErrorLevel::Info)),
            ("warn", Some(ErrorLevel::Warn)),
            ("error", Some(ErrorLevel::Error)),
        ];
        engine.errors = choice(node, "`engine.celErrorLogLevel`", &words, report).flatten();
    }
    let why = "policies are compiled before they are asked";
    passed_over(&mut fields, "policyLoaderTimeout", "engine", why, report);
    fields.finish(report);
}

/// Numbers keep the type they are written with; `yes` and its like are booleans.
fn value(node: &Node) -> Value {
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(value) => Value::Bool(*value),
        Kind::Int(value) => Value::Int(*value),
        Kind::Float(value) => Value::Double(*value),
        Kind::Str { text, .. } => match yes_or_no(node) {
            Some(value) => Value::Bool(value),
            None => Value::String(text.as_str().into()),
        },
        Kind::Seq(items) => Value::List(items.iter().map(value).collect()),
        Kind::Map(entries) => {
            let entries = entries.iter().map(|entry| (entry.key.value.as_str(), value(&entry.value)));
            Value::Map(entries.collect::<Map>())
        }
    }
}
