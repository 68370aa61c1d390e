//! Linking: what do the names in routes stand for, and do routes and policies speak of the same things?

use std::sync::Arc;

use portreeve_diagnostics::{Bundle, Diagnostic, Report, Spanned, suggest};
use portreeve_identity::{Authenticator, Chain, mint::Mint};
use portreeve_policies::PolicySet;
use portreeve_route_config::{Access, Route, RouteTable};

use crate::{
    dress::{Mutator, Step},
    own::Own,
    snapshot::{Link, Snapshot},
};

/// The parts of one revision, compiled and not yet linked.
#[derive(Debug)]
pub struct Project<'p> {
    /// The text that everything was compiled from.
    pub bundle: &'p Bundle,
    /// The routes.
    pub routes: RouteTable,
    /// The policies.
    pub policies: PolicySet,
    /// The authenticators, by their names.
    pub authenticators: &'p [Arc<dyn Authenticator>],
    /// The names of the upstreams.
    pub upstreams: &'p [Arc<str>],
    /// What each named mutator does.
    pub mutators: &'p [(Arc<str>, Mutator)],
    /// The names of the answers for callers who are not forwarded.
    pub answers: &'p [Arc<str>],
    /// Those who sign tokens for upstreams.
    pub mints: &'p [Arc<Mint>],
    /// Names of authenticators and mutators that are written but could not be made. What is wrong with them is reported
    /// already; that they are not there is no finding of its own.
    pub broken: &'p [Arc<str>],
}

impl Project<'_> {
    /// Links everything. All findings are added to the report; with an error among them the snapshot must not be used.
    #[must_use]
    pub fn link(self, report: &mut Report) -> Snapshot {
        let links: Box<[Link]> = self.routes.routes().map(|route| self.link_route(route, report)).collect();
        for route in self.routes.routes() {
            if let Access::Authorized(template) = &route.access {
                self.check_target(template, report);
            }
        }
        let own = self.own();
        let (reserved, cookies) = (self.reserved_fields(&links), self.reserved_cookies());
        Snapshot {
            revision: Arc::clone(&self.bundle.revision),
            routes: self.routes,
            policies: self.policies,
            reads_bodies: links.iter().any(|link| link.body.is_some()) || own.iter().any(Own::reads_bodies),
            own,
            links,
            reserved,
            cookies,
        }
    }

    fn link_route(&self, route: &Route, report: &mut Report) -> Link {
        self.upstream(&route.upstream, report);
        if let Some(name) = &route.answers
            && !self.answers.contains(&name.value)
        {
            report.push(unknown("answers", name, self.answers.iter().map(AsRef::as_ref)));
        }
        if let Access::Authorized(template) = &route.access
            && let Some(load) = &template.load
        {
            self.upstream(&load.upstream, report);
        }
        let chain =
            route.authenticate.iter().filter_map(|name| self.authenticator(name, report)).collect::<Vec<_>>();
        let mut steps: Vec<Step> =
            route.mutate.iter().flat_map(|mutation| self.steps(mutation, route, &chain, report)).collect();
        // What is taken out is the client's, never what the gateway says in the same place.
        steps.sort_by_key(|step| !matches!(step, Step::Remove(_)));
        let body = match &route.access {
            Access::Authorized(template) if template.needs_body() => Some(template.max_body),
            _ => None,
        };
        Link { chain: Chain::new(chain), steps: steps.into(), body }
    }

    fn upstream(&self, name: &Spanned<Arc<str>>, report: &mut Report) {
        if !self.upstreams.contains(&name.value) {
            report.push(unknown("upstream", name, self.upstreams.iter().map(AsRef::as_ref)));
        }
    }

    fn authenticator(&self, name: &Spanned<Arc<str>>, report: &mut Report) -> Option<Arc<dyn Authenticator>> {
        let found = self.authenticators.iter().find(|known| *known.name() == name.value);
        if found.is_none() && !self.broken.contains(&name.value) {
            report.push(unknown(
                "authenticator",
                name,
                self.authenticators.iter().map(|known| known.name().as_ref()),
            ));
        }
        found.cloned()
    }
}

pub(crate) fn unknown<'k>(
    what: &str,
    name: &Spanned<Arc<str>>,
    known: impl Iterator<Item = &'k str>,
) -> Diagnostic {
    let known: Vec<&str> = known.collect();
    let code = match what {
        "upstream" => "link/unknown-upstream",
        "authenticator" => "link/unknown-authenticator",
        "answers" => "link/unknown-answers",
        _ => "link/unknown-mutator",
    };
    let diagnostic =
        Diagnostic::error(code, format!("there is no {what} `{}`", name.value)).at(name.span, "unknown");
    match suggest::nearest(&name.value, known.iter().copied()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => diagnostic.help(format!("the configuration names no {what}")),
        None => diagnostic.help(format!("the configuration has `{}`", known.join("`, `"))),
    }
}
