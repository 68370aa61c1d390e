//! What judging needs of the world: who a credential belongs to, and what is stored.

use std::sync::Arc;

use http::HeaderMap;
use portreeve_cel::Value;
use portreeve_identity::{Chain, Identity, Presented, Unauthenticated};
use portreeve_policies::Trace;
use portreeve_route_config::{Head, Match, Target, TargetTemplate};

use crate::{
    body::{self, Body, BodyError},
    facts::{Ask, Facts, FactsError},
};

/// Where answers come from that are not in the request, and who watches. The gateway serves with [`Real`]; an
/// explanation judges by the same code with a caller and a stored resource that it was given.
pub(crate) trait World {
    /// Watches the policies.
    type Trace: Trace;

    /// Who is calling?
    async fn caller(
        &mut self,
        chain: &Chain,
        shown: &Presented<'_>,
    ) -> Result<Arc<Identity>, Unauthenticated>;

    /// What does the body say?
    async fn body(&mut self, headers: &HeaderMap, limit: u64) -> Result<Value, BodyError>;

    /// What is stored?
    async fn stored(&mut self, ask: Ask) -> Result<Arc<Value>, FactsError>;

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

    async fn caller(
        &mut self,
        chain: &Chain,
        shown: &Presented<'_>,
    ) -> Result<Arc<Identity>, Unauthenticated> {
        chain.authenticate(shown).await
    }

    async fn body(&mut self, headers: &HeaderMap, limit: u64) -> Result<Value, BodyError> {
        body::json(headers, self.body, limit).await
    }

    async fn stored(&mut self, ask: Ask) -> Result<Arc<Value>, FactsError> {
        self.facts.stored(ask).await
    }

    fn trace(&mut self) -> &mut Self::Trace {
        &mut self.trace
    }
}
