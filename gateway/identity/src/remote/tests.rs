use super::*;
use crate::test_server::{Reply, TestServer};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn remote(change: impl FnOnce(&mut RemoteConfig)) -> Remote {
    let mut config = RemoteConfig {
        timeout: Duration::from_millis(300),
        retry_delay: Duration::from_millis(2),
        ..RemoteConfig::default()
    };
    change(&mut config);
    crate::test_server::install_tls_provider();
    Remote::new(config).unwrap()
}

async fn get(remote: &Remote, url: &Url) -> Result<Answer, Silence> {
    remote.ask(NOW, |client| client.get(url.clone())).await
}

#[tokio::test]
async fn an_answer_larger_than_allowed_is_not_read() {
    let server = TestServer::start(|_| Reply::ok("x".repeat(2_000))).await;
    let remote = remote(|config| config.max_answer_bytes = 1_000);
    assert_eq!(get(&remote, &server.url("/")).await.unwrap_err(), Silence::TooLarge);
}

#[tokio::test]
async fn a_server_that_hangs_costs_the_timeout_and_no_more() {
    let server = TestServer::start(|_| Reply::never()).await;
    let remote = remote(|config| config.retries = 0);
    assert_eq!(get(&remote, &server.url("/")).await.unwrap_err(), Silence::Timeout);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let server = TestServer::start(|_| Reply::status(302).with("location", "http://169.254.169.254/")).await;
    let answer = get(&remote(|_| ()), &server.url("/")).await.unwrap();
    assert_eq!((answer.status.as_u16(), server.seen().len()), (302, 1));
}

#[tokio::test]
async fn a_failure_is_asked_again_and_an_answer_is_not() {
    let server = TestServer::start(|seen| Reply::status(if seen.nth == 0 { 503 } else { 200 })).await;
    assert_eq!(get(&remote(|_| ()), &server.url("/")).await.unwrap().status, 200);
    let server = TestServer::start(|_| Reply::status(401)).await;
    assert_eq!(get(&remote(|_| ()), &server.url("/")).await.unwrap().status, 401);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_server_that_keeps_failing_is_left_alone_for_a_while() {
    let server = TestServer::start(|_| Reply::status(503)).await;
    let remote = remote(|config| (config.retries, config.breaker_failures) = (0, 3));
    for _ in 0..3 {
        assert_eq!(get(&remote, &server.url("/")).await.unwrap().status, 503);
    }
    assert_eq!(get(&remote, &server.url("/")).await.unwrap_err(), Silence::Resting);
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_document_may_name_its_own_origin_or_a_public_https_address_and_nothing_else() {
    let server = TestServer::start(|_| Reply::ok("{}")).await;
    let other = TestServer::start(|_| Reply::ok("{}")).await;
    let remote = remote(|_| ());
    let document = server.url("/.well-known/openid-configuration");
    assert_eq!(remote.fetch_named(NOW, &server.url("/jwks"), &document).await.unwrap().status, 200);
    let named = [
        other.url("/jwks"),
        Url::parse("http://169.254.169.254/latest").unwrap(),
        Url::parse("https://169.254.169.254/latest").unwrap(),
        Url::parse("https://localhost:1/").unwrap(),
        Url::parse("file:///etc/passwd").unwrap(),
    ];
    for url in named {
        assert_eq!(remote.fetch_named(NOW, &url, &document).await.unwrap_err(), Silence::Forbidden, "{url}");
    }
    assert_eq!(other.seen().len(), 0);
}
