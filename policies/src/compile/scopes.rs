use std::sync::Arc;

use portreeve_diagnostics::{Diagnostic, Report, Span};
use rustc_hash::FxHashMap;

use super::Read;
use crate::{PolicySet, names, raw::RawBody, set::Key};

/// Every scoped policy must have a policy in each scope above it, and all policies of a scope must agree on who has the
/// last word.
pub(super) fn check(set: &PolicySet, read: &[Read], report: &mut Report) {
    let mut permissions: FxHashMap<&str, (bool, Span)> = FxHashMap::default();
    for policy in read {
        let span = policy.raw.span;
        let (name, version, scope, consent) = match &policy.raw.body {
            RawBody::Resource { resource, version, scope, consent, .. } => {
                (resource, version, scope, consent)
            }
            RawBody::Principal { principal, version, scope, consent, .. } => {
                (principal, version, scope, consent)
            }
            _ => continue,
        };
        let first = permissions.entry(scope).or_insert((*consent, span));
        if first.0 != *consent {
            let message = format!("policies of the scope `{scope}` have different `scopePermissions`");
            report.push(
                Diagnostic::error("policy/scope-permissions", message)
                    .at(span, "this one")
                    .at(first.1, "and this one")
                    .help("a scope has one value for all its policies"),
            );
        }
        let resource = matches!(policy.raw.body, RawBody::Resource { .. });
        let name: Arc<str> = names::sanitise(&name.value).into();
        for parent in names::scopes(scope).skip(1) {
            let key = Key { name: Arc::clone(&name), version: version.as_str().into(), scope: parent.into() };
            let there = if resource {
                set.resources.contains_key(&key)
                    || set.roles.keys().any(|role| *role.scope == *parent && !parent.is_empty())
            } else {
                set.principals.contains_key(&key)
            };
            if !there {
                let shown =
                    if parent.is_empty() { "the root".to_owned() } else { format!("the scope `{parent}`") };
                let message = format!("a policy of the scope `{scope}` has no parent in {shown}");
                report.push(
                    Diagnostic::error("policy/missing-scope", message)
                        .at(span, "this policy")
                        .help("write a policy for that scope, with no rules if it adds none"),
                );
            }
        }
    }
}
