//! Decisions over Cerbos' own store of policies.

use std::sync::Arc;

use portreeve_cel::{Map, Val, Value};
use portreeve_policies::{
    Along, Check, Decision, Effect, Enforcement, Options, PolicySet, Principal, Resource, Source, WithErrors,
};
use serde_json::{Value as Json, json};

use crate::support;

const NONE: &Json = &Json::Null;

pub(crate) fn text<'j>(json: &'j Json, key: &str) -> &'j str {
    json.get(key).and_then(Json::as_str).unwrap_or_default()
}

pub(crate) fn map(json: &Json) -> Map {
    match Value::from(json.clone()) {
        Value::Map(map) => map,
        _ => Map::default(),
    }
}

pub(crate) fn texts(json: &Json) -> Vec<Arc<str>> {
    json.as_array().into_iter().flatten().filter_map(Json::as_str).map(Arc::from).collect()
}

/// One entry of a case, decided.
pub(crate) fn decide(set: &PolicySet, input: &Json, settings: &Options) -> Json {
    let (principal, resource) = (&input["principal"], &input["resource"]);
    let attr = (map(principal.get("attr").unwrap_or(NONE)), map(resource.get("attr").unwrap_or(NONE)));
    let (roles, actions) = (texts(&principal["roles"]), texts(&input["actions"]));
    let aux = input.get("auxData").unwrap_or(NONE);
    let jwt = aux.get("jwt").map(map);
    let jwts = aux.get("jwts").map(map);
    let check = Check {
        principal: Principal {
            id: text(principal, "id"),
            roles: &roles,
            attr: Val::from(&attr.0),
            version: text(principal, "policyVersion"),
            scope: text(principal, "scope"),
        },
        resource: Resource {
            kind: text(resource, "kind"),
            id: text(resource, "id"),
            attr: Val::from(&attr.1),
            version: text(resource, "policyVersion"),
            scope: text(resource, "scope"),
        },
        actions: &actions,
        aux: jwt.as_ref().map(Val::from),
        now: std::time::SystemTime::now(),
    };
    let along = Along { options: settings, jwts: jwts.as_ref().map(Val::from) };
    shown(&set.check_as(&check, &along, &mut WithErrors))
}

fn shown(decision: &Decision) -> Json {
    let actions = decision.outcomes().iter().map(|outcome| {
        let effect = if outcome.effect == Effect::Allow { "EFFECT_ALLOW" } else { "EFFECT_DENY" };
        let scope = Some(&*outcome.scope).filter(|scope| !scope.is_empty());
        (outcome.action.to_string(), json!({"effect": effect, "policy": outcome.policy.as_deref().unwrap_or("NO_MATCH"), "scope": scope}))
    });
    let outputs = decision.outputs.iter().map(|output| match &output.value {
        Ok(value) => json!({"src": output.source, "action": &*output.action, "val": serde_json::to_value(value).unwrap()}),
        Err(error) => json!({"src": output.source, "action": &*output.action, "error": error}),
    });
    let invalid = decision.validation_errors.iter().map(|error| {
        let source = if error.source == Source::Principal { "SOURCE_PRINCIPAL" } else { "SOURCE_RESOURCE" };
        json!({"path": error.path, "message": error.message, "source": source})
    });
    let failed = decision
        .evaluation_errors
        .iter()
        .map(|error| json!({"celError": {"expression": &*error.expression, "message": error.message}}));
    json!({
        "actions": actions.collect::<serde_json::Map<_, _>>(),
        "effectiveDerivedRoles": decision.effective_derived_roles().iter().map(|role| &**role).collect::<Vec<_>>(),
        "outputs": sorted(outputs.collect()),
        "validationErrors": sorted(invalid.collect()),
        "evaluationErrors": sorted(failed.collect()),
    })
}

pub(crate) fn sorted(list: Vec<Json>) -> Json {
    let mut list = list;
    list.sort_by_key(ToString::to_string);
    list.into()
}

