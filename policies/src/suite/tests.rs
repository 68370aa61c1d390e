use portreeve_diagnostics::{Bundle, SourceFile};

use super::*;
use crate::{Because, Options, PolicySet};

const POLICY: &str = r#"
apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: doc
  version: default
  importDerivedRoles: [common]
  rules:
    - name: readers
      actions: [view]
      effect: EFFECT_ALLOW
      roles: [user]
      output: {when: {ruleActivated: '{"who": P.id}'}}
    - name: owners
      actions: [edit]
      effect: EFFECT_ALLOW
      roles: [user]
      condition: {match: {expr: R.attr.owner == P.id}}
    - name: yearly
      actions: [archive]
      effect: EFFECT_ALLOW
      roles: [user]
      condition: {match: {expr: 'now() > timestamp("2020-01-01T00:00:00Z")'}}
    - name: bosses
      actions: [remove]
      effect: EFFECT_ALLOW
      derivedRoles: [boss]
"#;

const ROLES: &str = r#"
apiVersion: api.cerbos.dev/v1
derivedRoles:
  name: common
  definitions:
    - name: boss
      parentRoles: [user]
      condition: {match: {expr: P.attr.boss}}
"#;

const HEAD: &str = "name: S
principals:
  ann: {id: ann, roles: [user], attr: {boss: false}}
  bob: {id: bob, roles: [user], attr: {boss: false}}
resources:
  doc: {kind: doc, id: d1, attr: {owner: ann}}
";

fn bundle(files: &[(&str, &str)]) -> Bundle {
    let files = files.iter().map(|(name, text)| SourceFile { name: (*name).into(), text: (*text).into() });
    Bundle { revision: "test".into(), files: files.collect() }
}

fn ran(files: &[(&str, &str)]) -> (Results, Coverage, PolicySet, Bundle) {
    let mut all = vec![("doc.yaml", POLICY), ("roles.yaml", ROLES)];
    all.extend_from_slice(files);
    let bundle = bundle(&all);
    let files: Vec<u32> = (0..).take(bundle.files.len()).collect();
    let options = Options { strict: false, ..Options::default() };
    let (set, report) = PolicySet::compile(&bundle, &files, &options);
    let set = set.unwrap_or_else(|| panic!("{report:#?}"));
    let mut coverage = Coverage::default();
    let results = Suites::read(&bundle, &files).run(&set, &options, &Selection::default(), &mut coverage);
    (results, coverage, set, bundle)
}

fn error(text: &str) -> String {
    ran(&[("a_test.yaml", text)]).0.suites.remove(0).error.unwrap_or_default()
}

fn test(text: &str) -> String {
    format!("{HEAD}tests:\n  - name: T\n{text}")
}

#[test]
fn what_is_wrong_with_a_suite_is_said_as_cerbos_says_it() {
    for (text, expected) in [
        ("name: S\n", "tests: value is required"),
        ("name: S\ntests: 1\n", "2:8 expected sequence got Integer"),
        ("name: S\nskip: yes\n", "2:7 expected boolean value got String"),
        ("name: S\noptions: null\ntests: []\n", "2:10 expected object got Null"),
        ("name: S\nskip: null\ntests: []\n", "2:7 expected boolean value got Null"),
        (
            "name: S\nauxData:\n  j: {jwt: {}, jwts: {}}\ntests: []\n",
            "3:6 auxData[\"j\"]: Only one of the jwt or jwts fields must be set\n4:1 tests: value is required",
        ),
        ("name: S\nfoo: 1\ntests: []\n", "2:1 unknown field \"foo\""),
        ("name: S\nname: T\ntests: []\n", "2:1 mapping key \"name\" already defined at [1:1]"),
        ("- name: S\n", "1:1 invalid document: contents are not valid YAML or JSON"),
        ("name: S\n---\nname: T\n", "more than one YAML document detected"),
        ("name: ''\ntests: []\n", "1:1 name: value is required\n2:1 tests: value is required"),
        (
            "name: S\ntests:\n  - expected: []\n",
            "3:5 tests[0].expected: value is required\ntests[0].name: value is required\ntests[0].input: value is required",
        ),
        (
            "name: S\ntests:\n  - name: T\n    input: {actions: [a, a]}\n    expected:\n      - {}\n",
            "4:5 tests[0].input: principals or principalGroups must be present
4:5 tests[0].input: resources or resourceGroups must be present
4:13 tests[0].input.actions: repeated value must contain unique items
6:9 tests[0].expected[0]: principal, principals, or principalGroups must be present
6:9 tests[0].expected[0]: resource, resources, or resourceGroups must be present
tests[0].expected[0].actions: value is required",
        ),
    ] {
        assert_eq!(error(text), format!("failed to load test suite:\n{expected}"), "{text}");
    }
}

