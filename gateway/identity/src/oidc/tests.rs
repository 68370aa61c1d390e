use std::{sync::Arc, time::Duration};

use http::header::LOCATION;
use serde_json::json;
use url::Url;

use super::*;
use crate::{
    Chain, ClientProof, RemoteConfig, Reply, Secret,
    jwt::Algorithm,
    test_keys::{TestKey, jwks},
    test_request::{NOW, TestRequest},
    test_server::{self, TestServer},
};

const APP: &str = "https://app.test";

/// A provider that gives, for any code, an ID token with that code as its nonce. Refresh tokens say whom they are for.
struct Fake {
    server: TestServer,
    key: Arc<TestKey>,
    issuer: String,
}

async fn fake() -> Fake {
    let key = Arc::new(TestKey::new(Algorithm::ES256, "k"));
    let signing = Arc::clone(&key);
    let server = TestServer::start(move |seen| {
        let issuer = format!("http://{}", seen.headers["host"]);
        let form: std::collections::HashMap<_, _> =
            url::form_urlencoded::parse(seen.body.as_bytes()).into_owned().collect();
        match &*seen.target {
            "/.well-known/openid-configuration" => test_server::Reply::json(&json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{issuer}/authorize"),
                "token_endpoint": format!("{issuer}/token"),
                "end_session_endpoint": format!("{issuer}/end"),
                "jwks_uri": format!("{issuer}/jwks"),
                "authorization_response_iss_parameter_supported": true,
            })),
            "/jwks" => test_server::Reply::json(&jwks(&[&signing])),
            "/token" if form.get("code").is_some_and(|code| code == "used") => {
                test_server::Reply::status(400)
            }
            "/token" => {
                let subject = form.get("refresh_token").map_or("alice", |token| token);
                let token = signing.token(&json!({
                    "iss": issuer, "aud": "app", "sub": subject, "sid": "s1", "nonce": form.get("code"),
                    "iat": NOW, "exp": NOW + 100_000, "at_hash": "x", "roles": ["user"],
                }));
                test_server::Reply::json(
                    &json!({"id_token": token, "refresh_token": "alice", "access_token": "a"}),
                )
            }
            _ => test_server::Reply::status(404),
        }
    })
    .await;
    let issuer = server.url("/").to_string().trim_end_matches('/').to_owned();
    Fake { server, key, issuer }
}

fn login(fake: &Fake, change: impl FnOnce(&mut OidcConfig)) -> OidcLogin {
    let keys = vec![CookieKey { id: "1".into(), secret: Secret::new([1; 32]) }];
    let mut config = OidcConfig::new("web".into(), &fake.issuer, "app", Url::parse(APP).unwrap(), keys);
    config.remote = RemoteConfig { timeout: Duration::from_millis(500), ..RemoteConfig::default() };
    change(&mut config);
    OidcLogin::new(config).unwrap()
}

/// A browser: it keeps cookies as browsers do.
#[derive(Default)]
struct Browser(std::collections::BTreeMap<String, String>);

