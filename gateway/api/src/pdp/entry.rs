//! Entries of the audit log, in the shape of Cerbos' `file` backend.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::http::HeaderMap;
use portreeve_cel::Map;
use portreeve_policies::{Decision, EvaluationError, Filter, Outcome, Plan};
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{
    answer::{effect, policy, sorted},
    call_id::CallId,
    form::{self, Form},
    journal::Journal,
    metadata::{Values, metadata},
    plan_entry::Planned,
    point::{Answered, Claims, Live},
    question::{CheckResources, Entry, PlanResources, RequestContext, text},
};

/// Who asked, and how.
pub(super) struct Call<'a> {
    pub(super) id: &'a CallId,
    pub(super) at: SystemTime,
    pub(super) peer: Option<SocketAddr>,
    pub(super) headers: &'a HeaderMap,
    pub(super) method: &'static str,
}

/// Writes down an answered check: that there was a call, and what was decided.
pub(super) fn checked(journal: &Journal, call: &Call<'_>, asked: &CheckResources, answered: &Answered) {
    let common = Common::of(journal, call, asked.request_context.as_deref());
    let mut lines = Vec::with_capacity(1024);
    if journal.audit.access {
        add(&common.access(call.method, 0), &mut lines);
    }
    let all_allowed = || answered.decisions.iter().all(Decision::allows_all);
    if journal.audit.decisions && !(journal.audit.ignore_allow_all && all_allowed()) {
        let inputs = Inputs { asked, claims: &answered.claims };
        let outputs = Results { asked, answered };
        let decision = DecisionLine {
            logger: "cerbos.audit",
            kind: "decision",
            call_id: common.call_id,
            timestamp: &common.timestamp,
            peer: &common.peer,
            check_resources: Some(Checked { inputs, outputs }),
            plan_resources: None,
            metadata: common.metadata.as_ref(),
            audit_trail: Trail::of(answered),
            policy_source: common.source(),
            request_context: common.context,
        };
        add(&decision, &mut lines);
    }
    if !lines.is_empty() {
        journal.write(lines);
    }
}

/// Writes down an answered plan.
pub(super) fn planned(
    journal: &Journal,
    call: &Call<'_>,
    asked: &PlanResources,
    plan: &Plan,
    claims: &Claims,
) {
    let common = Common::of(journal, call, asked.request_context.as_deref());
    let mut lines = Vec::with_capacity(1024);
    if journal.audit.access {
        add(&common.access(call.method, 0), &mut lines);
    }
    let audit = &journal.audit;
    let always = audit.ignore_always_allow && plan.filter == Filter::AlwaysAllowed;
    if audit.decisions && !audit.ignore_plans && !always {
        let decision = DecisionLine {
            logger: "cerbos.audit",
            kind: "decision",
            call_id: common.call_id,
            timestamp: &common.timestamp,
            peer: &common.peer,
            check_resources: None,
            plan_resources: Some(Planned::of(asked, plan, claims)),
            metadata: common.metadata.as_ref(),
            audit_trail: Trail::default(),
            policy_source: common.source(),
            request_context: common.context,
        };
        add(&decision, &mut lines);
    }
    if !lines.is_empty() {
        journal.write(lines);
    }
}

/// Writes down that a question that keeps the rules was refused.
pub(super) fn refused(journal: &Journal, call: &Call<'_>, context: Option<&RequestContext>, code: u8) {
    if journal.audit.access {
        let common = Common::of(journal, call, context);
        let mut line = Vec::new();
        add(&common.access(call.method, code), &mut line);
        journal.write(line);
    }
}

