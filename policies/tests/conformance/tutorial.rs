//! Whole stores with their suites, single conditions, and policies in every form.

use portreeve_diagnostics::{Bundle, SourceFile};
use portreeve_policies::{
    Cause, Options, PolicySet,
    suite::{Coverage, Results, Selection, Suites, Verdict},
};
use serde_json::{Value as Json, json};

use crate::{loading::documents, support};

fn options() -> Options {
    Options { strict: false, ..Options::default() }
}

fn all(bundle: &Bundle) -> Vec<u32> {
    (0..u32::try_from(bundle.files.len()).unwrap()).collect()
}

fn run(bundle: &Bundle) -> Results {
    let (set, report) = PolicySet::compile(bundle, &all(bundle), &options());
    let set = set.unwrap_or_else(|| panic!("{report:#?}"));
    Suites::read(bundle, &all(bundle)).run(&set, &options(), &Selection::default(), &mut Coverage::default())
}

/// Suites that are broken, and how.
const BROKEN: [(&str, &str, &str); 2] = [
    ("06-adding-conditions", "tests/company_test.yaml", "resources[\"company\"].id: value is required"),
    ("06-adding-conditions", "tests/contact_test.yaml", "resources[\"contact\"].id: value is required"),
];

#[test]
fn the_suites_of_the_tutorial_pass() {
    let Some(root) = support::cerbos() else { return };
    let mut tests = 0;
    for store in support::files(&root.join("tutorial")) {
        let name = store.file_name().unwrap().to_str().unwrap().to_owned();
        let results = run(&support::bundle(&store.join("cerbos")));
        assert!(!results.suites.is_empty(), "{name}");
        for suite in &results.suites {
            let broken = BROKEN.iter().find(|(store, file, _)| *store == name && *suite.file == **file);
            let expected = broken.map(|(.., error)| format!("failed to load test suite:\n{error}"));
            assert_eq!(suite.error, expected, "{name} {}", suite.file);
            let verdict = if broken.is_some() { Verdict::Errored } else { Verdict::Passed };
            assert_eq!(suite.summary.overall_result, verdict, "{name} {}", suite.file);
        }
        tests += results.summary.tests_count;
    }
    println!("tutorial: {tests} tests");
}

/// A policy with one condition, and a suite that asks it.
fn asked(case: &Json) -> Bundle {
    let request = &case["request"];
    let policy = json!({
        "apiVersion": "api.cerbos.dev/v1",
        "resourcePolicy": {
            "resource": request["resource"]["kind"],
            "version": request["resource"]["policyVersion"].as_str().unwrap_or("default"),
            "rules": [{
                "actions": ["ask"],
                "roles": ["*"],
                "effect": "EFFECT_ALLOW",
                "condition": { "match": case["condition"] },
            }],
        },
    });
    let aux = request.get("auxData").or_else(|| request.get("aux_data"));
    let effect = if case["want"] == true { "EFFECT_ALLOW" } else { "EFFECT_DENY" };
    let suite = json!({
        "name": "suite",
        "options": { "now": "2021-04-22T10:05:20.021-05:00", "lenientScopeSearch": true },
        "principals": { "principal": request["principal"] },
        "resources": { "resource": request["resource"] },
        "auxData": { "aux": aux.cloned().unwrap_or_else(|| json!({})) },
        "tests": [{
            "name": "test",
            "input": { "principals": ["principal"], "resources": ["resource"], "actions": ["ask"], "auxData": "aux" },
            "expected": [{ "principal": "principal", "resource": "resource", "actions": { "ask": effect } }],
        }],
    });
    let files = [("policy.json", policy), ("a_test.json", suite)];
    let files = files.map(|(name, text)| SourceFile { name: name.into(), text: text.to_string().into() });
    Bundle { revision: "test".into(), files: files.into() }
}

#[test]
fn conditions_hold_where_they_hold_with_cerbos() {
    let Some(root) = support::cerbos() else { return };
    let paths = support::files(&root.join("cel_eval"));
    for path in &paths {
        let results = run(&asked(&support::json(path)));
        let suite = &results.suites[0];
        assert_eq!(suite.error, None, "{}", path.display());
        let details =
            suite.test_cases.first().map(|test| &test.principals[0].resources[0].actions[0].details);
        assert_eq!(suite.summary.overall_result, Verdict::Passed, "{}: {details:#?}", path.display());
    }
    println!("cel_eval: {} cases", paths.len());
}

#[test]
fn policies_are_read_in_every_form() {
    let Some(root) = support::cerbos() else { return };
    let paths = support::files(&root.join("policy_formats"));
    for path in &paths {
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        let texts = if name.ends_with(".json") { vec![text] } else { documents(&text) };
        assert!(!texts.is_empty(), "{name}");
        for text in texts {
            let files = vec![SourceFile { name: name.into(), text: text.into() }];
            let bundle = Bundle { revision: "test".into(), files };
            let found = PolicySet::compile_verbose(&bundle, &[0], &options()).findings;
            let unread = |cause: &Cause| matches!(cause, Cause::Parse | Cause::Validation | Cause::Load);
            let unread: Vec<_> = found.iter().filter(|finding| unread(&finding.cause)).collect();
            assert!(unread.is_empty(), "{name}: {unread:#?}");
        }
        let other = path.with_extension("json");
        if name.ends_with(".yaml") && other.is_file() {
            let (mut yaml, mut json) = (support::json(path), support::json(&other));
            for form in [&mut yaml, &mut json] {
                form.as_object_mut().unwrap().remove("$schema");
            }
            assert_eq!(yaml, json, "{name}");
        }
    }
    println!("policy_formats: {} files", paths.len());
}
