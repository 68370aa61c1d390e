//! `headers`: a trusted proxy in front has authenticated the caller and says so in header fields.

use std::sync::Arc;

use futures_util::future::{BoxFuture, ready};
use http::HeaderName;
use serde_json::{Map, Value};

use crate::{
    Authenticator, Credential, Flaw, Identity, MappingConfig, Presented, Reason, Rejection, TrustedPeers,
    fingerprint,
    mapping::{Facts, Mapping, Proof},
    presented::Found,
    strict_json,
};

/// Identity by header fields. The mapping reads them as `headers["x-user"]`, names in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HeadersConfig {
    /// The name in the configuration.
    pub name: Arc<str>,
    /// Whose word is taken. From everybody else the fields mean nothing.
    pub trusted: TrustedPeers,
    /// The fields that are read. The first one says whether this authenticator is responsible. All of them are to be
    /// stripped from every other peer's requests.
    pub fields: Vec<HeaderName>,
    /// Those of the fields that hold JSON, parsed before the mapping sees them.
    pub json: Vec<HeaderName>,
    /// Who that makes the caller.
    pub mapping: MappingConfig,
}

/// Authenticates callers by what a trusted peer says of them.
#[derive(Debug)]
pub struct Headers {
    config: HeadersConfig,
    mapping: Mapping,
    digest: [u8; 32],
}

impl Headers {
    /// # Errors
    /// Everything that is wrong with the configuration.
    pub fn new(config: HeadersConfig) -> Result<Self, Vec<Flaw>> {
        let mut flaws = config.trusted.flaws();
        if config.fields.is_empty() {
            flaws.push(Flaw::new("fields", "headers/none", "no header field that names the caller"));
        }
        for name in config.json.iter().filter(|name| !config.fields.contains(name)) {
            flaws.push(Flaw::new(
                "json",
                "headers/unread-json",
                format!("`{name}` is not one of the fields"),
            ));
        }
        match Mapping::compile(&config.mapping, &["headers"]) {
            Ok(mapping) if flaws.is_empty() => {
                Ok(Self { digest: fingerprint::of(&("headers", &config)), config, mapping })
            }
            Ok(_) => Err(flaws),
            Err(more) => Err([flaws, more].concat()),
        }
    }

    fn identify(&self, presented: &Presented<'_>) -> Result<Arc<Identity>, Rejection> {
        let mut headers = Map::new();
        for name in &self.config.fields {
            match presented.header(name) {
                Found::Nothing => {}
                Found::Many => return Err(Rejection::Ambiguous),
                Found::One(text) => {
                    headers.insert(name.as_str().to_owned(), self.value(name, text)?);
                }
            }
        }
        let identity = self.mapping.identify(Proof {
            facts: Facts::of("headers", Value::Object(headers)),
            issuer: &self.config.name,
            authenticator: &self.config.name,
            expires_at: None,
        })?;
        Ok(Arc::new(identity))
    }

    fn value(&self, name: &HeaderName, text: &str) -> Result<Value, Rejection> {
        if !self.config.json.contains(name) {
            return Ok(Value::String(text.to_owned()));
        }
        strict_json::parse(text.as_bytes())
            .map_err(|_| Rejection::Invalid(Reason::with("headers/not-json", name.to_string())))
    }
}

impl Authenticator for Headers {
    fn name(&self) -> &Arc<str> {
        &self.config.name
    }

