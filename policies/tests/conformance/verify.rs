//! Suites and what came of running them.

use portreeve_diagnostics::{Bundle, SourceFile};
use portreeve_policies::{
    Effect, Options, PolicySet,
    suite::{Coverage, Results, Selection, Suites},
};
use serde_json::{Value as Json, json};

use crate::{loading::archive, support};

/// Suites are asked with Cerbos' own settings, where they do not say otherwise.
fn options() -> Options {
    Options { strict: false, ..Options::default() }
}

fn texts(json: &Json) -> Vec<String> {
    json.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
}

fn selection(case: &Json) -> Selection {
    let config = &case["config"];
    let excluded = ["excludedResourcePolicyFqns", "excludedPrincipalPolicyFqns"];
    let excluded = excluded.iter().flat_map(|key| texts(&config[*key]));
    let selection = Selection::default().without_policies(excluded);
    match config["includedTestNamesRegexp"].as_str() {
        Some(pattern) => selection.matching(pattern).unwrap(),
        None => selection,
    }
}

/// Runs the suites of an archive. Its policies, where it has some, are not those that are asked.
fn run(set: &PolicySet, input: &str, selection: &Selection) -> Results {
    let files = archive(input).into_iter();
    let files = files.map(|(name, text)| SourceFile { name: name.into(), text: text.into() });
    let bundle = Bundle { revision: "test".into(), files: files.collect() };
    let all: Vec<u32> = (0..u32::try_from(bundle.files.len()).unwrap()).collect();
    Suites::read(&bundle, &all).run(set, &options(), selection, &mut Coverage::default())
}

/// Every case of a folder: its name, itself, its input and what is expected.
fn cases(folder: &std::path::Path) -> Vec<(String, Json, String, String)> {
    let mut cases = Vec::new();
    for path in support::files(folder) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.ends_with(".yaml") {
            continue;
        }
        let beside =
            |ending: &str| std::fs::read_to_string(path.with_file_name(format!("{name}.{ending}"))).unwrap();
        cases.push((name.clone(), support::json(&path), beside("input"), beside("golden")));
    }
    cases
}

#[test]
fn suites_end_as_they_do_with_cerbos() {
    let Some(root) = support::cerbos() else { return };
    let set = support::store(&root.join("store"));
    let mut bad = Vec::new();
    let cases = cases(&root.join("verify/cases"));
    for (name, case, input, golden) in &cases {
        let results = run(&set, input, &selection(case));
        let found = serde_json::to_value(&results).unwrap();
        let want: Json = serde_json::from_str(golden).unwrap();
        if found != want {
            bad.push(format!("{name}\n  found {found}\n  want  {want}"));
        }
    }
    println!("verify: {} cases", cases.len());
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn suites_are_reported_to_junit_as_cerbos_reports_them() {
    let Some(root) = support::cerbos() else { return };
    let set = support::store(&root.join("verify_junit/store"));
    let cases = cases(&root.join("verify_junit/cases"));
    for (name, case, input, golden) in &cases {
        let found = run(&set, input, &selection(case)).junit(true);
        assert_eq!(found.trim(), golden.trim(), "{name}");
    }
    println!("verify_junit: {} cases", cases.len());
}

/// The fixtures that the cases about single tests speak of.
const FIXTURES: &str = "
principals:
  employee: {id: employee, roles: [user]}
  manager: {id: manager, roles: [user]}
  department_head: {id: department_head, roles: [user]}
resources:
  employee_leave_request: {kind: leave_request, id: employee}
  manager_leave_request: {kind: leave_request, id: manager}
  department_head_leave_request: {kind: leave_request, id: department_head}
auxData:
  test_aux_data: {jwt: {answer: 42}}
";

/// What a test expects of each principal and resource, as the results say it: nothing is allowed by no policies.
fn expectations(case: &Json) -> Result<Json, String> {
    let table = serde_json::to_string(&case["table"]).unwrap();
    let suite = format!("-- a_test.yaml --\nname: suite\ntests: [{table}]\n{FIXTURES}");
    let results = run(&PolicySet::default(), &suite, &Selection::default());
    let suite = results.suites.first().unwrap();
    if let Some(error) = &suite.error {
        return Err(error.clone());
    }
    let mut found = Vec::new();
    for principal in &suite.test_cases[0].principals {
        for resource in &principal.resources {
            let effects = resource.actions.iter().map(|action| {
                let allowed =
                    action.details.failure.as_ref().is_some_and(|failure| failure.expected == Effect::Allow);
                (action.name.to_string(), if allowed { "EFFECT_ALLOW" } else { "EFFECT_DENY" }.into())
            });
            found.push(json!({
                "principal": principal.name,
                "resource": resource.name,
                "effects": effects.collect::<serde_json::Map<_, _>>(),
            }));
        }
    }
    Ok(found.into())
}

#[test]
fn tests_are_asked_of_every_principal_and_resource() {
    let Some(root) = support::cerbos() else { return };
    let paths = support::files(&root.join("verify/test_suite_run_get_tests"));
    for path in &paths {
        let case = support::json(path);
        let found = expectations(&case);
        match case["wantErr"].as_str() {
            Some(want) => {
                let error = found.expect_err(&path.display().to_string());
                assert_eq!(
                    error.strip_prefix("Failed to load the test suite: "),
                    Some(want),
                    "{}",
                    path.display()
                );
            }
            None => {
                let want = case["wantTests"].as_array().into_iter().flatten().map(|test| {
                    json!({
                        "principal": test["name"]["principalKey"],
                        "resource": test["name"]["resourceKey"],
                        "effects": test["expected"],
                    })
                });
                assert_eq!(found, Ok(want.collect()), "{}", path.display());
            }
        }
    }
    println!("test_suite_run_get_tests: {} cases", paths.len());
}
