//! What `test` and `compile` share: finding policies and suites, and showing what came of them.

mod coverage;
mod outline;
mod report;

use std::path::Path;

use portreeve_diagnostics::{Bundle, Diagnostic, Report};
use portreeve_policies::{
    PolicySet,
    suite::{Results, Selection, Verdict},
};
use portreeve_store::{Directory, archive, is_yaml_or_json};

pub(super) use coverage::{coverage_object, coverage_text};
use report::text;

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Form {
    /// For people, as a tree
    Tree,
    /// For people, indented
    List,
    /// For programs
    Json,
    /// For tools that collect test reports
    Junit,
}

/// Everything below a folder, or in an archive.
pub(super) fn folder(path: &Path) -> (Bundle, Report) {
    if archive::is_archive(path) && !path.is_dir() {
        return archive::read(path, is_yaml_or_json);
    }
    if !path.is_dir() {
        return (Bundle::default(), Report { findings: vec![no_folder(path)] });
    }
    Directory::new(path).include("", is_yaml_or_json).read()
}

fn no_folder(path: &Path) -> Diagnostic {
    let shown = path.display();
    if path.exists() {
        let message = format!("`{shown}` is neither a folder nor an archive");
        return Diagnostic::error("store/not-a-folder", message)
            .help("name the folder that has the policies, or an archive: `.zip`, `.tar`, `.tar.gz`, `.tgz`");
    }
    Diagnostic::error("store/not-found", format!("there is no file or folder `{shown}`"))
}

/// The indices of all files of a bundle.
pub(super) fn all(bundle: &Bundle) -> Vec<u32> {
    (0..).take(bundle.files.len()).collect()
}

/// What to ask, of the options for that.
pub(super) fn selection(run: Option<&str>, filters: &[String]) -> anyhow::Result<Selection> {
    let mut selection = Selection::default();
    if let Some(run) = run {
        selection =
            selection.matching(run).map_err(|error| anyhow::anyhow!("invalid run specification: {error}"))?;
    }
    for filter in filters {
        selection =
            selection.filtered(filter).map_err(|error| anyhow::anyhow!("invalid test filter: {error}"))?;
    }
    Ok(selection)
}

/// Prints results in the form that was asked for.
pub(super) fn print(
    results: &Results,
    form: Form,
    verbose: bool,
    color: bool,
    reasons: Option<Known<'_>>,
) -> anyhow::Result<()> {
    let painted = |text: String| if color { report::painted(&text) } else { text };
    let text = match form {
        Form::Tree => painted(text(results, outline::tree, verbose, reasons)),
        Form::List => painted(text(results, outline::list, verbose, reasons)),
        Form::Json => format!("{}\n", serde_json::to_string_pretty(results)?),
        Form::Junit => format!("{}\n", results.junit(verbose)),
    };
    super::print(&text)
}

/// Whether a test did not end as it should.
pub(super) fn failed(results: &Results) -> bool {
    results.summary.overall_result >= Verdict::Failed
}

/// What is needed to say where rules are.
#[derive(Clone, Copy)]
pub(super) struct Known<'r> {
    pub(super) set: &'r PolicySet,
    pub(super) bundle: &'r Bundle,
}

impl Known<'_> {
    /// A rule, for people: its name, its policy and its place.
    fn rule(&self, id: portreeve_policies::RuleId) -> String {
        let Some(rule) = self.set.rule(id) else { return "a rule".to_owned() };
        let place = self.place(rule.span);
        match &*rule.name {
            "" => format!("{} ({place})", rule.policy),
            name => format!("rule `{name}` of {} ({place})", rule.policy),
        }
    }

    /// `file:line:column`
    fn place(&self, span: portreeve_diagnostics::Span) -> String {
        self.bundle.file(span).map_or_else(String::new, |file| {
            let place = file.place(span.start);
            format!("{}:{}:{}", file.name, place.line, place.column)
        })
    }
}
