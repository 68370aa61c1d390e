//! From what a person wrote to routes: names checked, defaults applied, everything wrong reported.

mod load;
mod matching;
mod mutator;
mod route;
mod target;
mod values;

use portreeve_diagnostics::{Bundle, Diagnostic, Node, Report, yaml};

use crate::{Route, RouteTable, Suite, raw::RawFile, table::Tie};

impl RouteTable {
    /// Compiles the route files of a bundle, `files` being their places in [`Bundle::files`]; files of tests among them
    /// are left out. All findings are reported, not only the first. There is a table when none of them is an error.
    #[must_use]
    pub fn compile(bundle: &Bundle, files: &[u32]) -> (Option<Self>, Report) {
        let mut report = Report::default();
        let mut routes = Vec::new();
        let is_test = |file: u32| bundle.files.get(file as usize).is_some_and(|f| Suite::is_named(&f.name));
        for &file in files.iter().filter(|file| !is_test(**file)) {
            match yaml::read(bundle, file) {
                Ok(documents) => {
                    documents.iter().for_each(|document| compile_file(document, &mut routes, &mut report));
                }
                Err(unreadable) => report.push(unreadable),
            }
        }
        check_names(&routes, &mut report);
        let (table, ties) = Self::of(routes);
        ties.iter().for_each(|tie| report.push(tied(tie)));
        report.sort();
        ((!report.has_errors()).then_some(table), report)
    }
}

fn compile_file(document: &Node, routes: &mut Vec<Route>, report: &mut Report) {
    let Some(file) = RawFile::read(document, report) else { return };
    routes.extend(file.routes.iter().filter_map(|raw| route::compile(raw, &file.defaults, report)));
}

/// Names that were given are given once; a name that was made from a matcher can repeat only if the routes tie.
fn check_names(routes: &[Route], report: &mut Report) {
    for (index, route) in routes.iter().enumerate() {
        let earlier = routes.iter().take(index).find(|earlier| earlier.name == route.name);
        let tied = |earlier: &Route| {
            earlier.matchers.first().map(ToString::to_string).as_deref() == Some(&*route.name)
        };
        if let Some(earlier) = earlier.filter(|earlier| !tied(earlier)) {
            report.push(
                Diagnostic::error("route/duplicate-name", format!("two routes are named `{}`", route.name))
                    .at(route.span, "the second")
                    .at(earlier.span, "the first"),
            );
        }
    }
}

fn tied(tie: &Tie) -> Diagnostic {
    let (first, second) =
        if tie.first <= tie.second { (tie.first, tie.second) } else { (tie.second, tie.first) };
    Diagnostic::error("route/tie", "two routes are for the same requests, and neither is more specific")
        .at(second, "this one")
        .at(first, "and this one")
        .help("the order of files and routes does not matter; give one of them a host, another method or another path")
}
