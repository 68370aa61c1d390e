//! Who may know that there is no such resource?

use portreeve_identity::Identity;
use portreeve_policies::{Filter, Manner, PlanQuestion, Resources};
use portreeve_route_config::Target;

use crate::{Request, Snapshot, words::question};

/// Whether the policies deny this whatever is stored. Somebody who would be refused for every resource is refused for
/// one that does not exist in the same way, and learns nothing of what exists.
pub(crate) fn hopeless(
    snapshot: &Snapshot,
    caller: &Identity,
    target: &Target<'_>,
    request: &Request<'_>,
) -> bool {
    let check = question(caller, target, request);
    let plan = snapshot.policies.plan(&PlanQuestion {
        principal: check.principal,
        resources: Resources {
            kind: check.resource.kind,
            version: check.resource.version,
            scope: check.resource.scope,
            attr: &target.attr,
        },
        actions: check.actions,
        aux: check.aux,
        now: check.now.into(),
        manner: Manner::Exact,
    });
    // What cannot be planned may well be allowed.
    plan.is_ok_and(|plan| plan.filter == Filter::AlwaysDenied)
}
