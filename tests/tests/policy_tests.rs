//! Do the tests of policies run, and say what a person needs to know when one fails?
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

use std::path::Path;

use portreeve_tests::{run_in, workspace};
use serde_json::Value;

const POLICY: &str = r#"apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: doc
  version: default
  rules:
    - name: owners
      actions: [edit]
      effect: EFFECT_ALLOW
      roles: [user]
      condition: {match: {expr: R.attr.owner == P.id}}
    - name: admins
      actions: ["*"]
      effect: EFFECT_ALLOW
      roles: [admin]
"#;

const SUITE: &str = "name: Docs
principals:
  ann: {id: ann, roles: [user]}
  bob: {id: bob, roles: [user]}
resources:
  doc: {kind: doc, id: d1, attr: {owner: ann}}
tests:
  - name: Editing
    input: {principals: [ann, bob], resources: [doc], actions: [edit]}
    expected:
      - {principals: [ann, bob], resource: doc, actions: {edit: EFFECT_ALLOW}}
";

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn docs() -> tempfile::TempDir {
    folder(&[("doc.yaml", POLICY), ("tests/doc_test.yaml", SUITE)])
}

#[test]
fn the_tests_of_the_examples_pass_whichever_way_errors_count() {
    for (example, expected) in [("fastapi-contacts", 68), ("express-expenses", 194)] {
        let root = workspace().join("deploy/examples").join(example);
        for options in [&[][..], &["--strict-evaluation"], &["--lenient"]] {
            let arguments = [&["test", ".", "-o", "json"][..], options].concat();
            let ran = run_in(&root, &arguments);
            assert_eq!(ran.code, Some(0), "{example}: {}", ran.text());
            let results: Value = serde_json::from_str(&ran.stdout).unwrap();
            assert_eq!(results["summary"]["testsCount"], expected, "{example}");
            assert_eq!(results["summary"]["overallResult"], "RESULT_PASSED", "{example}");
        }
    }
}

#[test]
fn a_failure_names_the_rule_and_the_values_of_its_condition() {
    let docs = docs();
    let ran = run_in(docs.path(), &["test", ".", "-o", "list"]);
    assert_eq!(ran.code, Some(4), "{}", ran.text());
    let expected = "Test results
Docs (tests/doc_test.yaml) [1 OK] [1 FAILED]
  Editing
    bob
      doc
        edit [FAILED]
          OUTCOME: expected: EFFECT_ALLOW, actual: EFFECT_DENY
          DECIDED BY: no rule that allows it
            rule `owners` of resource.doc.vdefault (doc.yaml:6:7), for role `user`: its condition does not hold
              R.attr.owner == P.id is false
                R.attr.owner is \"ann\"
                P.id is \"bob\"

2 tests executed [1 OK] [1 FAILED]
";
    assert_eq!(ran.stdout, expected);
}

#[test]
fn tests_are_chosen_by_their_names() {
    let docs = docs();
    let ran = run_in(docs.path(), &["test", ".", "--test-filter", "principal=ann"]);
    assert_eq!(ran.code, Some(0), "{}", ran.text());
    assert!(ran.stdout.contains("1 tests executed [1 OK]"), "{}", ran.stdout);
    let ran = run_in(docs.path(), &["test", ".", "--run", "^Docs/Reading$"]);
    assert_eq!(ran.code, Some(0), "{}", ran.text());
    assert!(ran.stdout.contains("2 tests executed [2 SKIPPED]"), "{}", ran.stdout);
    let ran = run_in(docs.path(), &["test", ".", "--run", "["]);
    assert_eq!(ran.code, Some(1), "{}", ran.text());
}

#[test]
fn coverage_says_what_no_test_touches() {
    let docs = docs();
    let ran = run_in(docs.path(), &["test", ".", "--coverage"]);
    let line = "  rule `admins` of resource.doc.vdefault (doc.yaml:11:7): never applied\n";
    assert!(
        ran.stdout.contains(line)
            && !ran.stdout.contains("owners` of resource.doc.vdefault (doc.yaml:6:7): "),
        "{}",
        ran.stdout
    );
    let ran = run_in(docs.path(), &["test", ".", "--coverage", "-o", "json"]);
    let results: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(results["uncovered"][0]["place"], "doc.yaml:11:7");
}