impl Browser {
    fn request(&self, target: &str, seconds: u64) -> TestRequest {
        let cookies: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut fields = vec![("accept", "text/html")];
        let cookies = cookies.join("; ");
        if !cookies.is_empty() {
            fields.push(("cookie", &cookies));
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        TestRequest { path: path.into(), query: query.into(), ..TestRequest::new(&fields).at(seconds) }
    }

    fn take(&mut self, reply: &Reply) {
        for (_, cookie) in reply.headers.iter().filter(|(name, _)| name == http::header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.contains("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            assert!(name.starts_with("__Host-"));
            match cookie.contains("Max-Age=0") {
                true => self.0.remove(name),
                false => self.0.insert(name.to_owned(), value.to_owned()),
            };
        }
    }
}

fn location(reply: &Reply) -> String {
    let found = reply.headers.iter().find(|(name, _)| name == LOCATION);
    found.map_or(String::new(), |(_, value)| value.to_str().unwrap().to_owned())
}

fn query(url: &str, name: &str) -> String {
    let url = Url::parse(url).unwrap();
    url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
}

/// Begins a login; gives the parameters of an honest provider's answer.
async fn begin(login: &OidcLogin, browser: &mut Browser, target: &str, seconds: u64) -> (String, String) {
    let reply = login.start(&browser.request(target, seconds).presented()).await;
    assert_eq!((reply.status.as_u16(), reply.code), (303, "oidc/login"));
    browser.take(&reply);
    let url = location(&reply);
    (query(&url, "state"), query(&url, "nonce"))
}

async fn finish(login: &OidcLogin, browser: &mut Browser, query: &str, seconds: u64) -> Reply {
    let reply = login
        .answer(&browser.request(&format!("/.auth/web/callback?{query}"), seconds).presented(), b"")
        .await;
    browser.take(&reply);
    reply
}

async fn logged_in(fake: &Fake, login: &OidcLogin) -> Browser {
    let mut browser = Browser::default();
    let (state, nonce) = begin(login, &mut browser, "/a?b=c", 0).await;
    let reply =
        finish(login, &mut browser, &format!("state={state}&code={nonce}&iss={}", fake.issuer), 1).await;
    assert_eq!((reply.code, &*location(&reply)), ("oidc/logged-in", "/a?b=c"));
    browser
}

async fn who(login: &Arc<OidcLogin>, browser: &Browser, seconds: u64) -> String {
    let chain = Chain::new([Arc::clone(login) as Arc<dyn Authenticator>]);
    match chain.authenticate(&browser.request("/a", seconds).presented()).await {
        Ok(identity) => identity.subject.to_string(),
        Err(refused) => {
            refused.rejection.reason().map_or(refused.rejection.code(), |reason| reason.code).to_owned()
        }
    }
}

#[tokio::test]
async fn a_browser_logs_in_and_comes_back_to_where_it_wanted_to_go() {
    let fake = fake().await;
    let login = Arc::new(login(&fake, |_| ()));
    let browser = logged_in(&fake, &login).await;
    assert_eq!(browser.0.len(), 1, "the cookie of the login is cleared");
    assert_eq!(who(&login, &browser, 2).await, "alice");
    assert_eq!(who(&login, &browser, 900).await, "alice");
    assert_eq!(who(&login, &browser, 901).await, "oidc/stale");
    assert_eq!(who(&login, &Browser::default(), 2).await, "identity/missing");
    let exchange = fake.server.seen().into_iter().find(|seen| seen.target == "/token").unwrap();
    assert!(exchange.body.contains("redirect_uri=https%3A%2F%2Fapp.test%2F.auth%2Fweb%2Fcallback"));
    assert!(exchange.body.contains("code_verifier="));
}

#[tokio::test]
async fn the_token_endpoint_is_told_which_client_asks_and_shown_the_proof_there_is() {
    let secret = || Secret::new(*b"s&t");
    let id = Box::from("a:b");
    let proofs = [
        (ClientProof::Nothing, None, Some("client_id=app"), None),
        (ClientProof::Basic { id, secret: secret() }, Some("Basic YSUzQWI6cyUyNnQ="), None, None),
        (
            ClientProof::Post { id: "app".into(), secret: secret() },
            None,
            Some("client_id=app"),
            Some("client_secret=s%26t"),
        ),
        (ClientProof::Bearer(secret()), Some("Bearer s&t"), None, None),
    ];
    for (proof, authorization, client_id, client_secret) in proofs {
        let fake = fake().await;
        let shown = format!("{proof:?}");
        logged_in(&fake, &login(&fake, |config| config.client = proof)).await;
        let exchange = fake.server.seen().into_iter().find(|seen| seen.target == "/token").unwrap();
        let field = |name: &str| exchange.body.split('&').find(|field| field.starts_with(name));
        assert_eq!(exchange.headers.get("authorization").map(String::as_str), authorization, "{shown}");
        assert_eq!((field("client_id="), field("client_secret=")), (client_id, client_secret), "{shown}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_to_this_browsers_own_question_is_refused() {
    let fake = fake().await;
    let login = login(&fake, |_| ());
    let iss = &fake.issuer;
    let mut honest = Browser::default();
    let (state, nonce) = begin(&login, &mut honest, "/", 0).await;
    let mut victim = Browser::default();
    let (other_state, _) = begin(&login, &mut victim, "/", 0).await;
    for (query, seconds, expected) in [
        (format!("code={nonce}&iss={iss}"), 1, "oidc/state"),
        (format!("state=x&code={nonce}&iss={iss}"), 1, "oidc/state"),
        // Somebody else's answer, played into this browser.
        (format!("state={state}&code={nonce}&iss={iss}"), 1, "oidc/state"),
        (format!("state={other_state}&code={nonce}&iss={iss}"), 601, "oidc/state"),
        (format!("state={other_state}&code={nonce}&iss={iss}"), 1, "oidc/nonce"),
        (format!("state={other_state}&code={nonce}&iss=https://evil.test"), 1, "oidc/another-issuer"),
        (format!("state={other_state}&code={nonce}"), 1, "oidc/another-issuer"),
        (format!("state={other_state}&iss={iss}"), 1, "oidc/no-code"),
        (format!("state={other_state}&error=access_denied&iss={iss}"), 1, "oidc/provider-refused"),
        (format!("state={other_state}&code=used&iss={iss}"), 1, "oidc/grant-refused"),
        (format!("state={other_state}&state={state}&code=x&iss={iss}"), 1, "identity/ambiguous"),
    ] {
        let reply = finish(&login, &mut victim, &query, seconds).await;
        assert_eq!((reply.code, reply.status.as_u16()), (expected, 400), "{query}");
        assert!(victim.0.keys().all(|name| !name.contains("session")));
    }
    let once = format!("state={state}&code={nonce}&iss={iss}");
    assert_eq!(finish(&login, &mut honest, &once, 1).await.code, "oidc/logged-in");
    assert_eq!(finish(&login, &mut honest, &once, 1).await.code, "oidc/state", "an answer is good once");
}

#[tokio::test]
async fn a_login_never_leads_to_another_site() {
    let fake = fake().await;
    let login = login(&fake, |_| ());
    for target in ["//evil.test", "/\\evil.test", "/\t/evil.test"] {
        let mut browser = Browser::default();
        let (state, nonce) = begin(&login, &mut browser, target, 0).await;
        let reply =
            finish(&login, &mut browser, &format!("state={state}&code={nonce}&iss={}", fake.issuer), 1).await;
        assert_eq!(location(&reply), "/", "{target}");
    }
}

#[tokio::test]
async fn a_session_is_renewed_without_the_user_until_it_is_over() {
    let fake = fake().await;
    let login = Arc::new(login(&fake, |config| config.max_age = Duration::from_secs(2_000)));
    let mut browser = logged_in(&fake, &login).await;
    let fresh = login.start(&browser.request("/a", 2).presented()).await;
    assert_eq!(
        (fresh.code, fresh.status.as_u16()),
        ("oidc/refused-though-logged-in", 403),
        "no endless way round"
    );
    let renewed = login.start(&browser.request("/a?x=1", 1_000).presented()).await;
    assert_eq!((renewed.code, &*location(&renewed)), ("oidc/renewed", "/a?x=1"));
    browser.take(&renewed);
    assert_eq!(who(&login, &browser, 1_001).await, "alice");
    assert_eq!(who(&login, &browser, 2_001).await, "oidc/expired");
    let over = login.start(&browser.request("/a", 2_001).presented()).await;
    assert_eq!(over.code, "oidc/login");
}

#[tokio::test]
async fn logging_out_ends_the_session_and_only_the_user_can() {
    let fake = fake().await;
    let login = Arc::new(login(&fake, |_| ()));
    let mut browser = logged_in(&fake, &login).await;
    let stolen = Browser(browser.0.clone());
    assert_eq!(who(&login, &browser, 2).await, "alice");
    let mut crossing = browser.request("/.auth/web/logout", 3);
    crossing.headers.insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(login.answer(&crossing.presented(), b"").await.code, "oidc/cross-origin");
    assert_eq!(
        login.answer(&browser.request("/.auth/web/logout", 3).presented(), b"").await.code,
        "oidc/cross-origin"
    );
    let mut own = browser.request("/.auth/web/logout", 3);
    own.headers.insert("sec-fetch-site", "same-origin".parse().unwrap());
    let reply = login.answer(&own.presented(), b"").await;
    assert!(location(&reply).starts_with(&format!("{}/end?client_id=app", fake.issuer)));
    browser.take(&reply);
    assert!(browser.0.is_empty());
    assert_eq!(who(&login, &stolen, 4).await, "oidc/logged-out", "the cookie is worth nothing any more");
}

#[tokio::test]
async fn the_provider_can_end_a_session() {
    let fake = fake().await;
    let login = Arc::new(login(&fake, |_| ()));
    let browser = logged_in(&fake, &login).await;
    assert_eq!(who(&login, &browser, 2).await, "alice");
    let claims = |changes: &[(&str, serde_json::Value)]| {
        let mut claims = json!({"iss": fake.issuer, "aud": "app", "iat": NOW, "exp": NOW + 60, "jti": "1", "sid": "s1",
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}}});
        for (name, value) in changes {
            claims[*name] = value.clone();
        }
        claims
    };
    let tell = async |claims: &serde_json::Value| {
        let mut request = TestRequest::new(&[]).at(3);
        (request.path, request.method) = ("/.auth/web/backchannel-logout".into(), Method::POST);
        let body = format!("logout_token={}", fake.key.token(claims));
        login.answer(&request.presented(), body.as_bytes()).await.code
    };
    assert_eq!(tell(&claims(&[("nonce", json!("x"))])).await, "oidc/not-a-logout-token");
    assert_eq!(tell(&claims(&[("events", json!({}))])).await, "oidc/not-a-logout-token");
    assert_eq!(tell(&claims(&[("aud", json!("other"))])).await, "jwt/audience");
    assert_eq!(tell(&claims(&[("sid", json!(null))])).await, "oidc/logout-of-nobody");
    assert_eq!(who(&login, &browser, 3).await, "alice");
    assert_eq!(tell(&claims(&[])).await, "oidc/logged-out-by-provider");
    assert_eq!(who(&login, &browser, 4).await, "oidc/logged-out");
}

#[tokio::test]
async fn cookies_are_taken_whole_once_and_not_from_other_sites() {
    let fake = fake().await;
    let login = Arc::new(login(&fake, |_| ()));
    let browser = logged_in(&fake, &login).await;
    let (name, value) = browser.0.iter().next().unwrap();
    let chain = Chain::new([Arc::clone(&login) as Arc<dyn Authenticator>]);
    let ask = async |cookie: String, method: Method, origin: Option<&str>| {
        let mut request = TestRequest::new(&[("cookie", &cookie)]).at(2);
        request.method = method;
        if let Some(origin) = origin {
            request.headers.insert("origin", origin.parse().unwrap());
        }
        let outcome = chain.authenticate(&request.presented()).await.map(|_| "in");
        outcome.unwrap_or_else(|refused| {
            refused.rejection.reason().map_or(refused.rejection.code(), |reason| reason.code)
        })
    };
    let good = format!("{name}={value}");
    assert_eq!(ask(good.clone(), Method::GET, None).await, "in");
    assert_eq!(ask(good.clone(), Method::POST, Some(APP)).await, "in");
    assert_eq!(ask(good.clone(), Method::POST, Some("https://evil.test")).await, "oidc/cross-origin");
    assert_eq!(ask(good.clone(), Method::DELETE, Some("null")).await, "oidc/cross-origin");
    assert_eq!(ask(format!("{good}; {good}"), Method::GET, None).await, "identity/ambiguous");
    assert_eq!(ask(format!("{name}=\"{value}\""), Method::GET, None).await, "oidc/cookie");
    assert_eq!(ask(format!("{name}={value}x"), Method::GET, None).await, "oidc/cookie");
    assert_eq!(ask(format!("{name}="), Method::GET, None).await, "oidc/cookie");
}

#[tokio::test]
async fn only_browsers_that_navigate_are_sent_away() {
    let fake = fake().await;
    let login = login(&fake, |_| ());
    for (method, fields, expected) in [
        (Method::GET, &[("accept", "text/html,*/*")][..], true),
        (Method::GET, &[("accept", "application/json")], false),
        (Method::GET, &[("accept", "text/html"), ("sec-fetch-mode", "cors")], false),
        (Method::GET, &[("accept", "*/*"), ("sec-fetch-mode", "navigate")], true),
        (Method::POST, &[("accept", "text/html")], false),
        (Method::GET, &[], false),
    ] {
        let request = TestRequest { method, ..TestRequest::new(fields) };
        assert_eq!(login.suits(&request.presented()), expected, "{fields:?}");
    }
    assert!(
        login.owns("/.auth/web/callback")
            && !login.owns("/.auth/web")
            && !login.owns("/.auth/web/callback/x")
    );
}

#[test]
fn a_login_that_could_not_be_safe_is_not_built() {
    crate::test_server::install_tls_provider();
    let key = || CookieKey { id: "1".into(), secret: Secret::new([1; 32]) };
    let codes = |url: &str, keys: Vec<CookieKey>, change: fn(&mut OidcConfig)| {
        let mut config =
            OidcConfig::new("web".into(), "https://idp.test", "app", Url::parse(url).unwrap(), keys);
        change(&mut config);
        OidcLogin::new(config).err().unwrap_or_default().iter().map(|flaw| flaw.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(APP, vec![key()], |_| ()), Vec::<&str>::new());
    assert_eq!(codes("http://localhost:8080", vec![key()], |_| ()), Vec::<&str>::new());
    assert_eq!(codes("http://app.test", vec![key()], |_| ()), ["oidc/insecure"]);
    assert_eq!(codes(APP, vec![], |_| ()), ["oidc/no-key"]);
    assert_eq!(codes(APP, vec![key(), key()], |_| ()), ["oidc/key-id"]);
    assert_eq!(
        codes(APP, vec![CookieKey { id: "a".into(), secret: Secret::new("x") }], |_| ()),
        ["oidc/key-length"]
    );
    assert_eq!(
        codes(APP, vec![key()], |config| config.after_logout = "//evil".into()),
        ["oidc/after-logout"]
    );
    assert_eq!(
        codes(APP, vec![key()], |config| config.algorithms = vec![Algorithm::HS256]),
        ["oidc/algorithms"]
    );
}
