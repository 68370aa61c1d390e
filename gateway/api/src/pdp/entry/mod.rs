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
use line::{Common, Subject};
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
    let audit = &journal.audit;
    let all_allowed = || answered.decisions.iter().all(Decision::allows_all);
    let decided = (audit.decisions && !(audit.ignore_allow_all && all_allowed())).then(|| {
        let trail = Trail::of(&answered.live, &answered.looked_at);
        (Subject::CheckResources(Checked::of(asked, answered)), trail)
    });
    write(journal, call, asked.request_context.as_deref(), 0, decided);
}

/// Writes down an answered plan.
pub(super) fn planned(journal: &Journal, call: &Call<'_>, asked: &PlanResources, answered: &PlanAnswered) {
    let audit = &journal.audit;
    let always = audit.ignore_always_allow && answered.plan.filter == Filter::AlwaysAllowed;
    let decided = (audit.decisions && !audit.ignore_plans && !always).then(|| {
        let trail = Trail::of(&answered.live, &answered.plan.looked_at);
        (Subject::PlanResources(Planned::of(asked, &answered.plan, &answered.claims)), trail)
    });
    write(journal, call, asked.request_context.as_deref(), 0, decided);
}

/// Writes down that a question that keeps the rules was refused.
pub(super) fn refused(journal: &Journal, call: &Call<'_>, context: Option<&RequestContext>, code: u8) {
    write(journal, call, context, code, None);
}

/// Writes down a call that ended with this code, and what was decided if that is to be known.
fn write(
    journal: &Journal,
    call: &Call<'_>,
    context: Option<&RequestContext>,
    code: u8,
    decided: Option<(Subject<'_>, Trail<'_>)>,
) {
    if !journal.audit.access && decided.is_none() {
        return;
    }
    let common = Common::of(journal, call, context);
    let mut lines = Vec::with_capacity(1024);
    if journal.audit.access {
        add(&common.access(call.method, code), &mut lines);
    }
    if let Some((subject, trail)) = decided {
        add(&common.decision(subject, trail), &mut lines);
    }
    if !lines.is_empty() {
        journal.write(lines);
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
