//! The fields of questions, by their names in JSON.

use super::explain::{Field, Holds::*, Message};

pub(super) const CHECK_RESOURCES: Message = &[
    Field("requestId", "request_id", Text),
    Field("includeMeta", "include_meta", Flag),
    Field("principal", "principal", One(PRINCIPAL)),
    Field("resources", "resources", Many(ENTRY)),
    Field("auxData", "aux_data", One(AUX_DATA)),
    Field("requestContext", "request_context", One(REQUEST_CONTEXT)),
];

pub(super) const PLAN_RESOURCES: Message = &[
    Field("requestId", "request_id", Text),
    Field("action", "action", Text),
    Field("actions", "actions", Texts),
    Field("principal", "principal", One(PRINCIPAL)),
    Field("resource", "resource", One(PLANNED)),
    Field("auxData", "aux_data", One(AUX_DATA)),
    Field("includeMeta", "include_meta", Flag),
    Field("requestContext", "request_context", One(REQUEST_CONTEXT)),
];

const PRINCIPAL: Message = &[
    Field("id", "id", Text),
    Field("policyVersion", "policy_version", Text),
    Field("roles", "roles", Texts),
    Field("attr", "attr", Values),
    Field("scope", "scope", Text),
];

const ENTRY: Message = &[Field("actions", "actions", Texts), Field("resource", "resource", One(RESOURCE))];

const RESOURCE: Message = &[
    Field("kind", "kind", Text),
    Field("policyVersion", "policy_version", Text),
    Field("id", "id", Text),
    Field("attr", "attr", Values),
    Field("scope", "scope", Text),
];

const PLANNED: Message = &[
    Field("kind", "kind", Text),
    Field("attr", "attr", Values),
    Field("policyVersion", "policy_version", Text),
    Field("scope", "scope", Text),
];

const AUX_DATA: Message = &[Field("jwt", "jwt", One(TOKEN)), Field("jwts", "jwts", Named(TOKEN))];

const TOKEN: Message = &[Field("token", "token", Text), Field("keySetId", "key_set_id", Text)];

const REQUEST_CONTEXT: Message = &[Field("annotations", "annotations", Values)];
