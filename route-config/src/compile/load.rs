use std::sync::Arc;

use portreeve_diagnostics::{Diagnostic, Report, Spanned};

use super::values::{Scope, shared};
use crate::{
    DEFAULT_MAX_STORED, Host, Load, RequestTarget,
    load::{LoadPart, LoadTemplate},
    raw::{RawLoad, RawText},
    target::DEFAULT_LOAD_TIMEOUT,
};

pub(super) fn compile(
    raw: &RawLoad,
    scope: &Scope<'_>,
    upstream: Option<&Spanned<Arc<str>>>,
    report: &mut Report,
) -> Option<Load> {
    let template = template(&raw.target, scope, report);
    let own = Scope { body: false, stored: false, ..*scope };
    let headers = own.headers(&raw.headers, report);
    let host = raw.host.as_ref().and_then(|host| host_name(host, report));
    let select = Scope { stored: true, body: false, ..*scope };
    let select = match &raw.select {
        Some(text) => Some(select.compile(text, report)?),
        None => None,
    };
    Some(Load {
        upstream: raw.upstream.as_ref().map(shared).or_else(|| upstream.cloned())?,
        host,
        credentials: raw.credentials,
        headers,
        select,
        cache: raw.cache.filter(|cache| !cache.is_zero()),
        timeout: raw.timeout.unwrap_or(DEFAULT_LOAD_TIMEOUT),
        max_bytes: raw.max_bytes.unwrap_or(DEFAULT_MAX_STORED),
        span: raw.span,
        template: template?,
    })
}

fn host_name(host: &Spanned<String>, report: &mut Report) -> Option<Arc<str>> {
    match Host::parse(&host.value) {
        Ok(_) => Some(host.value.as_str().into()),
        Err(why) => {
            let message = format!("`{}` is not a host: {why}", host.value);
            report.push(Diagnostic::error("route/host", message).at(host.span, "not a host"));
            None
        }
    }
}

/// Placeholders are whole segments of the path, and stand anywhere in the query.
fn template(raw: &RawText, scope: &Scope<'_>, report: &mut Report) -> Option<LoadTemplate> {
    let mut parts = Vec::new();
    let mut sample = String::new();
    let mut rest = raw.text.as_str();
    let mut ok = true;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        let name = name.strip_suffix('*').unwrap_or(name);
        sample.push_str(before);
        let in_query = sample.contains('?');
        let start = raw.text.len() - rest.len() + before.len();
        let place = raw.part(start, raw.text.len() - after.len());
        let wrong = scope
            .check_placeholder(name, raw.part(start + 1, start + 1 + name.len()))
            .or_else(|| misplaced(scope, name, sample.ends_with('/'), after).filter(|_| !in_query))
            .map(|wrong| if wrong.labels.is_empty() { wrong.at(place, "") } else { wrong });
        if let Some(wrong) = wrong {
            report.push(wrong);
            ok = false;
        }
        parts.push(LoadPart::Literal(before.into()));
        parts.push(if in_query { LoadPart::Query(name.into()) } else { LoadPart::Path(name.into()) });
        sample.push('x');
        rest = after;
    }
    sample.push_str(rest);
    parts.push(LoadPart::Literal(rest.into()));
    if let Some(wrong) = check_sample(raw, &sample) {
        report.push(wrong);
        ok = false;
    }
    ok.then(|| LoadTemplate { text: raw.text.as_str().into(), parts: parts.into() })
}

/// In a path, what a placeholder stands for must not become empty or part of a segment.
fn misplaced(scope: &Scope<'_>, name: &str, begins: bool, after: &str) -> Option<Diagnostic> {
    if !begins || !(after.is_empty() || after.starts_with(['/', '?'])) {
        return Some(Diagnostic::error("route/load", "a placeholder is a whole segment"));
    }
    let message = format!("`{name}` can end in a slash, so nothing can follow it");
    (after.starts_with('/') && scope.is_rest(name)).then(|| Diagnostic::error("route/load", message))
}

/// What is fetched is spelled as what is forwarded.
fn check_sample(raw: &RawText, sample: &str) -> Option<Diagnostic> {
    let wrong = |message: String| Some(Diagnostic::error("route/load", message).at(raw.span, ""));
    match RequestTarget::parse(sample) {
        Err(why) => wrong(format!("no request has such a target: {why}")),
        Ok(target) if target.canonical() != sample => {
            wrong(format!("write it canonically: `{}`", target.canonical()))
        }
        Ok(_) => None,
    }
}
