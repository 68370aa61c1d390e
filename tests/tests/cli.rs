//! Does each verb say what a person needs to know, with the exit code that a script needs?

use std::process::{Command, Stdio};

use portreeve_tests::{
    Door, Gateway, Issuer, PATIENCE, Project, Request, Upstream, free_port, portreeve, run, run_in, within,
};
use serde_json::{Value, json};

const EXAMPLES: [&str; 2] = ["fastapi-contacts", "express-expenses"];

const VERBS: [&str; 16] = [
    "serve",
    "check",
    "test",
    "compile",
    "explain",
    "repl",
    "routes",
    "init",
    "version",
    "completions",
    "dev",
    "demo",
    "pdp",
    "presets",
    "import",
    "health",
];

fn project() -> (Project, Issuer) {
    let issuer = Issuer::new();
    (Door::project(free_port(), &issuer), issuer)
}

#[test]
fn every_verb_has_help() {
    let help = run(&["--help"]);
    assert_eq!(help.code, Some(0));
    for verb in VERBS {
        assert!(help.stdout.contains(verb), "`{verb}` is missing from:\n{}", help.stdout);
        let ran = run(&[verb, "--help"]);
        assert_eq!(ran.code, Some(0), "{verb}: {}", ran.text());
        assert!(ran.stdout.contains("Usage:"), "{verb}: {}", ran.stdout);
    }
}

#[test]
fn a_verb_or_option_that_nobody_knows_ends_with_2() {
    for arguments in [&["serv"][..], &["check", "--nope"], &[]] {
        let ran = run(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.text());
    }
}

#[test]
fn version_says_which_program_this_is() {
    let ran = run(&["version"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.stdout.contains(env!("CARGO_PKG_VERSION")), "{}", ran.stdout);
    assert_eq!(run(&["--version"]).code, Some(0));
}

#[test]
fn completions_are_written_for_every_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let ran = run(&["completions", shell]);
        assert_eq!(ran.code, Some(0), "{}", ran.text());
        assert!(ran.stdout.contains("portreeve") && ran.stdout.contains("explain"), "{shell}");
    }
}

#[test]
fn the_examples_have_no_findings() {
    for example in EXAMPLES {
        let issuer = Issuer::for_example(example);
        let project = Project::example(example, free_port(), &issuer);
        let ran = run_in(project.root(), &["check", "."]);
        assert_eq!(ran.code, Some(0), "{example}:\n{}", ran.text());
        let by_file = run_in(project.root(), &["check", "portreeve.yaml"]);
        assert_eq!(by_file.code, Some(0), "{example}:\n{}", by_file.text());
    }
}

#[test]
fn check_underlines_what_is_wrong() {
    let (project, _) = project();
    let text = std::fs::read_to_string(project.path("routes/main.yaml")).unwrap();
    project.write("routes/main.yaml", &text.replacen("access: public", "acess: public", 1));
    let ran = run_in(project.root(), &["check", "."]);
    assert_eq!(ran.code, Some(1));
    let shown = ran.text();
    let line = shown.lines().find(|line| line.contains("acess: public")).expect("the line itself is shown");
    let marks = shown.lines().skip_while(|line| !line.contains("acess: public")).nth(1).unwrap_or_default();
    let start = marks.find('^').unwrap_or_else(|| panic!("nothing is underlined:\n{shown}"));
    assert_eq!(&line[start..start + 5], "acess", "\n{shown}");
    assert_eq!(marks.matches('^').count(), 5, "\n{shown}");
    assert!(shown.contains("`access`"), "the nearest known key is named:\n{shown}");
}

