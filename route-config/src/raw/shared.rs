use std::time::Duration;

use portreeve_diagnostics::{
    Node, Report, Spanned,
    read::{self, Fields},
};

use super::{RawValues, values};
use crate::TrailingSlash;

/// What both a route and the defaults of a file can say.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawShared {
    pub(crate) host: Option<Vec<Spanned<String>>>,
    pub(crate) upstream: Option<Spanned<String>>,
    pub(crate) authenticate: Option<Vec<Spanned<String>>>,
    pub(crate) mutate: Option<Vec<RawMutation>>,
    pub(crate) headers: Option<RawValues>,
    pub(crate) trailing_slash: Option<TrailingSlash>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) max_body: Option<Spanned<u64>>,
    pub(crate) answers: Option<Spanned<String>>,
}

/// One item of `mutate`.
#[derive(Clone, Debug)]
pub(crate) enum RawMutation {
    Named(Spanned<String>),
    Headers(RawValues),
}

impl RawShared {
    pub(crate) fn read(fields: &mut Fields<'_>, report: &mut Report) -> Self {
        let mut texts = |key: &'static str, report: &mut Report| {
            let node = fields.optional(key)?;
            Some(read::texts(node, &format!("`{key}`"), report))
        };
        let host = texts("host", report);
        let authenticate = texts("authenticate", report);
        Self {
            host,
            authenticate,
            upstream: fields.optional("upstream").and_then(|node| read::text(node, "`upstream`", report)),
            mutate: fields.optional("mutate").map(|node| mutations(node, report)),
            headers: fields.optional("headers").map(|node| values(node, "`headers`", report)),
            trailing_slash: fields.optional("trailing_slash").and_then(|node| {
                let choices = [("strict", TrailingSlash::Strict), ("ignore", TrailingSlash::Ignore)];
                read::choice(node, "`trailing_slash`", &choices, report)
            }),
            timeout: fields
                .optional("timeout")
                .and_then(|node| read::positive_duration(node, "`timeout`", report)),
            answers: fields.optional("answers").and_then(|node| read::text(node, "`answers`", report)),
            max_body: fields.optional("body").and_then(|node| max_body(node, report)),
        }
    }
}

fn max_body(node: &Node, report: &mut Report) -> Option<Spanned<u64>> {
    let mut fields = Fields::of(node, "`body`", report)?;
    let size = fields.required("max_bytes", report);
    fields.finish(report);
    Some(Spanned::new(read::positive_size(size?, "`max_bytes`", report)?, node.span))
}

fn mutations(node: &Node, report: &mut Report) -> Vec<RawMutation> {
    let mutation = |node: &Node| {
        if node.as_map().is_none() {
            return read::text(node, "`mutate`", report).map(RawMutation::Named);
        }
        let mut fields = Fields::of(node, "a mutator", report)?;
        let headers = fields.required("headers", report);
        fields.finish(report);
        Some(RawMutation::Headers(values(headers?, "`headers`", report)))
    };
    read::items(node).iter().filter_map(mutation).collect()
}