fn add(line: &impl Serialize, lines: &mut Vec<u8>) {
    let before = lines.len();
    match form::append(line, Form::Dense, lines) {
        Ok(()) => lines.push(b'\n'),
        Err(error) => {
            lines.truncate(before);
            tracing::error!(%error, "an entry of the audit log cannot be written");
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(code: &u8) -> bool {
    *code == 0
}

/// What all entries have.
struct Common<'a> {
    call_id: &'a str,
    timestamp: String,
    peer: Peer<'a>,
    metadata: Option<BTreeMap<String, Values>>,
    directory: &'a str,
    context: Option<&'a RequestContext>,
}

impl<'a> Common<'a> {
    fn of(journal: &'a Journal, call: &'a Call<'_>, context: Option<&'a RequestContext>) -> Self {
        let header = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
        let address = call.peer.map(|peer| peer.ip().to_string()).unwrap_or_default();
        Self {
            call_id: call.id.as_str(),
            timestamp: timestamp(call.at),
            peer: Peer {
                address: call.peer.map(|peer| peer.to_string()).unwrap_or_default(),
                user_agent: header("user-agent").unwrap_or_default(),
                forwarded_for: match header("x-forwarded-for") {
                    Some(before) => format!("{before}, {address}"),
                    None => address,
                },
            },
            metadata: metadata(&journal.audit, call.headers),
            directory: &journal.directory,
            context,
        }
    }

    fn source(&self) -> Place<'_> {
        Place { disk: Disk { directory: self.directory } }
    }

    fn access(&self, method: &'static str, status_code: u8) -> AccessLine<'_> {
        AccessLine {
            logger: "cerbos.audit",
            kind: "access",
            call_id: self.call_id,
            peer: &self.peer,
            timestamp: &self.timestamp,
            metadata: self.metadata.as_ref(),
            method,
            status_code,
            policy_source: self.source(),
            request_context: self.context,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccessLine<'a> {
    #[serde(rename = "log.logger")]
    logger: &'static str,
    #[serde(rename = "log.kind")]
    kind: &'static str,
    call_id: &'a str,
    peer: &'a Peer<'a>,
    timestamp: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a BTreeMap<String, Values>>,
    method: &'static str,
    #[serde(skip_serializing_if = "is_zero")]
    status_code: u8,
    policy_source: Place<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_context: Option<&'a RequestContext>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DecisionLine<'a> {
    #[serde(rename = "log.logger")]
    logger: &'static str,
    #[serde(rename = "log.kind")]
    kind: &'static str,
    call_id: &'a str,
    timestamp: &'a str,
    peer: &'a Peer<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    check_resources: Option<Checked<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan_resources: Option<Planned<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a BTreeMap<String, Values>>,
    audit_trail: Trail<'a>,
    policy_source: Place<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_context: Option<&'a RequestContext>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Peer<'a> {
    address: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    user_agent: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    forwarded_for: String,
}

#[derive(Serialize)]
struct Place<'a> {
    disk: Disk<'a>,
}

#[derive(Serialize)]
struct Disk<'a> {
    directory: &'a str,
}

#[derive(Serialize)]
struct Checked<'a> {
    inputs: Inputs<'a>,
    outputs: Results<'a>,
}

struct Inputs<'a> {
    asked: &'a CheckResources,
    claims: &'a Claims,
}

impl Serialize for Inputs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = self.asked.resources.as_deref().unwrap_or_default();
        serializer.collect_seq(entries.iter().map(|entry| Input { of: self, entry }))
    }
}

struct Input<'a> {
    of: &'a Inputs<'a>,
    entry: &'a Entry,
}

impl Serialize for Input<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let asked = self.of.asked;
        if !text(&asked.request_id).is_empty() {
            map.serialize_entry("requestId", text(&asked.request_id))?;
        }
        map.serialize_entry("principal", &asked.principal)?;
        map.serialize_entry("resource", &self.entry.resource)?;
        map.serialize_entry("actions", &self.entry.actions)?;
        if let Some(aux) = Aux::of(self.of.claims) {
            map.serialize_entry("auxData", &aux)?;
        }
        map.end()
    }
}

/// What the tokens say.
#[derive(Serialize)]
pub(super) struct Aux<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    jwt: Option<&'a portreeve_cel::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwts: Option<&'a portreeve_cel::Value>,
}

impl<'a> Aux<'a> {
    pub(super) fn of(claims: &'a Claims) -> Option<Self> {
        let (jwt, jwts) = (claims.jwt.as_ref(), claims.jwts.as_ref());
        (jwt.is_some() || jwts.is_some()).then_some(Self { jwt, jwts })
    }
}

