//! `client_credentials`: a machine shows its OAuth client id and secret as a Basic credential, and the token endpoint
//! is asked whether it may have a token (RFC 6749 §4.4).

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures_util::future::BoxFuture;
use http::header::AUTHORIZATION;
use serde_json::{Value, json};
use url::Url;

use crate::{
    Authenticator, CacheConfig, CacheFigures, Challenge, Credential, Flaw, Identity, MappingConfig, Place,
    Places, Presented, Rejection, RemoteConfig,
    basic::user_and_password,
    fingerprint,
    introspection::form_encoded,
    jwt::claims::later,
    mapping::{Facts, Mapping, Proof},
    remote::{Answer, Remote, retry_after},
    strict_json,
    verdicts::{Fresh, Verdicts},
};

/// Identity by OAuth client credentials.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientCredentialsConfig {
    /// The name in the configuration.
    pub name: Arc<str>,
    /// The token endpoint.
    pub token_url: Url,
    /// The scopes to ask for; a client that does not get them is refused.
    pub scopes: Vec<Box<str>>,
    /// Who that makes the caller. The mapping reads `claims`: `sub` and `client_id` (the client id) and `scope`.
    pub mapping: MappingConfig,
    /// How the endpoint is asked.
    pub remote: RemoteConfig,
    /// What is remembered; never longer than the token would live.
    pub cache: CacheConfig,
}

/// Authenticates machines by their client credentials.
#[derive(Debug)]
pub struct ClientCredentials {
    config: ClientCredentialsConfig,
    from: Places,
    remote: Remote,
    mapping: Mapping,
    verdicts: Verdicts,
    digest: [u8; 32],
}

impl ClientCredentials {
    /// # Errors
    /// Everything that is wrong with the configuration.
    pub fn new(config: ClientCredentialsConfig) -> Result<Self, Vec<Flaw>> {
        let mut flaws = Vec::new();
        let mapping = Mapping::compile(&config.mapping, &["claims"]).map_err(|found| flaws.extend(found));
        let remote = Remote::new(config.remote.clone()).map_err(|error| {
            flaws.push(Flaw::new("remote", "remote/client", format!("cannot make requests: {error}")));
        });
        let (Ok(mapping), Ok(remote)) = (mapping, remote) else { return Err(flaws) };
        let digest = fingerprint::of(&("client_credentials", &config));
        let from =
            Places::new([Place::Header { name: AUTHORIZATION, scheme: Some("Basic".into()), prefix: None }]);
        Ok(Self {
            verdicts: Verdicts::new(config.cache.clone(), digest),
            from,
            remote,
            mapping,
            digest,
            config,
        })
    }

    async fn check(&self, credential: &str, now: SystemTime) -> Result<Fresh, Rejection> {
        let malformed = || Rejection::invalid("client-credentials/malformed");
        let (id, secret) = user_and_password(credential).ok_or_else(malformed)?;
        let (id, secret) =
            (form_decoded(&id).ok_or_else(malformed)?, form_decoded(&secret).ok_or_else(malformed)?);
        let scope = self.config.scopes.join(" ");
        let answer = self.remote.ask(now, |client| {
            let mut form = vec![("grant_type", "client_credentials")];
            if !scope.is_empty() {
                form.push(("scope", &scope));
            }
            let request = client.post(self.config.token_url.clone()).header("accept", "application/json");
            request.basic_auth(form_encoded(&id), Some(form_encoded(&secret))).form(&form)
        });
        let lifetime = self.granted(&answer.await?)?;
        let facts = Facts::of("claims", json!({"sub": id, "client_id": id, "scope": scope}));
        let issuer = self.config.token_url.origin().ascii_serialization();
        let until = later(now, lifetime.unwrap_or(self.config.cache.ttl))?;
        let expires_at = lifetime.map(|_| until);
        let identity = self.mapping.identify(Proof {
            facts,
            issuer: &issuer,
            authenticator: &self.config.name,
            expires_at,
        })?;
        Ok(Fresh { identity: Arc::new(identity), until })
    }

    /// How long the token lives, where the endpoint gave one with every scope that was asked for.
    fn granted(&self, answer: &Answer) -> Result<Option<Duration>, Rejection> {
        match answer.status.as_u16() {
            200 => {}
            400 | 401 | 403 => return Err(Rejection::invalid("client-credentials/refused")),
            429 => return Err(Rejection::Throttled { retry_after: retry_after(&answer.headers) }),
            _ => return Err(Rejection::unavailable("client-credentials/unexpected-answer")),
        }
        let malformed = || Rejection::unavailable("client-credentials/malformed-answer");
        let token = strict_json::parse_object(&answer.body).map_err(|_| malformed())?;
        if token.get("access_token").and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(malformed());
        }
        // Left out when it is what was asked for (RFC 6749 §5.1).
        if let Some(scope) = token.get("scope") {
            let granted: Vec<&str> = scope.as_str().ok_or_else(malformed)?.split(' ').collect();
            if !self.config.scopes.iter().all(|scope| granted.contains(&&**scope)) {
                return Err(Rejection::invalid("client-credentials/scope"));
            }
        }
        match token.get("expires_in") {
            None => Ok(None),
            Some(seconds) => {
                seconds.as_u64().map(|seconds| Some(Duration::from_secs(seconds))).ok_or_else(malformed)
            }
        }
    }

    fn key(&self, credential: &str) -> [u8; 32] {
        self.verdicts.key(credential.as_bytes())
    }
}

