//! `together`: several authenticators that must all be satisfied, by their names.

use std::sync::Arc;

use portreeve_diagnostics::{Diagnostic, Node, Report, Spanned, read::texts, suggest};
use portreeve_identity::{Authenticator, Together};

use super::{Way, built};

type Written = (Spanned<String>, Node);

/// All of the authenticators in an order in which those that are put together come after their parts.
pub(super) fn in_order<'w>(written: &'w [Written], report: &mut Report) -> Vec<&'w Written> {
    let (mut waiting, mut ordered): (Vec<&Written>, Vec<&Written>) =
        written.iter().partition(|(_, node)| is_together(node));
    while !waiting.is_empty() {
        let waits_for = |node: &Node, other: &str| parts(node).any(|part| part == other);
        let ready = |(_, node): &&Written| !waiting.iter().any(|(other, _)| waits_for(node, &other.value));
        let (next, rest): (Vec<&Written>, Vec<&Written>) = waiting.iter().copied().partition(ready);
        if next.is_empty() {
            rest.iter().for_each(|(name, _)| report.push(circular(name)));
            break;
        }
        ordered.extend(next);
        waiting = rest;
    }
    ordered
}

/// Whether an authenticator is put together from others.
pub(super) fn is_together(node: &Node) -> bool {
    node.get("together").is_some()
}

fn parts(node: &Node) -> impl Iterator<Item = &str> {
    let list = node.get("together").map(portreeve_diagnostics::read::items).unwrap_or_default();
    list.iter().filter_map(Node::as_str)
}

fn circular(name: &Spanned<String>) -> Diagnostic {
    let message = format!("`{}` is put together from itself, by whatever way", name.value);
    Diagnostic::error("config/circular-authenticator", message)
        .at(name.span, "here")
        .help("name authenticators that have a way of their own")
}

/// `together: [FIRST, OTHER, …]`: the first is who the caller is.
pub(super) fn together(way: &Way<'_>, report: &mut Report) -> Option<Arc<dyn Authenticator>> {
    way.refuse_mapping(report);
    let names = texts(way.node, "the name of an authenticator", report);
    if names.len() < 2 {
        let message = "`together` needs the names of two authenticators at least";
        report.push(Diagnostic::error("config/alone", message).at(way.node.span, "are not two"));
        return None;
    }
    let mut sorted: Vec<_> = names.iter().collect();
    sorted.sort_by(|a, b| a.value.cmp(&b.value));
    if let Some([_, again]) = sorted.windows(2).find(|two| matches!(two, [a, b] if a.value == b.value)) {
        let message = format!("`{}` together with itself proves nothing more", again.value);
        report.push(Diagnostic::error("config/alone", message).at(again.span, "again"));
        return None;
    }
    let all: Vec<_> = names.iter().map(|name| part(name, way, report)).collect();
    let mut all = all.into_iter().collect::<Option<Vec<_>>>()?.into_iter();
    let (_, first) = all.next()?;
    built(Together::new(way.name(), first, all.collect()), way, report)
}

fn part(
    name: &Spanned<String>,
    way: &Way<'_>,
    report: &mut Report,
) -> Option<(Arc<str>, Arc<dyn Authenticator>)> {
    let made = way.known.iter().find(|kept| **kept.authenticator.name() == *name.value);
    if let Some(kept) = made {
        return Some((Arc::clone(kept.authenticator.name()), Arc::clone(&kept.authenticator)));
    }
    // What was written and could not be made was complained about already.
    if !way.names.contains(&&*name.value) {
        let message = format!("there is no authenticator `{}`", name.value);
        let found = Diagnostic::error("config/unknown-authenticator", message).at(name.span, "unknown");
        let near = suggest::nearest(&name.value, way.names.iter().copied());
        report.push(match near {
            Some(near) => found.help(format!("did you mean `{near}`?")),
            None => found.help(format!("there are `{}`", way.names.join("`, `"))),
        });
    }
    None
}
