//! Variables and constants: where they come from, what they need, and in which order they can be evaluated.

use std::collections::BTreeSet;

use portreeve_cel::{Type, Value, syntax};
use portreeve_diagnostics::{Diagnostic, Span};

use super::{Linker, environment, push};
use crate::{
    finding::Cause,
    names::bad_identifier,
    raw::{Definables, Definitions, Text},
    set::{Names, Variable},
};

/// The definitions a policy sees, its own and the imported ones.
struct Visible<'d> {
    variables: Vec<(&'d Text, &'d Text)>,
    constants: Vec<(&'d Text, &'d Value)>,
}

impl<'b> Linker<'b> {
    /// The environment of a policy's expressions: an id of [`Names`].
    pub(super) fn names(&mut self, own: &Definables, on_top: &Definitions) -> u32 {
        let visible = self.visible(own, on_top);
        let key = key(&visible);
        if let Some(id) = self.environments.get(&key) {
            return *id;
        }
        let mut env = environment::base().extend();
        let constants = visible.constants.iter().map(|(name, value)| {
            (env.declare(&format!("constants.{}", name.value), Type::Dyn).index(), (*value).clone())
        });
        let constants = constants.collect();
        let slots: Vec<usize> = visible
            .variables
            .iter()
            .map(|(name, _)| env.declare(&format!("variables.{}", name.value), Type::Dyn).index())
            .collect();
        let names = Names { env: env.build(), constants, variables: Vec::new() };
        let id = push(&mut self.set.names, names);
        self.environments.insert(key, id);
        self.variables(id, &visible, &slots);
        id
    }

    fn visible<'d>(&mut self, own: &'d Definables, on_top: &'d Definitions) -> Visible<'d>
    where
        'b: 'd,
    {
        let index: &'b super::index::Index<'b> = self.index;
        let mut visible = Visible { variables: Vec::new(), constants: Vec::new() };
        let imported =
            own.import_variables.iter().filter_map(|import| index.variables.get(import.value.as_str()));
        let imported = imported.flat_map(|definitions| definitions.iter());
        for (name, value) in imported.chain(&own.variables).chain(on_top) {
            if self.good_name(name, "variable", visible.variables.iter().map(|(name, _)| *name)) {
                visible.variables.push((name, value));
            }
        }
        let imported =
            own.import_constants.iter().filter_map(|import| index.constants.get(import.value.as_str()));
        let imported = imported.flat_map(|definitions| definitions.iter());
        for (name, value) in imported.chain(&own.constants) {
            if self.good_name(name, "constant", visible.constants.iter().map(|(name, _)| *name)) {
                visible.constants.push((name, value));
            }
        }
        visible
    }

    fn good_name<'d>(
        &mut self,
        name: &Text,
        what: &'static str,
        known: impl Iterator<Item = &'d Text>,
    ) -> bool {
        if let Some(text) = bad_identifier(&name.value) {
            let error = if what == "variable" { "invalid variable name" } else { "invalid constant name" };
            let known = self
                .findings
                .0
                .iter()
                .any(|f| f.place == Some(name.span) && f.cause == Cause::Compile(error));
            if !known {
                self.findings.compile("policy/bad-name", error, text, name.span);
            }
            return false;
        }
        let mut known = known;
        let Some(first) = known.find(|other| other.value == name.value) else { return true };
        let capital = if what == "variable" { "Variable" } else { "Constant" };
        let error = if what == "variable" { "variable redefined" } else { "constant redefined" };
        let (one, two) = (self.place(first.span), self.place(name.span));
        let text = format!("{capital} '{}' has multiple definitions in {one} and {two}", name.value);
        let diagnostic =
            Diagnostic::error("policy/redefined", format!("{what} `{}` is defined twice", name.value))
                .at(name.span, "defined again here")
                .at(first.span, "first defined here");
        self.findings.push(name.span.file, Cause::Compile(error), text, None, diagnostic);
        false
    }

    fn place(&self, span: Span) -> String {
        let Some(file) = self.bundle.file(span) else { return String::new() };
        let place = file.place(span.start);
        format!("{}:{}:{}", file.name, place.line, place.column)
    }

    /// Compiles the variables in an order in which each comes after those that it needs.
    fn variables(&mut self, names: u32, visible: &Visible<'_>, slots: &[usize]) {
        let needs: Vec<BTreeSet<String>> =
            visible.variables.iter().map(|(_, text)| references(&text.value, &["V", "variables"])).collect();
        let mut done: BTreeSet<&str> = BTreeSet::new();
        let mut left: Vec<usize> = (0..visible.variables.len()).collect();
        loop {
            let name =
                |index: usize| visible.variables.get(index).map_or("", |(name, _)| name.value.as_str());
            let ready = |index: &usize| {
                let needs = needs.get(*index);
                needs.is_none_or(|needs| {
                    needs.iter().all(|need| {
                        done.contains(need.as_str())
                            || !visible.variables.iter().any(|(name, _)| name.value == *need)
                    })
                })
            };
            let Some(at) = left.iter().position(ready) else { break };
            let index = left.remove(at);
            done.insert(name(index));
            let (Some((name, text)), Some(slot)) = (visible.variables.get(index), slots.get(index)) else {
                continue;
            };
            let Some(expression) = self.expression(names, text, Some(&name.value)) else { continue };
            if let Some(names) = self.set.names.get_mut(names as usize) {
                let variable =
                    Variable { name: name.value.as_str().into(), slot: *slot, expression, used: false };
                names.variables.push(variable);
            }
        }
        self.cycle(&left, visible);
    }

    fn cycle(&mut self, left: &[usize], visible: &Visible<'_>) {
        let members: Vec<&(&Text, &Text)> =
            left.iter().filter_map(|index| visible.variables.get(*index)).collect();
        let Some((first, _)) = members.first() else { return };
        let places: Vec<String> =
            members.iter().map(|(name, _)| format!("'{}' ({})", name.value, self.place(name.span))).collect();
        let text = match places.split_last() {
            Some((last, rest)) if !rest.is_empty() => {
                format!("Variables {} and {last} form a cycle", rest.join(", "))
            }
            _ => format!("Variable {} references itself", places.concat()),
        };
        let mut diagnostic =
            Diagnostic::error("policy/variable-cycle", "variables need each other in a circle");
        for (name, _) in &members {
            diagnostic = diagnostic.at(name.span, "");
        }
        self.findings.push(
            first.span.file,
            Cause::Compile("cyclical variable definitions"),
            text,
            None,
            diagnostic,
        );
    }
}

/// The fields that an expression selects from one of these names. Nothing, if it cannot be read.
pub(super) fn references(text: &str, roots: &[&str]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if let Ok(expr) = syntax::parse(text) {
        collect(&expr, roots, &mut found);
    }
    found
}

fn collect(expr: &syntax::Expr, roots: &[&str], found: &mut BTreeSet<String>) {
    if let syntax::ExprKind::Select { operand, field, .. } = &expr.kind
        && let syntax::ExprKind::Ident(name) = &operand.kind
        && roots.contains(&&**name)
    {
        found.insert(field.to_string());
    }
    expr.children(&mut |child| collect(child, roots, found));
}

fn key(visible: &Visible<'_>) -> String {
    let mut lines: Vec<String> =
        visible.variables.iter().map(|(name, text)| format!("v{}\0{}", name.value, text.value)).collect();
    let constants = visible.constants.iter();
    lines.extend(constants.map(|(name, value)| {
        format!("c{}\0{}", name.value, serde_json::to_string(value).unwrap_or_default())
    }));
    lines.sort();
    lines.join("\u{1}")
}
