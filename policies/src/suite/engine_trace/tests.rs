use portreeve_diagnostics::{Bundle, SourceFile};

use super::*;
use crate::{
    Options, PolicySet,
    suite::{Coverage, Selection, Suites},
};

const POLICIES: &str = r#"apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: doc
  version: default
  importDerivedRoles: [common-roles]
  variables: {local: {draft: R.attr.draft, unused: "1"}}
  rules:
    - name: drafts
      actions: [read]
      effect: EFFECT_ALLOW
      roles: [user]
      condition: {match: {all: {of: [{expr: P.id == "ann"}, {expr: V.draft}]}}}
      output: {when: {conditionNotMet: R.id}}
    - {actions: [read], effect: EFFECT_DENY, roles: ["*"], condition: {match: {expr: R.attr.gone}}}
    - {actions: [edit], effect: EFFECT_ALLOW, derivedRoles: [owner, boss]}
"#;

const COMMON: &str = r#"apiVersion: api.cerbos.dev/v1
derivedRoles:
  name: common-roles
  definitions:
    - {name: boss, parentRoles: [admin]}
    - {name: owner, parentRoles: [user], condition: {match: {expr: R.attr.owner == P.id}}}
"#;

const ROLE: &str = r#"apiVersion: api.cerbos.dev/v1
rolePolicy:
  role: clerk
  rules:
    - {resource: doc, allowActions: [read], condition: {match: {expr: R.attr.draft}}}
"#;

const SUITE: &str = "name: Docs
principals: {ann: {id: ann, roles: [user]}, cal: {id: cal, roles: [clerk]}}
resources: {doc: {kind: doc, id: d1, attr: {owner: bob, draft: false}}}
tests:
  - name: all
    input: {principals: [ann, cal], resources: [doc], actions: [read, edit]}
    expected: [{principal: ann, resource: doc, actions: {read: EFFECT_DENY}}]
";

/// The steps of the questions of both principals.
fn traces() -> Vec<Arc<EngineTrace>> {
    let file = |name: &str, text: &str| SourceFile { name: name.into(), text: text.into() };
    let files = vec![
        file("p.yaml", POLICIES),
        file("r.yaml", ROLE),
        file("c.yaml", COMMON),
        file("d_test.yaml", SUITE),
    ];
    let bundle = Bundle { revision: "test".into(), files };
    let options = Options { strict: false, ..Options::default() };
    let (set, report) = PolicySet::compile(&bundle, &[0, 1, 2, 3], &options);
    let set = set.unwrap_or_else(|| panic!("{report:?}"));
    let suites = Suites::read(&bundle, &[3]).traced(true);
    let results = suites.run(&set, &options, &Selection::default(), &mut Coverage::default());
    let suite = results.suites.into_iter().next().unwrap();
    assert_eq!(suite.error, None);
    let principals = suite.test_cases.into_iter().flat_map(|test| test.principals);
    let details = principals.flat_map(|p| p.resources).flat_map(|r| r.actions).map(|a| a.details);
    details.map(|details| details.engine_trace_batch.unwrap()).collect()
}

#[test]
fn all_actions_of_a_question_have_the_steps_of_all_of_them() {
    let traces = traces();
    assert_eq!(traces.len(), 4);
    assert_eq!(traces[0], traces[1]);
    assert_ne!(traces[0], traces[2]);
}

#[test]
fn steps_are_told_in_their_order_and_conditions_once() {
    let doc = "policy=cerbos.resource.doc.vdefault";
    let read = format!("{doc} > action=read");
    let drafts = format!("{read} > scope=\"\" > rule=drafts");
    let said = r#"{"action":"read","src":"resource.doc.vdefault#drafts","val":"d1"}"#;
    let common = "policy=cerbos.derived_roles.common_roles";
    let told = |lines: &[&str]| lines.join("\n");
    let expected = [
        told(&[&format!("{common} > derivedRole=boss"), "skipped", "No matching roles"]),
        told(&[
            &format!("{common} > derivedRole=owner > condition > expr=`R.attr.owner == P.id`"),
            "activated",
            "result → false",
        ]),
        told(&[&format!("{doc} > variables > draft=`R.attr.draft`"), "activated", "result → false"]),
        told(&[
            &format!("{drafts} > condition > conditionAll > condition#0 > expr=`P.id == \"ann\"`"),
            "activated",
            "result → true",
        ]),
        told(&[
            &format!("{drafts} > condition > conditionAll > condition#1 > expr=`V.draft`"),
            "activated",
            "result → false",
        ]),
        told(&[
            &format!("{drafts} > condition > conditionAll"),
            "activated",
            "result → false",
            "Short-circuited",
        ]),
        told(&[&format!("{drafts} > output=drafts"), "activated", &format!("result → {said}")]),
        told(&[&drafts, "skipped", "Condition not satisfied"]),
        told(&[
            &format!("{read} > scope=\"\" > rule=rule-002 > condition > expr=`R.attr.gone`"),
            "activated",
            "result → false",
            "Failed to evaluate expression: no such key: gone",
        ]),
        told(&[&format!("{read} > scope=\"\" > rule=rule-002"), "skipped", "Condition not satisfied"]),
        told(&[&read, "activated", "effect → deny"]),
        told(&[
            &format!("{doc} > action=edit > scope=\"\" > rule=rule-003"),
            "skipped",
            "No matching derived roles",
        ]),
        told(&[&format!("{doc} > action=edit"), "activated", "effect → deny"]),
    ];
    assert_eq!(traces()[0].text(), expected);
}

#[test]
fn a_role_policy_denies_unless_its_condition_holds_and_what_it_does_not_list() {
    let traces = traces();
    let paths: Vec<String> =
        traces[2].text().iter().map(|step| step.lines().next().unwrap().to_owned()).collect();
    let [read, edit] =
        ["read", "edit"].map(|action| format!("policy=cerbos.resource.doc.vdefault > action={action}"));
    let none = format!("{read} > scope=\"\" > rule=\"\" > condition > conditionNone");
    assert!(paths.contains(&format!("{none} > condition#0 > expr=`R.attr.draft`")), "{paths:#?}");
    assert!(paths.contains(&none), "{paths:#?}");
    assert!(paths.contains(&format!("{edit} > scope=\"\" > rule=\"\" > condition")), "{paths:#?}");
}

#[test]
fn parts_are_defined_once_and_entries_refer_to_them() {
    let json = serde_json::to_value(&*traces()[0]).unwrap();
    let definitions = json["definitions"].as_array().unwrap();
    for (index, definition) in definitions.iter().enumerate() {
        assert!(!definitions[..index].contains(definition), "{definition}");
    }
    let first = &json["entries"][0];
    assert_eq!(
        definitions[0],
        serde_json::json!({
            "kind": "KIND_POLICY", "policy": "cerbos.derived_roles.common_roles"
        })
    );
    assert_eq!(
        *first,
        serde_json::json!({
            "componentIndices": [0, 1],
            "event": { "status": "STATUS_SKIPPED", "message": "No matching roles" },
        })
    );
    let variable = serde_json::json!({
        "kind": "KIND_VARIABLE", "variable": { "name": "draft", "expr": "R.attr.draft" }
    });
    assert!(definitions.contains(&variable), "{definitions:#?}");
    let settled = serde_json::json!({ "status": "STATUS_ACTIVATED", "effect": "EFFECT_DENY" });
    assert_eq!(json["entries"].as_array().unwrap().last().unwrap()["event"], settled);
}
