//! Expressions, conditions and outputs.

use std::sync::Arc;

use portreeve_cel::{
    Program,
    syntax::{self, Expr, ExprKind, Issue},
};
use portreeve_diagnostics::{Diagnostic, Span, yaml};

use super::{
    Linker, add_condition, environment::DERIVED_ROLES, kept::Known, push, variables::references, wording,
};
use crate::{
    finding::Cause,
    place,
    raw::{self, Text},
    set::{Condition, Expression, Output},
};

impl Linker<'_, '_> {
    /// Compiles an expression. What is wrong with it is among the findings, once for each place.
    pub(super) fn expression(&mut self, names: u32, text: &Text, variable: Option<&str>) -> Option<u32> {
        let key = (names, text.value.clone());
        if let Some(Some(id)) = self.expressions.get(&key) {
            return Some(*id);
        }
        let id = self.compile_expression(names, text, variable);
        self.expressions.insert(key, id);
        id
    }

    fn compile_expression(&mut self, names: u32, text: &Text, variable: Option<&str>) -> Option<u32> {
        let scope = *self.scopes.get(names as usize)?;
        let known = match self.memory.expression(scope, &text.value) {
            Some(known) => known,
            None => {
                let known = self.known(names, text, variable)?;
                self.memory.learn(scope, &text.value, known)
            }
        };
        let variables = self.needed(names, known.variables.iter().map(String::as_str));
        let seen = self.set.names.get(names as usize)?;
        let through = variables
            .iter()
            .filter_map(|v| seen.variables.get(*v as usize))
            .filter_map(|v| self.set.expressions.get(v.expression as usize))
            .any(|expression| expression.runtime);
        let program = Arc::clone(&known.program);
        let runtime =
            through || program.reads().any(|path| path.starts_with(DERIVED_ROLES) || path == "runtime");
        let expression = Expression { program, text: text.value.as_str().into(), variables, runtime };
        Some(push(&mut self.set.expressions, expression))
    }

    /// Compiles an expression that nobody has compiled over these names.
    fn known(&mut self, names: u32, text: &Text, variable: Option<&str>) -> Option<Known> {
        let env = Arc::clone(&self.set.names.get(names as usize)?.env);
        if self.undefined(&env, text, variable) {
            return None;
        }
        match env.compile(&text.value).and_then(without_keys_of_globals) {
            Ok(program) => {
                let variables = references(&text.value, &["V", "variables"]).into_iter().collect();
                Some(Known { program: Arc::new(program), variables })
            }
            Err(issues) => {
                self.issues(text, &issues, variable);
                None
            }
        }
    }

    fn issues(&mut self, text: &Text, issues: &[Issue], variable: Option<&str>) {
        let said_at = self.said_at(text, variable);
        let mut diagnostic = Diagnostic::error("policy/expression", "the expression is not valid");
        let said: Vec<&str> = issues.iter().map(|issue| issue.message.as_str()).collect();
        if let [only] = said.as_slice() {
            diagnostic.message = (*only).to_owned();
        }
        for issue in issues {
            let place = yaml::place_of(text, self.bundle, issue.start as usize, issue.end as usize);
            diagnostic = diagnostic.at(place, issue.message.clone());
            let word = text.value.get(issue.start as usize..issue.end as usize).unwrap_or_default();
            if let Some(meant) = syntax::operator_meant(word) {
                diagnostic = diagnostic.help(format!("did you mean `{meant}`?"));
            }
        }
        let theirs = wording::of(&text.value, &said);
        let cerbos = format!("Invalid expression `{}`: [{}]", text.value, theirs.join(", "));
        self.findings.push(
            text.span.file,
            Cause::Compile("invalid expression"),
            cerbos,
            Some(said_at),
            diagnostic,
        );
    }

    /// Where Cerbos says an expression is: a variable's at its value, any other at its key.
    fn said_at(&self, text: &Text, variable: Option<&str>) -> Span {
        if variable.is_some() { text.span } else { place::field(self.bundle, text.span) }
    }

