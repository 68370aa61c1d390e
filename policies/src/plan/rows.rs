//! What the rules in one scope say about one action and role.

use smallvec::SmallVec;

use super::{
    conditions::Conditions,
    node::Node,
    question::{Manner, PlanError},
};
use crate::{
    Effect, RuleId,
    check::Family,
    set::{RolePolicy, Row, Unit},
};

/// What the rules of one scope come to; nothing where there are none.
#[derive(Default)]
pub(super) struct Said {
    pub(super) allow: Option<Node>,
    /// By rules of resource or principal policies.
    pub(super) deny: Option<Node>,
    /// By role policies.
    pub(super) role_deny: Option<Node>,
    /// Where evaluating one of them fails and so denies everything.
    pub(super) fails: Option<Node>,
}

impl Said {
    /// A failure counts where nothing before it denies.
    fn fail(&mut self, fails: Node) {
        if !fails.is(false) {
            let denied = [&self.role_deny, &self.deny].into_iter().flatten().cloned();
            let fails = Node::all(denied.map(Node::negated).chain([fails]));
            self.fails = or(Manner::Exact, self.fails.take(), Some(fails));
        }
    }

    pub(super) const fn is_nothing(&self) -> bool {
        self.allow.is_none() && self.deny.is_none() && self.role_deny.is_none()
    }
}

/// One, the other or both. Cerbos does not see that something is constant once it is joined.
pub(super) fn or(manner: Manner, one: Option<Node>, other: Option<Node>) -> Option<Node> {
    match (one, other, manner) {
        (Some(one), Some(other), Manner::Exact) => Some(one.or(other)),
        (Some(one), Some(other), Manner::AsCerbos) => Some(one.or_written(other)),
        (one, other, _) => one.or(other),
    }
}

impl<'a> Conditions<'a, '_> {
    /// What the rules of this family in this scope say to one of these roles, a role and its parents.
    pub(super) fn said(
        &mut self,
        family: Family,
        scope: &str,
        action: &str,
        roles: &[&'a str],
    ) -> Result<Said, PlanError> {
        let mut said = Said::default();
        if family == Family::Resource {
            self.role_policies(scope, action, roles, &mut said)?;
        }
        let found = self.place.found(family);
        let unit = found.unit(self.set, scope);
        if let Some((id, unit)) = unit.and_then(|id| Some((id, self.set.units.get(id as usize)?))) {
            if family == Family::Resource {
                self.visit(id);
            }
            self.rows(family, id, unit, action, roles, &mut said)?;
        }
        Ok(said)
    }

    fn rows(
        &mut self,
        family: Family,
        id: u32,
        unit: &'a Unit,
        action: &str,
        roles: &[&'a str],
        said: &mut Said,
    ) -> Result<(), PlanError> {
        let mut seen: SmallVec<[(RuleId, Option<u32>); 8]> = SmallVec::new();
        for row in unit.rows.iter().filter(|row| row.action.matches(action)) {
            // The rows of a rule for other roles that the principal has say nothing new.
            let known = (row.rule, row.derived);
            if !self.concerns(row, family, roles) || seen.contains(&known) {
                continue;
            }
            seen.push(known);
            self.look_at(row.rule);
            let mut region = self.condition(row.condition, unit.names, Some(id))?;
            if row.negated {
                region.holds = region.refused();
            }
            if let Some(derived) = row.derived.and_then(|id| self.set.derived.get(id as usize)) {
                let role = self.derived_role(derived)?;
                let fails = Node::all([role.holds.clone(), region.fails]);
                region.fails = Node::any([role.fails, fails]);
                region.holds = match (row.condition.and(derived.condition), self.manner) {
                    (None, _) => Node::all([region.holds, role.holds]),
                    (Some(_), Manner::Exact) => Node::all([region.holds, role.holds]),
                    (Some(_), Manner::AsCerbos) => Node::All(vec![region.holds, role.holds]),
                };
            }
            said.fail(region.fails);
            match row.effect {
                Effect::Allow => said.allow = or(self.manner, said.allow.take(), Some(region.holds)),
                Effect::Deny if region.holds.is(false) => {}
                Effect::Deny => said.deny = or(self.manner, said.deny.take(), Some(region.holds)),
            }
        }
        Ok(())
    }

    fn look_at(&mut self, rule: RuleId) {
        if !self.looked_at.contains(&rule) {
            self.looked_at.push(rule);
        }
    }

    fn concerns(&self, row: &Row, family: Family, roles: &[&str]) -> bool {
        match &row.kind {
            Some(kinds) => kinds.matches(self.check.resource.kind, &self.place.kind),
            None => family == Family::Resource && roles.iter().any(|role| row.role.matches(role)),
        }
    }

    fn role_policies(
        &mut self,
        scope: &str,
        action: &str,
        roles: &[&'a str],
        said: &mut Said,
    ) -> Result<(), PlanError> {
        let set = self.set;
        let version = self.place.found(Family::Resource).version;
        for role in roles {
            let Some(id) = set.roles.get(role, version, scope) else { continue };
            let Some(policy) = set.role_policies.get(id as usize) else { continue };
            self.role_policy(policy, action, said)?;
        }
        Ok(())
    }

    /// Every rule about the action must hold, and there must be one.
    fn role_policy(
        &mut self,
        policy: &'a RolePolicy,
        action: &str,
        said: &mut Said,
    ) -> Result<(), PlanError> {
        let mut listed = false;
        for rule in &policy.rules {
            let about = rule.kind.matches(self.check.resource.kind, &self.place.kind)
                && rule.actions.iter().any(|glob| glob.matches(action));
            if !about {
                continue;
            }
            listed = true;
            // Without a condition a rule takes nothing away.
            if rule.condition.is_some() {
                self.look_at(rule.rule);
            }
            let region = self.condition(rule.condition, policy.names, None)?;
            said.fail(region.fails.clone());
            let refused = region.refused();
            if !refused.is(false) {
                said.role_deny = or(self.manner, said.role_deny.take(), Some(refused));
            }
        }
        if !listed {
            self.look_at(policy.whole);
            said.role_deny = or(self.manner, said.role_deny.take(), Some(Node::constant(true)));
        }
        Ok(())
    }
}
