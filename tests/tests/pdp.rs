//! `portreeve pdp`: what a Cerbos server is asked, answered by the real program.

use std::process::Command;

use portreeve_tests::{PATIENCE, Process, Reply, Request, eventually, free_port, portreeve, within};
use serde_json::{Value, json};
use tempfile::TempDir;

const POLICY: &str = r#"
apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: expense
  version: default
  importDerivedRoles: [people]
  schemas: { resourceSchema: { ref: "cerbos:///expense.json" } }
  rules:
    - actions: [view]
      effect: EFFECT_ALLOW
      derivedRoles: [owner]
      output: { when: { ruleActivated: '{"limit": R.attr.amount * 2.0}' } }
    - actions: ["*"]
      effect: EFFECT_ALLOW
      roles: [admin]
      condition: { match: { expr: R.attr.nowhere == 1 } }
"#;

const PEOPLE: &str = r#"
apiVersion: api.cerbos.dev/v1
derivedRoles:
  name: people
  definitions:
    - { name: owner, parentRoles: [user], condition: { match: { expr: R.attr.owner == P.id } } }
"#;

const SCHEMA: &str =
    r#"{"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["owner"]}"#;

/// A decision point that answers, with its folder.
struct Pdp {
    process: Process,
    folder: TempDir,
    port: u16,
}

