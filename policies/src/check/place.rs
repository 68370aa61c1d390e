//! Where a question's policies are: scopes and versions.

use std::{borrow::Cow, cell::OnceCell, sync::Arc};

use smallvec::SmallVec;

use crate::{
    Along, Check, PolicySet, names,
    set::{Index, Scope, Unit},
};

/// Where the policies of a question are.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    pub(crate) principal: Found<'a>,
    pub(crate) resource: Found<'a>,
    /// The kind as it is known.
    pub(crate) kind: Cow<'a, str>,
    /// The roles that the principal has, directly or through role policies.
    pub(crate) all_roles: SmallVec<[&'a str; 8]>,
}

/// The scopes in which policies of one family are looked for.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    pub(crate) family: Family,
    pub(crate) name: Cow<'a, str>,
    /// The version by which policies are found.
    pub(crate) version: &'a str,
    /// The version by which the policy is named.
    named: &'a str,
    /// From the leaf to the root; only those that exist.
    pub(crate) scopes: SmallVec<[&'a str; 4]>,
    pub(crate) exists: bool,
    /// See [`Found::leaf_key`].
    key: OnceCell<Arc<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Principal,
    Resource,
}

impl<'a> Place<'a> {
    pub(crate) fn find(set: &'a PolicySet, check: &Check<'a>, along: &Along<'a>) -> Self {
        let version = or(check.resource.version, &along.options.default_version);
        let named = or(check.principal.version, &along.options.default_version);
        let kind = names::known(check.resource.kind);
        let mut resource = Found {
            family: Family::Resource,
            name: kind.clone(),
            version,
            named: version,
            scopes: scopes(set, check.resource.scope, along, |scope| scope.resource),
            exists: false,
            key: OnceCell::new(),
        };
        resource.exists = resource.scopes.iter().any(|scope| {
            resource.unit(set, scope).is_some()
                || set.role_policy_about(version, scope, check.resource.kind, &kind)
        });
        let mut principal = Found {
            family: Family::Principal,
            name: names::known(check.principal.id),
            version,
            named,
            scopes: scopes(set, check.principal.scope, along, |scope| scope.principal),
            exists: false,
            key: OnceCell::new(),
        };
        let some = set.principal_scopes.get(named);
        principal.exists =
            principal.scopes.iter().any(|scope| some.is_some_and(|some| some.contains(*scope)));
        let mut all_roles = SmallVec::new();
        for role in check.principal.roles {
            set.with_parents(role, version, resource.leaf(), &mut all_roles);
        }
        Self { principal, resource, kind, all_roles }
    }

    pub(crate) fn found(&self, family: Family) -> &Found<'a> {
        if family == Family::Principal { &self.principal } else { &self.resource }
    }
}

impl<'a> Found<'a> {
    pub(crate) fn unit(&self, set: &PolicySet, scope: &str) -> Option<u32> {
        let index: &Index = if self.family == Family::Principal { &set.principals } else { &set.resources };
        index.get(&self.name, self.version, scope)
    }

    /// The scope in which the search begins.
    pub(crate) fn leaf(&self) -> &'a str {
        self.scopes.first().copied().unwrap_or_default()
    }

    /// The key of the policy in the leaf scope, whether there is one or not. Q23: where no policy has the version that
    /// the principal names, it is the one that was found.
    pub(crate) fn leaf_key(&self, set: &PolicySet) -> Arc<str> {
        // Every action has it in its answer.
        Arc::clone(self.key.get_or_init(|| self.key_in(set)))
    }

    fn key_in(&self, set: &PolicySet) -> Arc<str> {
        let known = self.unit(set, self.leaf()).and_then(|id| set.units.get(id as usize));
        match known {
            Some(unit) if self.version == self.named || !self.exists => Arc::clone(&unit.key),
            _ => {
                let family = if self.family == Family::Principal { "principal" } else { "resource" };
                names::key(family, &self.name, self.named, self.leaf()).into()
            }
        }
    }

    /// Q5: the policy whose schemas count: the nearest one that exists. The schemas are those of the root's policy.
    pub(crate) fn schema_unit<'s>(&self, set: &'s PolicySet) -> Option<&'s Unit> {
        let root = self.scopes.iter().rev().find_map(|scope| self.unit(set, scope));
        set.units.get(root? as usize).filter(|unit| unit.scope.is_empty())
    }
}

impl PolicySet {
    /// A role and, transitively, the roles that its policies name as parents.
    pub(crate) fn with_parents<'a, const N: usize>(
        &'a self,
        role: &'a str,
        version: &str,
        scope: &str,
        into: &mut SmallVec<[&'a str; N]>,
    ) where
        [&'a str; N]: smallvec::Array<Item = &'a str>,
    {
        if into.contains(&role) {
            return;
        }
        into.push(role);
        // Q7: looked up where the search begins. Q8: of this version only.
        let policy = self.roles.get(role, version, scope).and_then(|id| self.role_policies.get(id as usize));
        for parent in policy.into_iter().flat_map(|policy| policy.parents.iter()) {
            self.with_parents(parent, version, scope, into);
        }
    }

    fn role_policy_about(&self, version: &str, scope: &str, kind: &str, known: &str) -> bool {
        let ids = self.roles_at.get(version).and_then(|scopes| scopes.get(scope));
        ids.into_iter()
            .flatten()
            .filter_map(|id| self.role_policies.get(*id as usize))
            .any(|policy| policy.rules.iter().any(|rule| rule.kind.matches(kind, known)))
    }
}

fn or<'a>(text: &'a str, default: &'a str) -> &'a str {
    if text.is_empty() { default } else { text }
}

/// The scope as it is asked for: the default for none, and a leading dot means the root.
fn scopes<'a>(
    set: &'a PolicySet,
    asked: &'a str,
    along: &Along<'a>,
    exists: fn(&Scope) -> bool,
) -> SmallVec<[&'a str; 4]> {
    let scope = or(asked, &along.options.default_scope);
    let scope = scope.strip_prefix('.').unwrap_or(scope);
    let there = |scope: &str| set.scopes.get(scope).is_some_and(exists);
    let mut found = SmallVec::new();
    if there(scope) {
        found.push(scope);
    } else if !along.options.lenient_scope_search {
        return found;
    }
    found.extend(names::parents(scope).filter(|parent| there(parent)));
    found
}
