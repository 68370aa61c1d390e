//! What the decision point writes down beside what was asked and answered: by which policies, and for whom.

use std::process::Command;

use portreeve_tests::{PATIENCE, Process, Request, eventually, free_port, portreeve, within};
use serde_json::{Value, json};
use tempfile::TempDir;

const POLICIES: [(&str, &str); 6] = [
    (
        "root.yaml",
        "resourcePolicy:
  {resource: note, version: default, rules: [{actions: [view, edit], effect: EFFECT_ALLOW, roles: [user]}]}",
    ),
    (
        "acme.yaml",
        "resourcePolicy:
  {resource: note, version: default, scope: acme, rules: [{actions: [view], effect: EFFECT_ALLOW, roles: [user]}]}",
    ),
    (
        "hr.yaml",
        "resourcePolicy:
  {resource: note, version: default, scope: acme.hr, rules: [{actions: [drop], effect: EFFECT_DENY, roles: [user]}]}",
    ),
    (
        "clerk.yaml",
        "rolePolicy:
  role: clerk
  parentRoles: [user]
  rules:
    - {resource: note, allowActions: [view]}
    - {resource: note, allowActions: [edit], condition: {match: {expr: R.attr.mine}}}",
    ),
    (
        "audits.yaml",
        "resourcePolicy:
  resource: audit
  version: default
  rules:
    - {actions: [view], effect: EFFECT_ALLOW, roles: [user], condition: {match: {expr: P.attr.auditor}}}
    - {actions: [view], effect: EFFECT_ALLOW, roles: [user], condition: {match: {expr: R.attr.open}}}",
    ),
    (
        "bob.yaml",
        "principalPolicy:
  {principal: bob, version: default, rules: [{resource: note, actions: [{action: print, effect: EFFECT_ALLOW}]}]}",
    ),
];

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("policies")).unwrap();
    for (name, text) in POLICIES {
        let text = format!("apiVersion: api.cerbos.dev/v1\n{text}\n");
        std::fs::write(folder.path().join("policies").join(name), text).unwrap();
    }
    folder
}

/// A decision point that writes down what it decides, with `audit` said of that.
fn start(folder: &TempDir, directory: &str, audit: &str) -> (Process, u16) {
    let port = free_port();
    let config = format!(
        "storage: {{driver: disk, disk: {{directory: {directory}, watchForChanges: true}}}}
audit: {{enabled: true, backend: file, accessLogsEnabled: false, file: {{path: audit.log}}{audit}}}
"
    );
    std::fs::write(folder.path().join("cerbos.yaml"), config).unwrap();
    let mut command = Command::new(portreeve());
    command.args(["pdp", "--config", "cerbos.yaml", "--set"]);
    command.arg(format!("server.httpListenAddr=127.0.0.1:{port}")).current_dir(folder.path());
    let mut process = Process::start(&mut command);
    let ready = within(PATIENCE, || {
        process.assert_alive();
        Request::get("/_cerbos/health").try_send(port).filter(|reply| reply.status == 200)
    });
    ready.expect("it answers");
    (process, port)
}

