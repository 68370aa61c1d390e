//! Is another server asked about callers before the decision, and its word taken for what it is?

use portreeve_tests::{Answer, Gateway, Issuer, Project, Request, Upstream};
use serde_json::{Value, json};

const ROUTES: &str = "
defaults: { upstream: app, authenticate: [test] }
routes:
  - { match: GET /desk, resource: desk, action: use, id: '\"desk\"', headers: { x-team: principal.attr.person.team } }
";

const POLICY: &str = "apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: desk
  version: default
  rules:
    - { actions: [use], effect: EFFECT_ALLOW, roles: ['*'], condition: { match: { expr: P.attr.person.team == \"blue\" } } }
";

#[test]
fn a_policy_decides_by_what_another_server_knows_of_the_caller() {
    let people = Upstream::answering(|seen| {
        let caller: Value = serde_json::from_slice(&seen.body).unwrap();
        match caller["subject"].as_str().unwrap() {
            "alice" => Answer::json(&json!({ "team": "blue" })),
            "rita" => Answer::json(&json!({ "team": "red" })),
            "nobody" => Answer::Body(404, "text/plain", Vec::new()),
            _ => Answer::Body(500, "text/plain", Vec::new()),
        }
    });
    let (upstream, issuer) = (Upstream::echo(), Issuer::new());
    let project = Project::with_routes(upstream.port(), &issuer, ROUTES);
    let config = project.config(upstream.port(), &issuer);
    let hydrate = format!(
        "hydrate: {{ url: http://127.0.0.1:{}/describe, as: person, headers: [{{ header: x-key, value: 'file:key' }}] }}\n",
        people.port()
    );
    project.write(
        "portreeve.yaml",
        &config.replace("routes: [routes/]", &format!("    {hydrate}routes: [routes/]")),
    );
    project.write("key", "secret");
    project.write("policies/desk.yaml", POLICY);
    let gateway = Gateway::start(project);

    let ask = |who: &str| {
        let token = issuer.token(who, &["user"], &json!({"person": {"team": "blue"}, "department": "x"}));
        gateway.send(&Request::get("/desk").bearer(&token)).status
    };
    for (who, status) in [("alice", 200), ("alice", 200), ("rita", 403), ("nobody", 403), ("broken", 503)] {
        assert_eq!(ask(who), status, "{who}");
    }
    let seen = people.seen();
    assert_eq!(seen.iter().filter(|seen| seen.body.windows(5).any(|text| text == b"alice")).count(), 1);
    assert!(seen.iter().all(|seen| seen.header("x-key") == Some("secret")));
    assert!(seen.iter().all(|seen| seen.header("authorization").is_none()));
    assert_eq!(
        upstream.seen().iter().map(|seen| seen.header("x-team")).collect::<Vec<_>>(),
        [Some("blue"); 2]
    );
}
