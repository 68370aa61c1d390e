use http::Method;
use portreeve_diagnostics::{Diagnostic, Report, Span, Spanned, suggest};

use crate::{
    HostPattern, Matcher, MethodError, Methods, Pattern, TrailingSlash, method,
    raw::{RawMatch, RawShared},
};

/// The matchers of a route: every path under every host.
pub(super) fn compile(
    raw: &[RawMatch],
    route: &RawShared,
    defaults: &RawShared,
    report: &mut Report,
) -> Box<[Matcher]> {
    let trailing_slash = route.trailing_slash.or(defaults.trailing_slash).unwrap_or_default();
    let inherited = hosts(route.host.as_ref().or(defaults.host.as_ref()), report);
    let mut matchers = Vec::new();
    for one in raw {
        let stated = one.host.as_ref().or(route.host.as_ref()).or(defaults.host.as_ref());
        if one.methods.is_empty() || stated.is_some_and(Vec::is_empty) {
            let message = "this matches nothing: a list of methods or hosts is empty";
            report.push(Diagnostic::error("route/match", message).at(one.span, "matches nothing"));
        }
        let own = one.host.as_ref().map(|own| hosts(Some(own), report));
        let methods = methods(&one.methods, report);
        let pattern = pattern(one, report);
        let (Some(methods), Some(pattern)) = (methods, pattern) else { continue };
        matchers.extend(own.as_ref().unwrap_or(&inherited).iter().map(|host| Matcher {
            host: host.clone(),
            methods: methods.clone(),
            pattern: pattern.clone(),
            trailing_slash: if pattern.other_slash().is_some() {
                trailing_slash
            } else {
                TrailingSlash::Strict
            },
            span: one.span,
        }));
    }
    matchers.into()
}

/// No host stated is every host. A host that is wrong is reported, and stands for none.
fn hosts(raw: Option<&Vec<Spanned<String>>>, report: &mut Report) -> Vec<HostPattern> {
    let Some(raw) = raw else { return vec![HostPattern::Any] };
    let host = |text: &Spanned<String>| match HostPattern::parse(&text.value) {
        Ok(host) => Some(host),
        Err(why) => {
            report.push(
                Diagnostic::error("route/host", format!("`{}` is not a host: {why}", text.value))
                    .at(text.span, "not a host")
                    .help("write `api.example.com`, `*.example.com` or `*`, without scheme and port"),
            );
            None
        }
    };
    raw.iter().filter_map(host).collect()
}

/// The usual methods, and those that are registered and look like one of them.
const METHODS: [&str; 11] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "REPORT", "SEARCH"];

/// A route for a method of one's own is possible, and one for a typing error never answers.
fn misspelt(method: &Method, span: Span) -> Option<Diagnostic> {
    let near = suggest::nearest(method.as_str(), METHODS).filter(|near| *near != method.as_str())?;
    let message = format!("`{method}` is not a usual method");
    let found = Diagnostic::warning("route/unusual-method", message).at(span, "as written");
    Some(found.help(format!("did you mean `{near}`?")))
}

fn methods(raw: &[Spanned<String>], report: &mut Report) -> Option<Methods> {
    let mut named = Vec::new();
    let mut any = false;
    let mut wrong = raw.is_empty();
    for text in raw {
        match method::read(&text.value) {
            Ok(None) => any = true,
            Ok(Some(method)) if named.contains(&method) => {
                let message = format!("the method `{method}` is there twice");
                report.push(Diagnostic::warning("route/repeated-method", message).at(text.span, "again"));
            }
            Ok(Some(method)) => {
                report.findings.extend(misspelt(&method, text.span));
                named.push(method);
            }
            Err(why) => {
                wrong = true;
                let found =
                    Diagnostic::error("route/method", format!("`{}`: {why}", text.value)).at(text.span, "");
                report.push(match why {
                    MethodError::Case(upper) => found.help(format!("write `{upper}`")),
                    MethodError::NotAToken => {
                        found.help("write `GET`, `GET,POST`, or `ANY` for every method")
                    }
                });
            }
        }
    }
    match (wrong, any) {
        (true, _) => None,
        (false, true) => Some(Methods::Any),
        (false, false) => Some(Methods::Some(named.into())),
    }
}

fn pattern(raw: &RawMatch, report: &mut Report) -> Option<Pattern> {
    match Pattern::parse(&raw.path.text) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            let span = raw.path.part(error.start, error.end);
            report.push(Diagnostic::error(error.problem.code(), error.problem.to_string()).at(span, ""));
            None
        }
    }
}
