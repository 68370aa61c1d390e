//! One thing in the words of another crate: callers for routes, questions for policies.

use portreeve_cel::Value;
use portreeve_identity::Identity;
use portreeve_policies::{Check, Principal};
use portreeve_route_config::{Caller, Inputs, Target, TargetTemplate};

use crate::{Refusal, Request};

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
        // What policies call `request.auxData.jwt`.
        aux: matches!(caller.claims, Value::Map(_)).then(|| (&caller.claims).into()),
        now: request.at,
    }
}

/// Adds what the stored resource says to the target, if there is one.
pub(crate) fn complete<'a>(
    template: &'a TargetTemplate,
    target: &mut Target<'a>,
    inputs: &Inputs<'a>,
    stored: Option<&Value>,
) -> Result<(), Refusal> {
    let Some(stored) = stored else { return Ok(()) };
    // What is stored lives less long than the request, so the attributes are made before it goes.
    let mut completed = target.clone();
    template.complete(&mut completed, &inputs.stored(stored))?;
    target.attr = completed.attr;
    Ok(())
}
