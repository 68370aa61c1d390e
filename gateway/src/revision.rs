//! From the text of a project to something that can judge: the one place where configuration, authenticators, routes
//! and policies come together. `serve`, `check`, `explain` and `routes` all come through here.

use std::sync::Arc;

use portreeve_diagnostics::{Bundle, Report};
use portreeve_enforce::{Mutator, Project, Snapshot};
use portreeve_identity::Authenticator;
use portreeve_policies::{Options, PolicySet, Recompiled};
use portreeve_route_config::RouteTable;

use crate::{
    answers::Answers,
    config::{self, Config, Evaluation, Kept, KeptMint},
    source::{Named, Source, Text},
    unused,
};

/// One revision, compiled and linked.
#[derive(Debug)]
pub(crate) struct Revision {
    /// What the configuration says.
    pub(crate) config: Config,
    /// What is kept for the next revision, with what it remembers.
    pub(crate) kept: KeptParts,
    /// How the gateway answers by itself.
    pub(crate) answers: Answers,
    /// Routes, policies, and what the names in them stand for.
    pub(crate) snapshot: Snapshot,
}

/// What came of compiling.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// The files, for showing findings.
    pub(crate) bundle: Bundle,
    /// Everything that was found.
    pub(crate) report: Report,
    /// What the configuration names, as far as it can be understood. What is there may be what is wrong.
    pub(crate) named: Option<Named>,
    /// The revision, unless there is an error in the report.
    pub(crate) revision: Option<Revision>,
    /// Which of the files have routes, or tests of them.
    pub(crate) routes: Vec<u32>,
}

/// What one revision hands on to the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeptParts {
    /// Those who check credentials.
    pub(crate) authenticators: Vec<Kept>,
    /// Those who sign tokens.
    pub(crate) mints: Vec<KeptMint>,
    /// What is not to be done again when a policy changes.
    pub(crate) policies: portreeve_policies::Kept,
}

impl KeptParts {
    /// Those who check credentials, by themselves.
    pub(crate) fn checkers(&self) -> Vec<Arc<dyn Authenticator>> {
        self.authenticators.iter().map(|kept| Arc::clone(&kept.authenticator)).collect()
    }
}

/// Reads and compiles a project. `before` is of the revision before.
pub(crate) fn compile(source: &Source, before: &KeptParts) -> Compiled {
    let mut text = source.read();
    let mut report = std::mem::take(&mut text.report);
    let named = text.config.as_ref().map(Named::by);
    let revision = text.config.take().and_then(|config| link(config, &text, source, before, &mut report));
    report.sort();
    let revision = revision.filter(|_| !report.has_errors());
    Compiled { bundle: text.bundle, report, named, revision, routes: text.routes }
}

fn link(
    config: Config,
    text: &Text,
    source: &Source,
    before: &KeptParts,
    report: &mut Report,
) -> Option<Revision> {
    let understood = !report.has_errors();
    let authenticators = config::authenticators(
        &config.authenticators,
        source.folder(),
        &text.bundle,
        &before.authenticators,
        report,
    );
    let (routes, found) = RouteTable::compile(&text.bundle, &text.routes);
    report.extend(found);
    let options = Options { strict: config.evaluation == Evaluation::Strict, ..Options::default() };
    let Recompiled { set: policies, report: found, kept, work } =
        PolicySet::recompile(&text.bundle, &text.policies, &options, &before.policies);
    tracing::debug!(files = work.files, expressions = work.expressions, "policies were compiled");
    report.extend(found);
    // As written: one that is wrong was told of, and whoever names it is right.
    let upstreams: Vec<Arc<str>> =
        config.upstream_names.iter().map(|name| name.value.as_str().into()).collect();
    let mutators = config::mutators(&config.mutators, &upstreams, source.folder(), &before.mints, report);
    let mints: Vec<_> = mutators.mints.iter().map(|kept| Arc::clone(&kept.mint)).collect();
    let known: Vec<_> = authenticators.iter().map(|kept| Arc::clone(&kept.authenticator)).collect();
    let answers = config::answers(&config.answers, &text.bundle, report);
    let names: Vec<Arc<str>> = config.answers.iter().map(|(name, _)| name.value.as_str().into()).collect();
    let broken = broken(&config, &known, &mutators.named);
    let routes = routes?;
    if understood {
        unused::report(&config, &routes, report);
    }
    let project = Project {
        bundle: &text.bundle,
        routes,
        policies: policies?,
        authenticators: &known,
        upstreams: &upstreams,
        mutators: &mutators.named,
        answers: &names,
        mints: &mints,
        broken: &broken,
    };
    let snapshot = project.link(report);
    let kept = KeptParts { authenticators, mints: mutators.mints, policies: kept };
    Some(Revision { config, kept, answers, snapshot })
}

/// Names that are written but stand for nothing, because what is written of them is wrong.
fn broken(
    config: &Config,
    authenticators: &[Arc<dyn Authenticator>],
    mutators: &[(Arc<str>, Mutator)],
) -> Vec<Arc<str>> {
    let made = |name: &str| authenticators.iter().any(|one| **one.name() == *name);
    let authenticators =
        config.authenticators.iter().map(|(name, _)| &*name.value).filter(|name| !made(name));
    let made = |name: &str| mutators.iter().any(|(known, _)| **known == *name);
    let mutators = config.mutators.iter().map(|(name, _)| &*name.value).filter(|name| !made(name));
    authenticators.chain(mutators).map(Into::into).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_in_one_part_hides_nothing_in_another() {
        let folder = tempfile::tempdir().unwrap();
        let wrong = [("127.0.0.1:8080", "127.0.0.1:80800"), ("http://127.0.0.1:8000", "ftp://a")];
        crate::project::write(folder.path(), &wrong).unwrap();
        crate::devkey::DevKey::in_folder(&folder.path().join("dev")).unwrap();
        for (file, from, to) in [
            ("routes/notes.yaml", "access:", "acces:"),
            ("policies/note.yaml", "EFFECT_ALLOW", "EFFECT_ALOW"),
        ] {
            let path = folder.path().join(file);
            let text = std::fs::read_to_string(&path).unwrap().replacen(from, to, 1);
            std::fs::write(path, text).unwrap();
        }
        let compiled = compile(&Source::of(folder.path()), &KeptParts::default());
        assert!(compiled.revision.is_none());
        let found = |file: &str| {
            let about = compiled.report.findings.iter().filter(|found| {
                found.span().is_some_and(|span| &*compiled.bundle.files[span.file as usize].name == file)
            });
            about.map(|found| &*found.message).collect::<Vec<_>>()
        };
        assert_eq!(found("portreeve.yaml").len(), 2, "{:?}", compiled.report);
        assert!(
            found("routes/notes.yaml").iter().any(|said| said.contains("`acces`")),
            "{:?}",
            compiled.report
        );
        assert!(!found("policies/note.yaml").is_empty(), "{:?}", compiled.report);
    }
}
