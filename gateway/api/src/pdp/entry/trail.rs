//! By which policies it was answered.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::pdp::point::{Answered, Live};

/// The policies whose rules were looked at, with their files.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Trail<'a> {
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
    pub(super) fn of(answered: &'a Answered) -> Self {
        let live: &Live = &answered.live;
        let rules = answered.looked_at.iter().filter_map(|id| live.set.rule(*id));
        let effective = rules.map(|rule| {
            let source = live.files.get(rule.span.file as usize).map_or("", |name| name);
            (&*rule.policy, Effective { attributes: Attributes { driver: "disk", source } })
        });
        Self { effective_policies: effective.collect() }
    }
}
