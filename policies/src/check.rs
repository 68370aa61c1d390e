//! How a decision is reached, top to bottom.

use std::sync::Arc;

use portreeve_cel::EvalError;
use smallvec::SmallVec;

use crate::{
    Because, Check, Decision, Effect, Outcome, PolicySet, RuleId, Silent, Trace,
    entry::{Entry, with_arena},
    names,
    set::{Key, RoleUnit, Row, Unit},
};

impl PolicySet {
    /// Decides.
    #[must_use]
    pub fn check(&self, check: &Check<'_>) -> Decision {
        self.check_with(check, &mut Silent)
    }

    /// Decides, and tells `trace` how.
    pub fn check_with<T: Trace>(&self, check: &Check<'_>, trace: &mut T) -> Decision {
        with_arena(|arena| {
            let mut entry = Entry::new(self, check, arena);
            let chains = Chains::of(self, check);
            let mut decision = Decision::default();
            for action in check.actions {
                let settled = entry.settle(&chains, action, &mut decision, trace);
                trace.settled(action, settled.because);
                decision.outcomes.push(settled.outcome(action));
            }
            decision.derived_roles.sort();
            decision.derived_roles.dedup();
            decision
        })
    }
}

/// The policies that a question goes through, from the leaf scope to the root.
struct Chains<'a> {
    principal: SmallVec<[&'a Unit; 2]>,
    resource: SmallVec<[Level<'a>; 2]>,
    /// For each role of the principal, the role and those whose role policies it inherits from.
    roles: SmallVec<[SmallVec<[&'a str; 2]>; 4]>,
    resource_leaf: Option<Arc<str>>,
}

/// One scope: its resource policy and the role policies of the principal's roles.
struct Level<'a> {
    unit: Option<&'a Unit>,
    roles: SmallVec<[(&'a str, &'a RoleUnit); 2]>,
    scope: Arc<str>,
}

impl<'a> Chains<'a> {
    fn of(set: &'a PolicySet, check: &'a Check<'a>) -> Self {
        let options = &set.options;
        let version = if check.resource.version.is_empty() {
            &*options.default_version
        } else {
            check.resource.version
        };
        let resource_scope = scope(check.resource.scope, &options.default_scope);
        let principal_scope = scope(check.principal.scope, &options.default_scope);
        let kind = names::sanitise(check.resource.kind);
        let id = names::sanitise(check.principal.id);
        let roles: SmallVec<_> =
            check.principal.roles.iter().map(|role| set.inherited(role, version, resource_scope)).collect();
        let mut chains =
            Self { principal: SmallVec::new(), resource: SmallVec::new(), roles, resource_leaf: None };
        for scope in set.scopes(principal_scope, false) {
            chains.principal.extend(set.principals.get(&key(&id, version, scope)));
        }
        for scope in set.scopes(resource_scope, true) {
            let unit = set.resources.get(&key(&kind, version, scope));
            let own = chains.roles.iter().flatten().copied();
            let mut policies: SmallVec<[(&str, &RoleUnit); 2]> = SmallVec::new();
            for role in own {
                let known = policies.iter().any(|(known, _)| *known == role);
                let policy = set.roles.get(&key(role, version, scope)).filter(|_| !known);
                policies.extend(policy.map(|policy| (role, policy)));
            }
            if unit.is_some() || !policies.is_empty() {
                chains.resource.push(Level { unit, roles: policies, scope: scope.into() });
            }
        }
        chains.resource_leaf =
            chains.resource.first().and_then(|level| level.unit).map(|unit| Arc::clone(&unit.key));
        chains
    }
}

impl PolicySet {
    /// A scope and those above it, nearest first, as far as there are policies in them. Nothing when the scope itself
    /// has none, unless the search is lenient.
    fn scopes<'s>(&'s self, scope: &'s str, resource: bool) -> impl Iterator<Item = &'s str> {
        let known = if resource { &self.resource_scopes } else { &self.principal_scopes };
        let found = self.options.lenient_scope_search || known.contains_key(scope);
        names::scopes(scope).filter(move |scope| found && known.contains_key(*scope))
    }

    /// A role, and the roles that its policies name as parents, and theirs.
    fn inherited<'a>(&'a self, role: &'a str, version: &str, scope: &str) -> SmallVec<[&'a str; 2]> {
        let mut found: SmallVec<[&'a str; 2]> = SmallVec::from_slice(&[role]);
        let mut next = 0;
        while let Some(role) = found.get(next).copied() {
            next += 1;
            let nearest =
                self.scopes(scope, true).find_map(|scope| self.roles.get(&key(role, version, scope)));
            for parent in nearest.iter().flat_map(|policy| policy.parents.iter()) {
                if !found.contains(&&**parent) {
                    found.push(parent);
                }
            }
        }
        found
    }
}

/// What settled an action.
#[derive(Clone)]
struct Settled {
    effect: Option<Effect>,
    because: Because,
    policy: Option<Arc<str>>,
    scope: Arc<str>,
}

impl Settled {
    fn nothing(policy: Option<Arc<str>>) -> Self {
        let because = if policy.is_some() { Because::NoRule } else { Because::NoPolicy };
        Self { effect: None, because, policy, scope: "".into() }
    }

    fn by(effect: Effect, because: Because, policy: &Arc<str>, scope: &Arc<str>) -> Self {
        Self { effect: Some(effect), because, policy: Some(Arc::clone(policy)), scope: Arc::clone(scope) }
    }

    fn outcome(self, action: &Arc<str>) -> Outcome {
        let effect = self.effect.unwrap_or(Effect::Deny);
        Outcome {
            action: Arc::clone(action),
            effect,
            because: self.because,
            policy: self.policy,
            scope: self.scope,
        }
    }
}

/// What a scope says: its answer, or to ask the one above.
enum Said {
    Nothing,
    /// An allow that holds only if the scope above allows too.
    Consent,
    Settled(Settled),
}

impl<'a> Entry<'a> {
    /// Policies of the principal come before those of the resource. Of the principal's roles one that is allowed is
    /// enough: a denial found for one role does not stand in the way of another's allow.
    fn settle<T: Trace>(
        &mut self,
        chains: &Chains<'a>,
        action: &str,
        decision: &mut Decision,
        trace: &mut T,
    ) -> Settled {
        let principal = self.principal(chains, action, trace);
        if principal.effect.is_some() {
            return principal;
        }
        let mut settled = Settled::nothing(chains.resource_leaf.clone());
        for (role, roles) in self.check.principal.roles.iter().zip(&chains.roles) {
            let found = self.resource(chains, role, roles, action, decision, trace);
            let failed = matches!(found.because, Because::Failed(_)) && self.set.options.strict;
            if failed || found.effect == Some(Effect::Allow) {
                return found;
            }
            if settled.effect.is_none() {
                settled = found;
            }
        }
        settled
    }

    fn principal<T: Trace>(&mut self, chains: &Chains<'a>, action: &str, trace: &mut T) -> Settled {
        let kind = names::sanitise(self.check.resource.kind);
        let leaf = chains.principal.first().map(|unit| &unit.key);
        for unit in &chains.principal {
            let rows = unit.rows.iter().filter(|row| {
                row.resource.as_ref().is_some_and(|glob| glob.matches(&kind)) && matches(&row.actions, action)
            });
            if let Said::Settled(settled) = self.scope(unit, leaf, rows, &[], "*", trace) {
                return settled;
            }
        }
        Settled::nothing(None)
    }

    fn resource<T: Trace>(
        &mut self,
        chains: &Chains<'a>,
        role: &str,
        roles: &[&str],
        action: &str,
        decision: &mut Decision,
        trace: &mut T,
    ) -> Settled {
        let kind = names::sanitise(self.check.resource.kind);
        for level in &chains.resource {
            if let Some(unit) = level.unit {
                self.activate(unit, chains, decision, trace);
            }
            if let Some(denied) = self.narrowed(level, roles, &kind, action, trace) {
                return denied;
            }
            let Some(unit) = level.unit else { continue };
            let rows = unit.rows.iter().filter(|row| matches(&row.actions, action));
            if let Said::Settled(settled) =
                self.scope(unit, chains.resource_leaf.as_ref(), rows, roles, role, trace)
            {
                return settled;
            }
        }
        Settled::nothing(chains.resource_leaf.clone())
    }

    /// The derived roles of a policy that the principal has.
    fn activate<T: Trace>(
        &mut self,
        unit: &'a Unit,
        chains: &Chains<'a>,
        decision: &mut Decision,
        trace: &mut T,
    ) {
        let mut active: SmallVec<[Arc<str>; 4]> = SmallVec::new();
        for place in &unit.derived {
            let Some(role) = self.set.derived.get(*place) else { continue };
            let has = chains
                .roles
                .iter()
                .flatten()
                .any(|own| role.parents.iter().any(|parent| parent.matches(own)));
            if !has {
                continue;
            }
            let held = self.is_active(*place, role);
            trace.derived_role(&role.name, held.as_ref().copied());
            if held == Ok(true) {
                active.push(Arc::clone(&role.name));
            }
        }
        if active.is_empty() && decision.derived_roles.is_empty() {
            return;
        }
        let new = active.iter().any(|name| !decision.derived_roles.contains(name));
        if new {
            self.set_derived_roles(&active);
            decision.derived_roles.extend(active);
        }
    }

    /// What a role policy does not list, or lists under a condition that does not hold, is denied.
    fn narrowed<T: Trace>(
        &mut self,
        level: &Level<'a>,
        roles: &[&str],
        kind: &str,
        action: &str,
        trace: &mut T,
    ) -> Option<Settled> {
        for (role, policy) in level.roles.iter().filter(|(role, _)| roles.contains(role)) {
            let rows =
                policy.rows.iter().filter(|row| row.resource.matches(kind) && matches(&row.actions, action));
            let mut listed = false;
            for row in rows {
                listed = true;
                let held = self.holds(row.id, policy.space, &row.condition);
                trace.rule(row.id, role, held.as_ref().copied());
                let because = match held {
                    Ok(true) => continue,
                    Ok(false) => Because::Rule(row.id),
                    Err(_) => Because::Failed(row.id),
                };
                return Some(Settled::by(Effect::Deny, because, &policy.key, &level.scope));
            }
            if !listed {
                return Some(Settled::by(Effect::Deny, Because::NoRule, &policy.key, &level.scope));
            }
        }
        None
    }

    /// One policy in one scope: a denial wins at once, then an allow, then the scope above.
    fn scope<'r, T: Trace>(
        &mut self,
        unit: &'a Unit,
        leaf: Option<&Arc<str>>,
        rows: impl Iterator<Item = &'r Row>,
        roles: &[&str],
        shown: &str,
        trace: &mut T,
    ) -> Said
    where
        'a: 'r,
        'r: 'a,
    {
        let policy = leaf.unwrap_or(&unit.key);
        let mut allowed = None;
        for row in rows {
            let held = match self.row(unit, row, roles, shown, trace) {
                Some(held) => held,
                None => continue,
            };
            match held {
                Ok(false) => {}
                Ok(true) if row.effect == Effect::Deny => {
                    return Said::Settled(Settled::by(
                        Effect::Deny,
                        Because::Rule(row.id),
                        policy,
                        &unit.scope,
                    ));
                }
                Ok(true) => allowed = allowed.or(Some(row.id)),
                Err(_) if self.set.options.strict => {
                    return Said::Settled(Settled::by(
                        Effect::Deny,
                        Because::Failed(row.id),
                        &unit.key,
                        &unit.scope,
                    ));
                }
                Err(_) => {}
            }
        }
        match allowed {
            Some(_) if unit.consent => Said::Consent,
            Some(id) => Said::Settled(Settled::by(Effect::Allow, Because::Rule(id), policy, &unit.scope)),
            None => Said::Nothing,
        }
    }

    /// Whether a rule whose action matches holds for these roles; nothing when it is not for them. A rule that names
    /// static and derived roles holds when either does.
    fn row<T: Trace>(
        &mut self,
        unit: &'a Unit,
        row: &'a Row,
        roles: &[&str],
        shown: &str,
        trace: &mut T,
    ) -> Option<Result<bool, EvalError>> {
        let is_for = row.resource.is_some() || roles.iter().any(|role| matches(&row.roles, role));
        let mut outcome = is_for.then(|| self.observed(unit, row, shown, trace));
        if outcome == Some(Ok(true)) {
            return outcome;
        }
        for place in &row.derived {
            let Some(derived) = self.set.derived.get(*place) else { continue };
            if !roles.iter().any(|role| derived.parents.iter().any(|parent| parent.matches(role))) {
                continue;
            }
            let held = match self.is_active(*place, derived) {
                Ok(true) => self.observed(unit, row, shown, trace),
                Ok(false) => continue,
                Err(error) => self.failed(row.id, shown, error, trace),
            };
            if held != Ok(false) {
                return Some(held);
            }
            outcome = outcome.or(Some(held));
        }
        outcome
    }

    fn observed<T: Trace>(
        &mut self,
        unit: &Unit,
        row: &'a Row,
        role: &str,
        trace: &mut T,
    ) -> Result<bool, EvalError> {
        let held = self.holds(row.id, unit.space, &row.condition);
        trace.rule(row.id, role, held.as_ref().copied());
        held
    }

    fn failed<T: Trace>(
        &self,
        id: RuleId,
        role: &str,
        error: EvalError,
        trace: &mut T,
    ) -> Result<bool, EvalError> {
        trace.rule(id, role, Err(&error));
        Err(error)
    }
}

fn matches(globs: &[crate::glob::Glob], text: &str) -> bool {
    globs.iter().any(|glob| glob.matches(text))
}

fn key(name: &str, version: &str, scope: &str) -> Key {
    Key { name: name.into(), version: version.into(), scope: scope.into() }
}

fn scope<'s>(written: &'s str, default: &'s str) -> &'s str {
    if written.is_empty() { default } else { names::root_alias(written) }
}
