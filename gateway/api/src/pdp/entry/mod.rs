//! Entries of the audit log, in the shape of Cerbos' `file` backend.

mod checked;
mod line;
mod trail;

use std::{net::SocketAddr, time::SystemTime};

use http::HeaderMap;
use portreeve_policies::{Decision, Filter};
use serde::Serialize;

use checked::Checked;
pub(super) use checked::{Aux, Failed};
use line::{Common, DecisionLine};
use trail::Trail;

use super::{
    call_id::CallId,
    form::{self, Form},
    journal::Journal,
    plan_entry::Planned,
    point::{Answered, PlanAnswered},
    question::{CheckResources, PlanResources, RequestContext},
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
        let decision = DecisionLine {
            logger: "cerbos.audit",
            kind: "decision",
            call_id: common.call_id,
            timestamp: &common.timestamp,
            peer: &common.peer,
            check_resources: Some(Checked::of(asked, answered)),
            plan_resources: None,
            metadata: common.metadata.as_ref(),
            audit_trail: Trail::of(&answered.live, &answered.looked_at),
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
pub(super) fn planned(journal: &Journal, call: &Call<'_>, asked: &PlanResources, answered: &PlanAnswered) {
    let common = Common::of(journal, call, asked.request_context.as_deref());
    let mut lines = Vec::with_capacity(1024);
    if journal.audit.access {
        add(&common.access(call.method, 0), &mut lines);
    }
    let audit = &journal.audit;
    let always = audit.ignore_always_allow && answered.plan.filter == Filter::AlwaysAllowed;
    if audit.decisions && !audit.ignore_plans && !always {
        let decision = DecisionLine {
            logger: "cerbos.audit",
            kind: "decision",
            call_id: common.call_id,
            timestamp: &common.timestamp,
            peer: &common.peer,
            check_resources: None,
            plan_resources: Some(Planned::of(asked, &answered.plan, &answered.claims)),
            metadata: common.metadata.as_ref(),
            audit_trail: Trail::of(&answered.live, &answered.plan.looked_at),
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
