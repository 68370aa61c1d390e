//! The rules that a question keeps before it is answered.

use super::{
    question::{AuxData, CheckResources, PlanResources, Planned, Principal, RequestContext, Resource, text},
    violation::{Element, Violation, Violations, message, string},
};

/// What is wrong with it.
pub(super) fn check_resources(asked: &CheckResources) -> Option<Vec<Violation>> {
    const RESOURCES: Element = message(4, "resources");
    let mut at = Violations::default();
    principal(&mut at, asked.principal.as_deref());
    let resources = asked.resources.as_deref().unwrap_or_default();
    if resources.is_empty() {
        at.required(RESOURCES);
    }
    for (index, entry) in resources.iter().enumerate() {
        at.item(RESOURCES, index, |at| {
            at.texts(string(1, "actions"), entry.actions.as_deref().unwrap_or_default());
            match &entry.resource {
                Some(found) => at.below(message(2, "resource"), |at| resource(at, found)),
                None => at.required(message(2, "resource")),
            }
        });
    }
    aux_data(&mut at, asked.aux_data.as_deref());
    context(&mut at, 6, asked.request_context.as_deref());
    at.into_error()
}

/// What is wrong with it.
pub(super) fn plan_resources(asked: &PlanResources) -> Option<Vec<Violation>> {
    const ACTIONS: Element = string(7, "actions");
    let mut at = Violations::default();
    let actions = asked.actions.as_deref().unwrap_or_default();
    if asked.single().is_some() != actions.is_empty() {
        at.whole("exclusiveFieldsActionOrActions", "Exactly one of 'action' or 'actions' field must be set");
    }
    principal(&mut at, asked.principal.as_deref());
    match &asked.resource {
        Some(resource) => at.below(message(4, "resource"), |at| planned(at, resource)),
        None => at.required(message(4, "resource")),
    }
    aux_data(&mut at, asked.aux_data.as_deref());
    if actions.len() > 20 {
        at.too_many(ACTIONS, "must contain no more than 20 item(s)");
    }
    if !actions.is_empty() {
        at.texts(ACTIONS, actions);
    }
    context(&mut at, 8, asked.request_context.as_deref());
    at.into_error()
}

fn context(at: &mut Violations, number: u32, context: Option<&RequestContext>) {
    let Some(context) = context else { return };
    at.below(message(number, "request_context"), |at| {
        at.keys(message(1, "annotations"), context.annotations.as_ref());
    });
}

fn planned(at: &mut Violations, resource: &Planned) {
    at.text(string(1, "kind"), text(&resource.kind));
    at.version(string(3, "policy_version"), text(&resource.policy_version));
    at.scope(string(4, "scope"), text(&resource.scope));
}

fn principal(at: &mut Violations, principal: Option<&Principal>) {
    const FIELD: Element = message(3, "principal");
    let Some(principal) = principal else { return at.required(FIELD) };
    at.below(FIELD, |at| {
        at.text(string(1, "id"), text(&principal.id));
        at.version(string(2, "policy_version"), text(&principal.policy_version));
        at.texts(string(3, "roles"), principal.roles.as_deref().unwrap_or_default());
        at.keys(message(4, "attr"), principal.attr.as_ref());
        at.scope(string(5, "scope"), text(&principal.scope));
    });
}

fn resource(at: &mut Violations, resource: &Resource) {
    at.text(string(1, "kind"), text(&resource.kind));
    at.version(string(2, "policy_version"), text(&resource.policy_version));
    at.text(string(3, "id"), text(&resource.id));
    at.keys(message(4, "attr"), resource.attr.as_ref());
    at.scope(string(5, "scope"), text(&resource.scope));
}

fn aux_data(at: &mut Violations, aux: Option<&AuxData>) {
    const JWTS: Element = message(2, "jwts");
    let Some(aux) = aux else { return };
    at.below(message(5, "aux_data"), |at| {
        let jwts = aux.jwts.as_ref().filter(|jwts| !jwts.is_empty());
        if aux.jwt.is_some() && jwts.is_some() {
            at.whole("AuxData.only_one_jwt_field", "Only one of the jwt or jwts fields must be set");
        }
        if let Some(token) = &aux.jwt {
            at.below(message(1, "jwt"), |at| at.text(string(1, "token"), text(&token.token)));
        }
        for (name, token) in jwts.into_iter().flatten() {
            at.entry(JWTS, name, |at| {
                if name.is_empty() {
                    at.short_key();
                }
                at.text(string(1, "token"), text(&token.token));
            });
        }
    });
}
