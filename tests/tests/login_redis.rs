//! Are sessions in Redis as good as those in cookies, and gone everywhere when they end?

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use portreeve_tests::{
    Browser, Gateway, Issuer, Project, Redis, Request, Upstream, WebLogin, apps, eventually,
};

const ROUTES: &str = "
defaults: { upstream: app, headers: { x-user: principal.id } }
routes:
  - { match: 'GET /page', access: authenticated, authenticate: [web] }
  - { match: 'GET /bye', access: public }
";

const PASSWORD: &str = "for-tests";

/// A provider, a Redis, a gateway with an echo behind it, and another gateway that shares the sessions.
struct Stage {
    redis: Redis,
    provider: apps::App,
    _upstream: Upstream,
    gateway: Gateway,
    other: Gateway,
}

fn stage(setting: &str) -> Option<Stage> {
    let redis = Redis::start(PASSWORD)?;
    let upstream = Upstream::echo();
    let new = || Project::with_routes(upstream.port(), &Issuer::new(), ROUTES);
    let (one, two) = (new(), new());
    let external = one.port();
    let provider = apps::oidc_provider(external);
    let sessions = format!(
        "sessions: {{ redis: {{ url: 'redis://127.0.0.1:{}/2', password: 'file:redis-password', prefix: 'gate:' }} }}",
        redis.port()
    );
    let settings = &["cache: { ttl: 1s }", &sessions, setting];
    let login = WebLogin { provider: provider.port(), external, settings, others: "" };
    let start = |project: Project| {
        project.write("redis-password", PASSWORD);
        Gateway::start(login.configure(project))
    };
    let (gateway, other) = (start(one), start(two));
    Some(Stage { redis, provider, _upstream: upstream, gateway, other })
}

impl Stage {
    fn url(&self, target: &str) -> String {
        format!("http://127.0.0.1:{}{target}", self.gateway.project().port())
    }

    fn logged_in(&self, user: &str) -> Browser {
        let mut browser = Browser::new();
        let (url, reply) = browser.follow(&self.url("/page?a=b"), user);
        assert_eq!((url, reply.status), (self.url("/page?a=b"), 200), "{}", reply.text());
        assert_eq!(reply.json()["headers"]["x-user"][0], user);
        browser
    }

    /// The session cookie, by its name and value.
    fn cookie(&self, browser: &Browser) -> (String, String) {
        let mut cookies = browser.cookies(self.gateway.project().port()).into_iter();
        let cookie = cookies.next().unwrap();
        assert!(cookies.next().is_none());
        cookie
    }

    /// The status that a request with this cookie gets at the one gateway and at the other.
    fn both(&self, (name, value): &(String, String)) -> [u16; 2] {
        [&self.gateway, &self.other].map(|gateway| {
            gateway.send(&Request::get("/page").header("Cookie", &format!("{name}={value}"))).status
        })
    }

    fn ask(&self, command: &str) -> String {
        self.redis.ask(PASSWORD, "2", &command.split(' ').collect::<Vec<_>>()).unwrap()
    }
}

#[test]
fn the_cookie_is_a_number_and_redis_tells_neither_it_nor_the_user() {
    let Some(stage) = stage("") else { return };
    let browser = stage.logged_in("alice");
    let (name, value) = stage.cookie(&browser);
    assert_eq!(value.len(), 43, "256 bits in base64url: {value}");
    assert_eq!(stage.both(&(name.clone(), value.clone())), [200, 200], "gateways share their sessions");
    let keys = stage.ask("KEYS *");
    assert_eq!((keys.matches("gate:session:").count(), keys.matches("gate:sub:").count()), (1, 1), "{keys}");
    let session = keys.lines().find(|line| line.starts_with("gate:session:")).unwrap().trim().to_owned();
    let kept = stage.ask(&format!("GET {session}"));
    for told in [&value, "alice", "claims"] {
        assert!(!kept.contains(told) && !keys.contains(told), "{told}: {keys} {kept}");
    }
    let said = stage.ask(&format!("TTL {session}"));
    let life: u64 = said.lines().find_map(|line| line.strip_prefix(':')?.trim().parse().ok()).unwrap();
    assert!((11 * 3600..=12 * 3600).contains(&life), "{life}");
    // What is kept under one cookie cannot be put under another.
    let bob = stage.logged_in("bob");
    let bobs = stage.cookie(&bob);
    let others = stage.ask("KEYS gate:session:*");
    let other = others
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("gate:") && *line != session)
        .unwrap()
        .to_owned();
    stage.ask(&format!("RENAME {session} {other}"));
    eventually("a session that was put in the place of another one is none", || {
        stage.both(&bobs) == [401, 401]
    });
    assert_eq!(
        stage
            .gateway
            .send(&Request::get("/page").header("Cookie", &format!("{name}={}x", &value[1..])))
            .status,
        401
    );
}