/// What a case expects, in the shape of [`shown`].
fn expected(want: &Json) -> Json {
    let list = |key: &str| sorted(want.get(key).and_then(Json::as_array).cloned().unwrap_or_default());
    let mut actions = want.get("actions").cloned().unwrap_or_else(|| json!({}));
    for outcome in actions.as_object_mut().into_iter().flat_map(|actions| actions.values_mut()) {
        if outcome.get("scope").is_none() {
            outcome["scope"] = Json::Null;
        }
    }
    let mut invalid = want.get("validationErrors").and_then(Json::as_array).cloned().unwrap_or_default();
    for error in &mut invalid {
        if error.get("path").is_none() {
            error["path"] = "".into();
        }
    }
    let mut outputs = want.get("outputs").and_then(Json::as_array).cloned().unwrap_or_default();
    for output in &mut outputs {
        if output.get("val").is_none() && output.get("error").is_none() {
            output["val"] = Json::Null;
        }
    }
    json!({
        "actions": actions,
        "effectiveDerivedRoles": if want.get("effective_derived_roles").is_some() { list("effective_derived_roles") } else { list("effectiveDerivedRoles") },
        "outputs": sorted(outputs),
        "validationErrors": sorted(invalid),
        "evaluationErrors": list("evaluationErrors"),
    })
}

pub(crate) fn settings() -> Options {
    let environment = [("environment", Value::from("test"))];
    Options { globals: environment.into_iter().collect(), strict: false, ..Options::default() }
}

/// Numbers are doubles.
pub(crate) fn doubles(json: &Json) -> Json {
    match json {
        Json::Number(number) => json!(number.as_f64()),
        Json::Array(items) => items.iter().map(doubles).collect(),
        Json::Object(map) => {
            Json::Object(map.iter().map(|(key, value)| (key.clone(), doubles(value))).collect())
        }
        other => other.clone(),
    }
}

fn run(folder: &str, settings: &Options, quirks: &[(&str, &str)]) {
    let Some(root) = support::cerbos() else { return };
    let set = support::store(&root.join("store"));
    let (mut failures, mut ran) = (Vec::new(), 0);
    for path in support::files(&root.join(folder)).into_iter().filter(|path| path.is_file()) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let case = support::json(&path);
        let inputs = case["inputs"].as_array().unwrap();
        let wanted = case["wantOutputs"].as_array().cloned().unwrap_or_default();
        let mut bad = Vec::new();
        for (index, (input, want)) in inputs.iter().zip(&wanted).enumerate() {
            let (found, want) = (doubles(&decide(&set, input, settings)), doubles(&expected(want)));
            for (key, value) in want.as_object().unwrap() {
                if found[key] != *value {
                    bad.push(format!("{name}[{index}] {key}\n  found {}\n  want  {value}", found[key]));
                }
            }
        }
        ran += 1;
        let known = quirks.iter().find(|(case, _)| *case == name);
        match (bad.is_empty(), known) {
            (true, Some((case, quirk))) => failures.push(format!("{case} passes, and is listed for {quirk}")),
            (false, None) => failures.extend(bad),
            _ => {}
        }
    }
    println!("{folder}: {ran} cases");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn decisions_are_those_of_cerbos_with_strict_scope_search() {
    run("engine", &settings(), &[]);
    run("engine_strict_scope_search", &settings(), &[]);
}

#[test]
fn decisions_are_those_of_cerbos_with_lenient_scope_search() {
    let settings = Options { lenient_scope_search: true, ..settings() };
    run("engine", &settings, &[]);
    run("engine_lenient_scope_search", &settings, &[]);
}

#[test]
fn schemas_are_enforced_as_cerbos_enforces_them() {
    for (folder, schemas) in [("warn", Enforcement::Warn), ("reject", Enforcement::Reject)] {
        run(&format!("engine_schema_enforcement/{folder}"), &Options { schemas, ..settings() }, &[]);
    }
}
