//! Do browsers log in with a real OpenID provider, stay logged in, and get out again; and do services get in with its
//! tokens?

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use base64::{Engine, prelude::BASE64_STANDARD};
use portreeve_tests::{Browser, Gateway, Issuer, Project, Request, Upstream, WebLogin, apps, eventually};
use serde_json::Value;

const ROUTES: &str = "
defaults: { upstream: app, headers: { x-user: principal.id } }
routes:
  - { match: 'GET /page', access: authenticated, authenticate: [web] }
  - { match: 'POST /page', access: authenticated, authenticate: [web] }
  - { match: 'GET /both', access: authenticated, authenticate: [services, web] }
  - { match: 'GET /api', access: authenticated, authenticate: [services] }
  - { match: 'GET /opaque', access: authenticated, authenticate: [opaque] }
  - { match: 'GET /bye', access: public }
";

/// A provider, a gateway that trusts it, and an echo behind.
struct Stage {
    gateway: Gateway,
    upstream: Upstream,
    provider: apps::App,
}

fn others(provider: u16) -> String {
    format!(
        "  services:
    jwt: {{ issuer: http://127.0.0.1:{provider}, audience: [https://api.test/rs256, https://api.test/es256, https://api.test/eddsa], discovery: http://127.0.0.1:{provider}/.well-known/openid-configuration, algorithms: [RS256, ES256, EdDSA] }}
    principal: {{ id: claims.client_id, roles: '[\"client\"]' }}
  opaque:
    introspection:
      url: http://127.0.0.1:{provider}/token/introspection
      audience: https://api.test/opaque
      client: {{ basic: {{ id: svc, secret: 'file:service-secret' }} }}
      cache: {{ ttl: 1s }}
    principal: {{ id: claims.client_id, roles: '[\"client\"]' }}
"
    )
}

fn project(upstream: u16) -> Project {
    let project = Project::with_routes(upstream, &Issuer::new(), ROUTES);
    project.write("service-secret", "svc-secret");
    project
}

fn started(project: Project, provider: u16, settings: &[&str]) -> Gateway {
    let (external, others) = (project.port(), &others(provider));
    Gateway::start(WebLogin { provider, external, settings, others }.configure(project))
}

fn stage(settings: &[&str]) -> Stage {
    let upstream = Upstream::echo();
    let project = project(upstream.port());
    let provider = apps::oidc_provider(project.port());
    let gateway = started(project, provider.port(), settings);
    Stage { gateway, upstream, provider }
}

impl Stage {
    fn url(&self, target: &str) -> String {
        format!("http://127.0.0.1:{}{target}", self.gateway.project().port())
    }

    /// A browser of somebody who is logged in.
    fn logged_in(&self, user: &str) -> Browser {
        let mut browser = Browser::new();
        let (url, reply) = browser.follow(&self.url("/page?a=b"), user);
        assert_eq!((url, reply.status), (self.url("/page?a=b"), 200), "{}", reply.text());
        assert_eq!(user_of(&reply.json()), user);
        browser
    }

    /// A token of the service `svc` for one of the provider's resources.
    fn token(&self, resource: &str) -> String {
        let form = format!("grant_type=client_credentials&scope=read&resource=https://api.test/{resource}");
        let reply = self.ask("/token", &form);
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["access_token"].as_str().unwrap().to_owned()
    }

    fn ask(&self, path: &str, form: &str) -> portreeve_tests::Reply {
        Request::new("POST", path)
            .host(Some(&format!("127.0.0.1:{}", self.provider.port())))
            .header("Authorization", &format!("Basic {}", BASE64_STANDARD.encode("svc:svc-secret")))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(form.as_bytes())
            .send(self.provider.port())
    }

    fn status(&self, target: &str, token: &str) -> u16 {
        self.gateway.send(&Request::get(target).bearer(token)).status
    }
}

fn user_of(echo: &Value) -> &str {
    echo["headers"]["x-user"][0].as_str().unwrap()
}

#[test]
fn a_browser_logs_in_and_comes_back_to_where_it_wanted_to_go() {
    let stage = stage(&[]);
    let mut browser = stage.logged_in("alice");
    let cookies = browser.cookies(stage.gateway.project().port());
    assert_eq!(cookies.len(), 1, "the cookie of the login itself is gone: {cookies:?}");
    let again = browser.visit(&stage.url("/page"));
    assert_eq!((again.status, user_of(&again.json())), (200, "alice"));
    // The session is between the browser and the gateway.
    for seen in stage.upstream.seen() {
        assert_eq!(seen.header("cookie"), None, "{}", seen.head);
    }
}

#[test]
fn a_program_without_a_session_is_told_so_and_not_sent_to_a_page() {
    let stage = stage(&[]);
    for request in [
        Request::get("/page").header("Accept", "application/json"),
        Request::get("/page").header("Accept", "text/html").header("Sec-Fetch-Mode", "cors"),
        Request::new("POST", "/page").header("Accept", "text/html").body(b""),
    ] {
        let reply = stage.gateway.send(&request);
        assert_eq!((reply.status, reply.header("location")), (401, None), "{request:?}");
        assert!(reply.header("www-authenticate").is_some());
    }
    assert!(stage.upstream.seen().is_empty());
}

#[test]
fn an_answer_that_belongs_to_no_question_of_this_browser_logs_nobody_in() {
    let stage = stage(&[]);
    let port = stage.gateway.project().port();
    // What the provider says to an attacker's browser, played into somebody else's.
    let mut attacker = Browser::new();
    let to_provider = attacker.visit(&stage.url("/page"));
    let login = attacker.visit(to_provider.header("location").unwrap());
    let at = format!("http://127.0.0.1:{}", stage.provider.port());
    let interaction = login.header("location").unwrap();
    let resume = attacker.visit(&format!("{at}{}?user=mallory", interaction.trim_start_matches(&at)));
    let answer = attacker.visit(resume.header("location").unwrap()).header("location").unwrap().to_owned();
    assert!(answer.starts_with(&stage.url("/.auth/web/callback?code=")), "{answer}");

    let mut victim = Browser::new();
    for url in [
        answer.clone(),
        answer.replace("state=", "state=x"),
        stage.url("/.auth/web/callback?code=x"),
        stage.url("/.auth/web/callback"),
    ] {
        let reply = victim.visit(&url);
        assert_eq!(reply.status, 400, "{url}");
        assert!(victim.cookies(port).is_empty(), "{url}");
    }
    // Its own question, but the code of somebody else: the nonce in the ID token is another.
    let own = victim.visit(&stage.url("/page"));
    let (_, state) = own.header("location").unwrap().split_once("&state=").unwrap();
    let state = state.split('&').next().unwrap();
    let (head, tail) = answer.split_once("state=").unwrap();
    let rest = tail.find('&').map_or("", |at| &tail[at..]);
    let reply = victim.visit(&format!("{head}state={state}{rest}"));
    assert_eq!(reply.status, 400);
    assert!(victim.cookies(port).keys().all(|name| !name.contains("session")));
    // The code is used up; the attacker's own browser gets no further with it either.
    assert!([400, 303].contains(&attacker.visit(&answer).status));
    assert!(stage.upstream.seen().is_empty());
}

#[test]
fn no_login_leads_away_from_the_gateway() {
    let stage = stage(&[]);
    for target in ["/page?next=https://evil.test", "/page?//evil.test"] {
        let mut browser = Browser::new();
        let (url, _) = browser.follow(&stage.url(target), "alice");
        assert_eq!(url, stage.url(target));
    }
    // A target that could be read as another host has no single reading, so nobody gets as far as a login.
    for target in ["//evil.test/page", "/\\evil.test/page", "/page/..//evil.test"] {
        let reply = Browser::new().visit(&stage.url(target));
        assert!(reply.header("location").is_none_or(|to| !to.starts_with("//")), "{target}");
        assert_ne!(reply.status, 303, "{target}");
    }
}

#[test]
fn a_session_is_renewed_without_the_user() {
    let stage = stage(&["fresh-for: 2s"]);
    let mut browser = stage.logged_in("alice");
    let first = browser.cookies(stage.gateway.project().port());
    // The provider forgets the browser, so that only the refresh token can have done it.
    browser.forget(stage.provider.port());
    eventually("what the provider said is too old, and is asked for again", || {
        let reply = browser.visit(&stage.url("/page?x=1"));
        match reply.status {
            200 => false,
            303 => {
                assert_eq!(reply.header("location"), Some("/page?x=1"), "renewed, not sent away");
                true
            }
            other => panic!("{other}: {}", reply.text()),
        }
    });
    assert_ne!(browser.cookies(stage.gateway.project().port()), first);
    assert_eq!(browser.visit(&stage.url("/page")).status, 200);
}

#[test]
fn whoever_logs_out_is_out_here_and_at_the_provider() {
    let stage = stage(&[]);
    let mut browser = stage.logged_in("alice");
    let stolen = browser.clone();
    let crossed = browser.send(&stage.url("/.auth/web/logout"), |r| r.header("Sec-Fetch-Site", "cross-site"));
    assert_eq!(crossed.status, 403);
    assert_eq!(browser.visit(&stage.url("/page")).status, 200);
    let out = browser.send(&stage.url("/.auth/web/logout"), |r| r.header("Sec-Fetch-Site", "same-origin"));
    let to = format!("http://127.0.0.1:{}/session/end", stage.provider.port());
    assert!(out.header("location").unwrap().starts_with(&to), "{out:?}");
    assert!(browser.cookies(stage.gateway.project().port()).is_empty());
    for mut browser in [browser, stolen] {
        let reply = browser.visit(&stage.url("/page"));
        assert_eq!(reply.status, 303, "a session that was ended is none, whoever kept the cookie");
    }
}

#[test]
fn whoever_logs_out_at_the_provider_is_out_here() {
    let stage = stage(&[]);
    let mut browser = stage.logged_in("alice");
    let mut bob = stage.logged_in("bob");
    browser.end_at_provider(stage.provider.port());
    // The cookie is still there, and worth nothing: the provider told the gateway.
    eventually("the provider's word is heard", || browser.visit(&stage.url("/page")).status == 303);
    assert_eq!(bob.visit(&stage.url("/page")).status, 200, "nobody else is out");
    let (_, reply) = browser.follow(&stage.url("/page"), "alice");
    assert_eq!(reply.status, 200, "and in again by logging in");
}

#[test]
fn a_cookie_that_was_changed_or_comes_from_another_site_is_no_session() {
    let stage = stage(&[]);
    let browser = stage.logged_in("alice");
    let port = stage.gateway.project().port();
    let (name, value) = browser.cookies(port).into_iter().next().unwrap();
    let ask = |cookie: String, origin: Option<&str>| {
        let request = Request::new("POST", "/page").header("Cookie", &cookie).body(b"");
        let request = origin.into_iter().fold(request, |request, origin| request.header("Origin", origin));
        stage.gateway.send(&request).status
    };
    let ours = format!("http://127.0.0.1:{port}");
    assert_eq!(ask(format!("{name}={value}"), Some(&ours)), 200);
    assert_eq!(ask(format!("{name}={value}"), Some("https://evil.test")), 401);
    assert_eq!(ask(format!("{name}={value}x"), Some(&ours)), 401);
    assert_eq!(ask(format!("{name}={value}; {name}={value}"), Some(&ours)), 400);
}

#[test]
fn a_service_gets_in_with_tokens_of_each_kind_and_only_at_the_route_that_is_meant() {
    let stage = stage(&[]);
    for resource in ["rs256", "es256", "eddsa"] {
        let token = stage.token(resource);
        assert_eq!(stage.status("/api", &token), 200, "{resource}");
        assert_eq!(stage.status("/both", &token), 200, "{resource}");
        assert_eq!(stage.status("/page", &token), 401, "{resource}");
        assert_eq!(stage.status("/api", &format!("{token}x")), 401, "{resource}");
    }
    let opaque = stage.token("opaque");
    assert_eq!(stage.status("/opaque", &opaque), 200);
    assert_eq!(stage.status("/api", &opaque), 401);
    assert_eq!(stage.status("/opaque", "made-up"), 401);
}

#[test]
fn a_token_that_is_revoked_is_refused_once_it_is_asked_about_again() {
    let stage = stage(&[]);
    let token = stage.token("opaque");
    assert_eq!(stage.status("/opaque", &token), 200);
    assert_eq!(stage.ask("/token/revocation", &format!("token={token}")).status, 200);
    eventually("the answer that was remembered is too old", || stage.status("/opaque", &token) == 401);
}

#[test]
fn keys_that_the_provider_turns_are_taken_up_at_once() {
    let stage = stage(&[]);
    let old = stage.token("es256");
    assert_eq!(stage.status("/api", &old), 200);
    assert_eq!(Request::new("POST", "/turn").body(b"").send(stage.provider.port()).status, 200);
    assert_eq!(stage.status("/api", &stage.token("es256")), 200);
    let mut browser = Browser::new();
    assert_eq!(browser.follow(&stage.url("/page"), "bob").1.status, 200);
}

#[test]
fn a_provider_that_is_not_there_keeps_nobody_from_serving_and_is_told() {
    let upstream = Upstream::echo();
    let nobody = portreeve_tests::free_port();
    let gateway = started(project(upstream.port()), nobody, &[]);
    assert_eq!(gateway.send(&Request::get("/bye")).status, 200);
    let said = gateway.revision()["authenticators"].clone();
    let web = said.as_array().unwrap().iter().find(|one| one["name"] == "web").unwrap().clone();
    assert_eq!(web["ready"], false);
    assert!(web["why"].as_str().unwrap().contains("could not be loaded"), "{web}");
    let reply = Browser::new().visit(&format!("http://127.0.0.1:{}/page", gateway.project().port()));
    assert_eq!(reply.status, 503, "{}", reply.text());
}
