//! Filters over Cerbos' own policies for its planner, and the form that filters have.

use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use portreeve_cel::{Map, Timestamp, Val, Value};
use portreeve_policies::{
    Along, Enforcement, Expression, Filter, Manner, Operand, Options, Plan, PlanError, PlanQuestion,
    PolicySet, Principal, Resources,
};
use serde_json::{Value as Json, json};

use crate::{
    engine::{doubles, map, settings, text, texts},
    support,
};

/// Cases that have another answer here, by description and action, with the quirk and the reason.
const QUIRKS: &[(&str, &str, &str)] = &[];

fn shown(filter: &Filter) -> Json {
    match filter.condition() {
        Some(condition) => json!({"kind": filter.kind(), "condition": operand(condition)}),
        None => json!({"kind": filter.kind()}),
    }
}

fn operand(part: &Operand) -> Json {
    match part {
        Operand::Value(value) => json!({"value": serde_json::to_value(value).unwrap()}),
        Operand::Variable(name) => json!({"variable": &**name}),
        Operand::Expression(Expression { operator, operands }) => {
            let operands: Vec<Json> = operands.iter().map(operand).collect();
            json!({"expression": {"operator": &**operator, "operands": operands}})
        }
    }
}

fn read(part: &Json) -> Operand {
    if let Some(value) = part.get("value") {
        return Operand::Value(Value::from(value.clone()));
    }
    if let Some(name) = part.get("variable").and_then(Json::as_str) {
        return Operand::Variable(name.into());
    }
    let expression = &part["expression"];
    let operands = expression["operands"].as_array().into_iter().flatten().map(read).collect();
    Operand::expression(text(expression, "operator"), operands)
}

/// The order of operands that may change places says nothing.
fn ordered(json: &Json) -> Json {
    match json {
        Json::Array(items) => items.iter().map(ordered).collect(),
        Json::Object(fields) => {
            let mut fields: serde_json::Map<String, Json> =
                fields.iter().map(|(key, value)| (key.clone(), ordered(value))).collect();
            let commutes =
                matches!(fields.get("operator").and_then(Json::as_str), Some("and" | "or" | "eq" | "ne"));
            if let (true, Some(Json::Array(operands))) = (commutes, fields.get_mut("operands")) {
                operands.sort_by_key(ToString::to_string);
            }
            Json::Object(fields)
        }
        other => other.clone(),
    }
}

fn normal(json: &Json) -> Json {
    ordered(&doubles(json))
}

fn plan(set: &PolicySet, principal: &Json, test: &Json, options: &Options) -> Result<Plan, PlanError> {
    let attr = map(principal.get("attr").unwrap_or(&Json::Null));
    let resource = &test["resource"];
    let known: Map = map(resource.get("attr").unwrap_or(&Json::Null));
    let roles = texts(&principal["roles"]);
    let mut actions = texts(test.get("actions").unwrap_or(&Json::Null));
    actions.extend(test.get("action").and_then(Json::as_str).map(std::sync::Arc::from));
    let jwt = claims(&test["auxData"]["jwt"]);
    let question = PlanQuestion {
        principal: Principal {
            id: text(principal, "id"),
            roles: &roles,
            attr: Val::from(&attr),
            version: text(principal, "policyVersion"),
            scope: text(principal, "scope"),
        },
        resources: Resources {
            kind: text(resource, "kind"),
            version: text(resource, "policyVersion"),
            scope: text(resource, "scope"),
            attr: &known,
        },
        actions: &actions,
        aux: Some(Val::from(&jwt)),
        now: Timestamp::parse("2024-01-16T10:18:27.395+13:00").unwrap(),
        manner: Manner::AsCerbos,
    };
    set.plan_as(&question, &Along { options, jwts: None })
}

/// The claims of a token, whoever signed it; those of the suites for none.
fn claims(jwt: &Json) -> Map {
    let payload = text(jwt, "token").split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    match payload {
        Some(payload) => map(&serde_json::from_slice(&payload).unwrap()),
        None => [("customInt", Value::Double(42.0))].into_iter().collect(),
    }
}

