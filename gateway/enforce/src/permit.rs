use std::sync::Arc;

use portreeve_audit::Text;
use portreeve_identity::Identity;
use portreeve_route_config::Route;

use crate::{Edit, edit::Edits};

/// Proof that a request may go upstream. Only [`crate::Enforcer`] makes one; a door cannot dial without one.
///
/// ```compile_fail
/// fn forge(route: std::sync::Arc<portreeve_route_config::Route>) -> portreeve_enforce::Permit {
///     portreeve_enforce::Permit { route, caller: None, target: Default::default(), edits: Default::default() }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Permit {
    route: Arc<Route>,
    caller: Option<Arc<Identity>>,
    target: Text,
    edits: Edits,
}

impl Permit {
    pub(crate) fn new(route: &Arc<Route>, caller: Option<Arc<Identity>>, target: Text, edits: Edits) -> Self {
        Self { route: Arc::clone(route), caller, target, edits }
    }

    /// The caller, unless the route is public.
    #[must_use]
    pub fn caller(&self) -> Option<&Identity> {
        self.caller.as_deref()
    }

    /// The name of the upstream where the request may go.
    #[must_use]
    pub fn upstream(&self) -> &str {
        &self.route.upstream.value
    }

    /// The path and query that were judged. These and no others may be forwarded.
    #[must_use]
    pub fn target(&self) -> &str {
        self.target.as_str()
    }

    /// How the header is to change on its way.
    #[must_use]
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// The route.
    #[must_use]
    pub const fn route(&self) -> &Arc<Route> {
        &self.route
    }
}
