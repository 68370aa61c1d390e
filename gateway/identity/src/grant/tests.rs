use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde_json::json;

use super::*;
use crate::{
    ClientProof, Identity, RemoteConfig, Secret,
    test_request::at,
    test_server::{Reply, TestServer},
};

fn remote() -> RemoteConfig {
    RemoteConfig { timeout: Duration::from_secs(2), retries: 0, ..RemoteConfig::default() }
}

fn endpoint(at: TokenUrl) -> EndpointConfig {
    let client = ClientProof::Basic { id: "gate:way".into(), secret: Secret::new("s&t") };
    EndpointConfig { at, client, life: EndpointConfig::LIFE, remote: remote() }
}

fn wish() -> Wish {
    Wish {
        scopes: vec!["read".into(), "write".into()],
        audience: vec!["https://app.test".into()],
        resource: Vec::new(),
        scheme: Some("Bearer".into()),
    }
}

fn own(at: TokenUrl) -> OwnGrant {
    OwnGrant::new(OwnGrantConfig { endpoint: endpoint(at), wish: wish() }).unwrap()
}

fn given(server: &TestServer) -> OwnGrant {
    own(TokenUrl::Given(server.url("/token")))
}

/// Tokens `t0`, `t1` … that live for so many seconds.
async fn issuing(expires_in: u64) -> TestServer {
    TestServer::start(move |seen| {
        let token = format!("t{}", seen.nth);
        Reply::json(&json!({"access_token": token, "token_type": "bearer", "expires_in": expires_in}))
    })
    .await
}

async fn said(grant: &OwnGrant, now: SystemTime) -> String {
    match grant.value(now).await {
        Ok(value) => value.to_str().unwrap().to_owned(),
        Err(error) => format!("{}: {error}", error.status().as_u16()),
    }
}

#[tokio::test]
async fn a_token_of_ones_own_is_asked_for_once_and_again_when_a_tenth_of_its_life_is_left() {
    let server = issuing(100).await;
    let grant = given(&server);
    for (seconds, expected) in [(0, "t0"), (89, "t0"), (90, "t1"), (179, "t1"), (180, "t2")] {
        assert_eq!(said(&grant, at(seconds)).await, format!("Bearer {expected}"), "{seconds}");
    }
    let seen = server.seen().remove(0);
    // RFC 6749 §2.3.1: both are form-encoded first.
    assert_eq!(seen.headers["authorization"], "Basic Z2F0ZSUzQXdheTpzJTI2dA==");
    assert_eq!(seen.body, "grant_type=client_credentials&scope=read+write&audience=https%3A%2F%2Fapp.test");
}