fn suites(folder: &Path) -> Vec<PathBuf> {
    if folder.is_dir() { support::files(folder) } else { Vec::new() }
}

#[test]
fn filters_are_those_of_cerbos() {
    let Some(root) = support::cerbos() else { return };
    let set = support::store(&root.join("query_planner/policies"));
    let (mut failures, mut ran) = (Vec::new(), 0);
    for (folder, lenient) in
        [("common", false), ("common", true), ("strict_scope_search", false), ("lenient_scope_search", true)]
    {
        let options = Options { lenient_scope_search: lenient, ..settings() };
        for path in suites(&root.join("query_planner/suite").join(folder)) {
            let suite = support::json(&path);
            for test in suite["tests"].as_array().unwrap() {
                ran += 1;
                let found = match plan(&set, &suite["principal"], test, &options) {
                    Ok(plan) => shown(&plan.filter),
                    Err(error) => json!({"error": error.to_string()}),
                };
                let asked = test.get("action").or(test.get("actions")).unwrap().to_string();
                let name = format!("{folder}/{} {asked}", path.file_name().unwrap().display());
                let fits = if test.get("wantErr").and_then(Json::as_bool) == Some(true) {
                    found.get("error").is_some()
                } else {
                    normal(&found) == normal(&test["want"])
                };
                let known =
                    QUIRKS.iter().find(|(file, action, _)| path.ends_with(file) && asked.contains(action));
                match (fits, known) {
                    (true, Some((_, _, why))) => {
                        failures.push(format!("{name} passes, and is listed: {why}"))
                    }
                    (false, None) => failures.push(format!(
                        "{name}\n  found {}\n  want  {}",
                        normal(&found),
                        normal(&test["want"])
                    )),
                    _ => {}
                }
            }
        }
    }
    println!("query_planner: {ran} plans");
    assert!(ran > 0, "there are no suites");
    assert!(failures.is_empty(), "{} of {ran}\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn answers_of_a_server_hold_the_filter_and_where_it_is_from() {
    let Some(root) = support::cerbos() else { return };
    let set = support::store(&root.join("store"));
    let options = Options { schemas: Enforcement::Reject, ..settings() };
    let (mut failures, mut ran) = (Vec::new(), 0);
    for path in suites(&root.join("server/plan_resources")) {
        let case = support::json(&path);
        if case["wantStatus"]["httpStatusCode"].as_u64() != Some(200) {
            continue;
        }
        ran += 1;
        let (input, want) = (&case["planResources"]["input"], &case["planResources"]["wantResponse"]);
        let name = path.file_name().unwrap().display().to_string();
        let found = plan(&set, &input["principal"], input, &options).unwrap();
        let scope = found.matched_scopes.last().map(|(_, scope)| scope.to_string()).unwrap_or_default();
        let meta = want.get("meta").unwrap_or(&Json::Null);
        if normal(&shown(&found.filter)) != normal(&want["filter"]) {
            failures.push(format!("{name}\n  found {}\n  want  {}", shown(&found.filter), want["filter"]));
        }
        if !meta.is_null()
            && (found.debug(), scope.as_str())
                != (text(meta, "filterDebug").into(), text(meta, "matchedScope"))
        {
            failures.push(format!("{name}\n  found {} {scope}\n  want  {meta}", found.debug()));
        }
    }
    println!("server/plan_resources: {ran} plans");
    assert!(ran > 0 && failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn filters_have_the_form_that_cerbos_gives_them() {
    let Some(root) = support::cerbos() else { return };
    let mut failures = Vec::new();
    for path in support::files(&root.join("query_planner_filter")) {
        let case = support::json(&path);
        let input = case["input"].get("condition").map_or_else(|| Operand::Value(Value::Bool(true)), read);
        let found = Filter::of(input);
        let name = path.file_name().unwrap().display().to_string();
        if doubles(&shown(&found)) != doubles(&case["wantFilter"]) {
            failures.push(format!("{name}\n  found {}\n  want  {}", shown(&found), case["wantFilter"]));
        }
        if found.to_string() != text(&case, "wantString") {
            failures.push(format!("{name}\n  found {found}\n  want  {}", case["wantString"]));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