#[test]
fn what_a_test_expects_must_be_asked_and_there() {
    let input = "    input: {principals: [ann], resources: [doc], actions: [view, edit]}\n    expected:\n";
    for (text, expected) in [
        (
            format!("{input}      - {{principal: ann, resource: doc, actions: {{z: EFFECT_DENY, a: EFFECT_DENY}}}}\n"),
            "found expectations for actions that do not exist in the input actions list: [a,z]",
        ),
        (
            format!("{input}      - {{principal: bob, resource: doc, actions: {{view: EFFECT_DENY}}}}\n"),
            "found an expectation for principal \"bob\" and resource \"doc\", but at least one of these is not present in input",
        ),
        (
            format!(
                "{input}      - {{principal: ann, resource: doc, actions: {{view: EFFECT_DENY}}}}\n      - {{principal: ann, resource: doc, actions: {{view: EFFECT_ALLOW}}}}\n"
            ),
            "found inconsistent expectations for principal \"ann\" performing action \"view\" on resource \"doc\"",
        ),
        (
            "    input: {principals: [ann], resources: [nope], actions: [view]}\n    expected:\n      - {principal: ann, resource: nope, actions: {view: EFFECT_DENY}}\n".to_owned(),
            "resource \"nope\" not found",
        ),
        (
            "    input: {principalGroups: [nope], resources: [doc], actions: [view]}\n    expected:\n      - {principal: ann, resource: doc, actions: {view: EFFECT_DENY}}\n".to_owned(),
            "principal group \"nope\" not found",
        ),
    ] {
        let found = error(&test(&text));
        assert_eq!(found, format!("Failed to load the test suite: invalid test \"T\": {expected}"));
    }
}

#[test]
fn a_finding_points_at_what_is_wrong() {
    let text = test(
        "    input: {principals: [ann], resources: [nope], actions: [view]}\n    expected:\n      - {principal: ann, resource: nope, actions: {view: EFFECT_DENY}}\n",
    );
    let (results, _, _, bundle) = ran(&[("a_test.yaml", &text)]);
    let finding = &results.suites[0].findings[0];
    assert_eq!((finding.code, &*finding.message), ("suite/unknown-fixture", "resource `nope` not found"));
    assert_eq!(bundle.text(finding.span().unwrap()), Some("nope"));
}

#[test]
fn fixtures_lie_beside_a_suite_and_its_own_shadow_them() {
    let suite = "name: S
principals: {ann: {id: other, roles: [user]}}
tests:
  - name: T
    input: {principalGroups: [all], resources: [doc], actions: [edit]}
    expected:
      - {principal: bob, resource: doc, actions: {edit: EFFECT_ALLOW}}
";
    let principals = "principals:
  ann: {id: ann, roles: [user]}
  bob: {id: ann, roles: [user]}
principalGroups: {all: {principals: [ann, bob]}}
";
    let resources = "resources: {doc: {kind: doc, id: d1, attr: {owner: ann}}}";
    let files = [
        ("sub/a_test.yaml", suite),
        ("sub/testdata/principals.yaml", principals),
        ("sub/testdata/resources.json", resources),
        ("testdata/principals.yaml", "principals: ["),
    ];
    let (results, ..) = ran(&files);
    assert_eq!((results.summary.overall_result, results.summary.tests_count), (Verdict::Passed, 2));
}

