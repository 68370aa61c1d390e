//! Linking: what do a route's mutators do, and what is the gateway's alone to say because of them?

use std::sync::Arc;

use http::{
    HeaderName,
    header::{AUTHORIZATION, COOKIE},
};
use portreeve_diagnostics::{Diagnostic, Report, Spanned};
use portreeve_identity::{Authenticator, Place};
use portreeve_route_config::{Access, Mutation, Route};

use crate::{
    Project,
    dress::{Mutator, Removal, Step},
    link::unknown,
    own::Own,
    snapshot::Link,
};

impl Project<'_> {
    pub(crate) fn steps(
        &self,
        mutation: &Mutation,
        route: &Route,
        chain: &[Arc<dyn Authenticator>],
        report: &mut Report,
    ) -> Vec<Step> {
        let name = match mutation {
            Mutation::Headers(fields) => return fields.iter().cloned().map(Step::Field).collect(),
            Mutation::Named(name) | Mutation::NamedIfPublic(name) => name,
        };
        let Some((_, mutator)) = self.mutators.iter().find(|(known, _)| *known == name.value) else {
            if !self.broken.contains(&name.value) {
                report.push(unknown("mutator", name, self.mutators.iter().map(|(known, _)| known.as_ref())));
            }
            return Vec::new();
        };
        if mutator.needs_caller() && matches!(route.access, Access::Public) {
            if matches!(mutation, Mutation::Named(_)) {
                report.push(no_caller(name));
            }
            return Vec::new();
        }
        match mutator {
            Mutator::Headers(fields) => fields.iter().cloned().map(Step::Field).collect(),
            Mutator::Cookies(cookies) => vec![Step::Cookies(Arc::clone(cookies))],
            Mutator::Remove(removal) => vec![Step::Remove(removal.clone())],
            Mutator::StripCredential => vec![Step::Remove(credentials(name, chain, report))],
            Mutator::IdToken(token) => vec![Step::IdToken(Arc::clone(token))],
            Mutator::Granted(token) => {
                if token.grant.exchanges() && !chain.is_empty() {
                    check_exchange(name, route, chain, report);
                }
                vec![Step::Granted(Arc::clone(token))]
            }
        }
    }

    /// The header fields that some route sets or some authenticator believes: no client's may go on, on any route. What
    /// clients prove with who they are is theirs to send where no route of the gateway's replaces it.
    pub(crate) fn reserved_fields(&self, links: &[Link]) -> Arc<[HeaderName]> {
        let set = links.iter().flat_map(|link| link.steps.iter().filter_map(Step::field).cloned());
        let mut reserved: Vec<HeaderName> =
            set.filter(|name| ![AUTHORIZATION, COOKIE].contains(name)).collect();
        for authenticator in self.authenticators {
            reserved.extend(authenticator.owned_fields());
        }
        reserved.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        reserved.dedup();
        reserved.into()
    }

    /// The same for cookies; those between an authenticator and the browser among them.
    pub(crate) fn reserved_cookies(&self) -> Box<[Box<str>]> {
        let set = self.mutators.iter().flat_map(|(_, mutator)| mutator.cookies().map(Into::into));
        let own = self.authenticators.iter().flat_map(|authenticator| authenticator.owned_cookies());
        let mut reserved: Vec<Box<str>> = set.chain(own).collect();
        reserved.sort_unstable();
        reserved.dedup();
        reserved.into()
    }

    /// Who answers at paths of the gateway's own.
    pub(crate) fn own(&self) -> Box<[Own]> {
        let logins = self.authenticators.iter().filter(|authenticator| authenticator.login().is_some());
        let logins = logins.cloned().map(Own::Login);
        let keys = (!self.mints.is_empty()).then(|| Own::Keys(self.mints.into()));
        logins.chain(keys).collect()
    }
}

/// Everything that the route's authenticators look at, whichever of them decides: a second credential is one too.
fn credentials(name: &Spanned<Arc<str>>, chain: &[Arc<dyn Authenticator>], report: &mut Report) -> Removal {
    let (mut headers, mut cookies) = (Vec::new(), Vec::new());
    for place in
        chain.iter().filter_map(|authenticator| authenticator.places()).flat_map(|places| places.iter())
    {
        match place {
            Place::Header { name, .. } => headers.push(name.clone()),
            Place::Cookie(name) => cookies.push(name.clone()),
            _ => report.push(
                Diagnostic::warning("link/credential-in-query", "a credential in the query is passed on")
                    .at(name.span, "cannot take it out: the query is forwarded as it was judged")
                    .help("let the authenticator read a header field or a cookie"),
            ),
        }
    }
    Removal { headers: headers.into(), cookies: cookies.into() }
}

/// Where no authenticator takes a token, there is never one to exchange;
/// where only some do, the others' callers are refused.
fn check_exchange(
    name: &Spanned<Arc<str>>,
    route: &Route,
    chain: &[Arc<dyn Authenticator>],
    report: &mut Report,
) {
    if chain.iter().any(|authenticator| authenticator.proves_by_token()) {
        return;
    }
    let message =
        format!("`{}` exchanges the caller's token, and no caller of this route shows one", name.value);
    let mut diagnostic = Diagnostic::error("link/no-token", message).at(name.span, "refuses every request");
    if let Some(first) = route.authenticate.first() {
        diagnostic = diagnostic.at(first.span, "does not authenticate by a token");
    }
    report.push(diagnostic.help("let the route's callers be known by `jwt` or `introspection`"));
}

fn no_caller(name: &Spanned<Arc<str>>) -> Diagnostic {
    let message =
        format!("the mutator `{}` speaks of the caller, whom nobody asks on a public route", name.value);
    Diagnostic::error("link/no-caller", message)
        .at(name.span, "on a public route")
        .help("drop it here, or the `access: public`")
}
