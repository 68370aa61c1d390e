//! Variables and constants: where they come from, what they need, and in which order they can be evaluated.

use std::collections::BTreeSet;

use portreeve_cel::{Value, syntax};
use portreeve_diagnostics::{Diagnostic, Span};

use super::{Linker, push};
use crate::{
    finding::Cause,
    names::bad_identifier,
    raw::{Constants, Definables, Definitions, Text},
    set::{Names, Variable},
};

/// The definitions a policy sees, its own and the imported ones.
struct Visible<'d> {
    variables: Vec<(&'d Text, &'d Text)>,
    constants: Vec<(&'d Text, &'d Value)>,
}

/// What is defined, in the words of findings.
#[derive(Clone, Copy)]
struct What {
    name: &'static str,
    capital: &'static str,
    bad: &'static str,
    twice: &'static str,
}

const VARIABLE: What =
    What { name: "variable", capital: "Variable", bad: "invalid variable name", twice: "variable redefined" };

const CONSTANT: What =
    What { name: "constant", capital: "Constant", bad: "invalid constant name", twice: "constant redefined" };

impl<'b> Linker<'b, '_> {
    /// The environment of a policy's expressions: an id of [`Names`].
    pub(super) fn names(&mut self, own: &Definables, on_top: &Definitions) -> u32 {
        let visible = self.visible(own, on_top);
        let key = key(&visible);
        if let Some(id) = self.environments.get(&key) {
            return *id;
        }
        let constants: Vec<&str> = visible.constants.iter().map(|(name, _)| name.value.as_str()).collect();
        let variables: Vec<&str> = visible.variables.iter().map(|(name, _)| name.value.as_str()).collect();
        let (scope, env) = self.memory.environment(&constants, &variables);
        let slot = |roof: &str, name: &str| env.slot(&format!("{roof}.{name}")).map(|slot| slot.index());
        let values = visible.constants.iter();
        let constants = values
            .filter_map(|(name, value)| Some((slot("constants", &name.value)?, (*value).clone())))
            .collect();
        let slots: Vec<usize> = variables.iter().filter_map(|name| slot("variables", name)).collect();
        let id = push(&mut self.set.names, Names { env, constants, variables: Vec::new() });
        self.scopes.push(scope);
        self.environments.insert(key, id);
        self.variables(id, &visible, &slots);
        id
    }

    fn visible<'d>(&mut self, own: &'d Definables, on_top: &'d Definitions) -> Visible<'d>
    where
        'b: 'd,
    {
        let index: &'b super::index::Index<'b> = self.index;
        let imported = own.import_variables.iter().filter_map(|import| {
            let definitions: &'d Definitions = index.variables.get(import.value.as_str())?;
            Some((format!("import '{}'", import.value), definitions))
        });
        let own_variables = [
            ("policy local variables".to_owned(), &own.variables),
            ("deprecated top-level policy variables".to_owned(), on_top),
        ];
        let variables = imported.chain(own_variables).flat_map(|(source, definitions)| {
            definitions.iter().map(move |(name, text)| (source.clone(), (name, text), text.span))
        });
        let variables = self.defined(VARIABLE, variables);
        let imported = own.import_constants.iter().filter_map(|import| {
            let definitions: &'d Constants = index.constants.get(import.value.as_str())?;
            Some((format!("import '{}'", import.value), definitions))
        });
        let own_constants = [("policy local constants".to_owned(), &own.constants)];
        let constants = imported.chain(own_constants).flat_map(|(source, definitions)| {
            definitions.iter().map(move |(name, value, place)| (source.clone(), (name, value), *place))
        });
        Visible { variables, constants: self.defined(CONSTANT, constants) }
    }

    /// The definitions whose names can be used, each name once. The others are reported.
    fn defined<'d, T>(
        &mut self,
        what: What,
        all: impl Iterator<Item = (String, (&'d Text, &'d T), Span)>,
    ) -> Vec<(&'d Text, &'d T)> {
        let mut found: Vec<((&'d Text, &'d T), Vec<String>)> = Vec::new();
        let mut again: Vec<&'d Text> = Vec::new();
        for (source, (name, value), place) in all {
            if let Some(text) = bad_identifier(&name.value) {
                self.bad_name(what, name, text);
                continue;
            }
            let place = format!("{source} ({})", self.place(place));
            match found.iter_mut().find(|((known, _), _)| known.value == name.value) {
                Some((_, places)) => {
                    places.push(place);
                    again.push(name);
                }
                None => found.push(((name, value), vec![place])),
            }
        }
        for ((first, _), places) in found.iter().filter(|(_, places)| places.len() > 1) {
            self.redefined(what, first, places, again.iter().filter(|name| name.value == first.value));
        }
        found.into_iter().map(|(definition, _)| definition).collect()
    }

    fn bad_name(&mut self, what: What, name: &Text, text: String) {
        let cause = Cause::Compile(what.bad);
        if !self.findings.0.iter().any(|f| f.place == Some(name.span) && f.cause == cause) {
            self.findings.compile("policy/bad-name", what.bad, text, name.span);
        }
    }

    fn redefined<'n>(
        &mut self,
        what: What,
        first: &Text,
        places: &[String],
        again: impl Iterator<Item = &'n &'n Text>,
    ) {
        let text =
            format!("{} '{}' has multiple definitions in {}", what.capital, first.value, series(places));
        let message = format!("{} `{}` is defined more than once", what.name, first.value);
        let mut diagnostic = Diagnostic::error("policy/redefined", message);
        let mut file = first.span.file;
        for name in again {
            file = name.span.file;
            diagnostic = diagnostic.at(name.span, "defined again here");
        }
        let diagnostic = diagnostic.at(first.span, "first defined here");
        self.findings.push(file, Cause::Compile(what.twice), text, None, diagnostic);
    }

    fn place(&self, span: Span) -> String {
        let Some(file) = self.bundle.file(span) else { return String::new() };
        let place = file.place(span.start);
        format!("{}:{}:{}", file.name, place.line, place.column)
    }

    /// Compiles the variables in an order in which each comes after those that it needs.
    fn variables(&mut self, names: u32, visible: &Visible<'_>, slots: &[usize]) {
        let needs: Vec<Vec<String>> =
            visible.variables.iter().map(|(_, text)| self.variables_of(names, &text.value)).collect();
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
                let variable = Variable { name: name.value.as_str().into(), slot: *slot, expression };
                names.variables.push(variable);
            }
        }
        self.cycle(&left, visible);
    }

    /// The variables that an expression names.
    fn variables_of(&mut self, names: u32, text: &str) -> Vec<String> {
        let scope = self.scopes.get(names as usize).copied();
        let known = scope.and_then(|scope| self.memory.expression(scope, text));
        known.map_or_else(
            || references(text, &["V", "variables"]).into_iter().collect(),
            |known| known.variables.clone(),
        )
    }

    fn cycle(&mut self, left: &[usize], visible: &Visible<'_>) {
        let members: Vec<&(&Text, &Text)> =
            left.iter().filter_map(|index| visible.variables.get(*index)).collect();
        let Some((first, value)) = members.first() else { return };
        let places: Vec<String> = members
            .iter()
            .map(|(name, text)| format!("'{}' ({})", name.value, self.place(text.span)))
            .collect();
        let text = match places.as_slice() {
            [_] => format!("Variable '{}' references itself", first.value),
            several => format!("Variables {} form a cycle", series(several)),
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
            Some(value.span),
            diagnostic,
        );
    }
}

/// `a`, `a and b`, `a, b, and c`.
fn series(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [one, two] => format!("{one} and {two}"),
        [rest @ .., last] => format!("{}, and {last}", rest.join(", ")),
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