/// What a client form-encoded (RFC 6749 §2.3.1).
fn form_decoded(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    percent_encoding::percent_decode_str(&text).decode_utf8().ok().map(|text| text.into_owned())
}

impl Authenticator for ClientCredentials {
    fn name(&self) -> &Arc<str> {
        &self.config.name
    }

    fn places(&self) -> Option<&Places> {
        Some(&self.from)
    }

    fn find<'r>(&self, presented: &Presented<'r>) -> Option<Credential<'r>> {
        self.from.find(presented)
    }

    fn recall(
        &self,
        credential: &Credential<'_>,
        presented: &Presented<'_>,
    ) -> Option<Result<Arc<Identity>, Rejection>> {
        self.verdicts.recall(&self.key(credential.text()?), presented.now)
    }

    fn verify<'a>(
        &'a self,
        credential: Credential<'a>,
        presented: &'a Presented<'a>,
    ) -> BoxFuture<'a, Result<Arc<Identity>, Rejection>> {
        Box::pin(async move {
            let text = credential.text().ok_or(Rejection::Missing)?;
            if text.len() > 4_096 {
                return Err(Rejection::invalid("client-credentials/too-long"));
            }
            self.verdicts.settle(self.key(text), presented.now, self.check(text, presented.now)).await
        })
    }

    fn challenge(&self) -> Option<Challenge> {
        Some(Challenge { realm: Some((*self.config.name).into()), ..Challenge::new("Basic") })
    }

    fn digest(&self) -> [u8; 32] {
        self.digest
    }

    fn figures(&self) -> CacheFigures {
        self.verdicts.figures()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Chain,
        test_request::TestRequest,
        test_server::{Reply, TestServer},
    };
    use base64::{Engine, engine::general_purpose::STANDARD};

    fn chain(server: &TestServer) -> Chain {
        let config = ClientCredentialsConfig {
            name: "machines".into(),
            token_url: server.url("/token"),
            scopes: vec!["a".into(), "b".into()],
            mapping: MappingConfig::default(),
            remote: RemoteConfig {
                timeout: Duration::from_millis(300),
                retries: 0,
                ..RemoteConfig::default()
            },
            cache: CacheConfig::default(),
        };
        Chain::new([Arc::new(ClientCredentials::new(config).unwrap()) as Arc<dyn Authenticator>])
    }

    async fn ask(chain: &Chain, credential: &str, seconds: u64) -> String {
        let value = format!("Basic {}", STANDARD.encode(credential));
        match chain
            .authenticate(&TestRequest::new(&[("authorization", &value)]).at(seconds).presented())
            .await
        {
            Ok(identity) => identity.subject.to_string(),
            Err(refused) => refused.rejection.to_string(),
        }
    }

    #[tokio::test]
    async fn a_client_that_gets_a_token_is_who_it_says() {
        let token = json!({"access_token": "t", "expires_in": 60});
        let server = TestServer::start(move |_| Reply::json(&token)).await;
        let chain = chain(&server);
        assert_eq!(ask(&chain, "my%3Aclient:s%26t", 0).await, "my:client");
        let seen = server.seen().remove(0);
        assert_eq!(seen.headers["authorization"], format!("Basic {}", STANDARD.encode("my%3Aclient:s%26t")));
        assert_eq!(seen.body, "grant_type=client_credentials&scope=a+b");
        for (seconds, questions) in [(59, 1), (60, 2)] {
            ask(&chain, "my%3Aclient:s%26t", seconds).await;
            assert_eq!(server.seen().len(), questions);
        }
        ask(&chain, "my%3Aclient:other", 60).await;
        assert_eq!(server.seen().len(), 3);
    }

    #[tokio::test]
    async fn what_the_endpoint_refuses_is_refused_and_its_failures_say_nothing() {
        let fewer = json!({"access_token": "t", "scope": "a"});
        for (reply, expected) in [
            (Reply::status(401), "credential is not valid: client-credentials/refused"),
            (Reply::status(500), "credential could not be checked: client-credentials/unexpected-answer"),
            (Reply::status(429), "too many attempts"),
            (Reply::json(&json!({})), "credential could not be checked: client-credentials/malformed-answer"),
            (Reply::json(&fewer), "credential is not valid: client-credentials/scope"),
        ] {
            let server = TestServer::start(move |_| reply.clone()).await;
            assert_eq!(ask(&chain(&server), "c:s", 0).await, expected);
        }
    }
}
