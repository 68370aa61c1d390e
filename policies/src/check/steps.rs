//! Tells a trace that wants them the steps of an evaluation, as Cerbos tells them. For every other trace nothing here
//! does anything.

use std::sync::Arc;

use portreeve_cel::EvalError;

use super::{Engine, Place};
use crate::{
    Check, Component, Effect, Event, Once, Outcome, Output, PolicySet, Reason, RuleId, Trace,
    set::{Derived, Row},
    trace::Held,
};

impl PolicySet {
    /// Every action is denied before a rule was looked at.
    pub(super) fn tell_denied<T: Trace>(&self, check: &Check<'_>, place: &Place<'_>, trace: &mut T) {
        if !T::STEPS {
            return;
        }
        let policy = place.resource.leaf_key(self);
        trace.enter(Component::Policy(&policy));
        for action in check.actions {
            trace.enter(Component::Action(action));
            trace.event(Event::Settled(Effect::Deny));
            trace.leave();
        }
        trace.leave();
    }
}

impl<'a, T: Trace> Engine<'a, '_, T> {
    /// Settles an action, and tells that.
    pub(super) fn told_action(&mut self, action: &'a Arc<str>) -> Outcome {
        if !T::STEPS {
            return self.action(action);
        }
        let policy = self.place.resource.leaf_key(self.set);
        self.trace.enter(Component::Policy(&policy));
        self.trace.enter(Component::Action(action));
        let outcome = self.action(action);
        self.trace.event(Event::Settled(outcome.effect));
        self.trace.leave();
        self.trace.leave();
        outcome
    }

    /// Whether a condition or a part of one holds.
    pub(super) fn tell_held(&mut self, held: Held, cut_short: bool) {
        if !T::STEPS {
            return;
        }
        let error = self.failure(held);
        let held = held == Held::Yes;
        self.trace.event(Event::Held { held, error: error.as_deref(), cut_short });
    }

    pub(super) fn tell_expression(&mut self, text: &str, result: &Result<bool, EvalError>) {
        if !T::STEPS {
            return;
        }
        let error = result.as_ref().err().map(ToString::to_string);
        let held = *result.as_ref().unwrap_or(&false);
        self.trace.enter(Component::Expression(text));
        self.trace.event(Event::Held { held, error: error.as_deref(), cut_short: false });
        self.trace.leave();
    }

    /// The values of the variables that a policy's rules use, once for all rules.
    pub(super) fn tell_variables(&mut self, policy: Once, (names, used): (u32, &[u32]), frame: usize) {
        if !T::STEPS || !self.trace.once(policy) {
            return;
        }
        let policy = self.place.resource.leaf_key(self.set);
        self.trace.enter(Component::Policy(&policy));
        self.variables(names, used, frame);
        self.trace.leave();
    }

    fn variables(&mut self, names: u32, used: &[u32], frame: usize) {
        let set = self.set;
        let Some(names) = set.names.get(names as usize) else { return };
        let mut used: Vec<_> = used.iter().filter_map(|id| names.variables.get(*id as usize)).collect();
        used.sort_by(|a, b| a.name.cmp(&b.name));
        self.trace.enter(Component::Variables);
        for variable in used {
            let Some(expression) = set.expressions.get(variable.expression as usize) else { continue };
            let value = self.slots(frame).get(variable.slot).copied().flatten();
            self.trace.enter(Component::Variable { name: &variable.name, text: &expression.text });
            self.trace.event(Event::Value(value));
            self.trace.leave();
        }
        self.trace.leave();
    }

    /// The variables of a derived role's definition, inside what was entered.
    fn variables_of(&mut self, derived: &Derived) {
        let frame = self.evaluated(derived.names, None, &derived.used);
        self.variables(derived.names, &derived.used, frame);
    }

    pub(super) fn enter_derived_role(&mut self, derived: &Derived, has: bool) {
        if !T::STEPS {
            return;
        }
        self.trace.enter(Component::Policy(&derived.policy));
        self.trace.enter(Component::DerivedRole(&derived.name));
        if has {
            self.variables_of(derived);
            self.trace.enter(Component::Condition);
        }
    }

    pub(super) fn leave_derived_role(&mut self, derived: &Derived, has: bool) {
        if !T::STEPS {
            return;
        }
        match (has, derived.condition) {
            (false, _) => self.trace.event(Event::Skipped(Reason::NoRole)),
            (true, None) => self.tell_held(Held::Yes, false),
            (true, Some(_)) => {}
        }
        if has {
            self.trace.leave();
        }
        self.trace.leave();
        self.trace.leave();
    }

    /// A rule names a derived role.
    pub(super) fn tell_derived_variables(&mut self, id: u32, first: bool) {
        let set = self.set;
        if !T::STEPS || !first || !self.trace.once(Once::DerivedRole(id)) {
            return;
        }
        let Some(derived) = set.derived.get(id as usize) else { return };
        self.trace.enter(Component::DerivedRole(&derived.name));
        self.variables_of(derived);
        self.trace.leave();
    }

    /// Whether the rule's condition is looked at for the first time.
    pub(super) fn enter_row(&mut self, row: &Row) -> bool {
        T::STEPS && self.enter_rule(row.rule, row.derived)
    }

    fn enter_rule(&mut self, rule: RuleId, derived: Option<u32>) -> bool {
        let set = self.set;
        let name = set.rule(rule).map(|rule| &*rule.name).unwrap_or_default();
        self.trace.enter(Component::Rule(name));
        self.trace.once(Once::Rule(rule, derived))
    }

    /// A deny unless the condition holds is told as what it is.
    pub(super) fn enter_condition(&mut self, negated: bool) {
        self.trace.enter(Component::Condition);
        if negated {
            self.trace.enter(Component::None);
            self.trace.enter(Component::Part(0));
        }
    }

    /// What is not evaluated again is not told again.
    pub(super) fn leave_condition(&mut self, some: bool, negated: bool, held: Held, first: bool) {
        if !T::STEPS {
            return;
        }
        if negated {
            self.trace.leave();
        }
        if first && (negated || !some) {
            self.tell_held(held, negated && held != Held::Yes);
        }
        if negated {
            self.trace.leave();
        }
        self.trace.leave();
    }

    pub(super) fn leave_row(&mut self, held: Held, first: bool) {
        if !T::STEPS {
            return;
        }
        match (held, self.failure(held)) {
            (Held::Yes, _) => {}
            (_, Some(error)) => self.trace.event(Event::Skipped(Reason::Failed(&error))),
            (Held::Inactive, None) if first => self.trace.event(Event::Skipped(Reason::Inactive)),
            _ => self.trace.event(Event::Skipped(Reason::NotMet)),
        }
        self.trace.leave();
    }

    /// A rule of a role policy, which denies unless its condition holds.
    pub(super) fn enter_role_rule(&mut self, rule: RuleId) -> bool {
        let first = T::STEPS && self.enter_rule(rule, None);
        self.enter_condition(true);
        first
    }

    pub(super) fn told_role_rule(&mut self, held: Held, first: bool) {
        self.leave_condition(true, true, denies(held), first);
    }

    pub(super) fn leave_role_rule(&mut self, held: Held) {
        self.leave_row(denies(held), false);
    }

    /// A role policy does not list the action.
    pub(super) fn tell_unlisted(&mut self, whole: RuleId) {
        if !T::STEPS || !self.trace.once(Once::Rule(whole, None)) {
            return;
        }
        self.trace.enter(Component::Rule(""));
        self.trace.enter(Component::Condition);
        self.tell_held(Held::Yes, false);
        self.trace.leave();
        self.trace.leave();
    }

    pub(super) fn tell_output(&mut self, output: &Output) {
        if !T::STEPS {
            return;
        }
        let rule = output.source.split_once('#').map_or("", |(_, rule)| rule);
        self.trace.enter(Component::Output(rule));
        self.trace.event(Event::Said(output));
        self.trace.leave();
    }

    /// Why the condition that was just looked at failed, if it did.
    fn failure(&self, held: Held) -> Option<String> {
        self.fatal.as_ref().filter(|_| held == Held::Failed).map(ToString::to_string)
    }
}

/// What a rule comes to that denies unless its condition holds.
const fn denies(held: Held) -> Held {
    match held {
        Held::Yes => Held::No,
        Held::No => Held::Yes,
        held => held,
    }
}
