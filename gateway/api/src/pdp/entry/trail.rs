//! By which policies it was answered.

use std::collections::BTreeMap;

use portreeve_policies::RuleId;
use serde::Serialize;

use crate::pdp::point::Live;

/// The policies whose rules were looked at and those of the scopes above them, with their files.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Trail<'a> {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    effective_policies: BTreeMap<&'a str, Effective<'a>>,
}

#[derive(Serialize)]
struct Effective<'a> {
    attributes: Attributes<'a>,
}

#[derive(Serialize)]
struct Attributes<'a> {
    driver: &'static str,
    source: &'a str,
}

impl<'a> Trail<'a> {
    /// Of the policies that these rules are in.
    pub(super) fn of(live: &'a Live, looked_at: &[RuleId]) -> Self {
        let mut effective_policies = BTreeMap::new();
        for rule in looked_at.iter().filter_map(|id| live.set.rule(*id)) {
            for (policy, source) in above(&rule.policy).filter_map(|key| live.sources.get_key_value(key)) {
                let attributes = Attributes { driver: "disk", source };
                effective_policies.insert(&**policy, Effective { attributes });
            }
        }
        Self { effective_policies }
    }
}

/// The key of a policy, and those of the policies of its kind in the scopes above it. A role policy stands alone.
fn above(key: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(key);
    std::iter::from_fn(move || {
        let current = rest?;
        let above = current.split_once('/').filter(|_| !key.starts_with("role."));
        rest = above.and_then(|(root, scope)| match scope.rfind('.') {
            Some(end) => current.get(..root.len() + 1 + end),
            None => Some(root),
        });
        Some(current)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn above_a_policy_are_those_of_the_scopes_above() {
        for (key, expected) in [
            ("resource.a.vdefault", &["resource.a.vdefault"][..]),
            ("resource.a.v1/x", &["resource.a.v1/x", "resource.a.v1"]),
            ("role.a.v1/x", &["role.a.v1/x"]),
            ("principal.a.v1/x.y", &["principal.a.v1/x.y", "principal.a.v1/x", "principal.a.v1"]),
        ] {
            assert_eq!(above(key).collect::<Vec<_>>(), expected);
        }
    }
}
