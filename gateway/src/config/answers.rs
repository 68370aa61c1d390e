//! `answers`: from what was written to how the gateway answers by itself. `docs/answers.md` is the reference.

use std::sync::Arc;

use portreeve_diagnostics::{
    Bundle, Diagnostic, Node, Report, Span, Spanned,
    read::{Fields, choice, items, text, wrong_type},
    suggest,
};

use super::authenticators::shared::address;
use crate::answers::{Accept, Answers, KINDS, Login, On, Page, Rule, Unknown, What};

type Written = (Spanned<String>, Node);

/// The files with pages that answers are made of.
pub(crate) fn page_files(written: &[Written]) -> impl Iterator<Item = &Node> {
    let pages = written.iter().flat_map(|(_, node)| items(node)).filter_map(|rule| rule.get("html"));
    pages.filter(|page| page.as_str().is_some_and(|path| !path.trim().is_empty()))
}

/// The answers of this configuration. Pages are read out of the bundle, so that another one makes another revision.
pub(crate) fn answers(written: &[Written], bundle: &Bundle, report: &mut Report) -> Answers {
    let named = written.iter().map(|(name, node)| {
        let rules = items(node).iter().filter_map(|node| rule(node, bundle, report)).collect();
        (name.value.as_str().into(), rules)
    });
    Answers::of(named.collect::<Vec<(Arc<str>, _)>>())
}

fn rule(node: &Node, bundle: &Bundle, report: &mut Report) -> Option<Rule> {
    let mut fields = Fields::of(node, "an answer", report)?;
    let head = fields.head();
    let on = fields.optional("on");
    let accept = fields
        .optional("accept")
        .map(|node| choice(node, "`accept`", &[("html", Accept::Html), ("json", Accept::Json)], report));
    let ways = ["answer", "html", "redirect"];
    let ways: Vec<_> = ways.into_iter().filter_map(|way| Some((way, fields.present(way)?))).collect();
    let login_node = fields.optional("login");
    fields.finish(report);
    let [(way, node)] = *ways else {
        let message = "an answer is one of `answer`, `html` and `redirect`";
        report.push(Diagnostic::error("answer/way", message).at(head, format!("has {} of them", ways.len())));
        return None;
    };
    if let Some(node) = on.filter(|node| items(node).is_empty()) {
        let message = "`on` names no failure, and without it an answer is for all of them";
        report.push(Diagnostic::error("answer/on", message).at(node.span, "empty"));
    }
    let kinds = on.map(|node| items(node).iter().map(|node| self::on(node, report)).collect::<Vec<_>>());
    let login = login_node.map(|node| login(node, report));
    if let (Some(node), true) = (login_node, way != "html") {
        let message = "`login` is for a page that speaks of one";
        report.push(Diagnostic::error("answer/unused-login", message).at(node.span, "says nothing"));
    }
    let what = match way {
        "answer" => match choice(node, "`answer`", &[("problem", false), ("page", true)], report)? {
            true => What::Plain,
            false => What::Problem,
        },
        "html" => page(node, login.map_or(Some(None), |login| login.map(Some))?, bundle, report)?,
        _ => {
            if on.is_none() {
                let message = "a redirect without `on` would send every failure to the login";
                report.push(
                    Diagnostic::error("answer/redirect", message).at(head, "no `on`").help("add `on: 401`"),
                );
            }
            What::Redirect(self::login(node, report)?)
        }
    };
    let on = kinds.unwrap_or_default().into_iter().collect::<Option<Vec<_>>>()?;
    Some(Rule { on, accept: accept.map_or(Some(None), |accept| accept.map(Some))?, what })
}

/// A status, all that begin with a digit (`5xx`), or a kind of failure.
fn on(node: &Node, report: &mut Report) -> Option<On> {
    let written = text(node, "`on`", report)?;
    let digits = written.value.strip_suffix("xx");
    let class = digits.and_then(|digit| digit.parse().ok()).filter(|class| [4, 5].contains(class));
    let status = written.value.parse().ok().filter(|status| (400..600).contains(status));
    let kind = KINDS.into_iter().find(|kind| *kind == written.value);
    let found = class.map(On::Class).or(status.map(On::Status)).or(kind.map(On::Kind));
    if found.is_none() {
        let message = format!("`{}` is neither a status nor a kind of failure", written.value);
        let found = Diagnostic::error("answer/on", message).at(written.span, "never happens");
        report.push(match suggest::nearest(&written.value, KINDS) {
            Some(near) => found.help(format!("did you mean `{near}`?")),
            None => found.help(format!("use `401`, `5xx`, or one of `{}`", KINDS.join("`, `"))),
        });
    }
    found
}

/// A URL, or `{ to, return-to, external-url }`.
fn login(node: &Node, report: &mut Report) -> Option<Login> {
    if node.as_map().is_none() {
        let to = address(&text(node, "a login", report)?, report)?;
        return Some(Login { to, parameter: "return_to".into(), external: None });
    }
    let mut fields = Fields::of(node, "a login", report)?;
    let to = fields.required("to", report);
    let parameter = fields.optional("return-to").map(|node| text(node, "`return-to`", report));
    let external = fields.optional("external-url").map(|node| url(node, "`external-url`", report));
    fields.finish(report);
    Some(Login {
        to: url(to?, "`to`", report)?,
        parameter: parameter
            .map_or_else(|| Some("return_to".into()), |name| name.map(|name| name.value.into()))?,
        external: external.map_or(Some(None), |url| url.map(Some))?,
    })
}

fn url(node: &Node, what: &str, report: &mut Report) -> Option<url::Url> {
    let written = text(node, what, report)?;
    address(&written, report)
}

/// A page out of its file, and the login that it speaks of.
fn page(node: &Node, login: Option<Login>, bundle: &Bundle, report: &mut Report) -> Option<What> {
    if node.as_str().is_none() {
        report.push(wrong_type(node, "`html`", "the path of a file"));
        return None;
    }
    let path = &*text(node, "`html`", report)?.value;
    let name = crate::source::plain(path);
    // A file that is not there was said to be missing when it was read.
    let (index, file) = (0_u32..).zip(&bundle.files).find(|(_, file)| *file.name == *name)?;
    let read = Page::read(&file.text).map_err(|unknown| {
        unknown.iter().for_each(|one| report.push(unfillable(one, index)));
    });
    let page = read.ok()?;
    if page.speaks_of_a_login() && login.is_none() {
        let message = format!("`{path}` speaks of a login, and none is named");
        report.push(
            Diagnostic::error("answer/no-login", message)
                .at(node.span, "has `{{ login }}`")
                .help("add `login: https://…`"),
        );
        return None;
    }
    Some(What::Page(Arc::new(page), login))
}

/// What is wrong with a place of a page.
fn unfillable(place: &Unknown, file: u32) -> Diagnostic {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let span = Span { file, start: offset(place.at.start), end: offset(place.at.end) };
    let Some(name) = &place.name else {
        return Diagnostic::error("answer/open-placeholder", "this place has no `}}`").at(span, "opens here");
    };
    let message = format!("there is no `{name}` to fill in");
    let found = Diagnostic::error("answer/unknown-placeholder", message).at(span, "unknown");
    match suggest::nearest(name, Page::names()) {
        Some(near) => found.help(format!("did you mean `{{{{ {near} }}}}`?")),
        None => found.help(format!("there are `{}`", Page::names().collect::<Vec<_>>().join("`, `"))),
    }
}

#[cfg(test)]
mod tests;
