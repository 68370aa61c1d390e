//! What is written and does nothing: nobody names it. It may be kept for later, and it may be a name that was mistyped
//! where another one fits.

use std::collections::BTreeSet;

use portreeve_diagnostics::{Diagnostic, Report, Spanned, read::items};
use portreeve_route_config::{Access, Mutation, Route, RouteTable};

use crate::config::{Config, ListenerSettings};

/// What routes name.
#[derive(Debug, Default)]
struct Used<'r> {
    upstreams: BTreeSet<&'r str>,
    authenticators: BTreeSet<&'r str>,
    mutators: BTreeSet<&'r str>,
    answers: BTreeSet<&'r str>,
}

/// Warns of all that no route needs, and of a configuration without routes.
pub(crate) fn report(config: &Config, routes: &RouteTable, report: &mut Report) {
    if routes.routes().len() == 0 {
        let message = "there is no route, so every request is answered 404";
        let found = Diagnostic::warning("config/no-routes", message);
        report.push(config.routes.iter().fold(found, |found, path| found.at(path.span, "nothing in here")));
        return;
    }
    let mut used = Used { answers: BTreeSet::from(["default"]), ..Used::default() };
    routes.routes().for_each(|route| used.add(route));
    let parts = config.authenticators.iter().filter_map(|(_, node)| node.get("together")).flat_map(items);
    used.authenticators.extend(parts.filter_map(|part| part.as_str()));
    certificates(config, &used, report);
    for (what, names, used) in [
        ("upstream", config.upstream_names.iter().collect::<Vec<_>>(), &used.upstreams),
        ("authenticator", names(&config.authenticators), &used.authenticators),
        ("mutator", names(&config.mutators), &used.mutators),
        ("answers", names(&config.answers), &used.answers),
    ] {
        for name in names.into_iter().filter(|name| !used.contains(&*name.value)) {
            let message = match what {
                "answers" => format!("no route names the answers `{}`", name.value),
                _ => format!("no route needs the {what} `{}`", name.value),
            };
            report.push(Diagnostic::warning("config/unused", message).at(name.span, "never used"));
        }
    }
}

/// Without authorities nobody is asked for a certificate, so nobody could have one.
fn certificates(config: &Config, used: &Used<'_>, report: &mut Report) {
    let asks = |listener: &ListenerSettings| listener.tls.as_ref().is_some_and(|tls| tls.clients.is_some());
    if config.listeners.iter().any(asks) {
        return;
    }
    for (name, node) in
        config.authenticators.iter().filter(|(name, _)| used.authenticators.contains(&*name.value))
    {
        if node.get("client-certificate").is_some_and(|way| way.get("forwarded").is_none()) {
            let message =
                format!("no listener asks for client certificates, so `{}` lets nobody in", name.value);
            let found = Diagnostic::warning("config/no-client-ca", message).at(name.span, "needs them");
            report.push(found.help("name authorities under a listener's `tls.client-ca`"));
        }
    }
}

fn names<T>(written: &[(Spanned<String>, T)]) -> Vec<&Spanned<String>> {
    written.iter().map(|(name, _)| name).collect()
}

impl<'r> Used<'r> {
    fn add(&mut self, route: &'r Route) {
        self.upstreams.insert(&route.upstream.value);
        if let Access::Authorized(template) = &route.access
            && let Some(load) = &template.load
        {
            self.upstreams.insert(&load.upstream.value);
        }
        self.authenticators.extend(route.authenticate.iter().map(|name| &*name.value));
        self.answers.extend(route.answers.iter().map(|name| &*name.value));
        self.mutators.extend(route.mutate.iter().filter_map(|mutation| match mutation {
            Mutation::Named(name) | Mutation::NamedIfPublic(name) => Some(&*name.value),
            Mutation::Headers(_) => None,
        }));
    }
}

#[cfg(test)]
mod tests {
    use crate::{revision::compile, source::Source};

    /// What is found in the small project with something put in place of something else, and what is underlined.
    fn said(from: &str, to: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        crate::project::write(folder.path(), &[(from, to)]).unwrap();
        crate::devkey::DevKey::in_folder(&folder.path().join("dev")).unwrap();
        std::fs::create_dir(folder.path().join("empty")).unwrap();
        let compiled = compile(&Source::of(folder.path()), &Default::default());
        assert!(compiled.revision.is_some(), "{:?}", compiled.report);
        let text = |found: &portreeve_diagnostics::Diagnostic| {
            compiled.bundle.text(found.span().unwrap()).unwrap().to_owned()
        };
        compiled.report.findings.iter().map(|found| format!("{} @ {}", found.message, text(found))).collect()
    }

    #[test]
    fn what_no_route_names_is_said_to_do_nothing() {
        for (from, to, expected) in [
            (
                "upstreams:",
                "upstreams:\n  spare: { endpoints: [http://a] }",
                "no route needs the upstream `spare` @ spare",
            ),
            (
                "authenticators:",
                "authenticators:\n  spare: { deny: all }",
                "no route needs the authenticator `spare` @ spare",
            ),
            (
                "routes:",
                "mutators: { spare: { credential: strip } }\nroutes:",
                "no route needs the mutator `spare` @ spare",
            ),
            (
                "routes:",
                "answers: { spare: { answer: page } }\nroutes:",
                "no route names the answers `spare` @ spare",
            ),
            (
                "    jwt: { issuer: https://dev.portreeve.test, audience: notes, jwks: dev/jwks.json, algorithms: [ES256] }\n    principal: { id: claims.sub, roles: claims.roles }",
                "    client-certificate: {}\n    principal: { id: certificate.common_name }",
                "no listener asks for client certificates, so `dev` lets nobody in @ dev",
            ),
            ("[routes/]", "[empty]", "there is no route, so every request is answered 404 @ empty"),
        ] {
            assert_eq!(said(from, to), [expected], "{to}");
        }
    }

    #[test]
    fn answers_by_default_need_no_name() {
        assert_eq!(said("routes:", "answers: { default: { answer: page } }\nroutes:"), Vec::<String>::new());
    }

    #[test]
    fn a_part_of_what_is_put_together_is_used() {
        let together = "authenticators:\n  both: { together: [dev, key] }\n  key: { deny: all }";
        assert_eq!(said("authenticators:", together), ["no route needs the authenticator `both` @ both"]);
    }
}
