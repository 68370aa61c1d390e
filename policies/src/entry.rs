//! One question while it is answered: the values of its names, and the conditions that were already evaluated.

use std::{cell::RefCell, sync::Arc};

use portreeve_cel::{Arena, Cx, EvalError, Limits, List, MapRef, Timestamp, Val};
use smallvec::SmallVec;

use crate::{
    Check, PolicySet, RuleId,
    expr::BASE,
    names,
    set::{Condition, DerivedRole, Space},
};

type Slots<'a> = &'a [Option<Val<'a>>];

/// Whether a condition holds, or why that is not known.
pub(crate) type Held = Result<bool, EvalError>;

/// A question, its values, and what is known of it so far.
pub(crate) struct Entry<'a> {
    pub(crate) set: &'a PolicySet,
    pub(crate) check: &'a Check<'a>,
    arena: &'a Arena,
    now: Timestamp,
    base: Slots<'a>,
    spaces: SmallVec<[(usize, Slots<'a>); 4]>,
    held: SmallVec<[(RuleId, Held); 8]>,
    derived: SmallVec<[(usize, Held); 4]>,
}

thread_local! {
    static ARENA: RefCell<Arena> = RefCell::new(Arena::new());
}

/// Runs with memory that is used again and again by one thread.
pub(crate) fn with_arena<T>(run: impl FnOnce(&Arena) -> T) -> T {
    ARENA.with(|arena| match arena.try_borrow_mut() {
        Ok(mut arena) => {
            let result = run(&arena);
            arena.clear();
            result
        }
        Err(_) => run(&Arena::new()),
    })
}

impl<'a> Entry<'a> {
    pub(crate) fn new(set: &'a PolicySet, check: &'a Check<'a>, arena: &'a Arena) -> Self {
        let (env, at) = &*BASE;
        let mut slots: SmallVec<[Option<Val<'a>>; 16]> = SmallVec::from_elem(None, env.slots());
        let mut put = |slot: portreeve_cel::Slot, value: Val<'a>| {
            if let Some(place) = slots.get_mut(slot.index()) {
                *place = Some(value);
            }
        };
        let (p, r) = (&check.principal, &check.resource);
        let principal = [Val::Str(p.id), Val::from(p.roles), p.attr, Val::Str(p.version), scope(p.scope)];
        let resource = [Val::Str(r.kind), Val::Str(r.id), r.attr, Val::Str(r.version), scope(r.scope)];
        at.principal.into_iter().zip(principal).for_each(|(slot, value)| put(slot, value));
        at.resource.into_iter().zip(resource).for_each(|(slot, value)| put(slot, value));
        put(at.jwt, check.aux.unwrap_or(Val::Map(MapRef::Pairs(&[]))));
        put(at.jwts, Val::Map(MapRef::Pairs(&[])));
        put(at.globals, Val::from(&set.options.globals));
        put(at.derived_roles, Val::List(List::Vals(&[])));
        let base = arena.slots(&slots);
        let now = Timestamp::from(check.now);
        let (spaces, held, derived) = (SmallVec::new(), SmallVec::new(), SmallVec::new());
        Self { set, check, arena, now, base, spaces, held, derived }
    }

    /// Whether a rule's condition holds; worked out once for each question.
    pub(crate) fn holds(&mut self, id: RuleId, space: usize, condition: &'a Condition) -> Held {
        if matches!(condition, Condition::Always) {
            return Ok(true);
        }
        if let Some((_, held)) = self.held.iter().find(|(known, _)| *known == id) {
            return held.clone();
        }
        let held = self.condition(space, condition);
        self.held.push((id, held.clone()));
        held
    }

    /// Whether a derived role's condition holds; worked out once for each question.
    pub(crate) fn is_active(&mut self, place: usize, role: &'a DerivedRole) -> Held {
        if matches!(role.condition, Condition::Always) {
            return Ok(true);
        }
        if let Some((_, held)) = self.derived.iter().find(|(known, _)| *known == place) {
            return held.clone();
        }
        let held = self.condition(role.space, &role.condition);
        self.derived.push((place, held.clone()));
        held
    }

    /// What conditions see as `runtime.effectiveDerivedRoles` from now on. The list of one scope says nothing about
    /// another, so rules that read it are not remembered.
    pub(crate) fn set_derived_roles(&mut self, names: &[Arc<str>]) {
        let (env, at) = &*BASE;
        let mut slots: SmallVec<[Option<Val<'a>>; 16]> = self.base.iter().copied().collect();
        let texts: SmallVec<[Val<'a>; 8]> =
            names.iter().map(|name| Val::Str(self.arena.text(name))).collect();
        let list = Val::List(List::Vals(self.arena.values(&texts)));
        if let Some(place) = slots.get_mut(at.derived_roles.index()) {
            *place = Some(list);
        }
        debug_assert_eq!(slots.len(), env.slots(), "the base slots are those of the base environment");
        self.base = self.arena.slots(&slots);
        self.spaces.clear();
        self.held.clear();
    }

    fn condition(&mut self, space: usize, condition: &'a Condition) -> Held {
        match condition {
            Condition::Always => Ok(true),
            Condition::Expr(program) => {
                let slots = self.space(space);
                program.condition(&mut self.cx(slots))
            }
            // In strict evaluation an error ends it; else what fails does not hold.
            Condition::All(parts) => self.until(space, parts, false).map(|found| !found),
            Condition::Any(parts) => self.until(space, parts, true),
            Condition::None(parts) => self.until(space, parts, true).map(|found| !found),
        }
    }

    /// Whether some part gives this answer; parts after the first that does are not evaluated.
    fn until(&mut self, space: usize, parts: &'a [Condition], answer: bool) -> Held {
        for part in parts {
            let held = match self.condition(space, part) {
                Err(error) if self.set.options.strict => return Err(error),
                held => held.unwrap_or(false),
            };
            if held == answer {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn cx(&self, slots: Slots<'a>) -> Cx<'a> {
        Cx::new(self.arena, slots, Some(self.now), Limits::default())
    }

    /// The values of a space's names; its variables are worked out when it is first used. One that fails has no value.
    fn space(&mut self, index: usize) -> Slots<'a> {
        if let Some((_, slots)) = self.spaces.iter().find(|(known, _)| *known == index) {
            return slots;
        }
        let slots = match self.set.spaces.get(index) {
            Some(space) if space.slots > self.base.len() => self.filled(space),
            _ => self.base,
        };
        self.spaces.push((index, slots));
        slots
    }

    fn filled(&self, space: &'a Space) -> Slots<'a> {
        let mut slots: Vec<Option<Val<'a>>> = self.base.to_vec();
        slots.resize(space.slots, None);
        for (slot, value) in &space.constants {
            if let Some(place) = slots.get_mut(slot.index()) {
                *place = Some(Val::from(value));
            }
        }
        let mut current = self.arena.slots(&slots);
        for (slot, program) in &space.variables {
            let value = program.eval(&mut self.cx(current)).ok();
            if let Some(place) = slots.get_mut(slot.index()) {
                *place = value;
            }
            current = self.arena.slots(&slots);
        }
        current
    }
}

/// The request's own text, but for the other way to write the root.
fn scope(text: &str) -> Val<'_> {
    Val::Str(names::root_alias(text))
}
