//! `client_certificate`: a certificate that the listener verified, or that trusted proxies in front did (XFCC).

mod leaf;
mod xfcc;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures_util::future::{BoxFuture, ready};
use http::HeaderName;
use serde_json::Value;

use crate::{
    Authenticator, CacheConfig, CacheFigures, Credential, Flaw, Identity, MappingConfig, Presented,
    Rejection, TrustedPeers, fingerprint,
    mapping::{Facts, Mapping, Proof},
    presented::Found,
    verdicts::{Fresh, Verdicts},
};

/// Identity by client certificate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CertificateConfig {
    /// The name in the configuration.
    pub name: Arc<str>,
    /// Who verified the certificate.
    pub source: CertificateSource,
    /// Who it makes the caller. The mapping reads `certificate` (`uri`, `dns`, `email`, `common_name`, `subject`,
    /// `issuer`, `serial`, `hash`); for a forwarded certificate `uri`, `dns`, `subject`, `hash` and `by`, and all
    /// elements as `xfcc`.
    pub mapping: MappingConfig,
    /// What is remembered of certificates that the listener verified.
    pub cache: CacheConfig,
}

/// Who verified a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CertificateSource {
    /// The listener: mutual TLS with this gateway.
    Connection,
    /// Proxies in front, which write what they verified into a header field.
    Forwarded {
        /// The field. Default `x-forwarded-client-cert`.
        field: HeaderName,
        /// The proxies' networks or secret.
        trusted: TrustedPeers,
        /// How many proxies in front append to the field. The element counted from the **right** is the caller's;
        /// everything left of it is the caller's own word. Default 1.
        hops: usize,
    },
}

impl CertificateSource {
    /// Envoy's field, from trusted peers, one hop.
    pub fn forwarded(trusted: TrustedPeers) -> Self {
        Self::Forwarded { field: HeaderName::from_static("x-forwarded-client-cert"), trusted, hops: 1 }
    }
}

/// Authenticates callers by certificate.
#[derive(Debug)]
pub struct Certificate {
    config: CertificateConfig,
    mapping: Mapping,
    verdicts: Verdicts,
    digest: [u8; 32],
}

impl Certificate {
    /// # Errors
    /// Everything that is wrong with the configuration.
    pub fn new(config: CertificateConfig) -> Result<Self, Vec<Flaw>> {
        let mut flaws = Vec::new();
        if let CertificateSource::Forwarded { trusted, hops, .. } = &config.source {
            flaws.extend(trusted.flaws());
            if *hops == 0 {
                flaws.push(Flaw::new(
                    "trusted_hops",
                    "certificate/hops",
                    "at least one proxy writes the field",
                ));
            }
        }
        let mapping =
            Mapping::compile(&config.mapping, &["certificate", "xfcc"]).map_err(|found| flaws.extend(found));
        let (Ok(mapping), true) = (mapping, flaws.is_empty()) else { return Err(flaws) };
        let digest = fingerprint::of(&("client_certificate", &config));
        Ok(Self { verdicts: Verdicts::new(config.cache.clone(), digest), mapping, digest, config })
    }

    fn of_connection(&self, der: &[u8], now: SystemTime) -> Result<Fresh, Rejection> {
        let (facts, not_after) =
            leaf::facts(der).ok_or_else(|| Rejection::invalid("certificate/malformed"))?;
        let seconds = u64::try_from(not_after).map_err(|_| Rejection::invalid("certificate/expired"))?;
        let expires_at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        // A connection can outlive the certificate it was made with.
        if now >= expires_at {
            return Err(Rejection::invalid("certificate/expired"));
        }
        let identity = self.identify(Facts::of("certificate", facts), Some(expires_at))?;
        Ok(Fresh { identity, until: expires_at })
    }

    fn forwarded(&self, text: &str, hops: usize) -> Result<Arc<Identity>, Rejection> {
        let malformed = || Rejection::invalid("certificate/malformed-field");
        let elements = xfcc::parse(text).ok_or_else(malformed)?;
        let index = elements.len().checked_sub(hops);
        let theirs = index.and_then(|index| elements.get(index)).ok_or_else(malformed)?;
        let all = elements.iter().map(xfcc::Element::value).collect();
        let facts =
            Facts { main: ("certificate", theirs.value()), others: vec![("xfcc", Value::Array(all))] };
        self.identify(facts, None)
    }

    fn identify(&self, facts: Facts, expires_at: Option<SystemTime>) -> Result<Arc<Identity>, Rejection> {
        let issuer =
            facts.main.1.get("issuer").and_then(Value::as_str).unwrap_or(&self.config.name).to_owned();
        let proof = Proof { facts, issuer: &issuer, authenticator: &self.config.name, expires_at };
        self.mapping.identify(proof).map(Arc::new)
    }

    fn key(&self, der: &[u8]) -> [u8; 32] {
        self.verdicts.key(der)
    }
}

impl Authenticator for Certificate {
    fn name(&self) -> &Arc<str> {
        &self.config.name
    }

