//! `authenticators`: from what was written to those who check credentials. `docs/authentication.md` is the reference.

mod jwt;
mod local;
mod login;
mod mapping;
mod preset;
pub(in crate::config) mod remote;
pub(in crate::config) mod shared;
mod together;

use std::{sync::Arc, time::SystemTime};

use portreeve_diagnostics::{
    Bundle, Diagnostic, Node, Report, Span, Spanned,
    read::{Fields, items},
};
use portreeve_identity::{Authenticator, Flaw, Readiness};
use serde_json::{Map, Value};

use super::Folder;

/// An authenticator with the text of the keys that it reads from a file.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// The authenticator.
    pub(crate) authenticator: Arc<dyn Authenticator>,
    keys: Vec<Arc<str>>,
}

/// Those of this configuration. One that is configured as it was before, and whose keys are the same, is kept with what
/// it remembers. Keys in a file must be there and must be keys: what is read here needs nobody else.
pub(crate) fn authenticators(
    written: &[(Spanned<String>, Node)],
    folder: &Folder,
    bundle: &Bundle,
    before: &[Kept],
    report: &mut Report,
) -> Vec<Kept> {
    let mut all: Vec<Kept> = Vec::new();
    let names: Vec<&str> = written.iter().map(|(name, _)| name.value.as_str()).collect();
    for (name, node) in together::in_order(written, report) {
        let around = Around { folder, known: &all, names: &names };
        let Some(made) = authenticator(name, node, &around, report) else { continue };
        // It remembers nothing itself, and its parts may be new ones.
        if together::is_together(node) {
            all.push(Kept { authenticator: made, keys: Vec::new() });
            continue;
        }
        let files: Vec<&Node> = key_files_of(node).collect();
        let keys: Vec<Arc<str>> = files.iter().filter_map(|file| text_of(bundle, file.as_str()?)).collect();
        let same = |old: &&Kept| {
            let old_one = &old.authenticator;
            old_one.name() == made.name() && old_one.digest() == made.digest() && old.keys == keys
        };
        if let Some(kept) = before.iter().find(same) {
            all.push(kept.clone());
            continue;
        }
        if let (Some(file), false) = (files.first(), keys.is_empty()) {
            try_keys(&made, file, report);
        }
        all.push(Kept { authenticator: made, keys });
    }
    all
}

/// The files with keys that authenticators read.
pub(crate) fn key_files(written: &[(Spanned<String>, Node)]) -> impl Iterator<Item = &Node> {
    written.iter().flat_map(|(_, node)| key_files_of(node))
}

fn key_files_of(node: &Node) -> impl Iterator<Item = &Node> {
    let jwt = node.get("jwt");
    let several = jwt.and_then(|jwt| jwt.get("issuers")).map(items).unwrap_or_default();
    let files = jwt.into_iter().chain(several).filter_map(|issuer| issuer.get("jwks"));
    files.filter(|file| file.as_str().is_some_and(|text| !text.contains("://") && !text.trim().is_empty()))
}

fn text_of(bundle: &Bundle, path: &str) -> Option<Arc<str>> {
    let name = crate::source::plain(path);
    bundle.files.iter().find(|file| *file.name == *name).map(|file| Arc::clone(&file.text))
}

/// Loads keys out of their file, and says so when there are none. On a thread of its own, since this may be called on
/// one that runs futures already.
fn try_keys(made: &Arc<dyn Authenticator>, file: &Node, report: &mut Report) {
    let ready = std::thread::scope(|scope| {
        let load = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(made.prepare(SystemTime::now()));
            Ok::<_, std::io::Error>(made.readiness())
        };
        scope.spawn(load).join()
    });
    if let Ok(Ok(Readiness::Waiting(why) | Readiness::Stale(why))) = ready {
        let message =
            format!("`{}` holds no keys that could be used: {why}", file.as_str().unwrap_or_default());
        report.push(Diagnostic::error("config/no-keys", message).at(file.span, "this file").help(
            "it must be a JSON Web Key Set, or a public key in PEM, for the algorithms that are named",
        ));
    }
}

/// What is written about one authenticator.
struct Written<'n> {
    /// Its ways to authenticate; there must be one.
    ways: Vec<(&'static str, &'n Node)>,
    principal: Option<&'n Node>,
    lets: Option<&'n Node>,
    require: Option<&'n Node>,
    hydrate: Option<&'n Node>,
    params: Map<String, Value>,
}

/// What is there besides one authenticator.
struct Around<'n> {
    folder: &'n Folder,
    /// Those that are made already.
    known: &'n [Kept],
    /// The names of all.
    names: &'n [&'n str],
}

/// The one way of an authenticator, with what is written around it.
struct Way<'n> {
    authenticator: &'n Spanned<String>,
    node: &'n Node,
    written: &'n Written<'n>,
    folder: &'n Folder,
    known: &'n [Kept],
    names: &'n [&'n str],
}

