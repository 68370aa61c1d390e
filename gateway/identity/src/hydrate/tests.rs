use std::time::Duration;

use http::HeaderName;

use super::*;
use crate::{
    Chain, Headers, HeadersConfig, MappingConfig, TrustedPeers,
    test_request::TestRequest,
    test_server::{Reply, TestServer, install_tls_provider},
};

fn by_header() -> Arc<dyn Authenticator> {
    let config = HeadersConfig {
        name: "proxy".into(),
        trusted: TrustedPeers { networks: vec!["10.0.0.0/8".parse().unwrap()], secret: None },
        fields: vec![HeaderName::from_static("x-user")],
        json: Vec::new(),
        mapping: MappingConfig { id: "headers[\"x-user\"]".into(), ..MappingConfig::default() },
    };
    Arc::new(Headers::new(config).unwrap())
}

/// Knows `alice` and has no words for others, each in their own way.
async fn people() -> TestServer {
    TestServer::start(|seen| {
        let caller: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
        assert_eq!((seen.method.as_str(), &caller["roles"]), ("POST", &json!(["authenticated"])));
        assert_eq!(seen.headers["x-key"], "secret");
        match caller["subject"].as_str().unwrap() {
            "alice" => Reply::json(&json!({"team": "blue", "nth": seen.nth})),
            "stranger" => Reply::status(404),
            "busy" => Reply::status(429).with("retry-after", "7"),
            "list" => Reply::json(&json!(["team"])),
            "twice" => Reply::ok("{\"team\": 1, \"team\": 2}"),
            "large" => Reply::ok("x".repeat(65 << 10)),
            _ => Reply::status(500),
        }
    })
    .await
}

fn chain(server: &TestServer) -> Chain {
    install_tls_provider();
    let mut config = HydrateConfig::new(server.url("/describe"));
    config.headers = vec![(HeaderName::from_static("x-key"), Secret::new("secret"))];
    config.attribute = "person".into();
    config.remote.retries = 0;
    config.remote.breaker_failures = 100;
    Chain::new([Arc::new(Hydrated::new(by_header(), config).unwrap()) as Arc<dyn Authenticator>])
}

async fn ask(chain: &Chain, user: &str, seconds: u64) -> Result<Arc<Identity>, Rejection> {
    let request = TestRequest::new(&[("x-user", user)]).from("10.0.0.1").at(seconds);
    chain.authenticate(&request.presented()).await.map_err(|refused| refused.rejection)
}

#[tokio::test]
async fn what_is_known_of_a_caller_is_asked_once_in_a_while_and_becomes_an_attribute() {
    let server = people().await;
    let chain = chain(&server);
    for seconds in [0, 1, 59, 60, 61] {
        let caller = ask(&chain, "alice", seconds).await.unwrap();
        assert_eq!(&*caller.subject, "alice");
        let Some(Value::Map(person)) = caller.attributes.get("person") else { panic!("nothing was added") };
        assert_eq!(person.get("team"), Some(&Value::from("blue")));
    }
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_caller_about_whom_nothing_can_be_said_is_refused() {
    let server = people().await;
    let chain = chain(&server);
    let wait = Some(Duration::from_secs(7));
    for (user, expected) in [
        ("stranger", Rejection::Insufficient(Reason::from("hydrate/unknown"))),
        ("busy", Rejection::Throttled { retry_after: wait }),
        ("list", Rejection::unavailable("hydrate/not-an-object")),
        ("twice", Rejection::unavailable("hydrate/not-an-object")),
        ("large", Rejection::unavailable("remote/answer-too-large")),
        ("broken", Rejection::unavailable("hydrate/refused")),
    ] {
        assert_eq!(ask(&chain, user, 0).await.unwrap_err(), expected, "{user}");
    }
    let asked = server.seen().len();
    assert!(ask(&chain, "stranger", 1).await.is_err());
    assert_eq!(server.seen().len(), asked, "a refusal is remembered for a moment");
}
