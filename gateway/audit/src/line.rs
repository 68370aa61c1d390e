use std::time::SystemTime;

use http::Method;
use portreeve_identity::Identity;
use portreeve_policies::{Because, Decision, Effect, Outcome};

use crate::{Event, EventId, Resource, json::Object};

/// One event as a line of JSON, the line end included. What is not known is left out.
///
/// | key | holds |
/// |---|---|
/// | `id` | the event's id, which the caller was told too |
/// | `time` | when the request arrived, RFC 3339 |
/// | `revision` | the revision that decided |
/// | `took_us` | the gateway's own part, in microseconds |
/// | `request` | `method`, `host`, `path` (canonical, without the query), `client`; if it could not be read, `client` |
/// | `route`, `upstream` | the names of both |
/// | `principal` | `id`, `issuer`, `roles`, `authenticator` |
/// | `resource` | `kind`, `id` |
/// | `decision` | `effect`, and for each action `action`, `effect`, `policy`, `scope`, `because` |
/// | `derived_roles` | the derived roles found active |
/// | `refused`, `detail` | why it was refused: a stable code, and more about it |
/// | `status` | the status sent to the caller |
#[must_use]
pub fn line(event: &Event) -> String {
    let mut line = String::new();
    write(event, &mut line);
    line
}

/// Appends that line.
pub(crate) fn write(event: &Event, out: &mut String) {
    let mut line = Object::open(out);
    line.text("id", event.id.write(&mut [0; EventId::LEN]));
    time(&mut line, event.at);
    line.text("revision", &event.revision);
    line.number("took_us", u64::try_from(event.took.as_micros()).unwrap_or(u64::MAX));
    line.object("request", |request| asked(request, event));
    if let Some(route) = &event.route {
        line.text("route", &route.name);
        line.text("upstream", &route.upstream.value);
    }
    if let Some(caller) = &event.caller {
        line.object("principal", |object| principal(object, caller));
    }
    if let Some(about) = &event.resource {
        line.object("resource", |object| resource(object, about));
    }
    if let Some(decision) = &event.decision {
        line.object("decision", |object| decided(object, decision));
        let roles = decision.effective_derived_roles();
        if !roles.is_empty() {
            line.texts("derived_roles", roles.iter().map(|role| &**role));
        }
    }
    if let Some(code) = event.refused {
        line.text("refused", code);
    }
    if let Some(detail) = &event.detail {
        line.text("detail", detail);
    }
    if let Some(status) = event.status {
        line.number("status", status.into());
    }
    line.close();
    out.push('\n');
}

fn asked(object: &mut Object<'_>, event: &Event) {
    object.text_if_any("method", event.method.as_ref().map(Method::as_str));
    object.text_if_any("host", Some(event.host.as_str()));
    object.text_if_any("path", Some(event.path.as_str()));
    if let Some(client) = event.peer {
        object.plain("client", client);
    }
}

fn principal(object: &mut Object<'_>, caller: &Identity) {
    object.text("id", &caller.subject);
    object.text("issuer", &caller.issuer);
    object.texts("roles", caller.roles.iter().map(|role| &**role));
    object.text("authenticator", &caller.authenticator);
}

fn resource(object: &mut Object<'_>, resource: &Resource) {
    object.text("kind", &resource.kind);
    object.text("id", resource.id.as_str());
}

fn decided(object: &mut Object<'_>, decision: &Decision) {
    object.text("effect", word(if decision.allows_all() { Effect::Allow } else { Effect::Deny }));
    object.objects("actions", decision.outcomes(), action);
}

fn action(object: &mut Object<'_>, outcome: &Outcome) {
    object.text("action", &outcome.action);
    object.text("effect", word(outcome.effect));
    object.text("because", because(&outcome.because));
    if let Some(policy) = &outcome.policy {
        object.text("policy", policy);
        object.text_if_any("scope", Some(&outcome.scope));
    }
}

const fn because(because: &Because) -> &'static str {
    match because {
        Because::Rule(_) => "rule",
        Because::Failed(_) => "failed",
        Because::NoRule => "no-rule",
        Because::NoPolicy => "no-policy",
    }
}

const fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    }
}

fn time(line: &mut Object<'_>, at: SystemTime) {
    match jiff::Timestamp::try_from(at) {
        Ok(at) => line.plain("time", at),
        Err(_) => line.text("time", ""),
    }
}
