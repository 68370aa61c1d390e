//! Cerbos' engine cases: policies in, decisions out, in both ways of searching scopes.
//!
//! Compared are effects, the policy and scope reported, and the effective derived roles.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use portreeve_cel::{Map, Val, Value};
use portreeve_diagnostics::{Bundle, Kind, Node, SourceFile, render, yaml};
use portreeve_policies::{Check, Effect, Options, PolicySet, Principal, Resource};

/// Cases whose expectation rests on something that is not compared or not built here, each with the reason.
const LEFT_OUT: [(&str, &str); 0] = [];

fn data() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder =
        std::env::var_os("CONFORMANCE_DIR").map_or_else(|| root.join("../shared/conformance"), PathBuf::from);
    let folder = folder.join("cerbos");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: there is no conformance data at {}", folder.display());
    None
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files(&path, into) } else { into.push(path) }
    }
}

fn bundle(folder: &Path) -> Bundle {
    let mut paths = Vec::new();
    files(folder, &mut paths);
    let read = |path: &PathBuf| SourceFile {
        name: path.strip_prefix(folder).unwrap().to_string_lossy().into(),
        text: fs::read_to_string(path).unwrap().into(),
    };
    Bundle { revision: "test".into(), files: paths.iter().map(read).collect() }
}

fn tree(path: &Path) -> Node {
    let file =
        SourceFile { name: path.to_string_lossy().into(), text: fs::read_to_string(path).unwrap().into() };
    let bundle = Bundle { revision: "case".into(), files: vec![file] };
    yaml::read(&bundle, 0).unwrap().remove(0)
}

fn value(node: &Node) -> Value {
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(value) => Value::Bool(*value),
        Kind::Int(value) => Value::Double(*value as f64),
        Kind::Float(value) => Value::Double(*value),
        Kind::Str { text, .. } => Value::from(text.as_str()),
        Kind::Seq(items) => Value::List(items.iter().map(value).collect()),
        Kind::Map(entries) => {
            Value::Map(entries.iter().map(|e| (e.key.value.as_str(), value(&e.value))).collect())
        }
    }
}

fn text<'n>(node: &'n Node, path: &[&str]) -> &'n str {
    path.iter().try_fold(node, |node, key| node.get(key)).and_then(Node::as_str).unwrap_or_default()
}

fn texts(node: Option<&Node>) -> Vec<Arc<str>> {
    node.and_then(Node::as_seq).unwrap_or_default().iter().filter_map(Node::as_str).map(Arc::from).collect()
}

fn attr(node: &Node, of: &str) -> Map {
    match node.get(of).and_then(|party| party.get("attr")).map(value) {
        Some(Value::Map(map)) => map,
        _ => Map::default(),
    }
}

/// What came out, in the words of the cases: `action effect policy scope`, and the derived roles.
fn decide(set: &PolicySet, input: &Node) -> (Vec<String>, Vec<String>) {
    let (actions, roles) = (texts(input.get("actions")), texts(input.get("principal").unwrap().get("roles")));
    let (principal, resource) = (attr(input, "principal"), attr(input, "resource"));
    let jwt = input.get("auxData").and_then(|aux| aux.get("jwt")).map(value);
    let check = Check {
        principal: Principal {
            id: text(input, &["principal", "id"]),
            roles: &roles,
            attr: Val::from(&principal),
            scope: text(input, &["principal", "scope"]),
            version: text(input, &["principal", "policyVersion"]),
        },
        resource: Resource {
            kind: text(input, &["resource", "kind"]),
            id: text(input, &["resource", "id"]),
            attr: Val::from(&resource),
            scope: text(input, &["resource", "scope"]),
            version: text(input, &["resource", "policyVersion"]),
        },
        actions: &actions,
        aux: jwt.as_ref().map(Val::from),
        now: SystemTime::now(),
    };
    let decision = set.check(&check);
    let mut outcomes: Vec<String> = decision
        .outcomes()
        .iter()
        .map(|outcome| {
            let effect = if outcome.effect == Effect::Allow { "EFFECT_ALLOW" } else { "EFFECT_DENY" };
            let policy = outcome.policy.as_deref().unwrap_or("NO_MATCH");
            format!("{} {effect} {policy} {}", outcome.action, outcome.scope)
        })
        .collect();
    outcomes.sort();
    (outcomes, decision.effective_derived_roles().iter().map(ToString::to_string).collect())
}

fn expected(want: &Node) -> (Vec<String>, Vec<String>) {
    let actions = want.get("actions").unwrap().as_map().unwrap();
    let mut outcomes: Vec<String> = actions
        .iter()
        .map(|entry| {
            let of = |key: &str| text(&entry.value, &[key]);
            format!("{} {} {} {}", entry.key.value, of("effect"), of("policy"), of("scope"))
        })
        .collect();
    outcomes.sort();
    let mut roles: Vec<String> =
        texts(want.get("effectiveDerivedRoles").or_else(|| want.get("effective_derived_roles")))
            .iter()
            .map(ToString::to_string)
            .collect();
    roles.sort();
    (outcomes, roles)
}

fn run(folders: &[&str], lenient: bool) {
    let Some(data) = data() else { return };
    let bundle = bundle(&data.join("store"));
    let globals = [("environment", Value::from("test"))].into_iter().collect();
    let options = Options { strict: false, lenient_scope_search: lenient, globals, ..Options::default() };
    let files: Vec<u32> = (0..u32::try_from(bundle.files.len()).unwrap()).collect();
    let (set, report) = PolicySet::compile(&bundle, &files, &options);
    let set = set.unwrap_or_else(|| panic!("{}", render::terminal(&report, &bundle, false)));
    let (mut failed, mut count) = (Vec::new(), 0);
    for folder in folders {
        let mut cases = Vec::new();
        files_of(&data.join(folder), &mut cases);
        for path in cases {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if LEFT_OUT.iter().any(|(left_out, _)| *left_out == name) {
                continue;
            }
            let case = tree(&path);
            let inputs = case.get("inputs").and_then(Node::as_seq).unwrap();
            let outputs = case.get("wantOutputs").and_then(Node::as_seq).unwrap();
            for (input, want) in inputs.iter().zip(outputs) {
                count += 1;
                let (got, want) = (decide(&set, input), expected(want));
                if got != want {
                    failed.push(format!("{folder}/{name}\n  got  {got:?}\n  want {want:?}"));
                }
            }
        }
    }
    assert!(count > 0, "there are cases");
    assert!(failed.is_empty(), "{} of {count} differ:\n{}", failed.len(), failed.join("\n"));
}

fn files_of(folder: &Path, into: &mut Vec<PathBuf>) {
    files(folder, into);
    into.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
}

#[test]
fn decisions_are_those_of_cerbos_when_scopes_are_searched_strictly() {
    run(&["engine", "engine_strict_scope_search"], false);
}

#[test]
fn decisions_are_those_of_cerbos_when_scopes_are_searched_leniently() {
    run(&["engine", "engine_lenient_scope_search"], true);
}