#[test]
fn json_fixtures_come_before_yaml() {
    let text = "name: S
tests:
  - name: T
    input: {principals: [ann], resources: [doc], actions: [edit]}
    expected: [{principal: ann, resource: doc, actions: {edit: EFFECT_ALLOW}}]
";
    let files = [
        ("a_test.yaml", text),
        ("testdata/principals.json", r#"{"principals": {"ann": {"id": "ann", "roles": ["user"]}}}"#),
        ("testdata/principals.yaml", "principals: {ann: {id: ann, roles: [nobody]}}"),
        ("testdata/resources.yml", "resources: {doc: {kind: doc, id: d1, attr: {owner: ann}}}"),
    ];
    assert_eq!(ran(&files).0.summary.overall_result, Verdict::Passed);
}

#[test]
fn the_last_of_two_outputs_of_one_expectation_counts() {
    let expected = |first: &str, last: &str| {
        let output = |who: &str| {
            format!(
                "{{action: view, expected: [{{src: 'resource.doc.vdefault#readers', val: {{who: {who}}}}}]}}"
            )
        };
        test(&format!(
            "    input: {{principals: [ann], resources: [doc], actions: [view]}}\n    expected: [{{principal: ann, resource: doc, actions: {{view: EFFECT_ALLOW}}, outputs: [{}, {}]}}]\n",
            output(first),
            output(last)
        ))
    };
    let verdict = |text: &str| ran(&[("a_test.yaml", text)]).0.summary.overall_result;
    assert_eq!(verdict(&expected("bob", "ann")), Verdict::Passed);
    assert_eq!(verdict(&expected("ann", "bob")), Verdict::Failed);
}

#[test]
fn a_question_about_the_time_needs_one() {
    let text = |options: &str| {
        test(&format!(
            "{options}    input: {{principals: [ann], resources: [doc], actions: [view, archive]}}\n    expected:\n      - {{principal: ann, resource: doc, actions: {{view: EFFECT_ALLOW, archive: EFFECT_ALLOW}}}}\n"
        ))
    };
    let (results, ..) = ran(&[("a_test.yaml", &text(""))]);
    assert_eq!(results.summary.count(Verdict::Errored), 2);
    let (results, ..) = ran(&[("a_test.yaml", &text("    options: {now: '2022-01-01T00:00:00Z'}\n"))]);
    assert_eq!(results.summary.overall_result, Verdict::Passed);
}

#[test]
fn outputs_are_compared_by_their_sources() {
    let text = test(
        "    input: {principals: [ann], resources: [doc], actions: [view]}
    expected:
      - principal: ann
        resource: doc
        actions: {view: EFFECT_ALLOW}
        outputs:
          - action: view
            expected:
              - {src: 'resource.doc.vdefault#readers', val: {who: bob}}
              - {src: other, val: 1}
",
    );
    let (results, ..) = ran(&[("a_test.yaml", &text)]);
    let details = &results.suites[0].test_cases[0].principals[0].resources[0].actions[0].details;
    let found = serde_json::to_value(&details.failure).unwrap();
    let expected = serde_json::json!({
        "expected": "EFFECT_ALLOW",
        "actual": "EFFECT_ALLOW",
        "outputs": [
            {
                "src": "resource.doc.vdefault#readers",
                "mismatched": {"expected": {"who": "bob"}, "actual": {"who": "ann"}},
            },
            {"src": "other", "missing": {"expected": 1}},
        ],
    });
    assert_eq!(found, expected);
}

#[test]
fn a_failure_knows_the_rule_and_the_values_that_its_condition_came_of() {
    let text = test(
        "    input: {principals: [bob], resources: [doc], actions: [edit]}\n    expected:\n      - {principal: bob, resource: doc, actions: {edit: EFFECT_ALLOW}}\n",
    );
    let (results, _, set, _) = ran(&[("a_test.yaml", &text)]);
    let details = &results.suites[0].test_cases[0].principals[0].resources[0].actions[0].details;
    let why = details.why.as_ref().unwrap();
    assert_eq!(why.because, Because::NoRule);
    let Some(Step::Rule { rule, outcome: Outcome::NotMet, parts, .. }) = why.steps.last() else {
        panic!("{why:?}")
    };
    assert_eq!(&*set.rule(*rule).unwrap().name, "owners");
    let parts: Vec<_> =
        parts.iter().map(|part| (&*part.text, part.value.as_deref().unwrap(), part.inner)).collect();
    assert_eq!(
        parts,
        [
            ("R.attr.owner", "\"ann\"", true),
            ("P.id", "\"bob\"", true),
            ("R.attr.owner == P.id", "false", false)
        ]
    );
}

#[test]
fn what_no_question_touched_is_known() {
    let text = test(
        "    input: {principals: [ann], resources: [doc], actions: [view, edit, remove]}\n    expected:\n      - {principal: ann, resource: doc, actions: {view: EFFECT_ALLOW, edit: EFFECT_ALLOW}}\n",
    );
    let (results, coverage, set, _) = ran(&[("a_test.yaml", &text)]);
    assert_eq!(results.summary.overall_result, Verdict::Passed);
    let name = |rule: crate::RuleId| set.rule(rule).unwrap().name.to_string();
    let found: Vec<String> = coverage
        .uncovered(&set)
        .into_iter()
        .map(|uncovered| match uncovered {
            Uncovered::Rule(rule) => format!("rule {}", name(rule)),
            Uncovered::NeverHeld(rule) => format!("never {}", name(rule)),
            Uncovered::AlwaysHeld(rule) => format!("always {}", name(rule)),
            Uncovered::NeverActive(role, _) => format!("inactive {role}"),
            Uncovered::AlwaysActive(role, _) => format!("active {role}"),
        })
        .collect();
    assert_eq!(found, ["always owners", "rule yearly", "rule bosses", "inactive boss"]);
}

#[test]
fn junit_lists_no_tests_of_a_suite_that_was_left_out() {
    let text = test(
        "    skip: true\n    input: {principals: [ann], resources: [doc], actions: [view, edit]}\n    expected:\n      - {principal: ann, resource: doc, actions: {view: EFFECT_ALLOW}}\n",
    );
    let (results, ..) = ran(&[("a_test.yaml", &text)]);
    let expected = r#"<testsuites errors="0" failures="0" skipped="3" tests="2">
  <testsuite name="S" file="a_test.yaml" errors="0" failures="0" skipped="1" tests="2">
    <skipped message="This test suite was skipped"></skipped>
    <properties></properties>
  </testsuite>
</testsuites>"#;
    assert_eq!(results.junit(true), expected);
}

#[test]
fn actions_that_a_filter_leaves_out_come_last_and_do_not_count() {
    let text = test(
        "    input: {principals: [ann], resources: [doc], actions: [edit, view]}\n    expected:\n      - {principal: ann, resource: doc, actions: {view: EFFECT_ALLOW}}\n",
    );
    let bundle = bundle(&[("doc.yaml", POLICY), ("roles.yaml", ROLES), ("a_test.yaml", &text)]);
    let set = PolicySet::compile(&bundle, &[0, 1], &Options::default()).0.unwrap();
    let selection = Selection::default().filtered("action=view").unwrap();
    let suites = Suites::read(&bundle, &[2]);
    let results = suites.run(&set, &Options::default(), &selection, &mut Coverage::default());
    let actions = &results.suites[0].test_cases[0].principals[0].resources[0].actions;
    let found: Vec<_> = actions.iter().map(|action| (&*action.name, action.details.result)).collect();
    assert_eq!(found, [("view", Verdict::Passed), ("edit", Verdict::Skipped)]);
    assert_eq!(results.summary.tests_count, 1);
}
