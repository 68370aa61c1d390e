//! `mutators`: from what was written to what is done to requests on their way. `docs/mutators.md` is the reference.

mod granted;
mod id_token;

use std::sync::Arc;

use portreeve_diagnostics::{
    Diagnostic, Entry, Node, Report, Spanned,
    read::{Fields, choice, items, text, wrong_type},
};
use portreeve_enforce::{Mutator, Removal};
use portreeve_route_config::{CookieTemplate, HeaderTemplate};

use super::Folder;
pub(crate) use id_token::KeptMint;

/// The mutators of one configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mutators {
    /// By their names.
    pub(crate) named: Vec<(Arc<str>, Mutator)>,
    /// Those who sign, kept for the next revision with the keys that they signed with.
    pub(crate) mints: Vec<KeptMint>,
}

/// What one mutator is read with.
struct Reading<'r> {
    name: &'r Spanned<String>,
    folder: &'r Folder,
    upstreams: &'r [Arc<str>],
    before: &'r [KeptMint],
}

/// Those of this configuration. One who signs as before is kept with the tokens that it remembers.
pub(crate) fn mutators(
    written: &[(Spanned<String>, Node)],
    upstreams: &[Arc<str>],
    folder: &Folder,
    before: &[KeptMint],
    report: &mut Report,
) -> Mutators {
    let mut all = Mutators::default();
    for (name, node) in written {
        let reading = Reading { name, folder, upstreams, before };
        if let Some(mutator) = mutator(&reading, node, &mut all.mints, report) {
            all.named.push((name.value.as_str().into(), mutator));
        }
    }
    all
}

/// The ways there are to change a request.
const WAYS: [&str; 7] =
    ["headers", "cookies", "remove", "credential", "id-token", "client-credentials", "token-exchange"];

fn mutator(
    reading: &Reading<'_>,
    node: &Node,
    mints: &mut Vec<KeptMint>,
    report: &mut Report,
) -> Option<Mutator> {
    let mut fields = Fields::of(node, "a mutator", report)?;
    let ways: Vec<_> = WAYS.iter().filter_map(|way| Some((*way, fields.present(way)?))).collect();
    fields.finish(report);
    let [(way, node)] = *ways else {
        let (name, count) = (&reading.name.value, ways.len());
        let message = format!("`{name}` must change a request in one way, and this has {count}");
        report.push(
            Diagnostic::error("mutator/kind", message)
                .at(reading.name.span, "this mutator")
                .help(format!("the ways are `{}`; a route can name several mutators", WAYS.join("`, `"))),
        );
        return None;
    };
    match way {
        "headers" => {
            let fields =
                some(each(node, "`headers`", HeaderTemplate::of_mutator, report)?, way, node, report);
            Some(Mutator::Headers(fields.into()))
        }
        "cookies" => {
            let cookies =
                some(each(node, "`cookies`", CookieTemplate::of_mutator, report)?, way, node, report);
            Some(Mutator::Cookies(cookies.into()))
        }
        "remove" => removal(node, report).map(Mutator::Remove),
        "credential" => {
            choice(node, "`credential`", &[("strip", ())], report).map(|()| Mutator::StripCredential)
        }
        "client-credentials" => granted::client_credentials(reading, node, report),
        "token-exchange" => granted::token_exchange(reading, node, report),
        _ => id_token::id_token(reading, node, mints, report),
    }
}

/// Every entry of a mapping; nothing if one is wrong.
fn each<T>(
    node: &Node,
    what: &str,
    read: impl Fn(&Spanned<String>, &Node, &mut Report) -> Option<T>,
    report: &mut Report,
) -> Option<Vec<T>> {
    let Some(entries) = node.as_map() else {
        report.push(wrong_type(node, what, "a mapping from names to expressions"));
        return None;
    };
    let all: Vec<_> = entries.iter().map(|Entry { key, value, .. }| read(key, value, report)).collect();
    all.into_iter().collect()
}

fn some<T>(all: Vec<T>, way: &str, node: &Node, report: &mut Report) -> Vec<T> {
    if all.is_empty() {
        report.push(nothing(way, node));
    }
    all
}

/// What is said of a mutator that does nothing.
fn nothing(way: &str, node: &Node) -> Diagnostic {
    let message = format!("`{way}` names nothing, so this changes no request");
    Diagnostic::warning("mutator/nothing", message).at(node.span, "empty")
}

/// `remove: { headers: […], cookies: […] }`.
fn removal(node: &Node, report: &mut Report) -> Option<Removal> {
    let mut fields = Fields::of(node, "`remove`", report)?;
    let (headers, cookies) = (fields.optional("headers"), fields.optional("cookies"));
    fields.finish(report);
    let mut removal = Removal::default();
    if let Some(node) = headers {
        let names = items(node).iter().map(|node| text(node, "the name of a header field", report));
        let names: Option<Vec<_>> = names.collect();
        let names =
            names?.iter().map(|name| HeaderTemplate::name_of_mutator(name, report)).collect::<Vec<_>>();
        removal.headers = names.into_iter().collect::<Option<_>>()?;
    }
    if let Some(node) = cookies {
        let names = items(node).iter().map(|node| text(node, "the name of a cookie", report));
        let names: Option<Vec<_>> = names.collect();
        let names =
            names?.iter().map(|name| CookieTemplate::name_of_mutator(name, report)).collect::<Vec<_>>();
        removal.cookies = names.into_iter().collect::<Option<_>>()?;
    }
    if removal.headers.is_empty() && removal.cookies.is_empty() {
        report.push(nothing("remove", node));
    }
    Some(removal)
}

#[cfg(test)]
mod tests;
