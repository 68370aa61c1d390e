//! Allowances and denials joined as Cerbos' planner joins them.

use std::sync::Arc;

use super::{
    Answer,
    conditions::Conditions,
    node::Node,
    question::{Manner, PlanError},
    rows::{Said, or},
};
use crate::check::Family;

const CERBOS: Manner = Manner::AsCerbos;

/// What one role, or all of them, come to.
#[derive(Default)]
struct Joined {
    allow: Option<Node>,
    deny: Option<Node>,
    role_deny: Option<Node>,
}

impl<'a> Conditions<'a, '_> {
    /// Resource policies first, then principal policies around them.
    pub(super) fn as_cerbos(&mut self, action: &Arc<str>) -> Result<Answer, PlanError> {
        let mut answer = Answer::default();
        let (mut root, mut fails): (Option<Node>, _) = (None, None);
        for family in [Family::Resource, Family::Principal] {
            let joined = self.roles_as_cerbos(family, action, &mut answer, &mut fails)?;
            root = or(CERBOS, joined.allow, root);
            if let Some(deny) = joined.deny {
                answer.matched = true;
                // Q31: Cerbos lets a principal policy turn a denial without any allowance into an allowance of the
                // rest; that is not copied.
                root = root.map(|root| Node::all_written([deny.not_written(), root]));
            }
        }
        answer.matched = answer.matched || root.is_some() || fails.is_some();
        answer.node = match root {
            Some(root) => Node::all(fails.map(Node::negated).into_iter().chain([root])),
            None => Node::constant(false),
        };
        Ok(answer)
    }

    fn roles_as_cerbos(
        &mut self,
        family: Family,
        action: &str,
        answer: &mut Answer,
        fails: &mut Option<Node>,
    ) -> Result<Joined, PlanError> {
        let mut all = Joined::default();
        for role in self.roles(family) {
            let mut one = self.role_as_cerbos(family, action, role, answer, fails)?;
            let is_denied =
                [&one.deny, &one.role_deny].iter().any(|deny| deny.as_ref().is_some_and(|d| d.is(true)));
            // Q30: Cerbos lets what a resource policy allows through an unconditional denial of a principal policy,
            // too; that is not copied.
            if is_denied && family == Family::Resource {
                one = Joined { allow: Some(Node::constant(false)), ..Joined::default() };
            } else if one.deny.is_none()
                && one.role_deny.is_none()
                && one.allow.as_ref().is_some_and(|allow| allow.is(true))
            {
                return Ok(one);
            }
            if let Some(deny) = one.role_deny {
                one.allow = one.allow.map(|allow| Node::all_written([allow, deny.not_written()]));
            }
            all.allow = or(CERBOS, all.allow, one.allow);
            // Q26: what one role is denied counts for all.
            all.deny = or(CERBOS, all.deny, one.deny);
        }
        Ok(all)
    }

    fn role_as_cerbos(
        &mut self,
        family: Family,
        action: &str,
        role: &'a str,
        answer: &mut Answer,
        fails: &mut Option<Node>,
    ) -> Result<Joined, PlanError> {
        let roles = self.with_parents(role);
        let mut joined = Joined::default();
        let (mut below, mut pending) = (None, false);
        for scope in self.place.found(family).scopes.clone() {
            if below.as_ref().is_some_and(|below: &Node| below.is(true)) {
                break;
            }
            let said = self.said(family, scope, action, &roles)?;
            let consent = self.needs_consent(scope);
            if !said.is_nothing() && !consent {
                answer.scope = scope.into();
            }
            let Said { allow, deny, role_deny, fails: failing } = said;
            let gate = |deny: Option<Node>| unless(deny, below.as_ref());
            joined.deny = or(CERBOS, joined.deny, gate(deny));
            joined.role_deny = or(CERBOS, joined.role_deny, gate(role_deny));
            *fails = or(CERBOS, fails.take(), gate(failing));
            let Some(allow) = allow else { continue };
            joined.allow = Some(match joined.allow {
                None => allow.clone(),
                Some(known) if std::mem::take(&mut pending) => Node::all_written([known, allow.clone()]),
                Some(known) => Node::any_written([known, allow.clone()]),
            });
            if consent {
                pending = true;
            } else {
                below = or(CERBOS, below, Some(allow));
            }
        }
        if pending {
            joined.allow = None;
        }
        Ok(joined)
    }
}

/// A denial that a scope below has not overridden.
fn unless(deny: Option<Node>, below: Option<&Node>) -> Option<Node> {
    match (deny, below) {
        (Some(deny), Some(below)) if deny.is(true) => Some(below.clone().not_written()),
        (Some(deny), Some(below)) => Some(Node::all_written([deny, below.clone().not_written()])),
        (deny, _) => deny,
    }
}