    /// Reports references to variables and constants that are not there.
    fn undefined(&mut self, env: &portreeve_cel::Env, text: &Text, variable: Option<&str>) -> bool {
        let mut found = false;
        for (what, error, root, roots) in [
            ("variable", "undefined variable", "variables", ["V", "variables"]),
            ("constant", "undefined constant", "constants", ["C", "constants"]),
        ] {
            for name in references(&text.value, &roots) {
                if env.slot(&format!("{root}.{name}")).is_some() {
                    continue;
                }
                found = true;
                let by = variable.map(|by| format!(" referenced in variable '{by}'")).unwrap_or_default();
                let said = format!("Undefined {what} '{name}'{by}");
                let places = (text.span, self.said_at(text, variable));
                self.findings.compile_at("policy/undefined", error, said, places);
            }
        }
        found
    }

    /// The variables that are needed to evaluate something that refers to these, in order.
    fn needed<'n>(&self, names: u32, direct: impl Iterator<Item = &'n str>) -> Box<[u32]> {
        let Some(known) = self.set.names.get(names as usize) else { return Box::default() };
        let mut needed = std::collections::BTreeSet::new();
        for name in direct {
            let Some((id, variable)) = (0..).zip(&known.variables).find(|(_, v)| *v.name == *name) else {
                continue;
            };
            needed.insert(id);
            let expression = self.set.expressions.get(variable.expression as usize);
            needed.extend(expression.into_iter().flat_map(|expression| expression.variables.iter().copied()));
        }
        needed.into_iter().collect()
    }

    pub(super) fn condition(&mut self, names: u32, condition: &raw::Condition) -> Option<u32> {
        let compiled = match condition {
            raw::Condition::Expr(text) => Condition::Expr(self.expression(names, text, None)?),
            raw::Condition::All(parts) => Condition::All(self.parts(names, parts)),
            raw::Condition::Any(parts) => Condition::Any(self.parts(names, parts)),
            raw::Condition::None(parts) => Condition::None(self.parts(names, parts)),
            raw::Condition::Script(place) => {
                let error = "scripts in conditions are no longer supported";
                let places = (*place, place::field(self.bundle, *place));
                self.findings.compile_at("policy/script", error, "Unsupported feature", places);
                return None;
            }
        };
        Some(add_condition(&mut self.set, compiled))
    }

    fn parts(&mut self, names: u32, parts: &[raw::Condition]) -> Box<[u32]> {
        parts.iter().filter_map(|part| self.condition(names, part)).collect()
    }

    pub(super) fn output(&mut self, names: u32, source: String, output: &raw::Output) -> Option<u32> {
        if output.activated.is_none() && output.not_met.is_none() {
            let text = "output must have at least one expression";
            let places = (output.span, place::field(self.bundle, output.span));
            self.findings.compile_at("policy/empty-output", "empty output", text, places);
            return None;
        }
        let activated = output.activated.as_ref().and_then(|text| self.expression(names, text, None));
        let not_met = output.not_met.as_ref().and_then(|text| self.expression(names, text, None));
        Some(push(&mut self.set.outputs, Output { source, activated, not_met }))
    }
}

/// Globals have fields and nothing else, as variables and constants do: `G.x`, not `G["x"]`.
fn without_keys_of_globals(program: Program) -> Result<Program, Vec<Issue>> {
    let text = program.text();
    if !text.contains('G') && !text.contains("globals") {
        return Ok(program);
    }
    let mut issues = Vec::new();
    if let Ok(expr) = syntax::parse(text) {
        keys_of_globals(&expr, &mut issues);
    }
    if issues.is_empty() { Ok(program) } else { Err(issues) }
}

fn keys_of_globals(expr: &Expr, issues: &mut Vec<Issue>) {
    if let ExprKind::Index { operand, .. } = &expr.kind
        && matches!(operand.qualified_name().as_deref(), Some("G" | "globals"))
    {
        let message = "found no matching overload for '_[_]' applied to '(cerbos.Variables, string)'".into();
        issues.push(Issue { start: expr.start, end: expr.end, message });
    }
    expr.children(&mut |child| keys_of_globals(child, issues));
}
