//! Conditions, and the variables that they need.

use std::sync::Arc;

use portreeve_cel::{Cx, ErrorKind, EvalError, Limits, List, MapRef, Pairs, Val};
use smallvec::SmallVec;

use super::Engine;
use crate::{
    Along, Check, Component, EvaluationError, Once, Trace,
    compile::slot,
    set::{Condition, Expression},
    trace::Held,
};

/// The values of one environment's slots.
pub(super) struct Frame<'a> {
    names: u32,
    /// The resource policy whose effective derived roles are seen.
    unit: Option<u32>,
    slots: SmallVec<[Option<Val<'a>>; 16]>,
    /// Which variables have been evaluated.
    done: SmallVec<[bool; 8]>,
    runtime: bool,
}

/// A condition's result, kept for the whole question.
pub(super) struct Kept {
    condition: u32,
    unit: Option<u32>,
    held: Held,
    /// Why it failed, if it did.
    fatal: Option<EvalError<'static>>,
}

/// The slots that are the same for all policies.
pub(crate) fn base<'a>(check: &'a Check<'a>, along: &'a Along<'a>) -> [Option<Val<'a>>; slot::COUNT] {
    let mut slots = [None; slot::COUNT];
    let principal = &check.principal;
    let resource = &check.resource;
    let mut set = |index: usize, value: Option<Val<'a>>| {
        if let Some(slot) = slots.get_mut(index) {
            *slot = value;
        }
    };
    set(slot::PRINCIPAL_ID, Some(Val::Str(principal.id)));
    set(slot::PRINCIPAL_ROLES, Some(Val::List(List::Texts(principal.roles))));
    set(slot::PRINCIPAL_ATTR, Some(principal.attr));
    set(slot::PRINCIPAL_VERSION, Some(Val::Str(principal.version)));
    set(slot::PRINCIPAL_SCOPE, Some(Val::Str(as_seen(principal.scope))));
    set(slot::RESOURCE_KIND, Some(Val::Str(resource.kind)));
    set(slot::RESOURCE_ID, Some(Val::Str(resource.id)));
    set(slot::RESOURCE_ATTR, Some(resource.attr));
    set(slot::RESOURCE_VERSION, Some(Val::Str(resource.version)));
    set(slot::RESOURCE_SCOPE, Some(Val::Str(as_seen(resource.scope))));
    let empty = Val::Map(MapRef::Pairs(&Pairs(&[])));
    set(slot::JWT, Some(check.aux.unwrap_or(empty)));
    set(slot::JWTS, Some(along.jwts.unwrap_or(empty)));
    set(slot::DERIVED_ROLES, Some(Val::List(List::Vals(&[]))));
    set(slot::GLOBALS, Some(Val::from(&along.options.globals)));
    slots
}

/// Without the dot that stands for the root.
fn as_seen(scope: &str) -> &str {
    scope.strip_prefix('.').unwrap_or(scope)
}

