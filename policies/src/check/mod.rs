//! How a decision is reached, top to bottom.

mod condition;
mod derived_roles;
mod output;
mod parts;
mod place;
mod role_policies;
mod settle;
mod steps;

use std::{cell::Cell, sync::Arc};

use portreeve_cel::{Arena, EvalError, Timestamp, Val};
use smallvec::SmallVec;

use crate::{
    Along, Because, Check, Decision, Effect, Enforcement, Outcome, PolicySet, Silent, Source, Trace,
    ValidationError,
    set::{SchemaUse, Unit},
    vocabulary::moment,
};
pub(crate) use condition::base;
use condition::{Frame, Kept};
pub(crate) use output::json;
use place::Found;
pub(crate) use place::{Family, Place};

thread_local! {
    /// Kept between checks, so that a check seldom asks for memory.
    static ARENA: Cell<Option<Arena>> = const { Cell::new(None) };
}

impl PolicySet {
    /// Decides.
    #[must_use]
    pub fn check(&self, check: &Check<'_>) -> Decision {
        self.check_with(check, &mut Silent)
    }

    /// Decides, and tells `trace` how.
    pub fn check_with<T: Trace>(&self, check: &Check<'_>, trace: &mut T) -> Decision {
        self.check_as(check, &Along { options: &self.options, jwts: None }, trace)
    }

    /// Decides, with other options than the set was compiled with.
    pub fn check_as<T: Trace>(&self, check: &Check<'_>, along: &Along<'_>, trace: &mut T) -> Decision {
        self.check_at(check, along, Some(moment(check.now)), trace)
    }

    /// Decides at a moment, or without one: then an expression that asks for the time fails.
    pub(crate) fn check_at<T: Trace>(
        &self,
        check: &Check<'_>,
        along: &Along<'_>,
        now: Option<Timestamp>,
        trace: &mut T,
    ) -> Decision {
        let mut arena = ARENA.take().unwrap_or_default();
        let decision = self.decide(check, along, now, trace, &arena);
        arena.clear();
        ARENA.set(Some(arena));
        decision
    }

    fn decide<T: Trace>(
        &self,
        check: &Check<'_>,
        along: &Along<'_>,
        now: Option<Timestamp>,
        trace: &mut T,
        arena: &Arena,
    ) -> Decision {
        let place = Place::find(self, check, along);
        if !place.principal.exists && !place.resource.exists {
            return all(check, trace, Because::NoPolicy, None);
        }
        let mut decision = Decision::default();
        if self.refuses(check, along, &place, &mut decision) {
            self.tell_denied(check, &place, trace);
            let denied = all(check, trace, Because::NoRule, Some(place.resource.leaf_key(self)));
            return Decision { validation_errors: decision.validation_errors, ..denied };
        }
        let mut engine = Engine { now, ..Engine::new(self, check, along, trace, arena, &place, decision) };
        for action in check.actions {
            let settled = engine.told_action(action);
            engine.trace.settled(action, settled.because);
            engine.decision.outcomes.push(settled);
        }
        engine.finish()
    }

    /// Checks the attributes against their schemas. Whether that denies everything.
    fn refuses(
        &self,
        check: &Check<'_>,
        along: &Along<'_>,
        place: &Place<'_>,
        decision: &mut Decision,
    ) -> bool {
        if along.options.schemas.is_off() {
            return false;
        }
        let Some(unit) = place.resource.schema_unit(self) else { return false };
        let errors = &mut decision.validation_errors;
        self.check_schema(check, unit.principal_schema.as_ref(), Source::Principal, errors);
        self.check_schema(check, unit.resource_schema.as_ref(), Source::Resource, errors);
        along.options.schemas == Enforcement::Reject && !errors.is_empty()
    }

    pub(crate) fn check_schema(
        &self,
        check: &Check<'_>,
        schema: Option<&SchemaUse>,
        source: Source,
        errors: &mut Vec<ValidationError>,
    ) {
        let Some(schema) = schema else { return };
        let ignored = |action: &Arc<str>| schema.ignore.iter().any(|glob| glob.matches(action));
        if !schema.ignore.is_empty() && check.actions.iter().all(ignored) {
            return;
        }
        let attr = if source == Source::Principal { check.principal.attr } else { check.resource.attr };
        self.validate(&schema.reference, attr, source, errors);
    }
}

/// The same answer for every action.
fn all<T: Trace>(check: &Check<'_>, trace: &mut T, because: Because, policy: Option<Arc<str>>) -> Decision {
    let outcomes = check.actions.iter().map(|action| {
        trace.settled(action, because);
        Outcome {
            action: Arc::clone(action),
            effect: Effect::Deny,
            because,
            policy: policy.clone(),
            scope: "".into(),
        }
    });
    Decision { outcomes: outcomes.collect(), ..Decision::default() }
}

/// What is known while one question is answered.
struct Engine<'a, 't, T> {
    set: &'a PolicySet,
    check: &'a Check<'a>,
    along: &'a Along<'a>,
    now: Option<Timestamp>,
    trace: &'t mut T,
    arena: &'a Arena,
    place: &'t Place<'a>,
    decision: Decision,
    base: [Option<Val<'a>>; crate::compile::slot::COUNT],
    frames: SmallVec<[Frame<'a>; 2]>,
    kept: SmallVec<[Kept; 16]>,
    /// Why the condition that failed last did.
    fatal: Option<EvalError<'static>>,
    /// The effective derived roles of the resource policies looked at.
    effective: SmallVec<[(u32, Option<Val<'a>>); 2]>,
}

impl<'a, 't, T: Trace> Engine<'a, 't, T> {
    fn new(
        set: &'a PolicySet,
        check: &'a Check<'a>,
        along: &'a Along<'a>,
        trace: &'t mut T,
        arena: &'a Arena,
        place: &'t Place<'a>,
        decision: Decision,
    ) -> Self {
        Self {
            set,
            check,
            along,
            now: None,
            trace,
            arena,
            place,
            decision,
            base: condition::base(check, along),
            frames: SmallVec::new(),
            kept: SmallVec::new(),
            fatal: None,
            effective: SmallVec::new(),
        }
    }

    fn finish(self) -> Decision {
        let mut decision = self.decision;
        decision.derived_roles.sort_unstable();
        decision.derived_roles.dedup();
        decision
    }

    fn unit(&self, found: &Found<'a>, scope: &str) -> Option<(u32, &'a Unit)> {
        let id = found.unit(self.set, scope)?;
        Some((id, self.set.units.get(id as usize)?))
    }
}
