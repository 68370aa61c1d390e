use std::sync::Arc;

use portreeve_diagnostics::{Diagnostic, Report, Spanned};

use super::{
    matching, target,
    values::{Scope, shared},
};
use crate::{
    Access, Matcher, Mutation, Route, RouteId, Source,
    raw::{RawAccess, RawMutation, RawRoute, RawShared, RawValues},
};

/// One route; nothing when something that it cannot do without is wrong.
pub(super) fn compile(raw: &RawRoute, defaults: &RawShared, report: &mut Report) -> Option<Route> {
    let matchers = matching::compile(&raw.matches, &raw.shared, defaults, report);
    let upstream = upstream(raw, defaults, report);
    let access = access(raw, defaults, &matchers, upstream.as_ref(), report);
    let public = raw.access.as_ref().is_some_and(|access| access.value == RawAccess::Public);
    let authenticate = authenticate(raw, defaults, public, report);
    let scope = Scope { matchers: &matchers, caller: !public, body: false, stored: false };
    let mutate = mutate(raw, defaults, &scope, report);
    let name = match &raw.name {
        Some(name) => name.value.as_str().into(),
        None => matchers.first()?.to_string().into(),
    };
    Some(Route {
        id: RouteId(0),
        name,
        span: raw.span,
        access: access?,
        upstream: upstream?,
        authenticate,
        mutate: mutate.into(),
        timeout: raw.shared.timeout.or(defaults.timeout),
        answers: raw.shared.answers.as_ref().or(defaults.answers.as_ref()).map(shared),
        matchers,
    })
    .filter(|route| !route.matchers.is_empty())
}

fn upstream(raw: &RawRoute, defaults: &RawShared, report: &mut Report) -> Option<Spanned<Arc<str>>> {
    let stated = raw.shared.upstream.as_ref().or(defaults.upstream.as_ref());
    if stated.is_none() {
        report.push(
            Diagnostic::error("route/no-upstream", "this route does not say where its requests go")
                .at(raw.span, "no `upstream`")
                .help("add `upstream: NAME` here or under `defaults`"),
        );
    }
    stated.map(shared)
}

fn access(
    raw: &RawRoute,
    defaults: &RawShared,
    matchers: &[Matcher],
    upstream: Option<&Spanned<Arc<str>>>,
    report: &mut Report,
) -> Option<Access> {
    let found = match (&raw.access, &raw.resource, &raw.of_resource) {
        (Some(_), Some(resource), _) => {
            Diagnostic::error("route/access", "a route has `access` or `resource`, not both")
                .at(resource.span, "the policies decide")
                .at(raw.access.as_ref().map_or(raw.span, |access| access.span), "they do not")
        }
        (Some(access), None, Some(key)) => {
            Diagnostic::error("route/access", format!("`{}` is for a route with a `resource`", key.value))
                .at(key.span, "nobody asks the policies here")
                .at(access.span, "because of this")
        }
        (Some(access), None, None) => {
            return Some(match access.value {
                RawAccess::Public => Access::Public,
                RawAccess::Authenticated => Access::Authenticated,
            });
        }
        (None, Some(resource), _) => {
            return target::compile(raw, defaults, resource, matchers, upstream, report)
                .map(|template| Access::Authorized(Box::new(template)));
        }
        (None, None, Some(key)) => {
            Diagnostic::error("route/access", format!("`{}` without a `resource`", key.value))
                .at(key.span, "of which resource?")
                .help("add `resource: KIND`")
        }
        (None, None, None) => Diagnostic::error("route/no-access", "this route does not say who may use it")
            .at(raw.span, "neither `resource` nor `access`")
            .help("add `resource`, `action` and `id`, or `access: authenticated`, or `access: public`"),
    };
    report.push(found);
    None
}

fn authenticate(
    raw: &RawRoute,
    defaults: &RawShared,
    public: bool,
    report: &mut Report,
) -> Box<[Spanned<Arc<str>>]> {
    let stated = raw.shared.authenticate.as_ref();
    if public {
        if let Some(first) = stated.and_then(|stated| stated.first()) {
            report.push(
                Diagnostic::error("route/access", "nobody is asked who they are on a public route")
                    .at(first.span, "this would never be asked")
                    .help("write `access: authenticated`, or drop `authenticate`"),
            );
        }
        return Box::default();
    }
    let chain = stated.or(defaults.authenticate.as_ref());
    if chain.is_none_or(Vec::is_empty) {
        report.push(
            Diagnostic::error(
                "route/no-authenticator",
                "this route does not say how callers prove who they are",
            )
            .at(raw.span, "no `authenticate`")
            .help("add `authenticate: [NAME]` here or under `defaults`"),
        );
    }
    if let Some(again) = chain.and_then(|chain| repeated(chain)) {
        let message = format!("the authenticator `{}` is there twice", again.value);
        report.push(Diagnostic::warning("route/repeated-authenticator", message).at(again.span, "again"));
    }
    chain.into_iter().flatten().map(shared).collect()
}

fn repeated(chain: &[Spanned<String>]) -> Option<&Spanned<String>> {
    let earlier = |at: usize, name: &str| chain.iter().take(at).any(|earlier| earlier.value == name);
    chain.iter().enumerate().find(|(at, name)| earlier(*at, &name.value)).map(|(_, name)| name)
}

/// `headers` first, then `mutate` in order. Of the defaults, a public route leaves out what it has no caller for.
fn mutate(raw: &RawRoute, defaults: &RawShared, scope: &Scope<'_>, report: &mut Report) -> Vec<Mutation> {
    let mut all = Vec::new();
    let inherited = |stated: bool| !stated && !scope.caller;
    let add = |headers: &RawValues, left_out: bool, report: &mut Report| {
        let with_caller = Scope { caller: true, ..*scope };
        let scope = if left_out { &with_caller } else { scope };
        let mut headers = scope.headers(headers, report).into_vec();
        if left_out {
            headers.retain(|h| !h.value.reads(Source::Principal) && !h.value.reads(Source::Claims));
        }
        (!headers.is_empty()).then(|| Mutation::Headers(headers.into()))
    };
    let stated = raw.shared.headers.is_some();
    if let Some(headers) = raw.shared.headers.as_ref().or(defaults.headers.as_ref()) {
        all.extend(add(headers, inherited(stated), report));
    }
    let stated = raw.shared.mutate.is_some();
    let mut named: Vec<&str> = Vec::new();
    for mutation in raw.shared.mutate.as_ref().or(defaults.mutate.as_ref()).into_iter().flatten() {
        if let RawMutation::Named(name) = mutation {
            if named.contains(&&*name.value) {
                let message = format!("the mutator `{}` is there twice", name.value);
                report.push(Diagnostic::warning("route/repeated-mutator", message).at(name.span, "again"));
            }
            named.push(&name.value);
        }
        match mutation {
            RawMutation::Named(name) if inherited(stated) => all.push(Mutation::NamedIfPublic(shared(name))),
            RawMutation::Named(name) => all.push(Mutation::Named(shared(name))),
            RawMutation::Headers(headers) => all.extend(add(headers, inherited(stated), report)),
        }
    }
    all
}
