use std::{net::IpAddr, sync::Arc, time::SystemTime};

use portreeve_identity::Identity;
use portreeve_policies::{Because, Decision, Effect, Outcome};
use serde::{Serialize, Serializer};

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
    // Nothing in it has another form than JSON's.
    let mut line = serde_json::to_string(&Line::of(event)).unwrap_or_default();
    line.push('\n');
    line
}

#[derive(Serialize)]
struct Line<'e> {
    id: String,
    time: String,
    revision: &'e str,
    took_us: u64,
    request: Request<'e>,
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<Principal<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Resource<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<Decided<'e>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    derived_roles: &'e [Arc<str>],
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

#[derive(Serialize)]
struct Request<'e> {
    method: &'e str,
    #[serde(skip_serializing_if = "str::is_empty")]
    host: &'e str,
    #[serde(skip_serializing_if = "str::is_empty")]
    path: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<IpAddr>,
}

#[derive(Serialize)]
struct Principal<'e> {
    id: &'e str,
    issuer: &'e str,
    roles: &'e [Arc<str>],
    authenticator: &'e str,
}

#[derive(Serialize)]
struct Resource<'e> {
    kind: &'e str,
    id: &'e str,
}

#[derive(Serialize)]
struct Decided<'e> {
    effect: &'static str,
    #[serde(serialize_with = "actions")]
    actions: &'e [Outcome],
}

#[derive(Serialize)]
struct Action<'e> {
    action: &'e str,
    effect: &'static str,
    because: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'e str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    scope: &'e str,
}

impl<'e> Line<'e> {
    fn of(event: &'e Event) -> Self {
        let (route, decision) = (event.route.as_deref(), event.decision.as_ref());
        Self {
            id: event.id.to_string(),
            time: time(event.at),
            revision: &event.revision,
            took_us: u64::try_from(event.took.as_micros()).unwrap_or(u64::MAX),
            request: Request {
                method: event.method.as_str(),
                host: event.host.as_str(),
                path: event.path.as_str(),
                client: event.peer,
            },
            route: route.map(|route| &*route.name),
            upstream: route.map(|route| &*route.upstream.value),
            principal: event.caller.as_deref().map(principal),
            resource: event
                .resource
                .as_ref()
                .map(|resource| Resource { kind: &resource.kind, id: resource.id.as_str() }),
            decision: decision.map(|decision| Decided {
                effect: word(if decision.allows_all() { Effect::Allow } else { Effect::Deny }),
                actions: decision.outcomes(),
            }),
            derived_roles: decision.map(Decision::effective_derived_roles).unwrap_or_default(),
            refused: event.refused,
            detail: event.detail.as_deref(),
            status: event.status,
        }
    }
}

fn principal(caller: &Identity) -> Principal<'_> {
    Principal {
        id: &caller.subject,
        issuer: &caller.issuer,
        roles: &caller.roles,
        authenticator: &caller.authenticator,
    }
}

fn actions<S: Serializer>(outcomes: &[Outcome], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(outcomes.iter().map(action))
}

fn action(outcome: &Outcome) -> Action<'_> {
    let policy = outcome.policy.as_deref();
    Action {
        action: &outcome.action,
        effect: word(outcome.effect),
        because: match outcome.because {
            Because::Rule(_) => "rule",
            Because::Failed(_) => "failed",
            Because::NoRule => "no-rule",
            Because::NoPolicy => "no-policy",
        },
        policy,
        scope: policy.map(|_| &*outcome.scope).unwrap_or_default(),
    }
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