impl<'a, T: Trace> Engine<'a, '_, T> {
    /// Whether a condition holds; evaluated once for each policy that sees it.
    pub(super) fn condition(&mut self, id: u32, names: u32, unit: Option<u32>) -> Held {
        let known = self.kept.iter().find(|kept| kept.condition == id && kept.unit == unit);
        if let Some(kept) = known {
            if kept.held == Held::Failed {
                self.fatal.clone_from(&kept.fatal);
            }
            return kept.held;
        }
        let held = self.tree(id, names, unit);
        let fatal = if held == Held::Failed { self.fatal.clone() } else { None };
        self.kept.push(Kept { condition: id, unit, held, fatal });
        held
    }

    fn tree(&mut self, id: u32, names: u32, unit: Option<u32>) -> Held {
        let set = self.set;
        let (parts, stop, end, component) = match set.conditions.get(id as usize) {
            None => return Held::No,
            Some(Condition::Expr(expression)) => return self.leaf(*expression, names, unit),
            Some(Condition::All(parts)) => (parts, Held::No, (Held::No, Held::Yes), Component::All),
            Some(Condition::Any(parts)) => (parts, Held::Yes, (Held::Yes, Held::No), Component::Any),
            Some(Condition::None(parts)) => (parts, Held::Yes, (Held::No, Held::Yes), Component::None),
        };
        self.trace.enter(component);
        let mut result = (end.1, false);
        for (index, part) in parts.iter().enumerate() {
            self.trace.enter(Component::Part(index));
            let held = self.tree(*part, names, unit);
            self.trace.leave();
            if held == Held::Failed || held == stop {
                result = (if held == stop { end.0 } else { held }, true);
                break;
            }
        }
        self.tell_held(result.0, result.1);
        self.trace.leave();
        result.0
    }

    fn leaf(&mut self, id: u32, names: u32, unit: Option<u32>) -> Held {
        let set = self.set;
        let Some(expression) = set.expressions.get(id as usize) else { return Held::No };
        let frame = self.prepare(expression, names, unit);
        let result = {
            let mut cx = Cx::new(self.arena, self.slots(frame), self.now, Limits::default());
            expression.program.condition(&mut cx).map_err(EvalError::into_owned)
        };
        self.parts(expression, names, frame);
        self.tell_expression(&expression.text, &result);
        match result {
            Ok(held) => {
                self.trace.expression(&expression.text, Ok(held));
                if held { Held::Yes } else { Held::No }
            }
            Err(error) => {
                let fatal = self.along.options.strict || error.kind.is_limit();
                self.failed(expression, &error);
                if !fatal {
                    return Held::No;
                }
                self.fatal = Some(error);
                Held::Failed
            }
        }
    }

    /// The values of a frame.
    pub(super) fn slots(&self, frame: usize) -> &[Option<Val<'a>>] {
        self.frames.get(frame).map_or(&self.base[..], |frame| &frame.slots)
    }

    /// An expression had no value.
    pub(super) fn failed(&mut self, expression: &Expression, error: &EvalError) {
        self.no_clock(error);
        if !T::ERRORS {
            self.trace.expression(&expression.text, Err(error));
            return;
        }
        let message = error.to_string();
        self.trace.expression(&expression.text, Err(error));
        let found = EvaluationError { expression: Arc::clone(&expression.text), message };
        if !self.decision.evaluation_errors.contains(&found) {
            self.decision.evaluation_errors.push(found);
        }
    }

    /// Tells the trace when there was no time to tell.
    pub(super) fn no_clock(&mut self, error: &EvalError) {
        if error.kind == ErrorKind::NoClock {
            self.trace.no_clock();
        }
    }

    /// The frame in which an expression can be evaluated, what it needs being there.
    pub(super) fn prepare(&mut self, expression: &Expression, names: u32, unit: Option<u32>) -> usize {
        let unit = unit.filter(|unit| *unit != u32::MAX);
        let frame = self.frame(names, unit);
        if expression.runtime {
            self.see_derived_roles(frame, unit);
        }
        for variable in &expression.variables {
            self.variable(frame, names, *variable);
        }
        frame
    }

    fn frame(&mut self, names: u32, unit: Option<u32>) -> usize {
        if let Some(index) = self.frames.iter().position(|frame| frame.names == names && frame.unit == unit) {
            return index;
        }
        let mut slots: SmallVec<[Option<Val<'a>>; 16]> = SmallVec::from_slice(&self.base);
        let mut done = SmallVec::new();
        if let Some(names) = self.set.names.get(names as usize) {
            slots.resize(names.env.slots(), None);
            for (index, value) in &names.constants {
                if let Some(slot) = slots.get_mut(*index) {
                    *slot = Some(Val::from(value));
                }
            }
            done.resize(names.variables.len(), false);
        }
        self.frames.push(Frame { names, unit, slots, done, runtime: false });
        self.frames.len() - 1
    }

    fn see_derived_roles(&mut self, frame: usize, unit: Option<u32>) {
        let Some(unit) = unit else { return };
        if self.frames.get(frame).is_none_or(|frame| frame.runtime) {
            return;
        }
        let effective = self.effective(unit);
        if let Some(frame) = self.frames.get_mut(frame) {
            frame.runtime = true;
            if let Some(slot) = frame.slots.get_mut(slot::DERIVED_ROLES) {
                *slot = effective;
            }
        }
    }

    /// Evaluates a variable, once. One without a value stays unset.
    fn variable(&mut self, frame: usize, names: u32, id: u32) {
        let set = self.set;
        let Some(state) = self.frames.get_mut(frame) else { return };
        let Some(done) = state.done.get_mut(id as usize) else { return };
        if std::mem::replace(done, true) {
            return;
        }
        let Some(variable) = set.names.get(names as usize).and_then(|names| names.variables.get(id as usize))
        else {
            return;
        };
        let Some(expression) = set.expressions.get(variable.expression as usize) else { return };
        let unit = state.unit;
        if expression.runtime {
            self.see_derived_roles(frame, unit);
        }
        for needed in &expression.variables {
            self.variable(frame, names, *needed);
        }
        let Some(state) = self.frames.get_mut(frame) else { return };
        let slots = self.arena.slots(&state.slots);
        let mut cx = Cx::new(self.arena, slots, self.now, Limits::default());
        match expression.program.eval(&mut cx) {
            Ok(value) => {
                if let Some(slot) = state.slots.get_mut(variable.slot) {
                    *slot = Some(value);
                }
            }
            Err(error) => self.failed(expression, &error),
        }
    }

    /// Evaluates all variables that a policy uses, for the errors, where those are wanted.
    pub(super) fn eager(&mut self, policy: Once, names: u32, unit: Option<u32>, used: &[u32]) {
        if !(T::ERRORS || T::STEPS) {
            return;
        }
        let frame = self.evaluated(names, unit, used);
        self.tell_variables(policy, (names, used), frame);
    }

    /// The frame of an environment, these of its variables being evaluated.
    pub(super) fn evaluated(&mut self, names: u32, unit: Option<u32>, used: &[u32]) -> usize {
        let frame = self.frame(names, unit);
        for variable in used {
            self.variable(frame, names, *variable);
        }
        frame
    }
}
