use std::sync::Arc;

use portreeve_cel::{Env, Type, Value};
use portreeve_diagnostics::{Bundle, Diagnostic, Kind, Node, Report, Spanned, read};
use rustc_hash::FxHashMap;

use super::{Read, conditions::Expressions};
use crate::{
    expr::BASE,
    raw::{RawBody, RawPolicy, RawVariables},
    set::Space,
};

/// What can be imported.
pub(super) struct Exports<'r> {
    variables: FxHashMap<&'r str, &'r [(Spanned<String>, Node)]>,
    constants: FxHashMap<&'r str, &'r [(Spanned<String>, Node)]>,
}

type Definitions<'r> = Vec<(&'r Spanned<String>, &'r Node)>;

impl<'r> Exports<'r> {
    pub(super) fn of(read: &'r [Read], report: &mut Report) -> Self {
        let mut exports = Self { variables: FxHashMap::default(), constants: FxHashMap::default() };
        for policy in read {
            let (into, name, definitions) = match &policy.raw.body {
                RawBody::ExportVariables { name, definitions } => (&mut exports.variables, name, definitions),
                RawBody::ExportConstants { name, definitions } => (&mut exports.constants, name, definitions),
                _ => continue,
            };
            if into.insert(&name.value, definitions).is_some() {
                let message = format!("`{}` is exported by another file too", name.value);
                report.push(Diagnostic::error("policy/duplicate", message).at(name.span, "exported again"));
            }
        }
        exports
    }
}

/// Declares a policy's names. Policies without any share the first space.
pub(super) fn space(
    raw: &RawPolicy,
    exports: &Exports<'_>,
    bundle: &Bundle,
    report: &mut Report,
) -> (Arc<Env>, Option<Space>) {
    let base = &BASE.0;
    let constants = gather(&raw.constants, &exports.constants, "constant", report);
    let variables = gather(&raw.variables, &exports.variables, "variable", report);
    if constants.is_empty() && variables.is_empty() {
        return (Arc::clone(base), None);
    }
    let mut names = base.extend();
    let constants: Vec<_> = constants
        .into_iter()
        .map(|(name, node)| (names.declare(&format!("constants.{}", name.value), Type::Dyn), constant(node)))
        .collect();
    for (name, _) in &variables {
        names.declare(&format!("variables.{}", name.value), Type::Dyn);
    }
    let env = names.build();
    let variables = order(&env, variables, bundle, report);
    let space = Space { slots: env.slots(), constants: constants.into(), variables: variables.into() };
    (env, Some(space))
}

/// Imported and local definitions together; a name twice is an error.
fn gather<'r>(
    raw: &'r RawVariables,
    exports: &FxHashMap<&'r str, &'r [(Spanned<String>, Node)]>,
    what: &str,
    report: &mut Report,
) -> Definitions<'r> {
    let mut found: Definitions<'r> = Vec::new();
    let mut add = |name: &'r Spanned<String>, node: &'r Node, report: &mut Report| {
        if let Some((first, _)) = found.iter().find(|(first, _)| first.value == name.value) {
            let message = format!("{what} `{}` has multiple definitions", name.value);
            report.push(
                Diagnostic::error("policy/redefined", message)
                    .at(name.span, "defined again")
                    .at(first.span, "first"),
            );
        } else if is_name(&name.value) {
            found.push((name, node));
        } else {
            let message = format!("`{}` is not a valid name of a {what}", name.value);
            report.push(Diagnostic::error("policy/name", message).at(name.span, "not an identifier"));
        }
    };
    for import in &raw.imports {
        match exports.get(import.value.as_str()) {
            Some(definitions) => definitions.iter().for_each(|(name, node)| add(name, node, report)),
            None => {
                let message = format!("no file exports {what}s named `{}`", import.value);
                let near = portreeve_diagnostics::suggest::nearest(&import.value, exports.keys().copied());
                let diagnostic = Diagnostic::error("policy/import", message).at(import.span, "not found");
                report.push(
                    near.map_or(diagnostic.clone(), |near| {
                        diagnostic.help(format!("did you mean `{near}`?"))
                    }),
                );
            }
        }
    }
    raw.local.iter().for_each(|(name, node)| add(name, node, report));
    found
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && portreeve_cel::syntax::parse(name).is_ok_and(|expr| expr.qualified_name().is_some())
}

/// Compiles variables, each after those that it uses.
fn order(
    env: &Env,
    variables: Definitions<'_>,
    bundle: &Bundle,
    report: &mut Report,
) -> Vec<(portreeve_cel::Slot, portreeve_cel::Program)> {
    let mut expressions = Expressions::default();
    let mut left: Vec<_> = Vec::new();
    for (name, node) in variables {
        let text = read::text(node, "a variable", report);
        let program = text.and_then(|text| expressions.compile(env, 0, &text, bundle, report));
        let slot = env.slot(&format!("variables.{}", name.value));
        left.extend(program.zip(slot).map(|(program, slot)| (name, slot, program)));
    }
    let mut ordered = Vec::new();
    loop {
        let names: Vec<String> = left.iter().map(|(name, ..)| format!("variables.{}", name.value)).collect();
        let uses = |path: &str, name: &str| {
            path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let waits = |program: &portreeve_cel::Program| {
            program.reads().any(|path| names.iter().any(|name| uses(path, name)))
        };
        let (waiting, ready): (Vec<_>, Vec<_>) = left.into_iter().partition(|(_, _, program)| waits(program));
        if ready.is_empty() {
            if let Some((name, ..)) = waiting.first() {
                let message = format!("the variables {} form a cycle", names.join(", "));
                report.push(Diagnostic::error("policy/cycle", message).at(name.span, "one of them"));
            }
            return ordered;
        }
        ordered.extend(ready.into_iter().map(|(_, slot, program)| (slot, (*program).clone())));
        left = waiting;
    }
}

/// A constant; all numbers are doubles, as JSON has them.
fn constant(node: &Node) -> Value {
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(value) => Value::Bool(*value),
        #[expect(clippy::cast_precision_loss, reason = "JSON numbers are doubles")]
        Kind::Int(value) => Value::Double(*value as f64),
        Kind::Float(value) => Value::Double(*value),
        Kind::Str { text, .. } => Value::from(text.as_str()),
        Kind::Seq(items) => Value::List(items.iter().map(constant).collect()),
        Kind::Map(entries) => Value::Map(
            entries.iter().map(|entry| (entry.key.value.as_str(), constant(&entry.value))).collect(),
        ),
    }
}
