//! Attributes against schemas, and schemas that cannot be read.

use portreeve_diagnostics::{Bundle, SourceFile};
use portreeve_policies::{Cause, Enforcement, Options, PolicySet};
use serde_json::{Value as Json, json};

use crate::{engine, support};

/// A policy of the case's resource with the case's schemas, and the schemas.
fn bundle(root: &std::path::Path, case: &Json) -> Bundle {
    let resource = &case["checkInput"]["resource"];
    let policy = json!({
        "apiVersion": "api.cerbos.dev/v1",
        "resourcePolicy": {
            "resource": resource["kind"],
            "version": resource["policyVersion"],
            "schemas": case["schemaRefs"],
            "rules": [{"actions": ["*"], "effect": "EFFECT_ALLOW", "roles": ["*"]}],
        },
    });
    let mut bundle = support::bundle(&root.join("schema/fs"));
    bundle.files.push(SourceFile { name: "policy.json".into(), text: policy.to_string().into() });
    bundle
}

/// What is wrong: with the schemas, or else with the attributes.
fn wrong(bundle: &Bundle, case: &Json) -> Vec<String> {
    let all: Vec<u32> = (0..u32::try_from(bundle.files.len()).unwrap()).collect();
    let compiled = PolicySet::compile_verbose(bundle, &all, &Options::default());
    let said = match &compiled.set {
        Some(set) => {
            let options = Options { schemas: Enforcement::Reject, ..engine::settings() };
            let shown = engine::decide(set, &case["checkInput"], &options);
            engine::sorted(shown["validationErrors"].as_array().unwrap().clone())
        }
        None => {
            let schemas =
                |finding: &&portreeve_policies::Finding| finding.cause == Cause::Compile("invalid schema");
            engine::sorted(
                compiled.findings.iter().filter(schemas).map(|f| json!({"message": f.text})).collect(),
            )
        }
    };
    messages(said.as_array().unwrap())
}

fn messages(errors: &[Json]) -> Vec<String> {
    let mut messages: Vec<String> =
        errors.iter().map(|error| error["message"].as_str().unwrap_or_default().trim().to_owned()).collect();
    messages.sort();
    messages
}

#[test]
fn attributes_and_schemas_are_refused_for_what_cerbos_refuses_them_for() {
    let Some(root) = support::cerbos() else { return };
    let mut ran = 0;
    for path in support::files(&root.join("schema/test_cases")) {
        let case = support::json(&path);
        if case.get("checkInput").is_none() {
            continue;
        }
        let want = case.get("wantValidationErrors").and_then(Json::as_array).cloned().unwrap_or_default();
        assert_eq!(wrong(&bundle(&root, &case), &case), messages(&want), "{}", path.display());
        ran += 1;
    }
    println!("schema: {ran} cases");
    assert!(ran > 0, "there are cases");
}