#[test]
fn check_writes_for_people_and_for_machines() {
    let (project, _) = project();
    let text = std::fs::read_to_string(project.path("routes/main.yaml")).unwrap();
    project.write("routes/main.yaml", &text.replacen("upstream: app", "upstream: nowhere", 1));
    let check = |format: &str| run_in(project.root(), &["check", ".", "-o", format]);

    let findings = check("json");
    assert_eq!(findings.code, Some(1), "{}", findings.text());
    assert!(findings.json().to_string().contains("nowhere"), "{}", findings.stdout);

    let github = check("github");
    assert!(
        github.stdout.lines().any(|line| line.starts_with("::error") && line.contains("routes/main.yaml")),
        "{}",
        github.stdout
    );

    let sarif = check("sarif").json();
    assert_eq!(sarif["version"], "2.1.0", "{sarif}");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    assert!(results.iter().any(|result| result.to_string().contains("routes/main.yaml")), "{sarif}");
}

#[test]
fn findings_name_files_as_they_are_seen_from_where_one_stands() {
    let (project, _) = project();
    project.write("policies/broken.yaml", "a: [");
    let (folder, name) = (project.root().parent().unwrap(), project.root().file_name().unwrap());
    let name = name.to_str().unwrap();
    let wanted = format!("{name}/policies/broken.yaml");
    for arguments in [["check", name, "-o", "text"], ["check", name, "-o", "github"]] {
        let ran = run_in(folder, &arguments);
        assert!(ran.text().contains(&wanted), "{arguments:?}: {}", ran.text());
    }
    let found = &run_in(folder, &["check", name, "-o", "json"]).json()["findings"][0];
    assert_eq!(found["file"], wanted, "{found:#}");
}

#[test]
fn check_runs_the_tests_of_routes() {
    let (project, _) = project();
    let check = |expected: &str| {
        let test = format!("tests: [{{ request: GET /public/x, expect: {expected} }}]\n");
        project.write("routes/main_routes_test.yaml", &test);
        run_in(project.root(), &["check"])
    };
    let passed = check("public");
    assert_eq!(passed.code, Some(0), "{}", passed.text());
    assert!(passed.stdout.contains("the test of routes passes"), "{}", passed.stdout);
    let failed = check("authenticated");
    assert_eq!(failed.code, Some(1), "{}", failed.text());
    for wanted in ["error[test/route]", "found `public`", "main_routes_test.yaml:1:43"] {
        assert!(failed.stderr.contains(wanted), "`{wanted}` is missing from:\n{}", failed.stderr);
    }
    assert_eq!(check("[").code, Some(1), "a suite that cannot be read");
}

#[test]
fn what_is_not_there_is_named_and_a_folder_is_no_file() {
    let (project, _) = project();
    std::fs::create_dir(project.path("empty")).unwrap();
    for (arguments, code, wanted) in [
        (&["check", "empty"][..], 2, "`empty/portreeve.yaml`"),
        (&["serve", "-c", "nowhere"], 2, "`nowhere`"),
        (&["routes", "nowhere"], 2, "`nowhere`"),
        (&["test", "nowhere"], 1, "`nowhere`"),
        (&["compile", "nowhere"], 1, "`nowhere`"),
        (&["compile", "portreeve.yaml"], 1, "`portreeve.yaml` is neither a folder nor an archive"),
        (&["repl", "nowhere"], 1, "`nowhere`"),
    ] {
        let ran = run_in(project.root(), arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.text());
        assert!(ran.stderr.contains(wanted), "{arguments:?}: {}", ran.stderr);
    }
    let text = std::fs::read_to_string(project.path("portreeve.yaml")).unwrap();
    project.write("portreeve.yaml", &text.replace("jwks.json", "empty"));
    std::fs::create_dir_all(project.path("dev/empty")).unwrap();
    let ran = run_in(project.root(), &["check"]);
    assert!(ran.code == Some(1) && ran.stderr.contains("is a folder"), "{}", ran.text());
}

#[test]
fn nobody_reading_what_is_said_ends_nothing() {
    let unread = |project: &Project, verb: &str| {
        let mut command = Command::new(portreeve());
        command.arg(verb).current_dir(project.root()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stderr.take());
        child
    };
    let (project, _) = project();
    let mut serving = unread(&project, "serve");
    let ready = || Request::get("/health/ready").try_send(project.admin()).is_some_and(|it| it.status == 200);
    let served = within(PATIENCE, || ready().then_some(()));
    serving.kill().unwrap();
    serving.wait().unwrap();
    assert!(served.is_some(), "it ended with its log");

    project.write("routes/main.yaml", "a: [");
    assert_eq!(unread(&project, "check").wait().unwrap().code(), Some(1));
}