type Make = fn(&Way<'_>, &mut Report) -> Option<Arc<dyn Authenticator>>;

/// The ways there are.
const WAYS: [(&str, Make); 13] = [
    ("jwt", jwt::jwt),
    ("oidc-login", login::oidc_login),
    ("introspection", remote::introspection),
    ("session", remote::session),
    ("bearer-token", remote::bearer_token),
    ("client-credentials", remote::client_credentials),
    ("api-key", local::api_key),
    ("basic", local::basic),
    ("headers", local::fields_of_a_proxy),
    ("client-certificate", local::certificate),
    ("together", together::together),
    ("anonymous", local::anonymous),
    ("deny", local::deny),
];

impl<'n> Written<'n> {
    fn read(fields: &mut Fields<'n>) -> Self {
        Self {
            ways: WAYS.iter().filter_map(|(name, _)| Some((*name, fields.present(name)?))).collect(),
            principal: fields.optional("principal"),
            lets: fields.optional("let"),
            require: fields.optional("require"),
            hydrate: fields.optional("hydrate"),
            params: Map::new(),
        }
    }
}

impl Way<'_> {
    fn name(&self) -> Arc<str> {
        self.authenticator.value.as_str().into()
    }

    /// For ways that know who a caller is without being told.
    fn refuse_mapping(&self, report: &mut Report) {
        if let Some(node) = self.written.principal.or(self.written.lets).or(self.written.require) {
            let message =
                "this says what a credential makes of a caller, and here the configuration itself says so";
            report.push(
                Diagnostic::error("config/unused-principal", message).at(first_line(node), "says nothing"),
            );
        }
    }
}

fn authenticator(
    name: &Spanned<String>,
    node: &Node,
    around: &Around<'_>,
    report: &mut Report,
) -> Option<Arc<dyn Authenticator>> {
    let mut fields = Fields::of(node, "an authenticator", report)?;
    let (preset, params) = (fields.optional("preset"), fields.section("params"));
    let own = Written::read(&mut fields);
    fields.finish(report);
    let Some(preset) = preset else {
        if let Some(node) = params {
            let message = "`params` are for a `preset`, and there is none";
            report.push(Diagnostic::error("config/unused-params", message).at(node.span, "says nothing"));
        }
        return made(name, &own, around, report);
    };
    if !own.ways.is_empty() {
        let message = format!("`{}` has a preset and a way to authenticate of its own", name.value);
        report.push(
            Diagnostic::error("config/authenticator-kind", message).at(name.span, "this authenticator"),
        );
        return None;
    }
    let filled = preset::fill(preset, params, report)?;
    let mut fields = Fields::of(&filled.node, "the preset", report)?;
    let theirs = Written::read(&mut fields);
    fields.finish(report);
    // What is said beside the preset takes the place of what the preset says about the same.
    let both = Written {
        ways: theirs.ways,
        principal: own.principal.or(theirs.principal),
        lets: own.lets.or(theirs.lets),
        require: own.require.or(theirs.require),
        hydrate: own.hydrate.or(theirs.hydrate),
        params: filled.params.clone(),
    };
    made(name, &both, around, report)
}

fn made(
    authenticator: &Spanned<String>,
    written: &Written<'_>,
    around: &Around<'_>,
    report: &mut Report,
) -> Option<Arc<dyn Authenticator>> {
    if let [(way, node)] = *written.ways {
        let (_, make) = WAYS.iter().find(|(name, _)| *name == way)?;
        let Around { folder, known, names } = *around;
        let way = Way { authenticator, node, written, folder, known, names };
        let made = make(&way, report)?;
        return match written.hydrate {
            Some(node) => remote::hydrated(made, node, &way, report),
            None => Some(made),
        };
    }
    let count = written.ways.len();
    let message =
        format!("`{}` must have one way to authenticate, and this has {count}", authenticator.value);
    let ways = WAYS.map(|(name, _)| name).join("`, `");
    report.push(
        Diagnostic::error("config/authenticator-kind", message)
            .at(authenticator.span, "this authenticator")
            .help(format!("the ways are `{ways}`, or a `preset`")),
    );
    None
}

/// What was built, or its flaws as findings.
fn built<A: Authenticator + 'static>(
    made: Result<A, Vec<Flaw>>,
    way: &Way<'_>,
    report: &mut Report,
) -> Option<Arc<dyn Authenticator>> {
    match made {
        Ok(authenticator) => Some(Arc::new(authenticator)),
        Err(found) => {
            flaws(&found, way.node, way.written.principal, report);
            None
        }
    }
}

/// Shows each flaw where its field was written: the deepest one that was.
fn flaws(found: &[Flaw], node: &Node, principal: Option<&Node>, report: &mut Report) {
    for flaw in found {
        let mut parts = flaw.field.split('.').peekable();
        let mut at: &Node = node;
        if parts.next_if_eq(&"principal").is_some() {
            at = principal.unwrap_or(node);
        }
        for part in parts {
            let written = part.replace('_', "-");
            let listed = || items(at).get(part.parse::<usize>().ok()?);
            let Some(inner) = at.get(&written).or_else(|| at.get(part)).or_else(listed) else { break };
            at = inner;
        }
        report.push(Diagnostic::error(flaw.code, flaw.message.clone()).at(first_line(at), ""));
    }
}

/// A whole mapping is too much to underline: its first key stands for it.
fn first_line(node: &Node) -> Span {
    node.as_map().and_then(<[_]>::first).map_or(node.span, |entry| entry.key.span)
}

#[cfg(test)]
mod tests;
