//! Linking: what do the names in routes stand for, and do routes and policies speak of the same things?

use std::sync::Arc;

use portreeve_diagnostics::{Bundle, Diagnostic, Report, Spanned, suggest};
use portreeve_identity::{Authenticator, Chain, mint::Mint};
use portreeve_policies::PolicySet;
use portreeve_route_config::{Access, Route, RouteTable, TargetTemplate};

use crate::{
    dress::{Mutator, Step},
    own::Own,
    snapshot::{Link, Snapshot},
};

/// The most octets of a body that can be read and still be forwarded as they came: what pingora keeps.
const MAX_BODY: u64 = 64 * 1024;

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

    fn check_target(&self, template: &TargetTemplate, report: &mut Report) {
        if template.needs_body() && template.max_body > MAX_BODY {
            let message = format!("of a body at most {MAX_BODY} bytes can be read before it is forwarded");
            report.push(
                Diagnostic::error("link/body", message)
                    .at(template.span, format!("would read {}", template.max_body))
                    .help("state a smaller `max_bytes` under `body`"),
            );
        }
        let kind = &template.kind;
        if !self.policies.knows_kind(&kind.value) {
            let message =
                format!("no policy speaks of the resource `{}`, so this route denies everyone", kind.value);
            let diagnostic =
                Diagnostic::error("link/unknown-kind", message).at(kind.span, "unknown to policies");
            let kinds = self.policies.kinds();
            report.push(match suggest::nearest(&kind.value, kinds.iter().map(AsRef::as_ref)) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help("write a resource policy for it, or correct the name"),
            });
            return;
        }
        for action in
            template.actions.iter().filter(|action| !self.policies.can_allow(&kind.value, &action.value))
        {
            let message = format!("no rule can ever allow `{}` on `{}`", action.value, kind.value);
            report.push(
                Diagnostic::error("link/action-never-allowed", message)
                    .at(action.span, "always denied")
                    .help("correct the action, or add a rule that allows it"),
            );
        }
        self.check_attributes(template, report);
    }

    /// An attribute that a policy reads and no route supplies makes every condition that reads it fail. What a stored
    /// resource has is not known here.
    fn check_attributes(&self, template: &TargetTemplate, report: &mut Report) {
        if template.is_open() {
            return;
        }
        let actions: Vec<&str> = template.actions.iter().map(|action| &*action.value).collect();
        for (attribute, rule) in self.policies.attributes(&template.kind.value, &actions) {
            if template.supplied().any(|(name, _)| *name.value == *attribute) {
                continue;
            }
            let message = format!(
                "policies of `{}` read `R.attr.{attribute}`, which this route does not supply",
                template.kind.value
            );
            let mut diagnostic = Diagnostic::warning("link/attribute-not-supplied", message)
                .at(template.span, "supplies no such attribute");
            if let Some(rule) = self.policies.rule(rule) {
                diagnostic = diagnostic.at(rule.span, "read here");
            }
            let help = "state it under `attr`, or read the stored resource with `load`";
            report.push(diagnostic.help(help));
        }
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