#[test]
fn routes_are_listed_in_order_of_precedence() {
    let project = Project::example("fastapi-contacts", free_port(), &Issuer::for_example("contacts"));
    let ran = run_in(project.root(), &["routes"]);
    assert_eq!(ran.code, Some(0), "{}", ran.text());
    let place = |text: &str| {
        ran.stdout.find(text).unwrap_or_else(|| panic!("`{text}` is missing from:\n{}", ran.stdout))
    };
    assert!(place("/contacts/new") < place("/contacts/{id}"), "\n{}", ran.stdout);
    for word in ["GET", "PUT", "DELETE", "contact", "read", "update", "delete", "public"] {
        place(word);
    }
}

#[test]
fn explain_says_which_route_whose_request_which_rule_and_what_follows() {
    let (project, issuer) = project();
    let explain = |target: &str, token: &str| {
        run_in(project.root(), &["explain", target, "--token", token, "-c", "portreeve.yaml"])
    };
    let sally = issuer.token("sally", &["user"], &json!({}));

    let denied = explain("GET /files/bob/report", &sally);
    for wanted in
        ["/files/{owner}/{name}", "sally", "file", "report", "read", "owner", "R.attr.owner == P.id"]
    {
        assert!(denied.stdout.contains(wanted), "`{wanted}` is missing from:\n{}", denied.text());
    }
    assert!(denied.stdout.to_lowercase().contains("den"), "{}", denied.text());

    let allowed = explain("GET /files/sally/report", &sally);
    assert_eq!(allowed.code, Some(0), "{}", allowed.text());
    assert!(allowed.stdout.to_lowercase().contains("allow"), "{}", allowed.stdout);
}

