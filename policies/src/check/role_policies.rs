//! What role policies take away.

use super::Engine;
use crate::{Because, Once, Trace, set::RolePolicy, trace::Held};

impl<'a, T: Trace> Engine<'a, '_, T> {
    /// The first denial by a role policy of one of these roles: for what, and by which policy.
    pub(super) fn role_policy_denies(
        &mut self,
        scope: &str,
        action: &'a str,
        roles: &[&'a str],
    ) -> Option<(Because, u32)> {
        let set = self.set;
        for role in roles {
            let Some(id) = set.roles.get(role, self.place.resource.version, scope) else { continue };
            let Some(policy) = set.role_policies.get(id as usize) else { continue };
            if let Some(because) = self.denied_by(policy, action, role) {
                return Some((because, id));
            }
        }
        None
    }

    /// Every rule about the action must hold, and there must be one.
    fn denied_by(&mut self, policy: &'a RolePolicy, action: &'a str, role: &'a str) -> Option<Because> {
        let mut listed = false;
        for rule in &policy.rules {
            let about = rule.kind.matches(self.check.resource.kind, &self.place.kind)
                && rule.actions.iter().any(|glob| glob.matches(action));
            if !about {
                continue;
            }
            if !std::mem::replace(&mut listed, true) {
                self.eager(Once::RolePolicy(policy.whole), policy.names, None, &policy.used);
            }
            let Some(condition) = rule.condition else {
                self.considered(rule.rule, role, Held::Yes);
                continue;
            };
            let first = self.enter_role_rule(rule.rule);
            let held = self.condition(condition, policy.names, None);
            self.told_role_rule(held, first);
            self.considered(rule.rule, role, held);
            if held == Held::Failed {
                self.trace.leave();
                return Some(Because::Failed(rule.rule));
            }
            if let Some(output) = rule.output {
                self.output(u32::MAX, policy.names, output, held == Held::Yes, action);
            }
            self.leave_role_rule(held);
            if held != Held::Yes {
                return Some(Because::Rule(rule.rule));
            }
        }
        if !listed {
            self.trace.unlisted(policy.whole);
            self.tell_unlisted(policy.whole);
        }
        (!listed).then_some(Because::Rule(policy.whole))
    }
}
