//! What judging needs of the world: who a credential belongs to, and what is stored.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, StatusCode};
use portreeve_cel::Value;
use portreeve_identity::{Chain, Identity, Presented, Unauthenticated, grant::NoToken};
use portreeve_policies::Trace;
use portreeve_route_config::{Head, Match, Target, TargetTemplate};

use crate::{
    Refusal,
    body::{self, Body, BodyError},
    dress::{Grant, Scene},
    facts::{Ask, Facts, FactsError},
    own::Own,
};

/// Where answers come from that are not in the request, and who watches. The gateway serves with [`Real`]; an
/// explanation judges by the same code with a caller and a stored resource that it was given.
pub(crate) trait World {
    /// Watches the policies.
    type Trace: Trace;

    /// Who is calling?
    async fn caller(&mut self, chain: &Chain, shown: &Presented<'_>) -> Result<Arc<Identity>, Refusal>;

    /// What does the gateway itself answer?
    async fn answer(&mut self, own: &Own, shown: &Presented<'_>) -> Refusal;

    /// What does the body say?
    async fn body(&mut self, headers: &HeaderMap, limit: u64) -> Result<Value, BodyError>;

    /// What is stored?
    async fn stored(&mut self, ask: Ask) -> Result<Arc<Value>, FactsError>;

    /// Which token is the upstream shown?
    async fn granted(
        &mut self,
        grant: &Grant,
        scene: &Scene<'_>,
        chain: &Chain,
    ) -> Result<HeaderValue, NoToken>;

    /// A route was found.
    fn matched(&mut self, _head: &Head<'_>, _matched: &Match<'_, '_>) {}

    /// The request was described.
    fn described(&mut self, _template: &TargetTemplate, _target: &Target<'_>) {}

    /// Who watches the policies.
    fn trace(&mut self) -> &mut Self::Trace;
}

/// The world as it is.
pub(crate) struct Real<'f> {
    pub(crate) facts: &'f Facts,
    pub(crate) body: &'f mut dyn Body,
    pub(crate) trace: portreeve_policies::Silent,
}

impl World for Real<'_> {
    type Trace = portreeve_policies::Silent;

    async fn caller(&mut self, chain: &Chain, shown: &Presented<'_>) -> Result<Arc<Identity>, Refusal> {
        match chain.authenticate(shown).await {
            Ok(caller) => Ok(caller),
            Err(refused) => Err(way_in(chain, shown, refused).await),
        }
    }

    async fn answer(&mut self, own: &Own, shown: &Presented<'_>) -> Refusal {
        match own.answer(shown, self.body).await {
            Ok(reply) => Refusal::Answered(Box::new(reply)),
            Err(unread) => unread.into(),
        }
    }

    async fn body(&mut self, headers: &HeaderMap, limit: u64) -> Result<Value, BodyError> {
        body::json(headers, self.body, limit).await
    }

    async fn stored(&mut self, ask: Ask) -> Result<Arc<Value>, FactsError> {
        self.facts.stored(ask).await
    }

    async fn granted(
        &mut self,
        grant: &Grant,
        scene: &Scene<'_>,
        chain: &Chain,
    ) -> Result<HeaderValue, NoToken> {
        grant.value(scene, chain).await
    }

    fn trace(&mut self) -> &mut Self::Trace {
        &mut self.trace
    }
}

/// A browser that has to log in is shown where; everybody else is told that they are nobody.
#[cold]
async fn way_in(chain: &Chain, shown: &Presented<'_>, refused: Unauthenticated) -> Refusal {
    if refused.rejection.status() != StatusCode::UNAUTHORIZED {
        return refused.into();
    }
    let mut logins = chain.authenticators().iter().filter_map(|authenticator| authenticator.login());
    match logins.find(|login| login.suits(shown)) {
        Some(login) => Refusal::Answered(Box::new(login.start(shown).await)),
        None => refused.into(),
    }
}
