use std::time::SystemTime;

use portreeve_policies::{Because, Effect, Outcome};
use serde_json::{Map, Value, json};

use crate::Event;

/// One event as a line of JSON, the line end included. What is not known is left out.
///
/// | key | holds |
/// |---|---|
/// | `id` | the event's id, which the caller was told too |
/// | `time` | when the request arrived, RFC 3339 |
/// | `revision` | the revision that decided |
/// | `took_us` | the gateway's own part, in microseconds |
/// | `request` | `method`, `host`, `path` (canonical, without the query), `client` |
/// | `route`, `upstream` | the names of both |
/// | `principal` | `id`, `issuer`, `roles`, `authenticator` |
/// | `resource` | `kind`, `id` |
/// | `decision` | `effect`, and for each action `action`, `effect`, `policy`, `scope`, `because` |
/// | `derived_roles` | the derived roles found active |
/// | `refused`, `detail` | why it was refused: a stable code, and more about it |
/// | `status` | the status sent to the caller |
#[must_use]
pub fn line(event: &Event) -> String {
    let mut out = Map::new();
    out.insert("id".into(), event.id.to_string().into());
    out.insert("time".into(), time(event.at).into());
    out.insert("revision".into(), event.revision.as_ref().into());
    out.insert("took_us".into(), u64::try_from(event.took.as_micros()).unwrap_or(u64::MAX).into());
    out.insert("request".into(), request(event));
    if let Some(route) = &event.route {
        out.insert("route".into(), route.name.as_ref().into());
        out.insert("upstream".into(), route.upstream.value.as_ref().into());
    }
    if let Some(caller) = &event.caller {
        let roles: Vec<&str> = caller.roles.iter().map(AsRef::as_ref).collect();
        let (id, issuer, by) = (&*caller.subject, &*caller.issuer, &*caller.authenticator);
        out.insert(
            "principal".into(),
            json!({ "id": id, "issuer": issuer, "roles": roles, "authenticator": by }),
        );
    }
    if let Some(resource) = &event.resource {
        out.insert("resource".into(), json!({ "kind": &*resource.kind, "id": resource.id.as_str() }));
    }
    if let Some(decision) = &event.decision {
        let actions: Vec<Value> = decision.outcomes().iter().map(outcome).collect();
        let effect = if decision.allows_all() { Effect::Allow } else { Effect::Deny };
        out.insert("decision".into(), json!({ "effect": word(effect), "actions": actions }));
        let roles: Vec<&str> = decision.effective_derived_roles().iter().map(AsRef::as_ref).collect();
        if !roles.is_empty() {
            out.insert("derived_roles".into(), roles.into());
        }
    }
    if let Some(refused) = event.refused {
        out.insert("refused".into(), refused.into());
    }
    if let Some(detail) = &event.detail {
        out.insert("detail".into(), detail.as_ref().into());
    }
    if let Some(status) = event.status {
        out.insert("status".into(), status.into());
    }
    format!("{}\n", Value::Object(out))
}

fn request(event: &Event) -> Value {
    let mut request = Map::new();
    request.insert("method".into(), event.method.as_str().into());
    if !event.host.is_empty() {
        request.insert("host".into(), event.host.as_str().into());
    }
    if !event.path.is_empty() {
        request.insert("path".into(), event.path.as_str().into());
    }
    if let Some(peer) = event.peer {
        request.insert("client".into(), peer.to_string().into());
    }
    Value::Object(request)
}

fn outcome(outcome: &Outcome) -> Value {
    let because = match outcome.because {
        Because::Rule(_) => "rule",
        Because::Failed(_) => "failed",
        Because::NoRule => "no-rule",
        Because::NoPolicy => "no-policy",
    };
    let mut out = json!({ "action": &*outcome.action, "effect": word(outcome.effect), "because": because });
    if let (Some(object), Some(policy)) = (out.as_object_mut(), &outcome.policy) {
        object.insert("policy".into(), policy.as_ref().into());
        if !outcome.scope.is_empty() {
            object.insert("scope".into(), outcome.scope.as_ref().into());
        }
    }
    out
}

const fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    }
}

fn time(at: SystemTime) -> String {
    jiff::Timestamp::try_from(at).map(|at| at.to_string()).unwrap_or_default()
}
