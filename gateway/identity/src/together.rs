//! `together`: several principals at once, such as a user on a known device. All of them must prove who they are.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use portreeve_cel::{Map, Value};

use crate::{
    Authenticator, Challenge, Credential, Flaw, Identity, Login, Places, Presented, Readiness, Rejection,
    fingerprint,
};

/// One caller made of several. The first is who the caller is; what the others are becomes attributes.
#[derive(Debug)]
pub struct Together {
    name: Arc<str>,
    first: Arc<dyn Authenticator>,
    /// With the name of the attribute, which holds `id`, `roles` and `attr`.
    others: Vec<(Arc<str>, Arc<dyn Authenticator>)>,
    /// Where all of them look.
    places: Places,
    digest: [u8; 32],
}

impl Together {
    /// # Errors
    /// When nobody is put together with the first, or with somebody who asks for no proof.
    pub fn new(
        name: Arc<str>,
        first: Arc<dyn Authenticator>,
        others: Vec<(Arc<str>, Arc<dyn Authenticator>)>,
    ) -> Result<Self, Vec<Flaw>> {
        if others.is_empty() {
            let message = "one authenticator alone needs no company";
            return Err(vec![Flaw::new("together", "together/alone", message)]);
        }
        let all = || std::iter::once(&first).chain(others.iter().map(|(_, other)| other));
        if let Some(open) = all().find(|one| one.welcomes_anyone()) {
            let message =
                format!("`{}` welcomes everybody, which proves nothing together with others", open.name());
            return Err(vec![Flaw::new("together", "together/proves-nothing", message)]);
        }
        let places = all().filter_map(|one| one.places()).flat_map(Places::iter).cloned();
        let places = Places::new(places.collect::<Vec<_>>());
        let parts: Vec<_> = others.iter().map(|(name, other)| (Arc::clone(name), other.digest())).collect();
        let digest = fingerprint::of(&("together", &name, first.digest(), parts));
        Ok(Self { name, first, others, places, digest })
    }

    async fn prove(&self, presented: &Presented<'_>) -> Result<Arc<Identity>, Rejection> {
        let first = one(&*self.first, presented).await?;
        let own = |name: &Arc<str>| self.others.iter().all(|(other, _)| other != name);
        let mut attributes: Vec<(Arc<str>, Value)> = first
            .attributes
            .iter()
            .filter(|(name, _)| own(name))
            .map(|(name, value)| (Arc::clone(name), value.clone()))
            .collect();
        let mut expires_at = first.expires_at;
        for (name, other) in &self.others {
            let other = one(&**other, presented).await?;
            expires_at = [expires_at, other.expires_at].into_iter().flatten().min();
            attributes.push((Arc::clone(name), described(&other)));
        }
        Ok(Arc::new(Identity {
            attributes: attributes.into_iter().collect(),
            expires_at,
            authenticator: Arc::clone(&self.name),
            ..(*first).clone()
        }))
    }
}

async fn one(
    authenticator: &dyn Authenticator,
    presented: &Presented<'_>,
) -> Result<Arc<Identity>, Rejection> {
    match authenticator.find(presented) {
        None => Err(Rejection::Missing),
        Some(Credential::Ambiguous) => Err(Rejection::Ambiguous),
        Some(credential) => match authenticator.recall(&credential, presented) {
            Some(known) => known,
            None => authenticator.verify(credential, presented).await,
        },
    }
}

fn described(identity: &Identity) -> Value {
    let roles = identity.roles.iter().map(|role| Value::String(Arc::clone(role))).collect();
    let described: Map = [
        ("id", Value::String(Arc::clone(&identity.subject))),
        ("roles", Value::List(roles)),
        ("attr", Value::Map(identity.attributes.clone())),
    ]
    .into_iter()
    .collect();
    Value::Map(described)
}

impl Authenticator for Together {
    fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The first one's credential; without the others' the request is refused, not passed on.
    fn find<'r>(&self, presented: &Presented<'r>) -> Option<Credential<'r>> {
        self.first.find(presented)
    }

    fn concerns(&self, credential: &Credential<'_>) -> bool {
        self.first.concerns(credential)
    }

    fn verify<'a>(
        &'a self,
        _: Credential<'a>,
        presented: &'a Presented<'a>,
    ) -> BoxFuture<'a, Result<Arc<Identity>, Rejection>> {
        Box::pin(self.prove(presented))
    }

    fn readiness(&self) -> Readiness {
        let others = self.others.iter().map(|(_, other)| other.readiness());
        others.fold(
            self.first.readiness(),
            |so_far, other| if so_far == Readiness::Ready { other } else { so_far },
        )
    }

    fn challenge(&self) -> Option<Challenge> {
        self.first.challenge()
    }

    fn challenges(&self) -> Vec<Challenge> {
        let others = self.others.iter().flat_map(|(_, other)| other.challenges());
        self.first.challenges().into_iter().chain(others).collect()
    }

    fn places(&self) -> Option<&Places> {
        Some(&self.places)
    }

    fn login(&self) -> Option<&dyn Login> {
        self.first.login()
    }

    fn proves_by_token(&self) -> bool {
        self.first.proves_by_token()
    }

    fn digest(&self) -> [u8; 32] {
        self.digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Chain, Headers, HeadersConfig, MappingConfig, Rejection, TrustedPeers, test_request::TestRequest,
    };
    use http::HeaderName;

    fn by_header(field: &'static str) -> Arc<dyn Authenticator> {
        let config = HeadersConfig {
            name: field.into(),
            trusted: TrustedPeers { networks: vec!["10.0.0.0/8".parse().unwrap()], secret: None },
            fields: vec![HeaderName::from_static(field)],
            json: Vec::new(),
            mapping: MappingConfig { id: format!("headers[\"{field}\"]").into(), ..MappingConfig::default() },
        };
        Arc::new(Headers::new(config).unwrap())
    }

    #[tokio::test]
    async fn a_user_on_a_device_is_both_or_nobody() {
        let others = vec![("device".into(), by_header("x-device"))];
        let both = Together::new("both".into(), by_header("x-user"), others).unwrap();
        let chain = Chain::new([Arc::new(both) as Arc<dyn Authenticator>]);
        let ask = async |fields: &[(&'static str, &str)]| {
            chain.authenticate(&TestRequest::new(fields).from("10.0.0.1").presented()).await
        };
        let identity = ask(&[("x-user", "alice"), ("x-device", "phone")]).await.unwrap();
        assert_eq!((&*identity.subject, &*identity.authenticator), ("alice", "both"));
        let Some(Value::Map(device)) = identity.attributes.get("device") else { panic!("no device") };
        assert_eq!(device.get("id"), Some(&Value::from("phone")));
        assert_eq!(ask(&[("x-user", "alice")]).await.unwrap_err().rejection, Rejection::Missing);
        assert_eq!(ask(&[("x-device", "phone")]).await.unwrap_err().rejection, Rejection::Missing);
        assert!(Together::new("x".into(), by_header("x-user"), vec![]).is_err());
    }
}
