//! What the directives do.

use std::sync::Arc;

use portreeve_cel::{Arena, Env, ErrorKind, EvalError, Program, Timestamp, Val, Value, syntax::Issue};
use portreeve_diagnostics::{Diagnostic, Span};

use super::{Answer, Session, given, loaded::Loaded, place, tree::Branch, world::World};

/// A value for people, and the value if it can be kept.
struct Found {
    shown: String,
    value: Option<Value>,
    type_name: &'static str,
}

impl Session {
    pub(super) fn evaluate(&mut self, line: &str, text: &str, now: Timestamp) -> Result<Answer, Diagnostic> {
        let found = self.value(line, text, now)?;
        self.given.answered(found.value);
        Ok(Answer::Value { name: given::LAST.to_owned(), value: found.shown })
    }

    pub(super) fn define(
        &mut self,
        line: &str,
        name: &str,
        text: &str,
        now: Timestamp,
    ) -> Result<Answer, Diagnostic> {
        let found = self.value(line, text, now)?;
        let Some(value) = found.value else {
            let message = format!("a value of type {} cannot be kept", found.type_name);
            return Err(Diagnostic::error("repl/fleeting", message)
                .at(place(line, text), "has no form outside of an expression")
                .help("keep what it is made from, as text, and make it where it is needed"));
        };
        self.given.define(name, value).map_err(|wrong| {
            Diagnostic::error("repl/let", wrong).at(place(line, name), "cannot have this value")
        })?;
        Ok(Answer::Value { name: name.to_owned(), value: found.shown })
    }

    pub(super) fn rules(&self, line: &str) -> Result<Answer, Diagnostic> {
        self.loaded.as_ref().map(|loaded| Answer::Rules(loaded.list())).ok_or_else(|| nothing_loaded(line))
    }

    /// The condition of a rule, part by part.
    pub(super) fn execute(&self, line: &str, number: &str, now: Timestamp) -> Result<Answer, Diagnostic> {
        let loaded = self.loaded.as_ref().ok_or_else(|| nothing_loaded(line))?;
        let index = number.trim_start_matches('#').parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        let rule =
            index.and_then(|index| loaded.rules.get(index)).ok_or_else(|| no_rule(line, number, loaded))?;
        let names = loaded.set.names.get(rule.names as usize);
        let (Some(condition), Some(names)) = (rule.condition, names) else {
            return Ok(Answer::Unconditional);
        };
        let arena = Arena::new();
        let world = World::of_rule(&self.given, loaded, names, &arena, now);
        Ok(Branch::grow(condition, loaded, &world).map_or(Answer::Unconditional, Answer::Tree))
    }

    /// Everything that has a name and a value, the variables and constants of the policy among it.
    pub(super) fn variables(&self, now: Timestamp) -> Vec<(String, String)> {
        let arena = Arena::new();
        let world = World::new(&self.given, self.loaded.as_ref(), &arena, now);
        let given = self.given.iter().map(|(name, value)| (given::short(name), Val::from(value).to_string()));
        let mut all: Vec<(String, String)> = given.collect();
        for word in self.loaded.iter().flat_map(Loaded::words) {
            if all.iter().any(|(name, _)| *name == word) {
                continue;
            }
            let shown = world.env.compile(&word).ok().map(|program| match world.eval(&program) {
                Ok(value) => value.to_string(),
                Err(error) => format!("no value: {}", because(&word, &error, &world)),
            });
            all.extend(shown.map(|shown| (word, shown)));
        }
        all.sort();
        all
    }

    fn value(&self, line: &str, text: &str, now: Timestamp) -> Result<Found, Diagnostic> {
        let at = place(line, text);
        let env = self.env();
        let program: Program = env.compile(text).map_err(|issues| invalid(at, &issues))?;
        let arena = Arena::new();
        let world = World::new(&self.given, self.loaded.as_ref(), &arena, now);
        match world.eval(&program) {
            Ok(value) => {
                Ok(Found { shown: value.to_string(), value: value.to_value(), type_name: value.type_name() })
            }
            Err(error) => Err(failed(at, text, &error, &world)),
        }
    }

    fn env(&self) -> Arc<Env> {
        World::env(&self.given, self.loaded.as_ref())
    }
}

/// Why a part has no value; of a variable, why its expression has none.
pub(super) fn because(part: &str, error: &EvalError, world: &World<'_>) -> String {
    let name = part.strip_prefix("V.").or_else(|| part.strip_prefix("variables."));
    let name = name.and_then(|name| name.split(['.', '[']).next());
    let inner = name.and_then(|name| world.failed.iter().find(|(failed, _)| **failed == *name));
    inner.map_or_else(|| error.to_string(), |(name, why)| format!("`V.{name}` has no value: {why}"))
}

fn invalid(at: Span, issues: &[Issue]) -> Diagnostic {
    let message = match issues {
        [only] => only.message.clone(),
        _ => "the expression is not valid".to_owned(),
    };
    let diagnostic = Diagnostic::error("repl/expression", message);
    issues.iter().fold(diagnostic, |diagnostic, issue| {
        let label = if issues.len() == 1 { String::new() } else { issue.message.clone() };
        diagnostic.at(at.part(issue.start, issue.end), label)
    })
}

fn failed(at: Span, text: &str, error: &EvalError, world: &World<'_>) -> Diagnostic {
    let part = text.get(error.start as usize..error.end as usize).unwrap_or_default();
    let found = Diagnostic::error("repl/no-value", because(part, error, world))
        .at(at.part(error.start, error.end), "has no value");
    let of_request = ["request", "P.", "R."].iter().any(|roof| part.starts_with(roof));
    if of_request && matches!(error.kind, ErrorKind::Undefined(_)) {
        return found.help("say what it is, as in `:let P = {\"id\": \"ann\", \"roles\": [\"user\"]}`");
    }
    found
}

fn nothing_loaded(line: &str) -> Diagnostic {
    Diagnostic::error("repl/nothing-loaded", "no policy is loaded")
        .at(place(line, line.trim()), "has no rules to speak of")
        .help("`:load FILE` takes a policy")
}

fn no_rule(line: &str, number: &str, loaded: &Loaded) -> Diagnostic {
    let help = match loaded.rules.len() {
        0 => "the policy has no rules".to_owned(),
        1 => "there is only `#1`".to_owned(),
        many => format!("there are `#1` to `#{many}`; `:rules` lists them"),
    };
    Diagnostic::error("repl/no-such-rule", "there is no such rule")
        .at(place(line, number), "expected the number of a rule, as in `#1`")
        .help(help)
}
