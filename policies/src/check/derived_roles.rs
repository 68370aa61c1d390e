//! Derived roles: which are active, and which are effective in a scope.

use std::sync::Arc;

use portreeve_cel::{List, Val};
use smallvec::SmallVec;

use super::Engine;
use crate::{Trace, glob::Glob, set::Unit, trace::Held};

impl<'a, T: Trace> Engine<'a, '_, T> {
    /// A scope is visited.
    pub(super) fn visit(&mut self, id: u32, unit: &'a Unit) {
        if (T::STEPS || self.along.options.derived_roles) && !unit.derived.is_empty() {
            let _ = self.effective(id);
        }
    }

    /// Whether a derived role's condition holds.
    pub(super) fn derived_role(&mut self, id: u32) -> Held {
        let Some(derived) = self.set.derived.get(id as usize) else { return Held::No };
        // Q11: no derived role is effective while the condition of one is evaluated.
        let Some(condition) = derived.condition else { return Held::Yes };
        let held = self.condition(condition, derived.names, None);
        let fatal = self.fatal.take();
        let outcome = match (&fatal, held) {
            (Some(error), Held::Failed) => Err(error),
            _ => Ok(held == Held::Yes),
        };
        self.trace.derived_role(&derived.name, outcome);
        self.fatal = fatal;
        held
    }

    /// The derived roles that are effective in the scope of a resource policy: a sorted list, or nothing if one of them
    /// could not be worked out.
    pub(super) fn effective(&mut self, unit: u32) -> Option<Val<'a>> {
        if let Some((_, known)) = self.effective.iter().find(|(id, _)| *id == unit) {
            return *known;
        }
        let set = self.set;
        let ids = set.units.get(unit as usize).map(|unit| &*unit.derived).unwrap_or_default();
        let mut active: SmallVec<[&'a Arc<str>; 8]> = SmallVec::new();
        let mut failed = false;
        for id in ids {
            let Some(derived) = set.derived.get(*id as usize) else { continue };
            // Q10: only parents that are no patterns count here.
            let has = derived.parents.iter().any(|parent| match parent {
                Glob::Any => true,
                Glob::Literal(role) => self.place.all_roles.contains(&&**role),
                Glob::Stars(_) | Glob::Regex(_) => false,
            });
            self.enter_derived_role(derived, has);
            let held = if has { self.derived_role(*id) } else { Held::Inactive };
            self.leave_derived_role(derived, has);
            match held {
                Held::Yes => active.push(&derived.name),
                Held::Failed => failed = true,
                Held::No | Held::Inactive => {}
            }
        }
        if self.along.options.derived_roles {
            self.decision.derived_roles.extend(active.iter().map(|name| Arc::clone(name)));
        }
        let values: SmallVec<[Val<'a>; 8]> = active.iter().map(|name| Val::Str(name)).collect();
        let list = Val::List(List::Vals(self.arena.values(&values)));
        let known = (!failed).then_some(list);
        self.effective.push((unit, known));
        known
    }
}
