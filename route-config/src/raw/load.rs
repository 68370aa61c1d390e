use std::time::Duration;

use portreeve_diagnostics::{
    Diagnostic, Node, Report, Span, Spanned,
    read::{self, Fields},
};

use super::{RawText, RawValues, expression, values};
use crate::Credentials;

/// What `load` says.
#[derive(Debug)]
pub(crate) struct RawLoad {
    pub(crate) target: RawText,
    pub(crate) upstream: Option<Spanned<String>>,
    pub(crate) host: Option<Spanned<String>>,
    pub(crate) credentials: Credentials,
    pub(crate) headers: RawValues,
    pub(crate) select: Option<RawText>,
    pub(crate) cache: Option<Duration>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) max_bytes: Option<u64>,
    pub(crate) span: Span,
}

impl RawLoad {
    /// `GET /contacts/{id}`, or a mapping.
    pub(super) fn read(node: &Node, report: &mut Report) -> Option<Self> {
        if node.as_map().is_some() {
            return Self::read_mapping(node, report);
        }
        let Some(text) = RawText::of(node).filter(|_| node.as_str().is_some()) else {
            report.push(read::wrong_type(node, "`load`", "text such as `GET /contacts/{id}`, or a mapping"));
            return None;
        };
        if !text.text.starts_with("GET /") {
            report.push(
                Diagnostic::error("route/load", "`load` is a `GET` of a path")
                    .at(node.span, "must be `GET /…`")
                    .help("only a request without side effects can be made before the decision"),
            );
            return None;
        }
        Some(Self {
            target: text.tail(4),
            upstream: None,
            host: None,
            credentials: Credentials::None,
            headers: Vec::new(),
            select: None,
            cache: None,
            timeout: None,
            max_bytes: None,
            span: node.span,
        })
    }

    fn read_mapping(node: &Node, report: &mut Report) -> Option<Self> {
        let mut fields = Fields::of(node, "`load`", report)?;
        let target = expression(fields.required("get", report), "`get`", report);
        let credentials = fields.optional("credentials").and_then(|node| {
            let choices = [("none", Credentials::None), ("forward", Credentials::Forward)];
            read::choice(node, "`credentials`", &choices, report)
        });
        let load = Self {
            span: fields.head(),
            upstream: fields.optional("upstream").and_then(|node| read::text(node, "`upstream`", report)),
            host: fields.optional("host").and_then(|node| read::text(node, "`host`", report)),
            credentials: credentials.unwrap_or_default(),
            headers: fields
                .optional("headers")
                .map(|node| values(node, "`headers`", report))
                .unwrap_or_default(),
            select: fields.optional("select").and_then(|node| select(node, report)),
            cache: fields.optional("cache").and_then(|node| read::duration(node, "`cache`", report)),
            timeout: fields
                .optional("timeout")
                .and_then(|node| read::positive_duration(node, "`timeout`", report)),
            max_bytes: fields
                .optional("max_bytes")
                .and_then(|node| read::positive_size(node, "`max_bytes`", report)),
            target: RawText { text: String::new(), span: node.span, inner: None },
        };
        fields.finish(report);
        Some(Self { target: target?, ..load })
    }
}

/// An expression that gives a mapping; or a mapping from names to expressions, which becomes one.
fn select(node: &Node, report: &mut Report) -> Option<RawText> {
    expression(Some(node), "`select`", report)
}
