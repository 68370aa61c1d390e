use std::{borrow::Cow, sync::Arc};

use http::HeaderValue;

use crate::{Authenticator, Challenge, Credential, Identity, Presented, Rejection};

/// A route's authenticators, in order. The first that finds its credential decides alone: a bad credential is never
/// tried as a weaker kind, nor as nobody.
#[derive(Clone, Debug, Default)]
pub struct Chain(Arc<[Arc<dyn Authenticator>]>);

/// Nobody was authenticated: why, who said so, and what may be told about it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{rejection}")]
pub struct Unauthenticated {
    /// Why.
    pub rejection: Rejection,
    /// The authenticator that decided; none when no credential was found.
    pub authenticator: Option<Arc<str>>,
    /// The values for `WWW-Authenticate`, one field each: the deciding authenticator's, or those of all.
    pub challenges: Vec<HeaderValue>,
}

impl Chain {
    /// Accepts what these authenticators accept.
    pub fn new(authenticators: impl IntoIterator<Item = Arc<dyn Authenticator>>) -> Self {
        Self(authenticators.into_iter().collect())
    }

    /// The authenticators in order.
    pub fn authenticators(&self) -> &[Arc<dyn Authenticator>] {
        &self.0
    }

    /// Who is calling? A credential that was checked before is answered from memory, without allocation.
    ///
    /// # Errors
    /// Why nobody was authenticated, with the challenges for the answer.
    pub async fn authenticate(&self, presented: &Presented<'_>) -> Result<Arc<Identity>, Unauthenticated> {
        let mut unclaimed = false;
        for authenticator in self.0.iter() {
            if unclaimed && authenticator.welcomes_anyone() {
                continue;
            }
            let Some(credential) = authenticator.find(presented) else { continue };
            if matches!(credential, Credential::Ambiguous) {
                return Err(self.refuse(Rejection::Ambiguous, Some(authenticator)));
            }
            if let Some(known) = authenticator.recall(&credential, presented) {
                return known.map_err(|rejection| self.refuse(rejection, Some(authenticator)));
            }
            if !authenticator.concerns(&credential) {
                unclaimed = true;
                continue;
            }
            let outcome = authenticator.verify(credential, presented).await;
            return outcome.map_err(|rejection| self.refuse(rejection, Some(authenticator)));
        }
        let rejection = if unclaimed { Rejection::invalid("chain/unclaimed") } else { Rejection::Missing };
        Err(self.refuse(rejection, None))
    }

