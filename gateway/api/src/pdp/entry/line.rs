//! What the entries of all calls say: who called, when, from where and with what.

use std::{
    collections::BTreeMap,
    time::{SystemTime, UNIX_EPOCH},
};

use portreeve_cel::Map;
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{Call, checked::Checked, trail::Trail};
use crate::pdp::{
    journal::Journal,
    metadata::{Values, metadata},
    plan_entry::Planned,
    question::RequestContext,
};

/// What all entries have.
pub(super) struct Common<'a> {
    call_id: &'a str,
    timestamp: String,
    peer: Peer<'a>,
    metadata: Option<BTreeMap<String, Values>>,
    directory: &'a str,
    context: Option<&'a RequestContext>,
}

impl<'a> Common<'a> {
    pub(super) fn of(journal: &'a Journal, call: &'a Call<'_>, context: Option<&'a RequestContext>) -> Self {
        let user_agent = call.headers.get("user-agent").and_then(|value| value.to_str().ok());
        let address = call.peer.map(|peer| peer.ip().to_string()).unwrap_or_default();
        let before = call.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let peer = Peer {
            address: call.peer.map(|peer| peer.to_string()).unwrap_or_default(),
            user_agent: user_agent.unwrap_or_default(),
            forwarded_for: before.chain([&*address]).collect::<Vec<_>>().join(", "),
        };
        Self {
            call_id: call.id.as_str(),
            timestamp: timestamp(call.at),
            metadata: metadata(&journal.audit, call.headers, &peer.forwarded_for),
            peer,
            directory: &journal.directory,
            context,
        }
    }

    pub(super) fn source(&self) -> Place<'_> {
        Place { disk: Disk { directory: self.directory } }
    }

    pub(super) fn access(&self, method: &'static str, status_code: u8) -> AccessLine<'_> {
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

    pub(super) fn decision(&'a self, subject: Subject<'a>, audit_trail: Trail<'a>) -> DecisionLine<'a> {
        DecisionLine {
            logger: "cerbos.audit",
            kind: "decision",
            call_id: self.call_id,
            timestamp: &self.timestamp,
            peer: &self.peer,
            subject,
            metadata: self.metadata.as_ref(),
            audit_trail,
            policy_source: self.source(),
            request_context: self.context,
        }
    }
}

/// What was decided.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and it is written at once")]
pub(super) enum Subject<'a> {
    CheckResources(Checked<'a>),
    PlanResources(Planned<'a>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccessLine<'a> {
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
pub(super) struct DecisionLine<'a> {
    #[serde(rename = "log.logger")]
    logger: &'static str,
    #[serde(rename = "log.kind")]
    kind: &'static str,
    call_id: &'a str,
    timestamp: &'a str,
    peer: &'a Peer<'a>,
    #[serde(flatten)]
    subject: Subject<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a BTreeMap<String, Values>>,
    audit_trail: Trail<'a>,
    policy_source: Place<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_context: Option<&'a RequestContext>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Peer<'a> {
    address: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    user_agent: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    forwarded_for: String,
}

#[derive(Serialize)]
pub(super) struct Place<'a> {
    disk: Disk<'a>,
}

#[derive(Serialize)]
struct Disk<'a> {
    directory: &'a str,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(code: &u8) -> bool {
    *code == 0
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
