use super::*;
use crate::{
    Chain,
    test_request::TestRequest,
    test_server::{Reply, TestServer},
};
use serde_json::json;

fn config(server: &TestServer) -> SessionConfig {
    let from = Places::new([
        Place::header(HeaderName::from_static("x-session-token")),
        Place::Cookie("sid".into()),
        Place::bearer(),
    ]);
    let mut config = SessionConfig::new("kratos".into(), server.url("/whoami"), from);
    config.remote =
        RemoteConfig { timeout: Duration::from_millis(300), retries: 0, ..RemoteConfig::default() };
    config.expires_at = Some("expires_at".into());
    config.cache_for = Some(HeaderName::from_static("x-cache-for"));
    config
}

fn chain(config: SessionConfig) -> Chain {
    Chain::new([Arc::new(Session::new(config).unwrap()) as Arc<dyn Authenticator>])
}

async fn ask(chain: &Chain, request: &TestRequest) -> String {
    match chain.authenticate(&request.presented()).await {
        Ok(identity) => identity.subject.to_string(),
        Err(refused) => {
            let rejection = refused.rejection;
            let why = rejection.reason().map_or(rejection.code(), |reason| reason.code);
            format!("{} {why}", rejection.status().as_u16())
        }
    }
}

/// Answers with the credential it was shown, as the subject.
async fn mirror() -> TestServer {
    TestServer::start(|seen| {
        let shown =
            ["x-session-token", "cookie", "authorization"].map(|name| seen.headers.get(name).cloned());
        Reply::json(&json!({"sub": format!("{shown:?}")}))
    })
    .await
}

#[tokio::test]
async fn exactly_the_credential_that_counts_is_shown_to_the_endpoint() {
    let server = mirror().await;
    let chain = chain(config(&server));
    let all = [("authorization", "Bearer b"), ("cookie", "a=1; sid=c; z=2"), ("x-session-token", "x")];
    for (fields, expected) in [
        (&all[..], r#"[Some("x"), None, None]"#),
        (&all[..2], r#"[None, Some("sid=c"), None]"#),
        (&all[..1], r#"[None, None, Some("Bearer b")]"#),
        (&[], "401 identity/missing"),
        (&[("cookie", "sid=1; sid=2")], "400 identity/ambiguous"),
        (&[("cookie", "sid=")], "401 session/empty"),
    ] {
        assert_eq!(ask(&chain, &TestRequest::new(fields)).await, expected);
    }
    assert_eq!(server.seen().len(), 3);
    // The same text in another place is another credential.
    assert_eq!(
        ask(&chain, &TestRequest::new(&[("cookie", "sid=x")])).await,
        r#"[None, Some("sid=x"), None]"#
    );
}

#[tokio::test]
async fn what_the_endpoint_says_decides_and_its_failures_do_not() {
    for (reply, expected) in [
        (Reply::json(&json!({"sub": "alice"})), "alice"),
        (Reply::json(&json!({"sub": ""})), "401 principal/no-id"),
        (Reply::json(&json!({})), "401 principal/no-id"),
        (Reply::json(&json!({"sub": null})), "401 principal/no-id"),
        (Reply::ok("alice"), "503 session/malformed-answer"),
        (Reply::json(&json!({"sub": "a", "expires_at": "2027-01-15T07:59:59Z"})), "401 session/expired"),
        (Reply::json(&json!({"sub": "a", "expires_at": "soon"})), "503 session/malformed-expiry"),
        (Reply::status(401), "401 session/refused"),
        (Reply::status(403), "403 session/insufficient"),
        (Reply::status(429).with("retry-after", "3"), "429 identity/throttled"),
        (Reply::status(302).with("location", "/login"), "503 session/unexpected-answer"),
        (Reply::status(500), "503 session/unexpected-answer"),
        (Reply::never(), "503 remote/timeout"),
    ] {
        let server = TestServer::start(move |_| reply.clone()).await;
        assert_eq!(ask(&chain(config(&server)), &TestRequest::new(&[("cookie", "sid=1")])).await, expected);
    }
}

#[tokio::test]
async fn an_answer_is_believed_for_the_shortest_of_ttl_its_own_word_and_its_expiry() {
    for (reply, seconds) in [
        (json!({"sub": "a"}), 10),
        (json!({"sub": "a", "expires_at": "2027-01-15T08:00:04Z"}), 4),
        (json!({"sub": "a", "cache": "3"}), 3),
        (json!({"sub": "a", "cache": "3600"}), 10),
    ] {
        let shown = reply.clone();
        let server = TestServer::start(move |_| match shown["cache"].as_str() {
            Some(told) => Reply::json(&shown).with("x-cache-for", told),
            None => Reply::json(&shown),
        })
        .await;
        let chain = chain(config(&server));
        let request = |seconds| TestRequest::new(&[("cookie", "sid=1")]).at(seconds);
        assert_eq!(ask(&chain, &request(0)).await, "a");
        assert_eq!(ask(&chain, &request(seconds - 1)).await, "a");
        assert_eq!(server.seen().len(), 1, "{reply}");
        ask(&chain, &request(seconds)).await;
        assert_eq!(server.seen().len(), 2, "{reply}");
    }
}

#[tokio::test]
async fn what_the_endpoint_sees_is_part_of_what_is_remembered() {
    let server = TestServer::start(|seen| {
        let subject = format!("{} {} {:?}", seen.method, seen.target, seen.headers.get("x-tenant"));
        Reply::json(&json!({"sub": subject}))
    })
    .await;
    let mut config = config(&server);
    (config.method, config.forward_path, config.forward_query) = (None, true, true);
    config.forward_headers = vec![HeaderName::from_static("x-tenant")];
    let chain = chain(config);
    let mut request = TestRequest::new(&[("cookie", "sid=1"), ("x-tenant", "a")]);
    (request.path, request.query) = ("/x%2f..%2fy".into(), "z=1".into());
    assert_eq!(ask(&chain, &request).await, "GET /whoami/x%2f..%2fy?z=1 Some(\"a\")");
    request.headers.insert("x-tenant", "b".parse().unwrap());
    assert_eq!(ask(&chain, &request).await, "GET /whoami/x%2f..%2fy?z=1 Some(\"b\")");
    request.method = Method::POST;
    assert_eq!(ask(&chain, &request).await, "POST /whoami/x%2f..%2fy?z=1 Some(\"b\")");
    ask(&chain, &request).await;
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_bearer_token_is_asked_about_as_it_came() {
    let server = mirror().await;
    let chain = chain(SessionConfig::bearer_token("remote".into(), server.url("/check")));
    let request = TestRequest::new(&[("authorization", "bearer t"), ("cookie", "sid=1")]);
    assert_eq!(ask(&chain, &request).await, r#"[None, None, Some("Bearer t")]"#);
}
