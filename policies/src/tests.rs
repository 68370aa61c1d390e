use std::sync::Arc;

use portreeve_diagnostics::{Bundle, SourceFile};

use portreeve_cel::{Map, Val, Value};

use crate::*;

const EXPENSE: &str = r#"
apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: expense
  version: default
  importDerivedRoles: [common]
  variables: { local: { small: "R.attr.amount < 100.0" } }
  rules:
    - { actions: ["view:*"], effect: EFFECT_ALLOW, derivedRoles: [owner] }
    - actions: [approve]
      effect: EFFECT_ALLOW
      roles: [manager]
      condition: { match: { all: { of: [{ expr: V.small }, { expr: R.attr.owner != P.id }] } } }
    - { name: frozen, actions: ["*"], effect: EFFECT_DENY, roles: [manager], condition: { match: { expr: R.attr.frozen == true } } }
"#;

const COMMON: &str = r#"
apiVersion: api.cerbos.dev/v1
derivedRoles:
  name: common
  definitions:
    - { name: owner, parentRoles: [user], condition: { match: { expr: R.attr.owner == P.id } } }
"#;

fn compile(files: &[(&str, &str)]) -> (Option<PolicySet>, Vec<(&'static str, String, String)>) {
    let files =
        files.iter().map(|(name, text)| SourceFile { name: (*name).into(), text: (*text).into() }).collect();
    let bundle = Bundle { revision: "r".into(), files };
    let all: Vec<u32> = (0..).take(bundle.files.len()).collect();
    let (set, report) = PolicySet::compile(&bundle, &all, &Options::default());
    let said = report.findings.iter().map(|d| {
        let place = d.span().and_then(|span| bundle.text(span)).unwrap_or_default();
        (d.code, d.message.clone(), place.to_owned())
    });
    (set, said.collect())
}

fn ask(
    set: &PolicySet,
    role: &str,
    attr: &str,
    action: &str,
    options: &Options,
) -> (Effect, Because, Decision) {
    let attr: Map = match serde_json::from_str(attr).unwrap() {
        Value::Map(map) => map,
        _ => panic!("attributes are a map"),
    };
    let (roles, actions, none) = ([Arc::from(role)], [Arc::from(action)], Map::default());
    let check = Check {
        principal: Principal { id: "ann", roles: &roles, attr: Val::from(&none), version: "", scope: "" },
        resource: Resource { kind: "expense", id: "1", attr: Val::from(&attr), version: "", scope: "" },
        actions: &actions,
        aux: None,
        now: std::time::UNIX_EPOCH,
    };
    let decision = set.check_as(&check, &Along { options, jwts: None }, &mut Silent);
    let outcome = decision.outcomes()[0].clone();
    (outcome.effect, outcome.because, decision)
}

#[test]
fn a_deny_beats_an_allow_and_nothing_is_a_deny() {
    let (set, said) = compile(&[("expense.yaml", EXPENSE), ("common.yaml", COMMON)]);
    assert_eq!(said, []);
    let set = set.unwrap();
    let settings = lax();
    for (role, attr, action, effect) in [
        ("user", r#"{"owner":"ann"}"#, "view:all", Effect::Allow),
        ("user", r#"{"owner":"bob"}"#, "view:all", Effect::Deny),
        ("user", r#"{"owner":"ann"}"#, "view:a:b", Effect::Deny),
        ("manager", r#"{"owner":"bob","amount":5}"#, "approve", Effect::Allow),
        ("manager", r#"{"owner":"bob","amount":500}"#, "approve", Effect::Deny),
        ("manager", r#"{"owner":"bob","amount":5,"frozen":true}"#, "approve", Effect::Deny),
        ("manager", r#"{}"#, "approve", Effect::Deny),
    ] {
        assert_eq!(ask(&set, role, attr, action, &settings).0, effect, "{role} {attr} {action}");
    }
    let (_, because, decision) = ask(&set, "user", r#"{"owner":"ann"}"#, "view:all", &settings);
    let Because::Rule(rule) = because else { panic!("{because:?}") };
    assert_eq!(&*set.rule(rule).unwrap().name, "rule-001");
    assert_eq!(decision.effective_derived_roles(), ["owner".into()]);
}

#[test]
fn q18_an_error_passes_a_deny_by_unless_evaluation_is_strict() {
    let (set, _) = compile(&[("expense.yaml", EXPENSE), ("common.yaml", COMMON)]);
    let set = set.unwrap();
    let attr = r#"{"owner":"bob","amount":5}"#;
    assert_eq!(ask(&set, "manager", attr, "approve", &lax()).0, Effect::Allow);
    let strict = Options { strict: true, ..Options::default() };
    let (effect, because, _) = ask(&set, "manager", attr, "approve", &strict);
    assert_eq!(effect, Effect::Deny);
    assert!(matches!(because, Because::Failed(_)), "{because:?}");
}

#[test]
fn links_are_found_by_asking_the_set() {
    let (set, _) = compile(&[("expense.yaml", EXPENSE), ("common.yaml", COMMON)]);
    let set = set.unwrap();
    assert_eq!(set.kinds(), ["expense".into()]);
    assert!(set.knows_kind("expense", None) && !set.knows_kind("contact", None));
    assert!(set.can_allow("expense", None, "view:x") && !set.can_allow("expense", None, "delete"));
    let read: Vec<_> =
        set.attributes("expense", None, &["approve"]).into_iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(read, ["amount", "owner", "frozen"]);
}

#[test]
fn links_are_those_of_the_version_that_is_asked_for_and_principals_policies_count() {
    let ann = "apiVersion: api.cerbos.dev/v1
principalPolicy:
  principal: ann
  version: v2
  rules:
    - { resource: 'rep*', actions: [{ action: sign, effect: EFFECT_ALLOW, condition: { match: { expr: R.attr.due } } }] }
";
    let (set, report) = compile(&[("expense.yaml", EXPENSE), ("common.yaml", COMMON), ("ann.yaml", ann)]);
    let set = set.unwrap_or_else(|| panic!("{report:?}"));
    for (kind, version, knows, allows) in [
        ("expense", None, true, true),
        ("expense", Some(""), true, true),
        ("expense", Some("default"), true, true),
        ("expense", Some("v2"), false, false),
        ("report", None, false, true),
        ("report", Some("v2"), false, true),
        ("report", Some(""), false, false),
    ] {
        let action = if kind == "report" { "sign" } else { "view:x" };
        let found = (set.knows_kind(kind, version), set.can_allow(kind, version, action));
        assert_eq!(found, (knows, allows), "{kind} {version:?}");
    }
    assert_eq!(set.versions("expense"), ["default".into()]);
    assert_eq!(set.attributes("report", Some("v2"), &["sign"]).len(), 1);
}

#[test]
fn what_is_wrong_is_underlined() {
    let broken =
        EXPENSE.replace("R.attr.owner != P.id", "R.attr.owner != P.ids").replace("[owner]", "[ownr]");
    let (set, said) = compile(&[("expense.yaml", &broken), ("common.yaml", COMMON)]);
    assert!(set.is_none());
    let said: Vec<_> = said.iter().map(|(code, _, place)| (*code, place.as_str())).collect();
    assert_eq!(said, [("policy/unknown-derived-role", "ownr"), ("policy/expression", "P.ids")]);
}

#[test]
fn operators_of_other_languages_are_told_from_ours() {
    for (written, help) in [("= P.id", "did you mean `==`?"), ("== P.id and true", "did you mean `&&`?")] {
        let broken = EXPENSE.replace("!= P.id", written);
        let bundle = Bundle {
            revision: "r".into(),
            files: [("expense.yaml", &*broken), ("common.yaml", COMMON)]
                .map(|(name, text)| SourceFile { name: name.into(), text: text.into() })
                .into(),
        };
        let (_, report) = PolicySet::compile(&bundle, &[0, 1], &Options::default());
        let helps: Vec<_> = report.findings.iter().filter_map(|found| found.help.as_deref()).collect();
        assert_eq!(helps, [help], "{written}");
    }
}

#[test]
fn a_policy_that_is_not_right_is_not_there_for_others_and_they_are_told_where_it_is() {
    let broken = COMMON.replace("name: common", "name: common\n  foo: 1");
    let files: Vec<SourceFile> =
        [("a.yaml", EXPENSE), ("b.yaml", &broken), ("c.yaml", COMMON), ("d.yaml", &broken)]
            .map(|(name, text)| SourceFile { name: name.into(), text: text.into() })
            .into();
    for (used, expected) in [
        (&[0, 1][..], &[("policy/missing-import", "it is in `b.yaml`, which cannot be used as it is")][..]),
        (&[0, 1, 2, 3], &[]),
    ] {
        let bundle = Bundle { revision: "r".into(), files: files.clone() };
        let (_, report) = PolicySet::compile(&bundle, used, &Options::default());
        let others = report.findings.iter().filter(|found| found.code != "policy/unknown-field");
        let said: Vec<_> =
            others.map(|found| (found.code, found.help.as_deref().unwrap_or_default())).collect();
        assert_eq!(said, expected, "{used:?}");
    }
}

/// As Cerbos without a configuration.
fn lax() -> Options {
    Options { strict: false, ..Options::default() }
}

#[test]
fn errors_are_told_of_the_variables_that_a_policy_uses_itself() {
    let policy = |kind: &str, rule: &str| {
        format!(
            "apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: {kind}
  version: default
  variables: {{ local: {{ gone: R.attr.gone, lost: R.attr.lost, by: V.lost, open: R.attr.open }} }}
  rules:
    - {{ actions: [a], effect: EFFECT_ALLOW, roles: [user], {rule} }}
"
        )
    };
    // Both have the same variables.
    let one = policy(
        "expense",
        "condition: { match: { expr: V.open } }, output: { when: { ruleActivated: V.by } }",
    );
    let other = policy("other", "condition: { match: { expr: V.gone } }");
    let (set, said) = compile(&[("one.yaml", &one), ("other.yaml", &other)]);
    let set = set.unwrap_or_else(|| panic!("{said:?}"));
    let attr = Map::from_iter([("open", Value::Bool(true))]);
    let (roles, actions, none) = ([Arc::from("user")], [Arc::from("a")], Map::default());
    let errors = |kind: &str| -> Vec<String> {
        let check = Check {
            principal: Principal { id: "ann", roles: &roles, attr: Val::from(&none), version: "", scope: "" },
            resource: Resource { kind, id: "1", attr: Val::from(&attr), version: "", scope: "" },
            actions: &actions,
            aux: None,
            now: std::time::UNIX_EPOCH,
        };
        let decision = set.check_as(&check, &Along { options: &lax(), jwts: None }, &mut WithErrors);
        decision.evaluation_errors.iter().map(|error| error.expression.to_string()).collect()
    };
    assert_eq!(errors("expense"), ["R.attr.lost", "V.lost"]);
    assert_eq!(errors("other"), ["R.attr.gone", "V.gone"]);
}
