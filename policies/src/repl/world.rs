//! What the names of an expression are worth.

use std::sync::Arc;

use portreeve_cel::{Arena, Cx, Env, EvalError, Limits, List, MapRef, Pairs, Program, Timestamp, Val};

use super::{given::Given, loaded::Loaded};
use crate::{
    compile::{base_environment, slot},
    set::Names,
};

/// What expressions see, and its values.
pub(super) struct World<'s> {
    pub(super) env: Arc<Env>,
    slots: Vec<Option<Val<'s>>>,
    /// Variables of the policy that have no value, and why.
    pub(super) failed: Vec<(Arc<str>, String)>,
    arena: &'s Arena,
    now: Timestamp,
}

impl<'s> World<'s> {
    pub(super) fn new(
        given: &'s Given,
        loaded: Option<&'s Loaded>,
        arena: &'s Arena,
        now: Timestamp,
    ) -> Self {
        let mut world = Self::empty(Self::env(given, loaded), arena, now);
        world.take(given);
        if let Some(loaded) = loaded
            && let Some(names) = loaded.names()
        {
            world.define(names, loaded, given);
        }
        world
    }

    /// The names: those of the policy, and those that were given.
    pub(super) fn env(given: &Given, loaded: Option<&Loaded>) -> Arc<Env> {
        let names = loaded.and_then(Loaded::names);
        let base = names.map_or_else(base_environment, |names| Arc::clone(&names.env));
        let mut env = base.extend();
        given.declare(&mut env);
        env.build()
    }

    /// What the condition of a rule sees: its own policy's variables, which for a derived role are those of its set.
    pub(super) fn of_rule(
        given: &'s Given,
        loaded: &'s Loaded,
        names: &'s Names,
        arena: &'s Arena,
        now: Timestamp,
    ) -> Self {
        let mut world = Self::empty(Arc::clone(&names.env), arena, now);
        world.take(given);
        world.define(names, loaded, given);
        world
    }

    pub(super) fn eval(&self, program: &'s Program) -> Result<Val<'s>, EvalError<'s>> {
        let slots = self.arena.slots(&self.slots);
        program.eval(&mut Cx::new(self.arena, slots, Some(self.now), Limits::default()))
    }

    /// Every request has attributes, tokens and the like, be it none of them.
    fn empty(env: Arc<Env>, arena: &'s Arena, now: Timestamp) -> Self {
        let mut world = Self { slots: vec![None; env.slots()], env, failed: Vec::new(), arena, now };
        let map = Val::Map(MapRef::Pairs(&Pairs(&[])));
        for index in [slot::PRINCIPAL_ATTR, slot::RESOURCE_ATTR, slot::JWT, slot::JWTS, slot::GLOBALS] {
            world.set(index, map);
        }
        for index in
            [slot::PRINCIPAL_VERSION, slot::PRINCIPAL_SCOPE, slot::RESOURCE_VERSION, slot::RESOURCE_SCOPE]
        {
            world.set(index, Val::Str(""));
        }
        world.set(slot::DERIVED_ROLES, Val::List(List::Vals(&[])));
        world
    }

    fn take(&mut self, given: &'s Given) {
        for (name, value) in given.iter() {
            if let Some(slot) = self.env.slot(name) {
                self.set(slot.index(), Val::from(value));
            }
        }
    }

    /// Constants and variables of a policy, where nobody gave them another value.
    fn define(&mut self, names: &'s Names, loaded: &'s Loaded, given: &Given) {
        for (index, value) in &names.constants {
            if self.slots.get(*index).is_some_and(Option::is_none) {
                self.set(*index, Val::from(value));
            }
        }
        for variable in &names.variables {
            let expression = loaded.set.expressions.get(variable.expression as usize);
            let Some(expression) = expression.filter(|_| !given.has(&format!("variables.{}", variable.name)))
            else {
                continue;
            };
            match self.eval(&expression.program) {
                Ok(value) => self.set(variable.slot, value),
                Err(error) => self.failed.push((Arc::clone(&variable.name), error.to_string())),
            }
        }
    }

    fn set(&mut self, index: usize, value: Val<'s>) {
        if let Some(slot) = self.slots.get_mut(index) {
            *slot = Some(value);
        }
    }
}
