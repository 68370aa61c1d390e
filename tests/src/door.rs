//! A gateway with every kind of route before an echo, and two people to come to it.

use serde_json::json;

use crate::{Gateway, Issuer, Project, Upstream};

/// `/public` is open, `/me` needs a caller, `/admin` needs the role `admin`, `/files` and `/search` speak of a file
/// that its owner may read.
const ROUTES: &str = r#"
defaults: { upstream: app, authenticate: [test], headers: { x-user-id: principal.id, x-user-roles: 'principal.roles.join(",")' } }
routes:
  - match: GET /public/{rest*}
    access: public
  - match: POST /public/{rest*}
    access: public
  - match: PUT /public/{rest*}
    access: public
  - match: GET /me
    access: authenticated
  - match: GET /admin/{rest*}
    resource: console
    action: use
    id: '"console"'
  - match: POST /admin/{rest*}
    resource: console
    action: use
    id: '"console"'
  - match: GET /files/{owner}/{name}
    resource: file
    action: read
    id: path.name
    attr: { owner: path.owner }
  - match: GET /search
    resource: file
    action: read
    id: query.id
    attr: { owner: query.owner }
"#;

const POLICIES: [(&str, &str); 2] = [
    (
        "policies/console.yaml",
        "apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: console
  version: default
  rules:
    - { actions: [use], effect: EFFECT_ALLOW, roles: [admin] }
",
    ),
    (
        "policies/file.yaml",
        "apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: file
  version: default
  rules:
    - { actions: [read], effect: EFFECT_ALLOW, roles: [user], condition: { match: { expr: R.attr.owner == P.id } } }
",
    ),
];

/// The reverse-proxy door, open, with what stands on both sides of it.
#[derive(Debug)]
pub struct Door {
    /// The gateway.
    pub gateway: Gateway,
    /// The service behind it.
    pub upstream: Upstream,
    /// Whose tokens it takes.
    pub issuer: Issuer,
}

impl Door {
    /// Before a service that answers with what it was asked.
    pub fn open() -> Door {
        Door::before(Upstream::echo())
    }

    /// Before any service.
    pub fn before(upstream: Upstream) -> Door {
        let issuer = Issuer::new();
        let gateway = Gateway::start(Door::project(upstream.port(), &issuer));
        Door { gateway, upstream, issuer }
    }

    /// The files of it, for tests that change them first.
    pub fn project(upstream: u16, issuer: &Issuer) -> Project {
        let project = Project::with_routes(upstream, issuer, ROUTES);
        for (name, text) in POLICIES {
            project.write(name, text);
        }
        project
    }

    /// A token of `sally`, an ordinary user.
    pub fn user(&self) -> String {
        self.issuer.token("sally", &["user"], &json!({}))
    }

    /// A token of `root`, an admin.
    pub fn admin(&self) -> String {
        self.issuer.token("root", &["admin"], &json!({}))
    }
}