    fn find<'r>(&self, presented: &Presented<'r>) -> Option<Credential<'r>> {
        let named = self.config.fields.first().is_some_and(|name| presented.headers.contains_key(name));
        (named && self.config.trusted.vouch(presented)).then_some(Credential::Headers)
    }

    fn verify<'a>(
        &'a self,
        _: Credential<'a>,
        presented: &'a Presented<'a>,
    ) -> BoxFuture<'a, Result<Arc<Identity>, Rejection>> {
        Box::pin(ready(self.identify(presented)))
    }

    fn owned_fields(&self) -> Vec<HeaderName> {
        let secret = self.config.trusted.secret.iter().map(|(name, _)| name);
        self.config.fields.iter().chain(secret).cloned().collect()
    }

    fn digest(&self) -> [u8; 32] {
        self.digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Chain, Secret, test_request::TestRequest};

    fn config() -> HeadersConfig {
        let names = |names: [&'static str; 2]| names.map(HeaderName::from_static).to_vec();
        HeadersConfig {
            name: "edge".into(),
            trusted: TrustedPeers { networks: vec!["10.0.0.0/8".parse().unwrap()], secret: None },
            fields: names(["x-user", "x-roles"]),
            json: vec![HeaderName::from_static("x-roles")],
            mapping: MappingConfig {
                id: r#"headers["x-user"]"#.into(),
                roles: r#"headers[?"x-roles"].orValue([])"#.into(),
                ..MappingConfig::default()
            },
        }
    }

    async fn ask(config: HeadersConfig, peer: &str, fields: &[(&'static str, &str)]) -> String {
        let chain = Chain::new([Arc::new(Headers::new(config).unwrap()) as Arc<dyn Authenticator>]);
        match chain.authenticate(&TestRequest::new(fields).from(peer).presented()).await {
            Ok(identity) => format!("{} {:?}", identity.subject, identity.roles),
            Err(refused) => refused.rejection.to_string(),
        }
    }

    #[tokio::test]
    async fn header_fields_are_believed_from_trusted_peers_only() {
        let alice = [("x-user", "alice"), ("x-roles", "[\"admin\"]")];
        assert_eq!(ask(config(), "10.1.2.3", &alice).await, "alice [\"admin\"]");
        assert_eq!(ask(config(), "::ffff:10.1.2.3", &alice).await, "alice [\"admin\"]");
        assert_eq!(ask(config(), "203.0.113.9", &alice).await, "no credential");
        let forwarded = [alice[0], ("x-forwarded-for", "10.1.2.3")];
        assert_eq!(ask(config(), "203.0.113.9", &forwarded).await, "no credential");
        assert_eq!(ask(config(), "10.1.2.3", &[("x-roles", "[]")]).await, "no credential");
    }

    #[tokio::test]
    async fn a_secret_makes_a_peer_trusted() {
        let secret = Some((HeaderName::from_static("x-edge"), Secret::new("0123456789abcdef")));
        let known = HeadersConfig { trusted: TrustedPeers { networks: vec![], secret }, ..config() };
        let alice = ("x-user", "alice");
        let right = ("x-edge", "0123456789abcdef");
        assert_eq!(ask(known.clone(), "1.1.1.1", &[alice, right]).await, "alice [\"authenticated\"]");
        for wrong in [&[alice][..], &[alice, ("x-edge", "0123456789abcdeF")], &[alice, right, right]] {
            assert_eq!(ask(known.clone(), "1.1.1.1", wrong).await, "no credential");
        }
    }

    #[tokio::test]
    async fn a_field_that_is_not_what_it_should_be_is_refused_not_guessed() {
        for (fields, expected) in [
            (
                &[("x-user", "a"), ("x-roles", "[user support]")][..],
                "credential is not valid: headers/not-json: x-roles",
            ),
            (&[("x-user", "")], "credential is not valid: principal/no-id"),
            (&[("x-user", "a"), ("x-user", "b")], "more than one credential"),
            (
                &[("x-user", "a"), ("x-roles", "\"admin\"")],
                "credential is not valid: principal/roles-not-a-list-of-text",
            ),
        ] {
            assert_eq!(ask(config(), "10.0.0.1", fields).await, expected, "{fields:?}");
        }
    }

    #[test]
    fn nobody_and_everybody_are_no_trusted_peers() {
        let codes = |networks: &[&str]| {
            let networks = networks.iter().map(|network| network.parse().unwrap()).collect();
            let config = HeadersConfig { trusted: TrustedPeers { networks, secret: None }, ..config() };
            Headers::new(config).err().unwrap_or_default().iter().map(|flaw| flaw.code).collect::<Vec<_>>()
        };
        assert_eq!(codes(&[]), ["peers/none"]);
        assert_eq!(codes(&["0.0.0.0/0"]), ["peers/everybody"]);
        assert_eq!(codes(&["::/0", "10.0.0.0/8"]), ["peers/everybody"]);
        assert_eq!(codes(&["0.0.0.0/1", "128.0.0.0/1"]), ["peers/everybody", "peers/everybody"]);
        assert_eq!(codes(&["127.0.0.1/32", "fd00::/8"]), Vec::<&str>::new());
    }
}
