//! Watches the questions: for the reasons behind answers, and for what no question ever touched.

use std::{collections::BTreeMap, sync::Arc};

use portreeve_cel::{EvalError, Val};
use portreeve_diagnostics::Span;
use rustc_hash::FxHashMap;

use super::why::{Outcome, Part, Step, Why};
use crate::{Because, PolicySet, RuleId, Trace};

/// What questions touched.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    rules: FxHashMap<RuleId, Seen>,
    derived_roles: BTreeMap<Arc<str>, Seen>,
}

/// What was seen of a condition.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    held: bool,
    did_not: bool,
}

/// What no question touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uncovered {
    /// No question led to this rule.
    Rule(RuleId),
    /// The condition of this rule was never found to hold.
    NeverHeld(RuleId),
    /// The condition of this rule was always found to hold.
    AlwaysHeld(RuleId),
    /// This derived role was never active.
    NeverActive(Arc<str>, Span),
    /// The condition of this derived role was always found to hold.
    AlwaysActive(Arc<str>, Span),
}

impl Coverage {
    /// What no question touched: rules and their conditions in the order of the policies, then derived roles.
    #[must_use]
    pub fn uncovered(&self, set: &PolicySet) -> Vec<Uncovered> {
        let rules =
            (0..).zip(set.rules()).filter(|(_, rule)| !rule.name.is_empty()).filter_map(|(id, rule)| {
                let id = RuleId(id);
                let Some(seen) = self.rules.get(&id) else { return Some(Uncovered::Rule(id)) };
                match (rule.condition.is_some(), seen) {
                    (true, Seen { held: false, .. }) => Some(Uncovered::NeverHeld(id)),
                    (true, Seen { did_not: false, .. }) => Some(Uncovered::AlwaysHeld(id)),
                    (false, Seen { held: false, .. }) => Some(Uncovered::Rule(id)),
                    _ => None,
                }
            });
        let derived = set.derived.iter().filter_map(|derived| {
            let seen = self.derived_roles.get(&derived.name).copied().unwrap_or_default();
            let name = || Arc::clone(&derived.name);
            match (derived.condition, seen) {
                (_, Seen { held: false, .. }) => Some(Uncovered::NeverActive(name(), derived.span)),
                (Some(_), Seen { did_not: false, .. }) => Some(Uncovered::AlwaysActive(name(), derived.span)),
                _ => None,
            }
        });
        rules.chain(derived).collect()
    }

    /// Takes the derived roles of an answer into account.
    pub(super) fn active(&mut self, roles: &[Arc<str>]) {
        for role in roles {
            self.derived_roles.entry(Arc::clone(role)).or_default().held = true;
        }
    }
}

/// Watches one question.
pub(super) struct Watch<'c> {
    coverage: &'c mut Coverage,
    /// How each action was settled, in the order asked.
    pub(super) settled: Vec<Why>,
    /// An expression asked for the time, and there is none.
    pub(super) no_clock: bool,
    steps: Vec<Step>,
    parts: Vec<Part>,
    /// Conditions are evaluated once for all actions.
    known: FxHashMap<RuleId, Vec<Part>>,
}

impl<'c> Watch<'c> {
    pub(super) fn new(coverage: &'c mut Coverage) -> Self {
        Self {
            coverage,
            settled: Vec::new(),
            no_clock: false,
            steps: Vec::new(),
            parts: Vec::new(),
            known: FxHashMap::default(),
        }
    }

    fn considered(&mut self, rule: RuleId, role: &str, outcome: Outcome) {
        let mut parts = std::mem::take(&mut self.parts);
        if parts.is_empty() {
            parts = self.known.get(&rule).cloned().unwrap_or_default();
        } else {
            self.known.insert(rule, parts.clone());
        }
        let step = Step::Rule { rule, role: role.into(), outcome, parts };
        if !self.steps.contains(&step) {
            self.steps.push(step);
        }
    }
}

impl Trace for Watch<'_> {
    const ERRORS: bool = true;
    const VALUES: bool = true;

    fn value(&mut self, text: &str, value: Result<Val<'_>, &EvalError>) {
        let value = value.map(shown).map_err(ToString::to_string);
        self.parts.push(Part { text: text.into(), value, inner: true });
    }

    fn expression(&mut self, text: &str, held: Result<bool, &EvalError>) {
        let value = held.map(|held| held.to_string()).map_err(ToString::to_string);
        self.parts.push(Part { text: text.into(), value, inner: false });
    }

    fn rule(&mut self, rule: RuleId, role: &str, held: Result<bool, &EvalError>) {
        let seen = self.coverage.rules.entry(rule).or_default();
        let outcome = match held {
            Ok(true) => {
                seen.held = true;
                Outcome::Applies
            }
            Ok(false) => {
                seen.did_not = true;
                Outcome::NotMet
            }
            Err(error) => Outcome::Failed(error.to_string()),
        };
        self.considered(rule, role, outcome);
    }

    fn inactive(&mut self, rule: RuleId, role: &str) {
        self.coverage.rules.entry(rule).or_default();
        self.considered(rule, role, Outcome::Inactive);
    }

    fn derived_role(&mut self, name: &str, active: Result<bool, &EvalError>) {
        let seen = self.coverage.derived_roles.entry(name.into()).or_default();
        match active {
            Ok(true) => seen.held = true,
            Ok(false) => seen.did_not = true,
            Err(_) => {}
        }
        let parts = std::mem::take(&mut self.parts);
        let active = active.map_err(ToString::to_string);
        self.steps.push(Step::DerivedRole { name: name.into(), active, parts });
    }

    fn no_clock(&mut self) {
        self.no_clock = true;
    }

    fn settled(&mut self, _action: &str, because: Because) {
        self.parts.clear();
        self.settled.push(Why { because, steps: std::mem::take(&mut self.steps) });
    }
}

/// A value as JSON, cut where it is long.
fn shown(value: Val<'_>) -> String {
    const LONGEST: usize = 200;
    let owned = value.to_value();
    let text = owned.and_then(|value| serde_json::to_string(&value).ok());
    let text = text.unwrap_or_else(|| format!("a value of type {}", value.type_name()));
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain(" …".chars()).collect()
}
