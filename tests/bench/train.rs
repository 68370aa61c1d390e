//! The work that the shipped binary is laid out for. `scripts/dist` runs it over a build that counts what is executed.
//!
//! A gateway before an echo, with public, authenticated and authorized routes, bodies, stored attributes and refusals,
//! over HTTP/1.1 and HTTP/2, in the clear and over TLS; and a decision point with the operators and functions that
//! conditions are mostly made of. `curl` asks. Every answer is looked at: what is refused by mistake trains nothing.
//!
//! `TRAIN_REQUESTS` (default 8000) is how often each question is asked.

use std::process::Command;

use portreeve_tests::{Door, Gateway, Issuer, Server, Upstream, free_port, workspace};
use serde_json::json;

const ROUTES: &str = "
  - match: PUT /notes/{id}
    resource: file
    action: read
    id: path.id
    attr: { size: body.size }
    load: GET /public/{id}
  - match: GET /notes/{id}
    resource: file
    action: read
    id: path.id
    load: GET /public/{id}
";

/// What is stored, and what is answered.
const STORED: &str = r#"{ "owner": "sally", "size": 3, "tags": ["a", "b"], "text": "stored, and answered" }"#;

struct Question<'q> {
    path: &'q str,
    status: &'q str,
    options: Vec<&'q str>,
}

fn main() {
    let times = std::env::var("TRAIN_REQUESTS").ok().and_then(|text| text.parse().ok()).unwrap_or(8000);
    gateway(times);
    decision_point(times);
}

fn gateway(times: u32) {
    let issuer = Issuer::new();
    let upstream = Upstream::answering(|_| {
        portreeve_tests::Answer::Body(200, "application/json", STORED.as_bytes().to_vec())
    });
    let project = Door::project(upstream.port(), &issuer);
    let routes = std::fs::read_to_string(project.path("routes/main.yaml")).expect("the door has routes");
    project.write("routes/main.yaml", &(routes + ROUTES));
    let secure = free_port();
    with_tls(&project, secure);
    let gateway = Gateway::start(project);

    let token = issuer.token("sally", &["user"], &json!({ "department": "SALES" }));
    let bearer = format!("Authorization: Bearer {token}");
    let with = |more: &[&'static str]| [&["-H", bearer.as_str()], more].concat();
    let questions = [
        Question { path: "/public/x", status: "200", options: vec![] },
        Question { path: "/files/sally/x", status: "200", options: with(&[]) },
        Question { path: "/files/sally/x", status: "200", options: with(&["-H", "Accept: text/html"]) },
        Question { path: "/me", status: "200", options: with(&[]) },
        Question { path: "/notes/1", status: "200", options: with(&[]) },
        Question { path: "/public/x", status: "200", options: vec!["--data", STORED] },
        Question { path: "/notes/1", status: "200", options: with(&["-X", "PUT", "--json", STORED]) },
        Question { path: "/files/ann/x", status: "403", options: with(&[]) },
        Question { path: "/me", status: "401", options: vec![] },
        Question { path: "/nowhere", status: "404", options: vec![] },
    ];
    let plain = format!("http://127.0.0.1:{}", gateway.project().port());
    let tls = format!("https://localhost:{secure}");
    for question in &questions {
        for (origin, times, protocol) in
            [(&plain, times, "--http1.1"), (&tls, times / 4, "--http1.1"), (&tls, times / 4, "--http2")]
        {
            let url = format!("{origin}{}?n=[1-{}]", question.path, times.max(1));
            ask(&url, question.status, &[&[protocol], question.options.as_slice()].concat());
        }
    }
}

/// A second listener.
fn with_tls(project: &portreeve_tests::Project, port: u16) {
    let made =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate can be made");
    project.write("tls.crt", &made.cert.pem());
    project.write("tls.key", &made.signing_key.serialize_pem());
    let config =
        std::fs::read_to_string(project.path("portreeve.yaml")).expect("the door has a configuration");
    let listener = format!(
        "listeners: [{{ address: 127.0.0.1:{port}, tls: {{ certificates: [{{ certificate: tls.crt, key: tls.key }}] }} }}, "
    );
    project.write("portreeve.yaml", &config.replacen("listeners: [", &listener, 1));
}

fn decision_point(times: u32) {
    let folder = workspace().join("tests/bench/train");
    let server = Server::ours(&folder.join("policies"), "").expect("the decision point starts");
    for (path, body) in [("check", "check.json"), ("plan", "plan.json")] {
        let url = format!("http://127.0.0.1:{}/api/{path}/resources?n=[1-{times}]", server.port());
        ask(&url, "200", &["--data", &format!("@{}", folder.join(body).display())]);
    }
}

/// Asks as often as the URL says, sixteen at a time.
fn ask(url: &str, status: &str, options: &[&str]) {
    eprintln!("{status} {} {url}", options.first().unwrap_or(&""));
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--insecure", "--parallel", "--parallel-max", "16"]);
    curl.args(["--output", "/dev/null", "--write-out", "%{http_code}\n"]).args(options).arg(url);
    let ran = curl.output().expect("curl is installed: scripts/setup");
    let answered = String::from_utf8_lossy(&ran.stdout);
    let other = answered.lines().find(|line| *line != status);
    let error = String::from_utf8_lossy(&ran.stderr);
    assert!(
        ran.status.success() && other.is_none(),
        "{url} {options:?}: {other:?} and not {status}\n{error}"
    );
}
