//! Does the decision point answer Cerbos' own server cases as Cerbos does? Where the conformance data is.

use std::path::{Path, PathBuf};
use std::process::Command;

use portreeve_diagnostics::{Bundle, SourceFile, yaml};
use portreeve_tests::{PATIENCE, Process, Request, free_port, portreeve, within, workspace};
use serde_json::{Value, json};

#[test]
fn the_cases_of_checks_and_plans_are_answered_as_cerbos_answers_them() {
    let folder = std::env::var("CONFORMANCE_DIR").unwrap_or_else(|_| "../shared/conformance".into());
    let folder = workspace().join(folder).join("cerbos");
    if !folder.is_dir() {
        println!("SKIPPED: there is no conformance data at {}", folder.display());
        return;
    }
    let (_pdp, port) = start(&folder);
    let mut asked = 0;
    for (cases, key, path) in [
        ("checks/check_resources", "checkResources", "/api/check/resources"),
        ("plan_resources", "planResources", "/api/plan/resources"),
    ] {
        for file in files(&folder.join("server").join(cases)) {
            let case = read(&file);
            let reply = Request::new("POST", path).json(&case[key]["input"]).send(port);
            let shown = format!("{}: {}", file.display(), reply.text());
            let status = case["wantStatus"]["httpStatusCode"].as_u64().unwrap_or(200);
            assert_eq!(u64::from(reply.status), status, "{shown}");
            if !case[key]["wantResponse"].is_null() {
                assert_eq!(plain(&reply.json()), plain(&case[key]["wantResponse"]), "{shown}");
            }
            asked += 1;
        }
    }
    assert!(asked >= 15, "{asked} cases");
}

/// As the cases ask for: their store, schemas enforced, at most five resources of five actions.
fn start(folder: &Path) -> (Process, u16) {
    let (home, port) = (tempfile::tempdir().unwrap(), free_port());
    let config = json!({
        "server": {
            "httpListenAddr": format!("127.0.0.1:{port}"),
            "requestLimits": { "maxActionsPerResource": 5, "maxResourcesPerRequest": 5 },
        },
        "engine": { "globals": { "environment": "test" } },
        "schema": { "enforcement": "reject" },
        "auxData": { "jwt": { "keySets": [
            { "id": "cerbos", "local": { "file": folder.join("auxdata/keys/verify_key.jwk") } },
        ] } },
        "storage": { "driver": "disk", "disk": { "directory": folder.join("store") } },
    });
    let file = home.path().join("cerbos.yaml");
    std::fs::write(&file, config.to_string()).unwrap();
    let mut process = Process::start(Command::new(portreeve()).arg("pdp").arg("--config").arg(&file));
    let ready = within(PATIENCE, || {
        process.assert_alive();
        Request::get("/_cerbos/health").try_send(port).filter(|reply| reply.status == 200)
    });
    assert!(ready.is_some(), "not ready: {}", process.stderr());
    (process, port)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap();
    let files = vec![SourceFile { name: path.display().to_string().into(), text: text.into() }];
    let nodes = yaml::read(&Bundle { revision: "".into(), files }, 0).unwrap();
    nodes.first().unwrap().to_json()
}

/// Without the call's id; lists, whose order means nothing in these answers, in one order.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(key, _)| *key != "cerbosCallId");
            Value::Object(kept.map(|(key, value)| (key.clone(), plain(value))).collect())
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(plain).collect();
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        other => other.clone(),
    }
}
