use std::{fmt, sync::Arc, time::SystemTime};

use futures_util::future::BoxFuture;
use http::HeaderName;

use crate::{Challenge, Credential, Identity, Login, Places, Presented, Rejection};

/// One way to prove who one is.
pub trait Authenticator: fmt::Debug + Send + Sync {
    /// The name the configuration gives it.
    fn name(&self) -> &Arc<str>;

    /// Finds the credential this authenticator is responsible for. Cheap, synchronous, never an error.
    fn find<'r>(&self, presented: &Presented<'r>) -> Option<Credential<'r>>;

    /// What is already known of the credential: the fast path. Synchronous and without allocation. `None` means nothing
    /// is known, not that it is bad.
    fn recall(
        &self,
        _credential: &Credential<'_>,
        _presented: &Presented<'_>,
    ) -> Option<Result<Arc<Identity>, Rejection>> {
        None
    }

    /// Whether the credential, read without believing any of it, was made out for this authenticator: a token of
    /// another issuer is another authenticator's, if the route has one for it. Asked only after
    /// [`recall`](Self::recall).
    fn concerns(&self, _credential: &Credential<'_>) -> bool {
        true
    }

    /// Checks it.
    fn verify<'a>(
        &'a self,
        credential: Credential<'a>,
        presented: &'a Presented<'a>,
    ) -> BoxFuture<'a, Result<Arc<Identity>, Rejection>>;

    /// Whether it welcomes callers who show nothing. It is passed over once an earlier authenticator has seen a
    /// credential that nobody would take.
    fn welcomes_anyone(&self) -> bool {
        false
    }

    /// Fetches beforehand what it will need (keys), so that the first caller does not wait for it. How that went is
    /// told by [`readiness`](Self::readiness).
    fn prepare(&self, _now: SystemTime) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    /// Whether it could check a credential now. Not ready is no reason to stop serving, but one to say so.
    fn readiness(&self) -> Readiness {
        Readiness::Ready
    }

    /// What to tell a caller about how to prove who they are.
    fn challenge(&self) -> Option<Challenge> {
        None
    }

    /// The same of all who have a part in it.
    fn challenges(&self) -> Vec<Challenge> {
        self.challenge().into_iter().collect()
    }

    /// A digest of everything in the configuration that the outcome depends on. Equal digests mean that an instance may
    /// be kept over a reload, with what it remembers.
    fn digest(&self) -> [u8; 32];

    /// How it logs browsers in, where it can.
    fn login(&self) -> Option<&dyn Login> {
        None
    }

    /// Header fields whose content is believed from trusted peers only. They are to be stripped from what goes
    /// upstream, in every spelling.
    fn owned_fields(&self) -> Vec<HeaderName> {
        Vec::new()
    }

    /// Where it looks for its credential, for those who do not want to pass it on. Nothing where it is no field, cookie
    /// or parameter of the request.
    fn places(&self) -> Option<&Places> {
        None
    }

    /// Whether the credential that it finds is a token of the caller's that another server knows, which can be
    /// exchanged there for one that an upstream takes.
    fn proves_by_token(&self) -> bool {
        false
    }

    /// Cookies that are between it and the browser, and no business of an upstream's.
    fn owned_cookies(&self) -> Vec<Box<str>> {
        Vec::new()
    }

    /// Forgets callers it remembers, as after a logout at their provider.
    fn forget(&self, _gone: &dyn Fn(&Identity) -> bool) {}

    /// How its cache does.
    fn figures(&self) -> CacheFigures {
        CacheFigures::default()
    }
}

/// Whether an authenticator has what it needs to check credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Readiness {
    /// Yes.
    Ready,
    /// Not yet, and why (`keys of https://idp.test/jwks not fetched yet`).
    Waiting(String),
    /// It works with what it had, but could not renew it, and why.
    Stale(String),
}

/// How a cache does, for metrics. Counts since the instance was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheFigures {
    /// Credentials answered from memory.
    pub hits: u64,
    /// Credentials that had to be checked.
    pub misses: u64,
    /// Credentials remembered now.
    pub entries: u64,
}
