//! `api_key`: a random key that the gateway knows the digest of.

use std::{collections::HashMap, sync::Arc, time::SystemTime};

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
};
use futures_util::future::{BoxFuture, ready};

use crate::{
    Authenticator, Challenge, Credential, Flaw, Identity, Places, Presented, Profile, Rejection, fingerprint,
};

/// Identity by API keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ApiKeyConfig {
    /// The name in the configuration.
    pub name: Arc<str>,
    /// Where the key is.
    pub from: Places,
    /// The keys.
    pub keys: Vec<ApiKeyEntry>,
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ApiKeyEntry {
    /// SHA-256 of the key. A key is random (128 bits or more), so a fast digest is enough; the key itself is nowhere.
    pub sha256: [u8; 32],
    /// Whose it is.
    pub owner: Profile,
    /// From when on it is refused.
    pub expires_at: Option<SystemTime>,
}

/// Authenticates callers by API keys.
#[derive(Debug)]
pub struct ApiKey {
    name: Arc<str>,
    from: Places,
    keys: HashMap<[u8; 32], Arc<Identity>>,
    digest: [u8; 32],
}

impl ApiKey {
    /// # Errors
    /// Everything that is wrong with the configuration.
    pub fn new(config: ApiKeyConfig) -> Result<Self, Vec<Flaw>> {
        let mut flaws = Vec::new();
        if config.keys.is_empty() {
            flaws.push(Flaw::new("keys", "api-key/none", "no key: nobody could call"));
        }
        let mut keys = HashMap::new();
        for (index, key) in config.keys.iter().enumerate() {
            if key.owner.subject.is_empty() {
                flaws.push(Flaw::new(
                    format!("keys.{index}"),
                    "api-key/no-subject",
                    "a key without an owner",
                ));
            }
            if keys.insert(key.sha256, key.owner.identity(&config.name, key.expires_at)).is_some() {
                flaws.push(Flaw::new(format!("keys.{index}"), "api-key/twice", "the same key twice"));
            }
        }
        if !flaws.is_empty() {
            return Err(flaws);
        }
        let digest = fingerprint::of(&("api_key", &config));
        Ok(Self { name: config.name, from: config.from, keys, digest })
    }

    /// Finding the digest in a map tells an observer of the time nothing about the key: who cannot choose the digest
    /// cannot walk towards it. The last comparison is in constant time nevertheless.
    fn owner(&self, key: &str, now: SystemTime) -> Result<Arc<Identity>, Rejection> {
        let shown = digest(&SHA256, key.as_bytes());
        let known =
            <[u8; 32]>::try_from(shown.as_ref()).ok().and_then(|shown| self.keys.get_key_value(&shown));
        let (known, identity) = known.ok_or_else(|| Rejection::invalid("api-key/unknown"))?;
        verify_slices_are_equal(known, shown.as_ref()).map_err(|_| Rejection::invalid("api-key/unknown"))?;
        if identity.expires_at.is_some_and(|expiry| now >= expiry) {
            return Err(Rejection::invalid("api-key/expired"));
        }
        Ok(Arc::clone(identity))
    }
}

impl Authenticator for ApiKey {
    fn name(&self) -> &Arc<str> {
        &self.name
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
        Some(self.owner(credential.text()?, presented.now))
    }

    fn verify<'a>(
        &'a self,
        credential: Credential<'a>,
        presented: &'a Presented<'a>,
    ) -> BoxFuture<'a, Result<Arc<Identity>, Rejection>> {
        let outcome =
            credential.text().ok_or(Rejection::Missing).and_then(|key| self.owner(key, presented.now));
        Box::pin(ready(outcome))
    }

    fn challenge(&self) -> Option<Challenge> {
        self.from.uses_scheme("Bearer").then(|| Challenge::new("Bearer"))
    }

    fn digest(&self) -> [u8; 32] {
        self.digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Chain, Place,
        test_request::{TestRequest, at},
    };
    use http::HeaderName;

    fn entry(key: &str, owner: &str, expires_at: Option<SystemTime>) -> ApiKeyEntry {
        let sha256 = digest(&SHA256, key.as_bytes()).as_ref().try_into().unwrap();
        ApiKeyEntry { sha256, owner: Profile::named(owner), expires_at }
    }

    fn config(keys: Vec<ApiKeyEntry>) -> ApiKeyConfig {
        let from =
            Places::new([Place::header(HeaderName::from_static("x-api-key")), Place::Cookie("key".into())]);
        ApiKeyConfig { name: "keys".into(), from, keys }
    }

    #[tokio::test]
    async fn a_key_is_its_owners_until_it_expires() {
        let keys = vec![entry("key-a", "alice", None), entry("key-b", "bob", Some(at(10)))];
        let chain = Chain::new([Arc::new(ApiKey::new(config(keys)).unwrap()) as Arc<dyn Authenticator>]);
        for (name, value, seconds, expected) in [
            ("x-api-key", "key-a", 0, "alice"),
            ("cookie", "key=key-b", 9, "bob"),
            ("x-api-key", "key-b", 10, "credential is not valid: api-key/expired"),
            ("x-api-key", "key-c", 0, "credential is not valid: api-key/unknown"),
            ("x-api-key", "", 0, "credential is not valid: api-key/unknown"),
            ("x-other", "key-a", 0, "no credential"),
        ] {
            let request = TestRequest::new(&[(name, value)]).at(seconds);
            let outcome = match chain.authenticate(&request.presented()).await {
                Ok(identity) => identity.subject.to_string(),
                Err(refused) => refused.rejection.to_string(),
            };
            assert_eq!(outcome, expected, "{name}: {value}");
        }
    }

    #[test]
    fn keys_without_owners_and_keys_of_two_owners_are_flaws() {
        let codes =
            |keys| ApiKey::new(config(keys)).unwrap_err().iter().map(|flaw| flaw.code).collect::<Vec<_>>();
        assert_eq!(codes(vec![]), ["api-key/none"]);
        assert_eq!(codes(vec![entry("a", "", None)]), ["api-key/no-subject"]);
        assert_eq!(codes(vec![entry("a", "x", None), entry("a", "y", None)]), ["api-key/twice"]);
    }
}
