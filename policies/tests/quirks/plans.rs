//! Filters that would let through what a check denies.

use std::{sync::Arc, time::SystemTime};

use portreeve_cel::{Map, Timestamp, Val};
use portreeve_policies::{Along, Manner, PlanQuestion, PolicySet, Principal, Resources};

use crate::asking::{Ask, lax, set};

/// A policy of ann and one of documents, each with one rule about `view`.
fn policies(of_ann: &str, of_documents: &str) -> PolicySet {
    set(&[
        &format!(
            "principalPolicy:\n  principal: ann\n  version: default\n  rules:\n    - resource: doc\n      actions:\n        - {{ action: view, {of_ann} }}\n"
        ),
        &format!(
            "resourcePolicy:\n  resource: doc\n  version: default\n  rules:\n    - {{ actions: [view], roles: [staff], {of_documents} }}\n"
        ),
    ])
}

/// Which documents ann may view, in both manners.
fn filters(policies: &PolicySet) -> [String; 2] {
    let (roles, actions, none) = ([Arc::from("staff")], [Arc::from("view")], Map::default());
    [Manner::Exact, Manner::AsCerbos].map(|manner| {
        let question = PlanQuestion {
            principal: Principal { id: "ann", roles: &roles, attr: Val::from(&none), version: "", scope: "" },
            resources: Resources { kind: "doc", version: "", scope: "", attr: &none },
            actions: &actions,
            aux: None,
            now: Timestamp::from(SystemTime::UNIX_EPOCH),
            manner,
        };
        let along = Along { options: &lax(), jwts: None };
        policies.plan_as(&question, &along).unwrap().debug().replace("request.resource.attr", "R")
    })
}

/// Whether ann may view a document with these attributes.
fn may_view(policies: &PolicySet, attr: &'static str) -> bool {
    let ask = Ask { id: "ann", roles: &["staff"], kind: "doc", attr, actions: &["view"], ..Ask::default() };
    ask.of(policies).allowed() == ["view"]
}

#[test]
fn q30_what_a_principal_policy_denies_without_a_condition_is_not_in_a_filter() {
    for of_documents in
        ["effect: EFFECT_ALLOW", "effect: EFFECT_ALLOW, condition: { match: { expr: R.attr.y } }"]
    {
        let policies = policies("effect: EFFECT_DENY", of_documents);
        assert!(!may_view(&policies, r#"{"y": true}"#));
        // Cerbos: `(true)` and `R.y`.
        assert_eq!(filters(&policies), ["(false)", "(false)"], "{of_documents}");
    }
}

#[test]
fn q31_what_a_conditional_denial_leaves_over_is_not_allowed_by_that() {
    let policies = policies(
        "effect: EFFECT_ALLOW, condition: { match: { expr: R.attr.x } }",
        "effect: EFFECT_DENY, condition: { match: { expr: R.attr.y } }",
    );
    assert!(may_view(&policies, r#"{"x": true, "y": true}"#));
    assert!(!may_view(&policies, r#"{"x": false, "y": false}"#));
    // Cerbos: `(or R.x (not R.y))`.
    assert_eq!(filters(&policies), ["R.x", "R.x"]);
}
