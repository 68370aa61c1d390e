//! One action.

use std::sync::Arc;

use smallvec::SmallVec;

use super::{Engine, place::Family};
use crate::{
    Because, Component, Effect, Once, Outcome, RuleId, Trace,
    set::{Row, Unit},
    trace::Held,
};

/// What one role came to.
enum Verdict {
    Allow(RuleId, Arc<str>),
    Deny { because: Because, policy: Option<Arc<str>>, scope: Arc<str> },
    Nothing,
}

/// What one row came to.
enum Effective {
    Allow(RuleId),
    Deny(RuleId),
    Failed(RuleId),
    Nothing,
}

impl<'a, T: Trace> Engine<'a, '_, T> {
    /// Principal policies first, then resource policies; of the roles the first that is allowed.
    pub(super) fn action(&mut self, action: &'a Arc<str>) -> Outcome {
        for family in [Family::Principal, Family::Resource] {
            if let Some(outcome) = self.family(family, action) {
                return outcome;
            }
        }
        let resource = &self.place.resource;
        let policy = resource.exists.then(|| resource.leaf_key(self.set));
        Outcome {
            action: Arc::clone(action),
            effect: Effect::Deny,
            because: Because::NoRule,
            policy,
            scope: "".into(),
        }
    }

    fn family(&mut self, family: Family, action: &'a Arc<str>) -> Option<Outcome> {
        let roles = self.check.principal.roles;
        let roles = if family == Family::Principal { roles.get(..1).unwrap_or(roles) } else { roles };
        let found = self.place.found(family);
        let mut denied: Option<Outcome> = None;
        let set = self.set;
        let name = |policy: Option<Arc<str>>| Some(policy.unwrap_or_else(|| found.leaf_key(set)));
        for role in roles {
            match self.role(family, action, role) {
                Verdict::Allow(rule, scope) => {
                    let because = Because::Rule(rule);
                    let policy = name(None);
                    return Some(Outcome {
                        action: Arc::clone(action),
                        effect: Effect::Allow,
                        because,
                        policy,
                        scope,
                    });
                }
                Verdict::Deny { because, policy, scope } => {
                    let failed = matches!(because, Because::Failed(_));
                    let policy = name(policy);
                    let outcome =
                        Outcome { action: Arc::clone(action), effect: Effect::Deny, because, policy, scope };
                    if failed {
                        return Some(outcome);
                    }
                    denied.get_or_insert(outcome);
                }
                Verdict::Nothing => {}
            }
        }
        denied
    }

    fn role(&mut self, family: Family, action: &'a str, role: &'a str) -> Verdict {
        let place = self.place;
        let found = place.found(family);
        let mut roles: SmallVec<[&'a str; 4]> = SmallVec::new();
        self.set.with_parents(role, place.resource.version, place.resource.leaf(), &mut roles);
        for scope in &found.scopes {
            self.trace.enter(Component::Scope(scope));
            let verdict = self.scope(family, scope, action, role, &roles);
            self.trace.leave();
            if let Some(verdict) = verdict {
                return verdict;
            }
        }
        Verdict::Nothing
    }

    /// What one role comes to in one scope, if that settles it.
    fn scope(
        &mut self,
        family: Family,
        scope: &str,
        action: &'a str,
        role: &'a str,
        roles: &[&'a str],
    ) -> Option<Verdict> {
        let unit = self.unit(self.place.found(family), scope);
        if family == Family::Resource {
            if let Some((id, unit)) = unit {
                self.visit(id, unit);
            }
            if let Some(verdict) = self.role_policies(scope, action, roles) {
                return Some(verdict);
            }
        }
        let (id, unit) = unit?;
        match self.rows(family, id, unit, action, role, roles) {
            Effective::Deny(rule) => {
                let because = Because::Rule(rule);
                Some(Verdict::Deny { because, policy: None, scope: Arc::clone(&unit.scope) })
            }
            Effective::Failed(rule) => {
                let (because, policy) = (Because::Failed(rule), Some(Arc::clone(&unit.key)));
                Some(Verdict::Deny { because, policy, scope: Arc::clone(&unit.scope) })
            }
            Effective::Allow(rule) if !self.set.scopes.get(scope).is_some_and(|scope| scope.consent) => {
                Some(Verdict::Allow(rule, Arc::clone(&unit.scope)))
            }
            Effective::Allow(_) | Effective::Nothing => None,
        }
    }

    /// What role policies in a scope deny, if they do.
    fn role_policies(&mut self, scope: &str, action: &'a str, roles: &[&'a str]) -> Option<Verdict> {
        let (because, policy) = self.role_policy_denies(scope, action, roles)?;
        let policy = self.set.role_policies.get(policy as usize).map(|policy| Arc::clone(&policy.key));
        Some(Verdict::Deny { because, policy, scope: scope.into() })
    }

    /// The rows of one policy for one action and role: the first deny, or else an allow.
    fn rows(
        &mut self,
        family: Family,
        id: u32,
        unit: &'a Unit,
        action: &'a str,
        role: &'a str,
        roles: &[&'a str],
    ) -> Effective {
        let mut allowed = Effective::Nothing;
        let mut first = true;
        let literal = unit.by_action.get(action).map(|rows| &**rows).unwrap_or_default();
        let (mut literal, mut patterns) = (literal.iter().peekable(), unit.by_pattern.iter().peekable());
        loop {
            let from_literal = match (literal.peek(), patterns.peek()) {
                (None, None) => return allowed,
                (Some(a), Some(b)) => a < b,
                (a, None) => a.is_some(),
                (None, Some(_)) => false,
            };
            let next = if from_literal { literal.next() } else { patterns.next() };
            let Some(row) = next.and_then(|row| unit.rows.get(*row as usize)) else { continue };
            if !(from_literal || row.action.matches(action)) || !self.concerns(row, family, roles) {
                continue;
            }
            if std::mem::take(&mut first) {
                self.eager(Once::Policy(id), unit.names, Some(id), &unit.used);
            }
            match self.row(id, unit, row, action, role) {
                Effective::Nothing => {}
                Effective::Allow(rule) => {
                    if matches!(allowed, Effective::Nothing) {
                        allowed = Effective::Allow(rule);
                    }
                }
                denied => return denied,
            }
        }
    }

    fn concerns(&self, row: &Row, family: Family, roles: &[&str]) -> bool {
        match &row.kind {
            Some(kinds) => kinds.matches(self.check.resource.kind, &self.place.kind),
            None => family == Family::Resource && roles.iter().any(|role| row.role.matches(role)),
        }
    }

    fn row(&mut self, id: u32, unit: &'a Unit, row: &'a Row, action: &'a str, role: &'a str) -> Effective {
        let first = self.enter_row(row);
        let held = self.holds(id, unit, row, first);
        let effective = self.weigh(id, unit, row, action, role, held);
        self.leave_row(held, first);
        effective
    }

    /// What a row comes to whose condition was looked at.
    fn weigh(
        &mut self,
        id: u32,
        unit: &'a Unit,
        row: &'a Row,
        action: &'a str,
        role: &'a str,
        held: Held,
    ) -> Effective {
        self.considered(row.rule, role, held);
        if held == Held::Failed {
            return Effective::Failed(row.rule);
        }
        if held == Held::Inactive {
            return Effective::Nothing;
        }
        let activated = (held == Held::Yes) != row.negated;
        if let Some(output) = row.output {
            self.output(id, unit.names, output, activated, action);
        }
        match (held, row.effect) {
            (Held::Yes, Effect::Allow) => Effective::Allow(row.rule),
            (Held::Yes, Effect::Deny) => Effective::Deny(row.rule),
            _ => Effective::Nothing,
        }
    }

    /// Tells the trace of a rule.
    pub(super) fn considered(&mut self, rule: RuleId, role: &str, held: Held) {
        if held == Held::Inactive {
            self.trace.inactive(rule, role);
            return;
        }
        let fatal = self.fatal.take();
        let outcome = match (&fatal, held) {
            (Some(error), Held::Failed) => Err(error),
            _ => Ok(held == Held::Yes),
        };
        self.trace.rule(rule, role, outcome);
        self.fatal = fatal;
    }

    /// Whether a row applies.
    fn holds(&mut self, id: u32, unit: &'a Unit, row: &Row, first: bool) -> Held {
        if let Some(derived) = row.derived {
            self.tell_derived_variables(derived, first);
            match self.derived_role(derived) {
                Held::Yes => {}
                Held::Failed => return Held::Failed,
                _ => return Held::Inactive,
            }
        }
        self.enter_condition(row.negated);
        let held = match row.condition.map(|condition| self.condition(condition, unit.names, Some(id))) {
            None => Held::Yes,
            Some(Held::Failed) => Held::Failed,
            Some(held) if (held == Held::Yes) != row.negated => Held::Yes,
            Some(_) => Held::No,
        };
        self.leave_condition(row.condition.is_some(), row.negated, held, first);
        held
    }
}
