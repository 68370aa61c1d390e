//! Which variables rules use: those that are evaluated although they may not be needed, for the errors in them.

use std::collections::BTreeSet;

use crate::set::{Condition, PolicySet};

impl PolicySet {
    /// The variables that these conditions and outputs need, in the order in which they can be evaluated. Policies with
    /// the same variables share an environment, and not what they use of it.
    pub(super) fn used(
        &self,
        conditions: impl Iterator<Item = u32>,
        outputs: impl Iterator<Item = u32>,
    ) -> Box<[u32]> {
        let mut found = BTreeSet::new();
        conditions.for_each(|id| self.used_by(id, &mut found));
        for output in outputs.filter_map(|id| self.outputs.get(id as usize)) {
            output.activated.iter().chain(&output.not_met).for_each(|id| self.used_in(*id, &mut found));
        }
        found.into_iter().collect()
    }

    fn used_by(&self, condition: u32, found: &mut BTreeSet<u32>) {
        match self.conditions.get(condition as usize) {
            Some(Condition::Expr(id)) => self.used_in(*id, found),
            Some(Condition::All(parts) | Condition::Any(parts) | Condition::None(parts)) => {
                parts.iter().for_each(|part| self.used_by(*part, found));
            }
            None => {}
        }
    }

    fn used_in(&self, expression: u32, found: &mut BTreeSet<u32>) {
        if let Some(expression) = self.expressions.get(expression as usize) {
            found.extend(&expression.variables);
        }
    }
}
