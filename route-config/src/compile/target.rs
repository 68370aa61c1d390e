use std::sync::Arc;

use portreeve_diagnostics::{Diagnostic, Report, Spanned};

use super::{
    load,
    values::{Scope, shared},
};
use crate::{
    DEFAULT_MAX_BODY, Matcher, Source, TargetTemplate,
    raw::{RawRoute, RawShared},
};

pub(super) fn compile(
    raw: &RawRoute,
    defaults: &RawShared,
    kind: &Spanned<String>,
    matchers: &[Matcher],
    upstream: Option<&Spanned<Arc<str>>>,
    report: &mut Report,
) -> Option<TargetTemplate> {
    check_kind(kind, report);
    let actions = actions(raw, kind, report);
    let plain = Scope { matchers, caller: true, body: true, stored: false };
    let with_stored = Scope { stored: raw.load.is_some(), ..plain };
    if raw.id.is_none() {
        report.push(
            Diagnostic::error("route/no-id", "this route does not say which resource it is about")
                .at(kind.span, "no `id`")
                .help("add `id: path.NAME`, or `id: '\"all\"'` for one that has no name of its own"),
        );
    }
    let id = raw.id.as_ref().and_then(|id| plain.compile(id, report));
    let attr = raw.attr.iter().map(|(name, text)| Some((shared(name), with_stored.compile(text, report)?)));
    let attr: Box<[_]> = attr.collect::<Vec<_>>().into_iter().flatten().collect();
    let mut optional = |text: Option<&_>| text.and_then(|text| plain.compile(text, report));
    let (scope, version) = (optional(raw.scope.as_ref()), optional(raw.version.as_ref()));
    let load = raw.load.as_ref().and_then(|load| load::compile(load, &plain, upstream, report));
    let max_body = raw.shared.max_body.as_ref().or(defaults.max_body.as_ref());
    let template = TargetTemplate {
        kind: shared(kind),
        action_names: actions.iter().map(|action| Arc::clone(&action.value)).collect(),
        actions,
        id: id?,
        attr,
        scope,
        version,
        load,
        max_body: max_body.map_or(DEFAULT_MAX_BODY, |size| size.value),
        span: kind.span,
    };
    if let Some(stated) = raw.shared.max_body.as_ref().filter(|_| !template.reads(Source::Body)) {
        report.push(
            Diagnostic::warning("route/unused-body", "no value of this route reads the body")
                .at(stated.span, "without effect"),
        );
    }
    Some(template)
}

fn actions(raw: &RawRoute, kind: &Spanned<String>, report: &mut Report) -> Box<[Spanned<Arc<str>>]> {
    let stated = raw.actions.as_deref().unwrap_or_default();
    if stated.is_empty() {
        report.push(
            Diagnostic::error("route/no-action", "this route does not say what is done to the resource")
                .at(kind.span, "no `action`")
                .help("add `action: NAME`"),
        );
    }
    let mut actions: Vec<Spanned<Arc<str>>> = Vec::new();
    for action in stated {
        let text = action.value.as_str();
        if text.is_empty()
            || text.contains('*')
            || text.contains(|c: char| c.is_control() || c.is_whitespace())
        {
            report.push(
                Diagnostic::error("route/action", format!("`{text}` is not the name of an action"))
                    .at(action.span, "must be one name")
                    .help("patterns are for policies; several actions go under `actions`"),
            );
        } else if actions.iter().any(|known| *known.value == *text) {
            let message = format!("the action `{text}` is there twice");
            report.push(Diagnostic::warning("route/repeated-action", message).at(action.span, "again"));
        } else {
            actions.push(shared(action));
        }
    }
    actions.into()
}

/// Kinds are names: a kind taken from a path would let the client choose the policy.
fn check_kind(kind: &Spanned<String>, report: &mut Report) {
    let text = kind.value.as_str();
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':' | b'@');
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) || !text.bytes().all(good) {
        report.push(
            Diagnostic::error("route/kind", format!("`{text}` is not the name of a kind of resource"))
                .at(kind.span, "must be a plain name")
                .help("a kind begins with a letter, and has letters, digits, `_`, `-`, `.`, `:` and `@`"),
        );
    }
}
