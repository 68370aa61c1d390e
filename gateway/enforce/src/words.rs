//! One thing in the words of another crate: callers for routes, questions for policies, fields for upstreams.

use portreeve_identity::Identity;
use portreeve_policies::{Check, Principal};
use portreeve_route_config::{Caller, Inputs, Target};

use crate::{
    Refusal, Request,
    edit::{Edit, Edits},
    snapshot::Link,
};

/// The caller as routes see them.
pub(crate) fn view(caller: &Identity) -> Caller<'_> {
    Caller {
        id: &caller.subject,
        roles: &caller.roles,
        attr: &caller.attributes,
        issuer: &caller.issuer,
        scope: caller.scope.as_deref(),
        claims: &caller.claims,
    }
}

/// The request in the policies' words. Borrows all of it.
pub(crate) fn question<'a>(caller: &'a Identity, target: &'a Target<'a>, request: &Request<'_>) -> Check<'a> {
    Check {
        principal: Principal {
            id: &caller.subject,
            roles: &caller.roles,
            attr: (&caller.attributes).into(),
            scope: caller.scope.as_deref().unwrap_or_default(),
            version: "",
        },
        resource: portreeve_policies::Resource {
            kind: target.kind,
            id: &target.id,
            attr: (&target.attr).into(),
            scope: target.scope.as_deref().unwrap_or_default(),
            version: target.version.as_deref().unwrap_or_default(),
        },
        actions: target.actions,
        aux: None,
        now: request.at,
    }
}

/// What the upstream is to be told.
pub(crate) fn dress(link: &Link, inputs: &Inputs<'_>) -> Result<Edits, Refusal> {
    let set = |field: &portreeve_route_config::HeaderTemplate| match field.read(inputs) {
        Ok(value) => Ok(Edit::Set(field.name.clone(), value)),
        Err(error) => Err(Refusal::Undressed { header: field.name.clone(), error: Box::new(error) }),
    };
    link.headers.iter().map(set).collect()
}