fn entries(folder: &TempDir, count: usize) -> Vec<Value> {
    let log = folder.path().join("audit.log");
    let lines = || std::fs::read_to_string(&log).unwrap_or_default();
    eventually("every decision is written", || lines().lines().count() == count);
    lines().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn principal(id: &str, role: &str) -> Value {
    json!({"id": id, "roles": [role]})
}

fn check(id: &str, role: &str, scope: &str, action: &str) -> (&'static str, Value) {
    let resource = json!({"kind": "note", "id": "n1", "scope": scope});
    let entry = json!({"actions": [action], "resource": resource});
    ("/api/check/resources", json!({"principal": principal(id, role), "resources": [entry]}))
}

fn plan(id: &str, role: &str, scope: &str, action: &str) -> (&'static str, Value) {
    let resource = json!({"kind": "note", "scope": scope});
    ("/api/plan/resources", json!({"principal": principal(id, role), "resource": resource, "action": action}))
}

/// What Cerbos 0.55 wrote of the same questions.
#[test]
fn entries_tell_the_policies_that_had_a_say_and_those_of_the_scopes_above() {
    const ROOT: &str = "resource.note.vdefault";
    let cases = [
        (check("ann", "user", "", "view"), &[ROOT][..]),
        (plan("ann", "user", "", "view"), &[ROOT]),
        (check("ann", "user", "", "unheard"), &[]),
        (plan("ann", "user", "", "unheard"), &[]),
        (
            check("ann", "user", "acme.hr", "drop"),
            &["resource.note.vdefault/acme.hr", "resource.note.vdefault/acme", ROOT],
        ),
        (
            plan("ann", "user", "acme.hr", "drop"),
            &["resource.note.vdefault/acme.hr", "resource.note.vdefault/acme", ROOT],
        ),
        (check("ann", "user", "acme.hr", "view"), &["resource.note.vdefault/acme", ROOT]),
        (check("cal", "clerk", "", "view"), &[ROOT]),
        (plan("cal", "clerk", "", "view"), &[ROOT]),
        (check("cal", "clerk", "", "edit"), &["role.clerk.vdefault"]),
        (plan("cal", "clerk", "", "edit"), &["role.clerk.vdefault", ROOT]),
        (check("cal", "clerk", "", "drop"), &["role.clerk.vdefault"]),
        (plan("cal", "clerk", "", "drop"), &["role.clerk.vdefault"]),
        (check("bob", "user", "", "print"), &["principal.bob.vdefault"]),
        (plan("bob", "user", "", "print"), &["principal.bob.vdefault"]),
    ];
    let folder = folder();
    let (_process, port) = start(&folder, "policies", "");
    for ((path, question), _) in &cases {
        let reply = Request::new("POST", path).json(question).send(port);
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    let entries = entries(&folder, cases.len());
    for ((question, expected), entry) in cases.iter().zip(&entries) {
        let trail = &entry["auditTrail"]["effectivePolicies"];
        let mut found: Vec<&str> =
            trail.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        let mut expected = expected.to_vec();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{question:?}");
    }
    let source = &entries[4]["auditTrail"]["effectivePolicies"]["resource.note.vdefault/acme"];
    assert_eq!(*source, json!({"attributes": {"driver": "disk", "source": "acme.yaml"}}));
    assert_eq!(entries[5]["planResources"]["output"]["scope"], "acme.hr");
}

#[test]
fn a_plan_tells_which_conditions_have_no_value_whatever_the_resource_is() {
    let folder = folder();
    let (_process, port) = start(&folder, "policies", "");
    let resource = json!({"kind": "audit", "scope": "."});
    let question = json!({"principal": principal("ann", "user"), "resource": resource, "action": "view"});
    let reply = Request::new("POST", "/api/plan/resources").json(&question).send(port);
    assert_eq!(reply.json()["filter"]["kind"], "KIND_CONDITIONAL", "{}", reply.text());
    let plan = &entries(&folder, 1)[0]["planResources"];
    let error = json!({"message": "no such key: auditor", "expression": "P.attr.auditor"});
    assert_eq!(plan["output"]["evaluationErrors"], json!([{"celError": error}]));
    assert_eq!((&plan["input"]["resource"]["scope"], &plan["output"]["scope"]), (&json!("."), &Value::Null));
}

#[test]
fn entries_tell_the_headers_that_are_wanted_by_the_names_that_cerbos_gives_them() {
    for (audit, expected) in [
        (", includeMetadataKeys: [x-trace, authorization]", json!({"x-trace": {"values": ["1", "2"]}})),
        (
            ", excludeMetadataKeys: [cookie]",
            json!({
                "content-type": {"values": ["application/grpc"]},
                "grpcgateway-user-agent": {"values": ["a browser"]},
                "x-forwarded-for": {"values": ["192.0.2.1, 127.0.0.1"]},
                "x-forwarded-host": {"values": ["test.invalid"]},
                "x-trace": {"values": ["1", "2"]},
            }),
        ),
        ("", Value::Null),
    ] {
        let folder = folder();
        let (_process, port) = start(&folder, "policies", audit);
        let (path, question) = check("ann", "user", "", "view");
        let asked = Request::new("POST", path).json(&question).host(Some("test.invalid"));
        let asked = asked.header("x-trace", "1").header("x-trace", "2").header("authorization", "Bearer a");
        let asked = asked.header("cookie", "a=b").header("user-agent", "a browser");
        let reply = asked.header("x-forwarded-for", "192.0.2.1").send(port);
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(entries(&folder, 1)[0]["metadata"], expected, "{audit}");
    }
}

#[test]
fn policies_are_read_from_an_archive_and_not_again() {
    let folder = folder();
    let pack = || {
        let mut command = Command::new("tar");
        command.args(["-czf", "../new.tgz", "."]).current_dir(folder.path().join("policies"));
        assert!(command.status().unwrap().success());
        std::fs::rename(folder.path().join("new.tgz"), folder.path().join("policies.tgz")).unwrap();
    };
    pack();
    let (_process, port) = start(&folder, "policies.tgz", "");
    let (path, question) = check("ann", "user", "", "view");
    let effect = |port| {
        let reply = Request::new("POST", path).json(&question).send(port);
        reply.json()["results"][0]["actions"]["view"].clone()
    };
    assert_eq!(effect(port), "EFFECT_ALLOW");
    let root = folder.path().join("policies/root.yaml");
    let text = std::fs::read_to_string(&root).unwrap();
    std::fs::write(&root, text.replace("[view, edit]", "[edit]")).unwrap();
    pack();
    let (_other, fresh) = start(&folder, "policies.tgz", "");
    assert_eq!(effect(fresh), "EFFECT_DENY");
    assert_eq!(effect(port), "EFFECT_ALLOW", "the first one has not read it again");
    let entries = entries(&folder, 3);
    let directory = entries[0]["policySource"]["disk"]["directory"].as_str().unwrap();
    assert!(directory.ends_with("/policies.tgz"), "{directory}");
}
