//! `anonymous` and `deny`: everybody, and nobody.

use std::sync::Arc;

use futures_util::future::{BoxFuture, ready};
use http::header::AUTHORIZATION;

use crate::{Authenticator, Credential, Identity, Presented, Profile, Rejection, fingerprint};

/// Takes every caller who shows no credential for the same caller. It is passed over once an earlier authenticator of
/// the route has seen a credential, and where there is an `Authorization` field: a caller who tried to say who they are
/// is never taken for nobody.
#[derive(Debug)]
pub struct Anonymous {
    name: Arc<str>,
    identity: Arc<Identity>,
    digest: [u8; 32],
}

impl Anonymous {
    /// Whom to take everybody for.
    pub fn new(name: Arc<str>, profile: &Profile) -> Self {
        let digest = fingerprint::of(&("anonymous", &name, profile));
        Self { identity: profile.identity(&name, None), name, digest }
    }
}

impl Authenticator for Anonymous {
    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn find<'r>(&self, presented: &Presented<'r>) -> Option<Credential<'r>> {
        (!presented.headers.contains_key(AUTHORIZATION)).then_some(Credential::Nothing)
    }

    fn recall(&self, _: &Credential<'_>, _: &Presented<'_>) -> Option<Result<Arc<Identity>, Rejection>> {
        Some(Ok(Arc::clone(&self.identity)))
    }

    fn verify<'a>(
        &'a self,
        _: Credential<'a>,
        _: &'a Presented<'a>,
    ) -> BoxFuture<'a, Result<Arc<Identity>, Rejection>> {
        Box::pin(ready(Ok(Arc::clone(&self.identity))))
    }

    fn welcomes_anyone(&self) -> bool {
        true
    }

    fn digest(&self) -> [u8; 32] {
        self.digest
    }
}

/// Refuses every caller, with 401.
#[derive(Debug)]
pub struct Deny {
    name: Arc<str>,
}

impl Deny {
    /// Refuses everybody.
    pub fn new(name: Arc<str>) -> Self {
        Self { name }
    }
}

impl Authenticator for Deny {
    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn find<'r>(&self, _: &Presented<'r>) -> Option<Credential<'r>> {
        Some(Credential::Nothing)
    }

    fn verify<'a>(
        &'a self,
        _: Credential<'a>,
        _: &'a Presented<'a>,
    ) -> BoxFuture<'a, Result<Arc<Identity>, Rejection>> {
        Box::pin(ready(Err(Rejection::invalid("deny"))))
    }

    fn digest(&self) -> [u8; 32] {
        fingerprint::of(&("deny", &self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Chain, test_request::TestRequest};

    #[tokio::test]
    async fn everybody_is_welcome_but_not_with_a_credential_nobody_asked_for() {
        let anonymous = Anonymous::new("guests".into(), &Profile::named("guest"));
        let chain = Chain::new([Arc::new(anonymous) as Arc<dyn Authenticator>]);
        let guest = chain.authenticate(&TestRequest::new(&[]).presented()).await.unwrap();
        assert_eq!((&*guest.subject, &*guest.roles[0]), ("guest", "authenticated"));
        for value in ["Bearer x", "Digest x", ""] {
            let request = TestRequest::new(&[("authorization", value)]);
            assert_eq!(
                chain.authenticate(&request.presented()).await.unwrap_err().rejection,
                Rejection::Missing
            );
        }
    }

    #[tokio::test]
    async fn deny_denies_everybody() {
        let chain = Chain::new([Arc::new(Deny::new("nobody".into())) as Arc<dyn Authenticator>]);
        let refused = chain.authenticate(&TestRequest::new(&[]).presented()).await.unwrap_err();
        assert_eq!(refused.rejection.status(), 401);
    }
}