#[test]
fn whoever_logs_out_is_out_at_every_gateway() {
    let Some(stage) = stage("") else { return };
    let mut browser = stage.logged_in("alice");
    let phone = stage.logged_in("alice");
    let (cookie, other) = (stage.cookie(&browser), stage.cookie(&phone));
    assert_eq!(stage.both(&cookie), [200, 200]);
    let out = browser.send(&stage.url("/.auth/web/logout"), |r| r.header("Sec-Fetch-Site", "same-origin"));
    assert_eq!(out.status, 303);
    assert_eq!(stage.both(&cookie)[0], 401);
    eventually("the other gateway asks again", || stage.both(&cookie) == [401, 401]);
    assert_eq!(stage.both(&other), [200, 200], "another session of the same user goes on");
    assert_eq!(stage.ask("KEYS gate:session:*").matches("gate:session:").count(), 1);
}

#[test]
fn a_logout_at_the_provider_ends_the_session_everywhere() {
    let Some(stage) = stage("") else { return };
    let mut browser = stage.logged_in("alice");
    let cookie = stage.cookie(&browser);
    let bob = stage.cookie(&stage.logged_in("bob"));
    assert_eq!(stage.both(&cookie), [200, 200]);
    browser.end_at_provider(stage.provider.port());
    eventually("the provider's word is heard", || stage.both(&cookie) == [401, 401]);
    assert_eq!(stage.both(&bob), [200, 200]);
    assert_eq!(stage.ask("KEYS gate:session:*").matches("gate:session:").count(), 1);
}

#[test]
fn a_session_is_renewed_under_a_new_number_and_the_old_one_is_worth_nothing() {
    let Some(stage) = stage("fresh-for: 2s") else { return };
    let mut browser = stage.logged_in("alice");
    let first = stage.cookie(&browser);
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
    let second = stage.cookie(&browser);
    assert_ne!(first, second);
    assert_eq!(stage.both(&first), [401, 401]);
    assert_eq!(browser.visit(&stage.url("/page")).status, 200);
    assert_eq!(stage.ask("KEYS gate:session:*").matches("gate:session:").count(), 1);
}

#[test]
fn without_redis_nobody_is_sent_to_log_in_again_and_again() {
    let Some(mut stage) = stage("") else { return };
    let mut browser = stage.logged_in("alice");
    stage.redis.stop();
    eventually("what was remembered is too old", || browser.visit(&stage.url("/page")).status == 503);
    let out =
        browser.clone().send(&stage.url("/.auth/web/logout"), |r| r.header("Sec-Fetch-Site", "same-origin"));
    assert_eq!(out.status, 503, "nobody is told to be out who is not");
    assert_eq!(stage.gateway.send(&Request::get("/bye")).status, 200);
    // Who comes back from the provider meanwhile is not sent there once more.
    let (url, reply) = Browser::new().follow(&stage.url("/page"), "bob");
    assert!(url.contains("/.auth/web/callback?") && reply.status == 503, "{url}: {}", reply.status);
    stage.redis.restart(PASSWORD);
    eventually("it is back, and empty", || browser.visit(&stage.url("/page")).status == 303);
    stage.logged_in("alice");
}