impl Pdp {
    fn start(more: &str) -> Pdp {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        write(&folder, "policies/expense.yaml", POLICY);
        write(&folder, "policies/people.yaml", PEOPLE);
        write(&folder, "policies/_schemas/expense.json", SCHEMA);
        write(
            &folder,
            "cerbos.yaml",
            &format!(
                "storage: {{ driver: disk, disk: {{ directory: policies, watchForChanges: true }} }}\n{more}"
            ),
        );
        let mut command = Command::new(portreeve());
        command.args(["pdp", "--config", "cerbos.yaml", "--set"]);
        command.arg(format!("server.httpListenAddr=127.0.0.1:{port}"));
        let process = Process::start(command.current_dir(folder.path()).env("NO_COLOR", "1"));
        let mut pdp = Pdp { process, folder, port };
        let ready = within(PATIENCE, || {
            pdp.process.assert_alive();
            Request::get("/_cerbos/health").try_send(port).filter(|reply| reply.status == 200)
        });
        assert_eq!(ready.expect("it answers").text(), r#"{"status":"SERVING"}"#);
        pdp
    }

    fn post(&self, body: &[u8]) -> Reply {
        Request::new("POST", "/api/check/resources").body(body).send(self.port)
    }

    fn ask(&self, question: &Value) -> Value {
        let reply = self.post(question.to_string().as_bytes());
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }
}

fn write(folder: &TempDir, name: &str, text: &str) {
    let path = folder.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    // At once, as a careful editor does: the program may be reading.
    let aside = path.with_extension("new");
    std::fs::write(&aside, text).unwrap();
    std::fs::rename(aside, path).unwrap();
}

fn question(actions: &[&str], attr: &Value) -> Value {
    json!({
        "requestId": "one",
        "principal": {"id": "ann", "roles": ["user"]},
        "resources": [{"actions": actions, "resource": {"kind": "expense", "id": "e1", "attr": attr}}],
    })
}

#[test]
fn an_answer_is_the_one_that_cerbos_gives_to_the_letter() {
    let pdp = Pdp::start("schema: { enforcement: warn }\n");
    let mut asked = question(&["view", "delete"], &json!({"owner": "ann", "amount": 2.5}));
    asked["includeMeta"] = true.into();
    asked["resources"][0]["resource"]["policyVersion"] = "default".into();
    let reply = pdp.post(asked.to_string().as_bytes());
    let text = reply.text();
    let (answer, call) = text.split_once(r#", "cerbosCallId":""#).expect("the call has a name");
    assert_eq!(
        answer,
        concat!(
            r#"{"requestId":"one", "results":[{"resource":{"id":"e1", "kind":"expense", "policyVersion":"default"}, "#,
            r#""actions":{"delete":"EFFECT_DENY", "view":"EFFECT_ALLOW"}, "#,
            r#""meta":{"actions":{"delete":{"matchedPolicy":"resource.expense.vdefault"}, "#,
            r#""view":{"matchedPolicy":"resource.expense.vdefault"}}, "effectiveDerivedRoles":["owner"]}, "#,
            r#""outputs":[{"src":"resource.expense.vdefault#rule-001", "val":{"limit":5}, "action":"view"}]}]"#
        )
    );
    assert_eq!(call.len(), 26 + 2, "{call}");
    assert_eq!(reply.header("content-type"), Some("application/json"));

    let invalid = pdp.ask(&question(&["view"], &json!({"amount": "much"})));
    assert_eq!(
        invalid["results"][0]["validationErrors"],
        json!([
            {"path": "/", "message": "missing properties: 'owner'", "source": "SOURCE_RESOURCE"},
            {"path": "/amount", "message": "expected number, but got string", "source": "SOURCE_RESOURCE"},
        ])
    );
    let nowhere = pdp.post(
        br#"{"principal":{"id":"a","roles":["b"]},"resources":[{"actions":["c"],"resource":{"kind":"d","id":"e"}}]}"#,
    );
    assert!(
        nowhere.text().starts_with(r#"{"results":[{"resource":{"id":"e", "kind":"d"}, "#),
        "{}",
        nowhere.text()
    );
}

#[test]
fn a_question_that_breaks_the_rules_is_refused_in_the_words_of_cerbos() {
    let pdp =
        Pdp::start("server: { requestLimits: { maxActionsPerResource: 2, maxResourcesPerRequest: 1 } }\n");
    let principal = r#""principal":{"id":"a","roles":["b"]}"#;
    let entry = r#"{"actions":["c"],"resource":{"kind":"d","id":"e"}}"#;
    for (body, message) in [
        (
            "{}".to_owned(),
            "validation errors:\n - principal: value is required\n - resources: value is required",
        ),
        (
            format!(r#"{{"principal":{{"id":"a","roles":["b","b"]}},"resources":[{entry}]}}"#),
            "validation error: principal.roles: repeated value must contain unique items",
        ),
        (
            format!(r#"{{{principal},"resources":[{{"actions":[""],"resource":{{"kind":"d","id":"e"}}}}]}}"#),
            "validation error: resources[0].actions[0]: must be at least 1 characters",
        ),
        (
            format!(
                r#"{{{principal},"resources":[{{"actions":["c"],"resource":{{"kind":"d","id":"e","scope":"a..b"}}}}]}}"#
            ),
            r"validation error: resources[0].resource.scope: does not match regex pattern `^(^$|\.|[0-9a-zA-Z][\w\-]*(\.\w[\w\-]*)*)$`",
        ),
        (
            format!(r#"{{{principal},"resources":[{entry},{entry}]}}"#),
            "number of resources in batch (2) exceeds configured limit (1)",
        ),
        (
            format!(
                r#"{{{principal},"resources":[{{"actions":["a","b","c"],"resource":{{"kind":"d","id":"e"}}}}]}}"#
            ),
            "number of actions (3) exceeds configured limit (2)",
        ),
        (
            format!(r#"{{{principal},"resources":[{entry}],"auxData":{{"jwt":{{"token":"x"}}}}}}"#),
            "invalid auxData",
        ),
    ] {
        let reply = pdp.post(body.as_bytes());
        assert_eq!((reply.status, &reply.json()["code"]), (400, &json!(3)), "{body}");
        assert_eq!(reply.json()["message"], message, "{body}");
    }
    assert_eq!(
        pdp.post(
            br#"{"principal":{"id":"a"},"resources":[{"actions":["c"],"resource":{"kind":"d","id":"e"}}]}"#
        )
        .json()["details"],
        json!([{
            "@type": "type.googleapis.com/buf.validate.Violations",
            "violations": [{
                "field": {"elements": [
                    {"fieldNumber": 3, "fieldName": "principal", "fieldType": "TYPE_MESSAGE"},
                    {"fieldNumber": 3, "fieldName": "roles", "fieldType": "TYPE_STRING"},
                ]},
                "rule": {"elements": [{"fieldNumber": 25, "fieldName": "required", "fieldType": "TYPE_BOOL"}]},
                "ruleId": "required",
                "message": "value is required",
            }],
        }])
    );
}

#[test]
fn a_plan_is_the_one_that_cerbos_makes_to_the_letter() {
    let pdp = Pdp::start("");
    let plan = |question: Value| {
        let asked = Request::new("POST", "/api/plan/resources").body(question.to_string().as_bytes());
        let text = asked.send(pdp.port).text();
        text.split(r#", "cerbosCallId""#).next().unwrap().to_owned()
    };
    let principal = json!({"id": "ann", "roles": ["user"]});
    assert_eq!(
        plan(
            json!({"principal": principal, "action": "view", "resource": {"kind": "expense"}, "includeMeta": true})
        ),
        concat!(
            r#"{"action":"view", "resourceKind":"expense", "filter":{"kind":"KIND_CONDITIONAL", "condition":{"expression":"#,
            r#"{"operator":"eq", "operands":[{"variable":"request.resource.attr.owner"}, {"value":"ann"}]}}}, "#,
            r#""meta":{"filterDebug":"(eq request.resource.attr.owner \"ann\")"}"#
        )
    );
    assert_eq!(
        plan(json!({"principal": principal, "actions": ["view", "drop"], "resource": {"kind": "expense"}})),
        concat!(
            r#"{"actions":["view", "drop"], "resourceKind":"expense", "#,
            r#""filter":{"kind":"KIND_ALWAYS_DENIED"}"#
        )
    );
    assert!(
        plan(json!({"principal": principal, "resource": {"kind": "expense"}}))
            .contains("validation error: Exactly one of 'action' or 'actions' field must be set")
    );
}

#[test]
fn what_is_no_question_is_refused() {
    let pdp = Pdp::start("");
    for body in ["[]", "null", r#"{"a"#, r#"{"foo":1}"#, r#"{"requestId":1}"#, r#"{"principal":[]}"#] {
        let reply = pdp.post(body.as_bytes());
        assert_eq!((reply.status, &reply.json()["code"]), (400, &json!(3)), "{body}: {}", reply.text());
    }
    for (body, said) in [
        ("{\"a\":1 2}", "invalid character '2' after object key:value pair"),
        ("{\"requestId\":", "unexpected EOF"),
        ("{\"foo\":1}", "proto: (line 1:2): unknown field \"foo\""),
    ] {
        assert_eq!(pdp.post(body.as_bytes()).json()["message"], said, "{body}");
    }
    for (method, target, status, code) in [
        ("GET", "/api/check/resources", 501, 12),
        ("POST", "/_cerbos/health", 501, 12),
        ("POST", "/api/nothing", 404, 5),
        ("GET", "/_cerbos/health?service=x", 404, 5),
    ] {
        let reply = Request::new(method, target).send(pdp.port);
        assert_eq!((reply.status, &reply.json()["code"]), (status, &json!(code)), "{method} {target}");
    }
    let reply = Request::get("/nothing").send(pdp.port);
    assert_eq!((reply.status, reply.text().as_str()), (404, "404 page not found\n"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
}

#[test]
fn calls_and_decisions_are_written_down() {
    let pdp = Pdp::start(
        "audit:\n  enabled: true\n  backend: file\n  accessLogsEnabled: true\n  decisionLogsEnabled: true\n  \
         decisionLogFilters: { checkResources: { ignoreAllowAll: true } }\n  file: { path: audit.log }\n",
    );
    let attr = json!({"owner": "ann", "amount": 2});
    let allowed = pdp.ask(&question(&["view"], &attr));
    let denied = pdp.ask(&question(&["delete"], &attr));
    let log = pdp.folder.path().join("audit.log");
    let lines = || -> Vec<Value> {
        let text = std::fs::read_to_string(&log).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    eventually("three entries are written", || lines().len() == 3);
    let lines = lines();
    let kinds: Vec<_> = lines.iter().map(|line| line["log.kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["access", "access", "decision"], "what allowed everything is left out");
    assert_eq!(lines[0]["callId"], allowed["cerbosCallId"]);
    assert_eq!(lines[0]["method"], "/cerbos.svc.v1.CerbosService/CheckResources");
    assert_eq!(lines[2]["callId"], denied["cerbosCallId"]);
    assert_eq!(
        lines[2]["checkResources"],
        json!({
            "inputs": [{
                "requestId": "one",
                "principal": {"id": "ann", "roles": ["user"]},
                "resource": {"kind": "expense", "id": "e1", "attr": attr},
                "actions": ["delete"],
            }],
            "outputs": [{
                "requestId": "one",
                "actions": {"delete": {"effect": "EFFECT_DENY", "policy": "resource.expense.vdefault"}},
                "resourceId": "e1",
                "effectiveDerivedRoles": ["owner"],
            }],
        })
    );
    let directory = lines[2]["policySource"]["disk"]["directory"].as_str().unwrap();
    assert!(std::path::Path::new(directory).is_absolute() && directory.ends_with("/policies"), "{directory}");
    assert!(lines[2]["timestamp"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn changed_policies_are_asked_and_bad_ones_are_not() {
    let mut pdp = Pdp::start("");
    let effect = |pdp: &Pdp| {
        let answer = pdp.ask(&question(&["delete"], &json!({"owner": "ann"})));
        answer["results"][0]["actions"]["delete"].as_str().unwrap().to_owned()
    };
    assert_eq!(effect(&pdp), "EFFECT_DENY");
    write(
        &pdp.folder,
        "policies/expense.yaml",
        &POLICY.replace("[view]", "[delete]").replace("amount", "owner"),
    );
    eventually("the other policy is asked", || effect(&pdp) == "EFFECT_ALLOW");
    write(&pdp.folder, "policies/expense.yaml", &POLICY.replace("EFFECT_ALLOW", "EFFECT_MAYBE"));
    eventually("what is wrong is logged", || pdp.process.stderr().contains("EFFECT_MAYBE"));
    assert_eq!(effect(&pdp), "EFFECT_ALLOW", "the one before goes on being asked");
    pdp.process.signal("TERM");
    let ended = pdp.process.ended_within(PATIENCE).expect("it ends when it is told to");
    assert!(ended.success(), "{ended}");
}

#[test]
fn a_configuration_that_cannot_be_used_is_shown_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "policies/people.yaml", PEOPLE);
    const DISK: &str = "storage: { driver: disk, disk: { directory: policies } }\n";
    for (text, said) in [
        ("hub: { x: 1 }\n", "the section `hub` is not supported\n --> cerbos.yaml:2:1"),
        (
            "engine: { strictEvalation: true }\n",
            "unknown key `strictEvalation` in `engine`\n --> cerbos.yaml:2:11",
        ),
        ("engine: { defaultScope: \"${NOT_SET}\" }\n", "the environment variable `NOT_SET` is not set"),
    ] {
        write(&folder, "cerbos.yaml", &format!("{DISK}{text}"));
        let mut command = Command::new(portreeve());
        command.args(["pdp", "--config", "cerbos.yaml"]).current_dir(folder.path()).env("NO_COLOR", "1");
        let ran = command.output().unwrap();
        let shown = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!(ran.status.code(), Some(2), "{shown}");
        assert!(shown.contains(said), "{said} is not in\n{shown}");
    }
    write(&folder, "cerbos.yaml", &DISK.replace("policies", "nowhere"));
    let mut command = Command::new(portreeve());
    command.args(["pdp", "--config", "cerbos.yaml"]).current_dir(folder.path());
    let ran = command.output().unwrap();
    assert!(String::from_utf8_lossy(&ran.stderr).contains("`nowhere` does not exist"));
}

#[test]
fn keys_of_maps_have_at_least_one_character() {
    let pdp = Pdp::start("");
    let principal = |attr: Value| json!({"id": "a", "roles": ["b"], "attr": attr});
    let entry = |attr: Value| json!([{"actions": ["c"], "resource": {"kind": "d", "id": "e", "attr": attr}}]);
    let (none, empty) = (json!({"x": {"": 1}}), json!({"": 1}));
    for (question, field) in [
        (json!({"principal": principal(empty.clone()), "resources": entry(none.clone())}), "principal.attr"),
        (
            json!({"principal": principal(none.clone()), "resources": entry(empty.clone())}),
            "resources[0].resource.attr",
        ),
        (
            json!({
                "principal": principal(none.clone()),
                "resources": entry(none.clone()),
                "requestContext": {"annotations": empty},
            }),
            "request_context.annotations",
        ),
        (
            json!({
                "principal": principal(none.clone()),
                "resources": entry(none.clone()),
                "auxData": {"jwts": {"": {"token": "x"}}},
            }),
            "aux_data.jwts",
        ),
    ] {
        let reply = pdp.post(question.to_string().as_bytes());
        let said = format!("validation error: {field}[\"\"]: must be at least 1 characters");
        assert_eq!((reply.status, reply.json()["message"].as_str()), (400, Some(&*said)), "{question}");
        let violation = &reply.json()["details"][0]["violations"][0];
        assert_eq!((&violation["forKey"], &violation["ruleId"]), (&json!(true), &json!("string.min_len")));
        assert_eq!(violation["rule"]["elements"][1]["fieldName"], "keys");
    }
    let within = json!({"principal": principal(none.clone()), "resources": entry(none)});
    assert_eq!(pdp.post(within.to_string().as_bytes()).status, 200, "only the outermost keys are names");
}

#[test]
fn an_answer_has_several_lines_for_who_asks_for_them_in_any_of_three_ways() {
    let pdp = Pdp::start("");
    let question = question(&["view"], &json!({"owner": "ann"}));
    let path = "/api/check/resources";
    for (target, name, value, lines) in [
        (path, "Accept", "application/json", false),
        (path, "Accept", "application/json+pretty", true),
        (path, "Content-Type", "application/json+pretty; charset=utf-8", true),
        ("/api/check/resources?pretty", "Accept", "*/*", true),
    ] {
        let asked = Request::new("POST", target).header(name, value).body(question.to_string().as_bytes());
        let reply = asked.send(pdp.port);
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
        assert_eq!(reply.text().contains("{\n  \"requestId\":"), lines, "{name}: {value}\n{}", reply.text());
    }
    let health = Request::get("/_cerbos/health?pretty").send(pdp.port);
    assert_eq!(health.text(), "{\n  \"status\":  \"SERVING\"\n}\n");
}

#[test]
fn pages_of_other_origins_are_let_through_with_every_method_that_cerbos_names() {
    let pdp = Pdp::start("server: { cors: { allowedOrigins: [\"https://app.example\"] } }\n");
    for (origin, method, allowed) in [
        ("https://app.example", "POST", true),
        ("https://app.example", "DELETE", true),
        ("https://app.example", "put", false),
        ("https://other.example", "POST", false),
    ] {
        let asked = Request::new("OPTIONS", "/api/check/resources").header("Origin", origin);
        let reply = asked.header("Access-Control-Request-Method", method).send(pdp.port);
        assert_eq!(reply.status, 204);
        let found = reply.header("access-control-allow-methods");
        assert_eq!(found, allowed.then_some(method), "{origin} {method}");
    }
}