#[test]
fn explain_says_why_the_route_won_and_where_each_attribute_is_from() {
    let (project, _) = project();
    let more = "
defaults: { upstream: app, authenticate: [test] }
routes:
  - match: GET /files/{rest*}
    access: authenticated
  - match: GET /files/{owner}/cv
    resource: file
    action: read
    id: '\"cv\"'
    attr: { kind: '\"cv\"' }
    load: GET /files/{owner}/cv
";
    project.write("routes/more.yaml", more);
    project.write("caller.json", r#"{ "id": "sally", "roles": ["user"] }"#);
    project.write("stored.json", r#"{ "owner": "sally", "kind": "letter" }"#);
    let explain = |form: &str| {
        let request =
            ["explain", "GET /files/sally/cv?x=1", "--as", "caller.json", "--stored", "stored.json"];
        run_in(project.root(), &[&request[..], &["-o", form]].concat())
    };
    let text = explain("text");
    for wanted in [
        "GET localhost/files/sally/cv?x=1",
        "goes before GET /files/{owner}/{name} (routes/main.yaml:",
        "goes before GET /files/{rest*} (routes/more.yaml:4): its path is more specific",
        "kind = \"cv\", from `\"cv\"` (routes/more.yaml:",
        "owner = \"sally\", from the stored resource",
        "R.attr.owner == P.id: holds",
        "(policies/file.yaml:",
    ] {
        assert!(text.stdout.contains(wanted), "`{wanted}` is missing from:\n{}", text.text());
    }
    project.write("stored.json", "[]");
    let code = explain("json").json()["record"]["refused"].clone();
    assert_eq!(code, "facts/unreadable", "as when serving");
    project.write("stored.json", r#"{ "owner": "sally", "kind": "letter" }"#);
    let json = explain("json").json();
    assert_eq!(json["target"], "/files/sally/cv?x=1");
    assert_eq!(json["route"]["goesBefore"].as_array().map(Vec::len), Some(2), "{json:#}");
    assert_eq!(json["attributes"]["owner"], json!({ "value": "sally", "from": "stored" }));
    assert_eq!(json["attributes"]["kind"]["from"]["expression"], "\"cv\"");
}

#[test]
fn explain_says_what_serving_says() {
    let (upstream, issuer) = (Upstream::echo(), Issuer::new());
    let gateway = Gateway::start(Door::project(upstream.port(), &issuer));
    let root = gateway.project().root();
    let people = [issuer.token("sally", &["user"], &json!({})), issuer.token("root", &["admin"], &json!({}))];
    let targets = [
        "/public/x",
        "/me",
        "/admin/x",
        "/files/sally/x",
        "/files/root/x",
        "/nowhere",
        "/public/..%2fx",
        "/search?owner=sally&id=1",
    ];
    for token in &people {
        for target in targets {
            let served = gateway.send(&Request::get(target).bearer(token)).status;
            let ran = run_in(
                root,
                &[
                    "explain",
                    &format!("GET {target}"),
                    "--token",
                    token,
                    "-c",
                    "portreeve.yaml",
                    "-o",
                    "json",
                ],
            );
            let explained = ran.json();
            let status = find(&explained, "status").unwrap_or_else(|| panic!("no status in {explained:#}"));
            assert_eq!(status, &json!(served), "{target}: {explained:#}");
        }
    }
}

/// The first value of this key, anywhere.
fn find<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    match value {
        Value::Object(map) => map.get(key).or_else(|| map.values().find_map(|value| find(value, key))),
        Value::Array(list) => list.iter().find_map(|value| find(value, key)),
        _ => None,
    }
}

#[test]
fn explain_takes_a_caller_from_a_file() {
    let (project, _) = project();
    project.write(
        "caller.json",
        &json!({ "id": "sally", "roles": ["user"], "attr": { "department": "SALES" } }).to_string(),
    );
    let ran = run_in(
        project.root(),
        &["explain", "GET /files/sally/report", "--as", "caller.json", "-c", "portreeve.yaml"],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.text());
    assert!(ran.stdout.contains("sally") && ran.stdout.to_lowercase().contains("allow"), "{}", ran.stdout);
}

#[test]
fn init_writes_a_project_that_has_no_findings_and_overwrites_nothing() {
    let place = tempfile::tempdir().unwrap();
    let ran = run_in(place.path(), &["init", "shop"]);
    assert_eq!(ran.code, Some(0), "{}", ran.text());
    assert!(place.path().join("shop/portreeve.yaml").exists());
    let checked = run_in(place.path(), &["check", "shop"]);
    assert_eq!(checked.code, Some(0), "{}", checked.text());
    let again = run_in(place.path(), &["init", "shop"]);
    assert!(again.code.is_some_and(|code| code != 0), "{}", again.text());
}

#[test]
fn a_development_token_opens_an_example() {
    let upstream = Upstream::answering(|_| {
        portreeve_tests::Answer::json(
            &json!({ "owner_id": "2", "is_active": true, "marketing_opt_in": true }),
        )
    });
    let project = Project::example("fastapi-contacts", upstream.port(), &Issuer::for_example("contacts"));
    std::fs::remove_dir_all(project.path("dev")).unwrap();
    let token = |arguments: &[&str]| {
        let ran = run_in(project.root(), &[&["dev", "token", "--audience", "contacts"], arguments].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.text());
        assert!(
            ran.stderr.to_lowercase().contains("development"),
            "it says loudly what it is: {}",
            ran.stderr
        );
        ran.stdout.trim().to_owned()
    };
    let john = token(&["--sub", "2", "--role", "user", "--attr", "department=Sales"]);
    let geri = token(&["--sub", "4", "--role", "user", "--attr", "department=Marketing"]);
    assert!(
        !std::fs::read_to_string(project.path("dev/jwks.json")).unwrap().contains("\"d\""),
        "only public keys"
    );

    let gateway = Gateway::start(project);
    let delete = |token: &str| gateway.send(&Request::new("DELETE", "/contacts/1").bearer(token)).status;
    assert_eq!((delete(&john), delete(&geri)), (200, 403));
}
