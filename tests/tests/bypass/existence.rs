//! Can somebody who may do nothing with a resource learn whether it exists?

use portreeve_tests::{Answer, Door, Gateway, Issuer, Request, Upstream};
use serde_json::json;

const ROUTES: &str = "
defaults: { upstream: app, authenticate: [test] }
routes:
  - match: DELETE /notes/{id}
    resource: file
    action: read
    id: path.id
    load: GET /notes/{id}
";

#[test]
fn only_who_could_be_allowed_is_told_that_there_is_no_such_resource() {
    let upstream = Upstream::answering(|seen| match seen.target.as_str() {
        "/notes/1" => Answer::json(&json!({ "owner": "sally" })),
        _ => Answer::Body(404, "application/json", b"{}".to_vec()),
    });
    let issuer = Issuer::new();
    let project = Door::project(upstream.port(), &issuer);
    project.write("routes/notes.yaml", ROUTES);
    let gateway = Gateway::start(project);
    // Files may be read by users, if they own them; by guests never.
    for (who, role, target, status) in [
        ("sally", "user", "/notes/1", 200),
        ("bob", "user", "/notes/1", 403),
        ("bob", "user", "/notes/2", 404),
        ("guest", "guest", "/notes/1", 403),
        ("guest", "guest", "/notes/2", 403),
    ] {
        let request = Request::new("DELETE", target).bearer(&issuer.token(who, &[role], &json!({})));
        assert_eq!(gateway.send(&request).status, status, "{who} {target}");
        let deletes = upstream.take().iter().filter(|seen| seen.method == "DELETE").count();
        assert_eq!(deletes, usize::from(who == "sally"), "{who} {target}");
    }
}