struct Results<'a> {
    asked: &'a CheckResources,
    answered: &'a Answered,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = self.asked.resources.as_deref().unwrap_or_default();
        let both = entries.iter().zip(&self.answered.decisions);
        serializer.collect_seq(both.map(|(entry, decision)| Output {
            request_id: text(&self.asked.request_id),
            actions: Actions(decision),
            resource_id: entry.resource.as_ref().map_or("", |resource| text(&resource.id)),
            effective_derived_roles: decision.effective_derived_roles(),
            validation_errors: super::answer::Invalid(&decision.validation_errors),
            outputs: super::answer::Outputs(&decision.outputs),
            evaluation_errors: decision.evaluation_errors.iter().map(Failed::of).collect(),
        }))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Output<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    request_id: &'a str,
    actions: Actions<'a>,
    resource_id: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    effective_derived_roles: &'a [std::sync::Arc<str>],
    #[serde(skip_serializing_if = "super::answer::Invalid::is_empty")]
    validation_errors: super::answer::Invalid<'a>,
    #[serde(skip_serializing_if = "super::answer::Outputs::is_empty")]
    outputs: super::answer::Outputs<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evaluation_errors: Vec<Failed<'a>>,
}

struct Actions<'a>(&'a Decision);

impl Serialize for Actions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Settled<'a> {
            effect: &'static str,
            policy: &'a str,
            #[serde(skip_serializing_if = "str::is_empty")]
            scope: &'a str,
        }
        let settled = |outcome: &'_ Outcome| (outcome.action.to_string(), effect(outcome.effect));
        let mut map = serializer.serialize_map(None)?;
        for outcome in sorted(self.0) {
            let (action, effect) = settled(outcome);
            map.serialize_entry(
                &action,
                &Settled { effect, policy: policy(outcome), scope: &outcome.scope },
            )?;
        }
        map.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failed<'a> {
    cel_error: CelError<'a>,
}

#[derive(Serialize)]
struct CelError<'a> {
    message: &'a str,
    expression: &'a str,
}

impl<'a> Failed<'a> {
    fn of(error: &'a EvaluationError) -> Self {
        Self { cel_error: CelError { message: &error.message, expression: &error.expression } }
    }
}

/// The policies whose rules were looked at, with their files.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Trail<'a> {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    effective_policies: BTreeMap<&'a str, Effective<'a>>,
}

#[derive(Serialize)]
struct Effective<'a> {
    attributes: Attributes<'a>,
}

#[derive(Serialize)]
struct Attributes<'a> {
    driver: &'static str,
    source: &'a str,
}

impl<'a> Trail<'a> {
    fn of(answered: &'a Answered) -> Self {
        let live: &Live = &answered.live;
        let rules = answered.looked_at.iter().filter_map(|id| live.set.rule(*id));
        let effective = rules.map(|rule| {
            let source = live.files.get(rule.span.file as usize).map_or("", |name| name);
            (&*rule.policy, Effective { attributes: Attributes { driver: "disk", source } })
        });
        Self { effective_policies: effective.collect() }
    }
}

/// RFC 3339 in UTC, with as many digits of the second as are needed: none, three, six or nine.
fn timestamp(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or_default();
    let moment = jiff::Timestamp::new(seconds, 0).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%S");
    match since.subsec_nanos() {
        0 => format!("{moment}Z"),
        nanos if nanos % 1_000_000 == 0 => format!("{moment}.{:03}Z", nanos / 1_000_000),
        nanos if nanos % 1000 == 0 => format!("{moment}.{:06}Z", nanos / 1000),
        nanos => format!("{moment}.{nanos:09}Z"),
    }
}

impl Serialize for RequestContext {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(annotations) = self.annotations.as_ref().filter(|annotations| !Map::is_empty(annotations))
        {
            map.serialize_entry("annotations", annotations)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn moments_have_as_many_digits_as_they_need() {
        for (nanos, text) in [
            (0, "1970-01-01T00:00:05Z"),
            (120_000_000, "1970-01-01T00:00:05.120Z"),
            (1_000, "1970-01-01T00:00:05.000001Z"),
            (1, "1970-01-01T00:00:05.000000001Z"),
        ] {
            assert_eq!(timestamp(UNIX_EPOCH + Duration::new(5, nanos)), text);
        }
    }
}