#[tokio::test]
async fn requests_that_wait_together_wait_for_one_token() {
    let server = issuing(100).await;
    let grant = Arc::new(given(&server));
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let grant = Arc::clone(&grant);
            tokio::spawn(async move { said(&grant, at(0)).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), "Bearer t0");
    }
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_token_without_a_life_lives_for_a_minute_and_none_longer_than_a_day() {
    for (expires_in, renewed_at) in [(json!(null), 54), (json!("200"), 180), (json!(u64::MAX), 77_760)] {
        let told = expires_in.clone();
        let server = TestServer::start(move |_| {
            Reply::json(&json!({"access_token": "t", "token_type": "Bearer", "expires_in": told}))
        })
        .await;
        let grant = given(&server);
        for (seconds, questions) in [(0, 1), (renewed_at - 1, 1), (renewed_at, 2)] {
            said(&grant, at(seconds)).await;
            assert_eq!(server.seen().len(), questions, "{expires_in} at {seconds}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_used_is_never_shown_to_an_upstream() {
    let error = |name: &str| Reply::json(&json!({"error": name, "error_description": "tell nobody"}));
    for (reply, expected) in [
        (
            error("invalid_client").with_status(401),
            "502: the authorization server gives no token: token/refused: invalid_client",
        ),
        (
            error("own-invention").with_status(400),
            "502: the authorization server gives no token: token/refused",
        ),
        (Reply::status(403), "502: the authorization server gives no token: token/refused"),
        (Reply::status(302), "502: the authorization server gives no token: token/unexpected-answer"),
        (Reply::status(500), "503: the authorization server cannot be asked: token/unexpected-answer"),
        (Reply::status(429), "503: the authorization server cannot be asked: token/throttled"),
        (Reply::status(504), "504: the authorization server did not answer in time"),
        (Reply::never(), "504: the authorization server did not answer in time"),
        (Reply::ok("x"), "502: the authorization server gives no token: token/malformed-answer"),
        (
            Reply::json(&json!({"access_token": "t"})),
            "502: the authorization server gives no token: token/malformed-answer",
        ),
        (
            Reply::json(&json!({"access_token": "t", "token_type": "DPoP"})),
            "502: the authorization server gives no token: token/kind",
        ),
        (
            Reply::json(&json!({"access_token": "t\nx-user: root", "token_type": "Bearer"})),
            "502: the authorization server gives no token: token/malformed-answer",
        ),
        (
            Reply::json(&json!({"access_token": "t", "token_type": "Bearer", "expires_in": -1})),
            "502: the authorization server gives no token: token/malformed-answer",
        ),
    ] {
        let server = TestServer::start(move |_| reply.clone()).await;
        assert_eq!(said(&given(&server), at(0)).await, expected);
    }
}

#[tokio::test]
async fn a_refusal_is_remembered_for_a_moment_and_a_failure_is_not() {
    for (status, questions) in [(400, 2), (500, 3)] {
        let server = TestServer::start(move |_| Reply::status(status)).await;
        let grant = given(&server);
        for seconds in [0, 4, 5] {
            said(&grant, at(seconds)).await;
        }
        assert_eq!(server.seen().len(), questions, "{status}");
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_renewed_is_used_until_it_expires() {
    let server = TestServer::start(|seen| match seen.nth {
        0 => Reply::json(&json!({"access_token": "t", "token_type": "Bearer", "expires_in": 100})),
        _ => Reply::status(500),
    })
    .await;
    let grant = given(&server);
    for (seconds, expected, questions) in [
        (0, "Bearer t", 1),
        (90, "Bearer t", 2),
        (94, "Bearer t", 2),
        (95, "Bearer t", 3),
        (99, "Bearer t", 3),
    ] {
        assert_eq!(said(&grant, at(seconds)).await, expected, "{seconds}");
        assert_eq!(server.seen().len(), questions, "{seconds}");
    }
    assert!(said(&grant, at(100)).await.starts_with("503"));
}

#[tokio::test]
async fn the_endpoint_is_found_in_the_document_of_the_very_issuer() {
    for (named, endpoint, expected) in [
        ("https://idp.test", "/token", "Bearer t"),
        ("https://idp.test/", "/token", "502: the authorization server gives no token: token/another-issuer"),
        (
            "https://idp.test",
            "http://169.254.169.254/token",
            "502: the authorization server gives no token: remote/forbidden-address",
        ),
        (
            "https://idp.test",
            "file:///token",
            "502: the authorization server gives no token: token/malformed-discovery",
        ),
    ] {
        let server = TestServer::start(move |seen| match seen.target.as_str() {
            "/token" => Reply::json(&json!({"access_token": "t", "token_type": "Bearer"})),
            _ => {
                let host = format!("http://{}", seen.headers["host"]);
                let url =
                    if endpoint.starts_with('/') { format!("{host}{endpoint}") } else { endpoint.to_owned() };
                Reply::json(&json!({"issuer": named, "token_endpoint": url}))
            }
        })
        .await;
        let grant = own(TokenUrl::Discovered {
            issuer: "https://idp.test".into(),
            document: server.url("/.well-known/openid-configuration"),
        });
        assert_eq!(said(&grant, at(0)).await, expected);
    }
}

fn exchange(server: &TestServer) -> Exchange {
    Exchange::new(ExchangeConfig {
        endpoint: endpoint(TokenUrl::Given(server.url("/token"))),
        wish: Wish { resource: vec!["https://b.test".into()], ..wish() },
        subject_token_type: Exchange::ACCESS_TOKEN.into(),
        requested_token_type: Some("urn:ietf:params:oauth:token-type:jwt".into()),
        actor: Some((Secret::new("acting"), Exchange::ACCESS_TOKEN.into())),
    })
    .unwrap()
}

/// What a caller's token, which expires at this second, is exchanged for.
async fn exchanged(exchange: &Exchange, token: &str, expires: u64, seconds: u64) -> String {
    let caller = Identity { expires_at: Some(at(expires)), ..Identity::plain("alice", "test") };
    match exchange.value(token, &caller, at(seconds)).await {
        Ok(value) => value.to_str().unwrap().to_owned(),
        Err(error) => format!("{}: {error}", error.status().as_u16()),
    }
}

#[tokio::test]
async fn a_callers_token_is_exchanged_once_and_never_for_longer_than_it_is_good() {
    let server = issuing(100).await;
    let exchange = exchange(&server);
    for (token, expires, seconds, expected) in [
        ("a", 1_000, 0, "t0"),
        ("a", 1_000, 89, "t0"),
        ("a", 1_000, 90, "t1"),
        ("b", 50, 0, "t2"),
        ("b", 50, 49, "t2"),
        ("b", 50, 50, "t3"),
        ("a", 1_000, 91, "t1"),
    ] {
        let got = exchanged(&exchange, token, expires, seconds).await;
        assert_eq!(got, format!("Bearer {expected}"), "{token} at {seconds}");
    }
    assert_eq!(
        server.seen().remove(0).body,
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token=a\
         &subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token\
         &requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt\
         &actor_token=acting&actor_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token\
         &scope=read+write&audience=https%3A%2F%2Fapp.test&resource=https%3A%2F%2Fb.test"
    );
    assert!(!format!("{exchange:?}").contains("acting"), "no secret is printed");
}

#[tokio::test]
async fn what_is_wrong_with_the_callers_token_is_theirs_and_everything_else_is_not() {
    let error = |name: &str| Reply::json(&json!({"error": name})).with_status(400);
    let another = json!({"access_token": "t", "token_type": "N_A", "issued_token_type": "urn:other"});
    let same = json!({
        "access_token": "t", "token_type": "N_A", "issued_token_type": "urn:ietf:params:oauth:token-type:jwt",
    });
    for (reply, expected) in [
        (error("invalid_grant"), "401: the caller's token is not good for another"),
        (error("invalid_token"), "401: the caller's token is not good for another"),
        (error("invalid_request"), "403: no token is given for the caller"),
        (error("invalid_target"), "403: no token is given for the caller"),
        (error("access_denied"), "403: no token is given for the caller"),
        (error("invalid_client"), "502: the authorization server gives no token"),
        (error("unsupported_grant_type"), "502: the authorization server gives no token"),
        (Reply::status(404), "502: the authorization server gives no token: token/unexpected-answer"),
        (Reply::status(503), "503: the authorization server cannot be asked"),
        (Reply::never(), "504: the authorization server did not answer in time"),
        (Reply::json(&another), "502: the authorization server gives no token: token/issued-type"),
        (Reply::json(&same), "Bearer t"),
    ] {
        let server = TestServer::start(move |_| reply.clone()).await;
        let got = exchanged(&exchange(&server), "a", 1_000, 0).await;
        assert!(got.starts_with(expected), "{got}");
    }
}