    fn find<'r>(&self, presented: &Presented<'r>) -> Option<Credential<'r>> {
        match &self.config.source {
            CertificateSource::Connection => presented.certificate.map(Credential::Certificate),
            CertificateSource::Forwarded { trusted, .. } if !trusted.vouch(presented) => None,
            CertificateSource::Forwarded { field, .. } => match presented.header(field) {
                Found::Nothing => None,
                Found::One(text) => Some(Credential::Text(text.into())),
                Found::Many => Some(Credential::Ambiguous),
            },
        }
    }

    fn recall(
        &self,
        credential: &Credential<'_>,
        presented: &Presented<'_>,
    ) -> Option<Result<Arc<Identity>, Rejection>> {
        match credential {
            Credential::Certificate(der) => self.verdicts.recall(&self.key(der), presented.now),
            _ => None,
        }
    }

    fn verify<'a>(
        &'a self,
        credential: Credential<'a>,
        presented: &'a Presented<'a>,
    ) -> BoxFuture<'a, Result<Arc<Identity>, Rejection>> {
        match (&self.config.source, credential) {
            (CertificateSource::Connection, Credential::Certificate(der)) => Box::pin(async move {
                let (key, now) = (self.key(der), presented.now);
                self.verdicts.settle(key, now, async { self.of_connection(der, now) }).await
            }),
            (CertificateSource::Forwarded { hops, .. }, Credential::Text(text)) => {
                Box::pin(ready(self.forwarded(&text, *hops)))
            }
            _ => Box::pin(ready(Err(Rejection::Missing))),
        }
    }

    fn owned_fields(&self) -> Vec<HeaderName> {
        match &self.config.source {
            CertificateSource::Connection => Vec::new(),
            CertificateSource::Forwarded { field, trusted, .. } => {
                trusted.secret.iter().map(|(name, _)| name).chain([field]).cloned().collect()
            }
        }
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
    use crate::{Chain, test_request::TestRequest};

    fn mapping(id: &str) -> MappingConfig {
        MappingConfig { id: id.into(), roles: "[]".into(), ..MappingConfig::default() }
    }

    async fn ask(config: CertificateConfig, request: &TestRequest) -> String {
        let chain = Chain::new([Arc::new(Certificate::new(config).unwrap()) as Arc<dyn Authenticator>]);
        match chain.authenticate(&request.presented()).await {
            Ok(identity) => identity.subject.to_string(),
            Err(refused) => refused.rejection.to_string(),
        }
    }

    fn connection(id: &str) -> CertificateConfig {
        let (source, cache) = (CertificateSource::Connection, CacheConfig::default());
        CertificateConfig { name: "mtls".into(), source, mapping: mapping(id), cache }
    }

    fn certificate(years: (i32, i32)) -> Vec<u8> {
        let mut parameters = rcgen::CertificateParams::new(vec!["job.acme.test".to_owned()]).unwrap();
        parameters.distinguished_name.push(rcgen::DnType::CommonName, "job");
        parameters.subject_alt_names.push(rcgen::SanType::URI("spiffe://acme.test/job".try_into().unwrap()));
        parameters.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        parameters.self_signed(&key).unwrap().der().to_vec()
    }

    #[tokio::test]
    async fn a_verified_certificate_names_its_owner_while_it_is_valid() {
        let shown = |der: Vec<u8>| TestRequest { certificate: Some(der), ..TestRequest::new(&[]) };
        let valid = shown(certificate((2020, 2030)));
        assert_eq!(ask(connection("certificate.common_name"), &valid).await, "job");
        assert_eq!(ask(connection("certificate.hash"), &valid).await.len(), 64);
        let expired = shown(certificate((2020, 2021)));
        let why = "credential is not valid: certificate/expired";
        assert_eq!(ask(connection("certificate.common_name"), &expired).await, why);
        let why = "credential is not valid: certificate/malformed";
        assert_eq!(ask(connection("certificate.common_name"), &shown(vec![1, 2, 3])).await, why);
        assert_eq!(ask(connection("certificate.common_name"), &TestRequest::new(&[])).await, "no credential");
    }

    #[test]
    fn alternative_names_are_told_apart() {
        let (facts, _) = leaf::facts(&certificate((2020, 2030))).unwrap();
        assert_eq!(facts["uri"], serde_json::json!(["spiffe://acme.test/job"]));
        assert_eq!(facts["dns"], serde_json::json!(["job.acme.test"]));
    }

    #[tokio::test]
    async fn a_forwarded_certificate_is_the_trusted_hops_word_and_not_the_callers() {
        let forwarded = |hops: usize| {
            let networks = vec!["10.0.0.0/8".parse().unwrap()];
            let field = HeaderName::from_static("x-forwarded-client-cert");
            let trusted = TrustedPeers { networks, secret: None };
            let source = CertificateSource::Forwarded { field, trusted, hops };
            CertificateConfig { source, ..connection("certificate.hash") }
        };
        let field = |value| TestRequest::new(&[("x-forwarded-client-cert", value)]);
        let two = "Hash=forged;URI=spiffe://a/admin,Hash=real;URI=spiffe://a/guest";
        assert_eq!(ask(forwarded(1), &field(two).from("10.0.0.1")).await, "real");
        assert_eq!(ask(forwarded(2), &field(two).from("10.0.0.1")).await, "forged");
        assert_eq!(ask(forwarded(1), &field(two).from("192.0.2.1")).await, "no credential");
        let why = "credential is not valid: certificate/malformed-field";
        assert_eq!(ask(forwarded(3), &field(two).from("10.0.0.1")).await, why);
        assert_eq!(ask(forwarded(1), &field("URI=\"a").from("10.0.0.1")).await, why);
        let name = "x-forwarded-client-cert";
        let twice = TestRequest::new(&[(name, "Hash=1"), (name, "Hash=2")]).from("10.0.0.1");
        assert_eq!(ask(forwarded(1), &twice).await, "more than one credential");
    }
}