    /// The token that a caller was proven by, if it was one.
    pub fn token<'r>(&self, caller: &Identity, presented: &Presented<'r>) -> Option<Cow<'r, str>> {
        let by = self.0.iter().find(|by| *by.name() == caller.authenticator && by.proves_by_token())?;
        match by.find(presented)? {
            Credential::Text(token) => Some(token),
            _ => None,
        }
    }

    #[cold]
    fn refuse(&self, rejection: Rejection, by: Option<&Arc<dyn Authenticator>>) -> Unauthenticated {
        let mut challenges: Vec<HeaderValue> = Vec::new();
        let asked = by.map_or_else(|| &*self.0, std::slice::from_ref);
        for challenge in asked.iter().flat_map(|authenticator| authenticator.challenges()) {
            let value = challenge.value(&rejection);
            if !challenges.contains(&value) {
                challenges.push(value);
            }
        }
        // A 401 must carry a challenge (RFC 9110 §15.5.2), also where the mechanism has no scheme of its own.
        if challenges.is_empty() && rejection.status() == http::StatusCode::UNAUTHORIZED {
            challenges.push(Challenge::new("Bearer").value(&Rejection::Missing));
        }
        Unauthenticated { rejection, authenticator: by.map(|by| Arc::clone(by.name())), challenges }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Places, Reason};
    use futures_util::future::BoxFuture;
    use http::{HeaderMap, Method};
    use std::time::SystemTime;

    /// Accepts the credential `good-NAME`, takes up those that hold its name, and remembers `known-NAME`.
    #[derive(Debug)]
    struct Named {
        name: Arc<str>,
        places: Places,
        anyone: bool,
    }

    fn named(name: &str) -> Arc<dyn Authenticator> {
        Arc::new(Named { name: name.into(), places: Places::default(), anyone: false })
    }

    fn anyone() -> Arc<dyn Authenticator> {
        Arc::new(Named { name: "anyone".into(), places: Places::new([]), anyone: true })
    }

    impl Named {
        fn identity(&self) -> Arc<Identity> {
            Arc::new(Identity {
                subject: self.name.clone(),
                issuer: self.name.clone(),
                roles: Box::new(["user".into()]),
                attributes: Default::default(),
                claims: Default::default(),
                scope: None,
                expires_at: None,
                authenticator: self.name.clone(),
            })
        }
    }

    impl Authenticator for Named {
        fn name(&self) -> &Arc<str> {
            &self.name
        }
        fn find<'r>(&self, presented: &Presented<'r>) -> Option<Credential<'r>> {
            if self.anyone { Some(Credential::Nothing) } else { self.places.find(presented) }
        }
        fn recall(&self, c: &Credential<'_>, _: &Presented<'_>) -> Option<Result<Arc<Identity>, Rejection>> {
            (c.text() == Some(&format!("known-{}", self.name))).then(|| Ok(self.identity()))
        }
        fn concerns(&self, credential: &Credential<'_>) -> bool {
            self.anyone || credential.text().is_some_and(|text| text.contains(&*self.name))
        }
        fn verify<'a>(
            &'a self,
            credential: Credential<'a>,
            _: &'a Presented<'a>,
        ) -> BoxFuture<'a, Result<Arc<Identity>, Rejection>> {
            Box::pin(async move {
                let good = self.anyone || credential.text() == Some(&format!("good-{}", self.name));
                if good { Ok(self.identity()) } else { Err(Rejection::Invalid(Reason::from("named/bad"))) }
            })
        }
        fn welcomes_anyone(&self) -> bool {
            self.anyone
        }
        fn challenge(&self) -> Option<Challenge> {
            (!self.anyone).then(|| Challenge { realm: Some((*self.name).into()), ..Challenge::new("Bearer") })
        }
        fn digest(&self) -> [u8; 32] {
            [0; 32]
        }
    }

    async fn ask(chain: &Chain, fields: &[&str]) -> Result<String, (String, Vec<HeaderValue>)> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append("authorization", HeaderValue::from_str(&format!("Bearer {field}")).unwrap());
        }
        let (path, query, now) = ("/", "", SystemTime::UNIX_EPOCH);
        let headers = &headers;
        let shown =
            Presented { method: &Method::GET, path, query, headers, certificate: None, peer: None, now };
        match chain.authenticate(&shown).await {
            Ok(identity) => Ok(identity.subject.to_string()),
            Err(refused) => Err((refused.rejection.to_string(), refused.challenges)),
        }
    }

    #[tokio::test]
    async fn the_first_authenticator_whose_credential_it_is_decides_alone() {
        let chain = Chain::new([named("a"), named("b"), anyone()]);
        assert_eq!(ask(&chain, &["good-a"]).await.unwrap(), "a");
        assert_eq!(ask(&chain, &["good-b"]).await.unwrap(), "b");
        assert_eq!(ask(&chain, &["known-b"]).await.unwrap(), "b");
        assert_eq!(ask(&chain, &[]).await.unwrap(), "anyone");
        let (why, challenges) = ask(&chain, &["bad-a, good-b"]).await.unwrap_err();
        assert_eq!(why, "credential is not valid: named/bad");
        assert_eq!(challenges, ["Bearer realm=\"a\", error=\"invalid_token\""]);
    }

    #[tokio::test]
    async fn a_credential_nobody_takes_is_not_welcomed_as_anyone() {
        let chain = Chain::new([named("a"), anyone()]);
        let (why, challenges) = ask(&chain, &["good-z"]).await.unwrap_err();
        assert_eq!(why, "credential is not valid: chain/unclaimed");
        assert_eq!(challenges, ["Bearer realm=\"a\", error=\"invalid_token\""]);
    }

    #[tokio::test]
    async fn without_a_credential_all_challenges_are_told() {
        let (why, challenges) = ask(&Chain::new([named("a"), named("b")]), &[]).await.unwrap_err();
        assert_eq!(why, "no credential");
        assert_eq!(challenges, ["Bearer realm=\"a\"", "Bearer realm=\"b\""]);
        let (_, challenges) = ask(&Chain::default(), &[]).await.unwrap_err();
        assert_eq!(challenges, ["Bearer realm=\"api\""]);
    }

    #[tokio::test]
    async fn two_credentials_in_one_place_are_ambiguous_before_anything_is_checked() {
        let (why, _) = ask(&Chain::new([named("a")]), &["known-a", "known-a"]).await.unwrap_err();
        assert_eq!(why, "more than one credential");
    }
}
