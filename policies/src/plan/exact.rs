//! Allowances and denials joined so that the filter holds where the check allows.

use std::sync::Arc;

use super::{
    Answer,
    conditions::Conditions,
    node::Node,
    question::{Manner, PlanError},
    rows::{Said, or},
};
use crate::check::Family;

/// Where one role is allowed and denied, and where asking fails; elsewhere there is no rule for it.
struct Verdict {
    allow: Node,
    deny: Node,
    fails: Node,
}

impl<'a> Conditions<'a, '_> {
    /// Principal policies decide first; then of the roles the first that is allowed.
    pub(super) fn exact(&mut self, action: &Arc<str>) -> Result<Answer, PlanError> {
        let mut answer = Answer::default();
        let mut verdicts = |family| -> Result<Vec<Verdict>, PlanError> {
            self.roles(family)
                .into_iter()
                .map(|role| self.verdict(family, action, role, &mut answer))
                .collect()
        };
        let (resource, principal) = (verdicts(Family::Resource)?, verdicts(Family::Principal)?);
        let mut node = Node::constant(false);
        for role in resource.into_iter().rev() {
            node = Node::any([role.allow, Node::all([role.fails.negated(), node])]);
        }
        for Verdict { allow, deny, fails } in principal {
            node = Node::any([allow, Node::all([deny.negated(), fails.negated(), node])]);
        }
        answer.node = node;
        Ok(answer)
    }

    /// The scope nearest to the leaf decides, and in it a denial before an allowance.
    fn verdict(
        &mut self,
        family: Family,
        action: &str,
        role: &'a str,
        answer: &mut Answer,
    ) -> Result<Verdict, PlanError> {
        let roles = self.with_parents(role);
        let mut steps: Vec<(Node, Node, Node)> = Vec::new();
        for scope in self.place.found(family).scopes.clone() {
            let said = self.said(family, scope, action, &roles)?;
            let consent = self.needs_consent(scope);
            answer.matched = answer.matched || !said.is_nothing() || said.fails.is_some();
            if !said.is_nothing() && !consent {
                answer.scope = scope.into();
            }
            let Said { allow, deny, role_deny, fails } = said;
            let no = |node: Option<Node>| node.unwrap_or(Node::constant(false));
            let deny = no(or(Manner::Exact, role_deny, deny));
            // An allowance that needs consent leaves it to the scopes above.
            let allow = if consent { Node::constant(false) } else { no(allow) };
            let is_settled = deny.is(true) || allow.is(true);
            steps.push((allow, deny, no(fails)));
            if is_settled {
                break;
            }
        }
        let no = || Node::constant(false);
        let mut above = Verdict { allow: no(), deny: no(), fails: no() };
        for (allow, deny, fails) in steps.into_iter().rev() {
            let goes_on = [deny.clone().negated(), allow.clone().negated()];
            above = Verdict {
                deny: Node::any([deny.clone(), Node::all([allow.clone().negated(), above.deny])]),
                fails: Node::any([fails.clone(), Node::all(goes_on.into_iter().chain([above.fails]))]),
                allow: Node::all([deny.negated(), fails.negated(), Node::any([allow, above.allow])]),
            };
        }
        Ok(above)
    }
}
