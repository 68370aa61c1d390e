//! Are several proofs at once one caller, and is one of them without the others none?

use portreeve_tests::{Gateway, Issuer, Project, Reply, Request, Upstream, eventually, run_in};
use serde_json::json;

const ROUTES: &str = "
defaults: { upstream: app, authenticate: [both] }
routes:
  - match: GET /desk
    resource: desk
    action: use
    id: '\"desk\"'
    headers: { x-user: principal.id, x-device: principal.attr.device.id, x-zone: principal.attr.place.id }
  - { match: GET /bare, access: authenticated, mutate: [bare] }
";

const POLICY: &str = "apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: desk
  version: default
  rules:
    - actions: [use]
      effect: EFFECT_ALLOW
      roles: [user]
      condition:
        match:
          all:
            of:
              - expr: P.attr.device.attr.managed == true
              - expr: '\"laptop\" in P.attr.device.roles'
";

/// SHA-256 of `key-of-a-laptop` and of `key-of-a-phone`.
const KEYS: [&str; 2] = [
    "65e192bbf4eb57bd4283397bef89384eca7f3b6f4c4eb329f328e3130e1d419c",
    "87bffcb3d771c02b46e8c7760c453cf4138fc2fff4904f478547500c5add74ec",
];

fn project(upstream: u16, issuer: &Issuer) -> Project {
    let project = Project::with_routes(upstream, issuer, ROUTES);
    let [laptop, phone] = KEYS;
    let more = format!(
        "
  both: {{ together: [test, device, place] }}
  device:
    api-key:
      from: {{ header: x-device-key }}
      keys:
        - {{ id: laptop-7, sha256: {laptop}, roles: [laptop], attr: {{ managed: true }} }}
        - {{ id: phone-1, sha256: {phone}, roles: [phone], attr: {{ managed: true }} }}
  place:
    headers: {{ trusted-peers: [127.0.0.0/8], fields: [x-place] }}
    principal: {{ id: 'headers[\"x-place\"]' }}
mutators:
  bare: {{ credential: strip }}
routes:"
    );
    let config = project.config(upstream, issuer);
    project.write("portreeve.yaml", &config.replace("\nroutes:", &more));
    project.write("policies/desk.yaml", POLICY);
    project
}

struct Stage {
    gateway: Gateway,
    upstream: Upstream,
    issuer: Issuer,
}

fn stage() -> Stage {
    let (upstream, issuer) = (Upstream::echo(), Issuer::new());
    let gateway = Gateway::start(project(upstream.port(), &issuer));
    Stage { gateway, upstream, issuer }
}

impl Stage {
    fn ask(&self, target: &str, user: Option<&str>, fields: &[(&str, &str)]) -> Reply {
        let request =
            fields.iter().fold(Request::get(target), |request, (name, value)| request.header(name, value));
        let request = match user {
            Some(user) => request.bearer(&self.issuer.token(user, &["user"], &json!({"department": "x"}))),
            None => request,
        };
        self.gateway.send(&request)
    }
}

const LAPTOP: (&str, &str) = ("X-Device-Key", "key-of-a-laptop");
const PHONE: (&str, &str) = ("X-Device-Key", "key-of-a-phone");
const HOME: (&str, &str) = ("X-Place", "home");

#[test]
fn a_policy_speaks_of_the_user_and_of_what_came_along() {
    let stage = stage();
    assert_eq!(stage.ask("/desk", Some("alice"), &[LAPTOP, HOME]).status, 200);
    let seen = stage.upstream.only();
    assert_eq!(
        [seen.header("x-user"), seen.header("x-device"), seen.header("x-zone")],
        [Some("alice"), Some("laptop-7"), Some("home")]
    );
    assert_eq!(stage.ask("/desk", Some("alice"), &[PHONE, HOME]).status, 403);
}

#[test]
fn one_proof_without_the_others_is_none_and_all_are_asked_for() {
    let stage = stage();
    for (user, fields) in [
        (Some("alice"), &[][..]),
        (Some("alice"), &[LAPTOP][..]),
        (Some("alice"), &[HOME][..]),
        (None, &[LAPTOP, HOME][..]),
        (Some("alice"), &[("X-Device-Key", "key-of-nobody"), HOME][..]),
    ] {
        let reply = stage.ask("/desk", user, fields);
        assert_eq!(reply.status, 401, "{user:?} {fields:?}");
    }
    let told = stage.ask("/desk", None, &[]);
    assert!(told.header("www-authenticate").is_some());
    assert!(stage.upstream.seen().is_empty());
}

#[test]
fn what_all_of_them_showed_is_taken_out_where_the_credential_is() {
    let stage = stage();
    assert_eq!(stage.ask("/bare", Some("alice"), &[LAPTOP, HOME]).status, 200);
    let seen = stage.upstream.only();
    assert_eq!((seen.header("authorization"), seen.header("x-device-key")), (None, None), "{}", seen.head);
}

#[test]
fn a_part_with_other_keys_after_a_reload_judges_by_those() {
    let stage = stage();
    assert_eq!(stage.ask("/desk", Some("alice"), &[LAPTOP, HOME]).status, 200);
    let other = Issuer::new();
    let project = stage.gateway.project();
    project.replace("jwks.json", &other.jwks().to_string());
    eventually("the old keys are gone", || stage.ask("/desk", Some("alice"), &[LAPTOP, HOME]).status == 401);
    let stage = Stage { issuer: other, ..stage };
    assert_eq!(stage.ask("/desk", Some("alice"), &[LAPTOP, HOME]).status, 200);
}

#[test]
fn a_part_that_is_not_there_is_said_where_it_is_named() {
    let (upstream, issuer) = (Upstream::echo(), Issuer::new());
    let project = project(upstream.port(), &issuer);
    let config = std::fs::read_to_string(project.path("portreeve.yaml")).unwrap_or_default();
    project.write("portreeve.yaml", &config.replace("[test, device, place]", "[test, devise, place]"));
    let ran = run_in(project.root(), &["check"]);
    assert_eq!(ran.code, Some(1), "{}", ran.text());
    for part in ["there is no authenticator `devise`", "did you mean `device`?", "portreeve.yaml"] {
        assert!(ran.text().contains(part), "{part}: {}", ran.text());
    }
}
