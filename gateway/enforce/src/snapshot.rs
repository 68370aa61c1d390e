use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use http::HeaderName;
use portreeve_identity::Chain;
use portreeve_policies::PolicySet;
use portreeve_route_config::{Route, RouteTable};

use crate::{dress::Step, own::Own};

/// One revision of everything a request is judged by. Immutable; a request holds one from arrival to permit.
#[derive(Debug)]
pub struct Snapshot {
    /// The store's name for this revision.
    pub(crate) revision: Arc<str>,
    pub(crate) routes: RouteTable,
    pub(crate) policies: PolicySet,
    /// What each route's names stand for, in the order of the table.
    pub(crate) links: Box<[Link]>,
    pub(crate) reserved: Arc<[HeaderName]>,
    /// Cookies that are not the client's to send on.
    pub(crate) cookies: Box<[Box<str>]>,
    /// Who answers at paths of the gateway's own.
    pub(crate) own: Box<[Own]>,
    pub(crate) reads_bodies: bool,
}

/// What the names in one route stand for. Nothing is looked up by name while a request waits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Link {
    /// Its authenticators.
    pub(crate) chain: Chain,
    /// What is done to its requests on their way, by named mutators too.
    pub(crate) steps: Box<[Step]>,
    /// The most octets that are read of a body, if the route reads bodies.
    pub(crate) body: Option<u64>,
}

impl Snapshot {
    /// The store's name for this revision.
    #[must_use]
    pub const fn revision(&self) -> &Arc<str> {
        &self.revision
    }

    /// The routes.
    #[must_use]
    pub const fn routes(&self) -> &RouteTable {
        &self.routes
    }

    /// The policies.
    #[must_use]
    pub const fn policies(&self) -> &PolicySet {
        &self.policies
    }

    pub(crate) fn own(&self, path: &str) -> Option<&Own> {
        self.own.iter().find(|own| own.owns(path))
    }

    pub(crate) fn link(&self, route: &Route) -> Option<&Link> {
        self.links.get(route.id.index())
    }
}

/// The current [`Snapshot`].
#[derive(Debug)]
pub struct Live(ArcSwap<Snapshot>);

impl Live {
    /// Starts with a snapshot.
    #[must_use]
    pub fn new(snapshot: Snapshot) -> Self {
        Self(ArcSwap::from_pointee(snapshot))
    }

    /// The snapshot to judge a request by. Called once for each request.
    pub(crate) fn current(&self) -> Arc<Snapshot> {
        self.0.load_full()
    }

    /// Every header field that some route of the current revision sets.
    #[must_use]
    pub fn reserved(&self) -> Arc<[HeaderName]> {
        let current: Guard<Arc<Snapshot>> = self.0.load();
        Arc::clone(&current.reserved)
    }

    /// Whether some route of the current revision reads bodies.
    #[must_use]
    pub fn reads_bodies(&self) -> bool {
        self.0.load().reads_bodies
    }

    /// Makes a snapshot current for requests that arrive from now on.
    pub fn replace(&self, snapshot: Snapshot) {
        self.0.store(Arc::new(snapshot));
    }
}