#[test]
fn a_broken_suite_is_an_error_with_its_place() {
    let broken = SUITE.replace(
        "principals: [ann, bob], resources: [doc], actions",
        "principals: [ann, eve], resources: [doc], actions",
    );
    let broken =
        broken.replace("principals: [ann, bob], resource: doc", "principals: [ann, eve], resource: doc");
    let docs = folder(&[("doc.yaml", POLICY), ("doc_test.yaml", &broken)]);
    let ran = run_in(docs.path(), &["test", ".", "-o", "list"]);
    assert_eq!(ran.code, Some(4), "{}", ran.text());
    assert!(
        ran.stdout.contains("principal \"eve\" not found\n    at doc_test.yaml:9:31\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn what_keeps_tests_from_running_has_its_own_codes() {
    let none = folder(&[("doc.yaml", POLICY)]);
    assert_eq!(run_in(none.path(), &["test", "."]).code, Some(1), "there is no test");
    let broken = folder(&[("doc.yaml", &POLICY.replace("P.id", "P.")), ("doc_test.yaml", SUITE)]);
    let ran = run_in(broken.path(), &["test", "."]);
    assert_eq!(ran.code, Some(3), "{}", ran.text());
    assert!(ran.stderr.contains("doc.yaml"), "{}", ran.text());
    assert_eq!(run_in(Path::new("."), &["test", "does-not-exist"]).code, Some(1));
    assert_eq!(run_in(none.path(), &["test", ".", "-o", "xml"]).code, Some(2));
}

#[test]
fn reports_are_written_for_the_tools_that_collect_them() {
    let docs = docs();
    let ran = run_in(docs.path(), &["test", ".", "-o", "junit"]);
    assert_eq!(ran.code, Some(4), "{}", ran.text());
    assert!(
        ran.stdout.starts_with("<testsuites errors=\"0\" failures=\"1\" skipped=\"0\" tests=\"2\">"),
        "{}",
        ran.stdout
    );
    let ran = run_in(docs.path(), &["test", "."]);
    assert!(
        ran.stdout.contains("└─┬Docs (tests/doc_test.yaml) [1 OK] [1 FAILED]\n  └─┬Editing\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn compile_prints_what_cerbos_prints() {
    let docs = docs();
    let ran = run_in(docs.path(), &["compile", "."]);
    assert_eq!(ran.code, Some(4), "{}", ran.text());
    let expected = "Test results
└─┬Docs (tests/doc_test.yaml) [1 OK] [1 FAILED]
  └─┬Editing
    └─┬bob
      └─┬doc
        └─┬edit [FAILED]
          └──OUTCOME: expected: EFFECT_ALLOW, actual: EFFECT_DENY

2 tests executed [1 OK] [1 FAILED]
";
    assert_eq!(ran.stdout, expected);
    let colored = run_in(docs.path(), &["compile", ".", "--color", "always"]);
    assert!(colored.stdout.contains("edit [\u{1b}[31mFAILED\u{1b}[0m]"), "{}", colored.stdout);
    let ran = run_in(docs.path(), &["compile", ".", "--output", "list", "--verbose"]);
    assert!(ran.stdout.contains("        edit [OK]\n          RESULT: EFFECT_ALLOW\n"), "{}", ran.stdout);
    let ran = run_in(docs.path(), &["compile", ".", "--output=json", "--test-output=junit"]);
    assert!(ran.stdout.starts_with("<testsuites "), "{}", ran.stdout);
    let ran = run_in(docs.path(), &["compile", ".", "--skip-tests"]);
    assert_eq!((ran.code, &*ran.stdout), (Some(0), ""));
}

#[test]
fn compile_says_what_is_wrong_with_policies_in_cerbos_shapes() {
    let twice = folder(&[("a.yaml", POLICY), ("b.yaml", POLICY)]);
    let ran = run_in(twice.path(), &["compile", ".", "-o", "json"]);
    assert_eq!(ran.code, Some(3), "{}", ran.text());
    let found: Value = serde_json::from_str(&ran.stdout).unwrap();
    let duplicate = &found["lintErrors"]["duplicate_defs"][0];
    assert_eq!(
        [&duplicate["file"], &duplicate["other_file"], &duplicate["policy"]],
        ["b.yaml", "a.yaml", "resource.doc.vdefault"]
    );
    let unread = folder(&[
        ("b.yaml", &format!("{POLICY}  'x.y': 1\n")),
        ("a.yaml", "apiVersion: api.cerbos.dev/v1\nexportVariables: {name: {}}\n"),
    ]);
    let ran = run_in(unread.path(), &["compile", ".", "-o", "json"]);
    let found: Value = serde_json::from_str(&ran.stdout).unwrap();
    let paths =
        |index: usize| &found["lintErrors"]["load_failures"][index]["error_details"]["position"]["path"];
    assert_eq!([paths(0), paths(1)], ["$.exportVariables.name", "$.resourcePolicy.'x.y'"]);
    let off = format!("{}disabled: true\n", POLICY.replace("resource: doc", "resource: other"));
    let twice = folder(&[("a.yaml", POLICY), ("b.yaml", POLICY), ("off.yaml", &off)]);
    let ran = run_in(twice.path(), &["compile", ".", "-o", "json"]);
    let found: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        found["lintErrors"]["disabled_defs"],
        serde_json::json!([{ "file": "off.yaml", "policy": "resource.other.vdefault", "position": { "line": 1, "column": 11 } }])
    );
    let ran = run_in(twice.path(), &["compile", "."]);
    assert!(
        ran.stdout.starts_with("Disabled policies\noff.yaml:1:11 resource.other.vdefault\n\n"),
        "{}",
        ran.stdout
    );
    let broken = folder(&[("a.yaml", &POLICY.replace("roles: [admin]", "derivedRoles: [nobody]"))]);
    let ran = run_in(broken.path(), &["compile", ".", "-o", "json"]);
    assert_eq!(ran.code, Some(3), "{}", ran.text());
    let found: Value = serde_json::from_str(&ran.stdout).unwrap();
    let error = &found["compileErrors"]["errors"][0];
    assert_eq!(error["error"], "unknown derived role");
    assert_eq!(error["position"]["path"], "$.resourcePolicy.rules[1].derivedRoles[0]");
    let marked = "> 14 |       derivedRoles: [nobody]\n                            ^\n";
    assert!(error["context"].as_str().unwrap().ends_with(marked), "{error:#}");
    let ran = run_in(broken.path(), &["compile", "."]);
    let said = "Compilation errors\na.yaml:14:22 Derived role \"nobody\" is not defined in any imports <unknown derived role>\n";
    assert!(ran.stdout.starts_with(said), "{}", ran.stdout);
}

#[test]
fn compile_can_be_told_where_tests_are_and_to_take_no_notice_of_schemas() {
    let apart = folder(&[
        ("policies/doc.yaml", POLICY),
        (
            "suites/doc_test.yaml",
            &SUITE.replace("actions: {edit: EFFECT_ALLOW}", "actions: {edit: EFFECT_DENY}"),
        ),
    ]);
    let ran = run_in(apart.path(), &["compile", "policies"]);
    assert_eq!((ran.code, &*ran.stdout), (Some(0), "Test results\n\n0 tests executed\n"), "{}", ran.text());
    let ran = run_in(apart.path(), &["compile", "policies", "--tests", "suites"]);
    assert_eq!(ran.code, Some(4), "{}", ran.text());
    assert!(ran.stdout.contains("Docs (doc_test.yaml) [1 OK] [1 FAILED]"), "{}", ran.stdout);
    assert_eq!(run_in(apart.path(), &["compile", "nowhere"]).code, Some(1));
    let schema = "  version: default\n  schemas: {resourceSchema: {ref: \"cerbos:///missing.json\"}}\n";
    let missing = folder(&[("doc.yaml", &POLICY.replace("  version: default\n", schema))]);
    assert_eq!(run_in(missing.path(), &["compile", "."]).code, Some(3));
    let ran = run_in(missing.path(), &["compile", ".", "--ignore-schemas"]);
    assert_eq!(ran.code, Some(0), "{}", ran.text());
}

#[test]
fn strict_evaluation_denies_where_a_condition_of_a_denial_fails() {
    let policy = format!(
        "{POLICY}    - actions: [edit]\n      effect: EFFECT_DENY\n      roles: [user]\n      condition: {{match: {{expr: R.attr.locked}}}}\n"
    );
    let suite = SUITE.replace("principals: [ann, bob], resource", "principals: [ann], resource");
    let docs = folder(&[("doc.yaml", &policy), ("doc_test.yaml", &suite)]);
    assert_eq!(run_in(docs.path(), &["compile", "."]).code, Some(0));
    assert_eq!(run_in(docs.path(), &["compile", ".", "--strict-evaluation"]).code, Some(4));
}

#[test]
fn an_archive_is_read_as_a_folder_is() {
    let docs = docs();
    let packed = std::process::Command::new("tar")
        .args(["-czf", "docs.tgz", "doc.yaml", "tests"])
        .current_dir(docs.path())
        .status()
        .unwrap();
    assert!(packed.success());
    for verb in ["test", "compile"] {
        let of_folder = run_in(docs.path(), &[verb, "."]);
        let of_archive = run_in(docs.path(), &[verb, "docs.tgz"]);
        assert_eq!((of_archive.code, &of_archive.stdout), (Some(4), &of_folder.stdout), "{verb}");
    }
    std::fs::write(docs.path().join("docs.zip"), "no archive").unwrap();
    let ran = run_in(docs.path(), &["compile", "docs.zip"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("store/no-archive"), "{}", ran.stderr);
}

#[test]
fn compile_tells_the_steps_of_unexpected_answers_when_it_is_to_be_verbose() {
    let docs = docs();
    let ran = run_in(docs.path(), &["compile", ".", "--verbose"]);
    assert_eq!(ran.code, Some(4), "{}", ran.text());
    let (_, traces) = ran.stdout.split_once("\n\nTRACES\n").unwrap();
    let step = "policy=cerbos.resource.doc.vdefault > action=edit";
    let expected = format!(
        "Docs - bob.doc.edit
  {step} > scope=\"\" > rule=owners > condition > expr=`R.attr.owner == P.id`
    activated
    result → false

  {step} > scope=\"\" > rule=owners
    skipped
    Condition not satisfied

  {step}
    activated
    effect → deny

2 tests executed [1 OK] [1 FAILED]
"
    );
    assert_eq!(traces, expected);
    assert!(!run_in(docs.path(), &["compile", "."]).stdout.contains("TRACES"));
    for (options, traced) in [(&["--verbose"][..], 2), (&[][..], 0)] {
        let ran = run_in(docs.path(), &[&["compile", ".", "-o", "json"][..], options].concat());
        assert_eq!(ran.stdout.matches("\"engineTraceBatch\"").count(), traced, "{}", ran.stdout);
    }
}
