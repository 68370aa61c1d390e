use portreeve_diagnostics::{Diagnostic, Report, Severity, Span};
use rustc_hash::FxHashSet;

/// Something found while policies are compiled: as this project says it, and as Cerbos does.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// For people.
    pub diagnostic: Diagnostic,
    /// The file that Cerbos names: an index into the bundle's files.
    pub file: u32,
    /// What kind of error it is for Cerbos.
    pub cause: Cause,
    /// What Cerbos says.
    pub text: String,
    /// What Cerbos' position speaks of: a value, or a key.
    pub place: Option<Span>,
}

/// The groups in which Cerbos reports errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// `loadFailures`, kind 1: the text could not be read.
    Parse,
    /// `loadFailures`, kind 2: the text breaks a rule about policies.
    Validation,
    /// `loadFailures` without a kind.
    Load,
    /// `missingImports`.
    MissingImport {
        /// The key of the policy that imports.
        policy: String,
        /// `derived roles`, `variables` or `constants`.
        kind: &'static str,
        /// What it imports.
        name: String,
    },
    /// `missingScopeDetails`.
    MissingScope {
        /// The key of the policy that should be there.
        policy: String,
        /// The keys of those that need it.
        descendants: Vec<String>,
    },
    /// `duplicateDefs`.
    Duplicate {
        /// The key that two files define.
        policy: String,
        /// The file that defined it first.
        other: u32,
    },
    /// `scopePermissionsConflicts`.
    ScopePermissions {
        /// The scope.
        scope: String,
    },
    /// An error while compiling; the word that Cerbos puts it under: `unknown derived role`.
    Compile(&'static str),
    /// Cerbos says nothing: it is no error there, or another error keeps it from being looked for.
    Advice,
}

impl Cause {
    /// Whether Cerbos calls this a lint error, after which nothing is compiled.
    #[must_use]
    pub const fn is_lint(&self) -> bool {
        !matches!(self, Self::Compile(_) | Self::Advice)
    }
}

/// Findings as they are collected.
#[derive(Debug, Default)]
pub(crate) struct Findings(pub(crate) Vec<Finding>);

impl Findings {
    pub(crate) fn push(
        &mut self,
        file: u32,
        cause: Cause,
        text: impl Into<String>,
        place: Option<Span>,
        diagnostic: Diagnostic,
    ) {
        self.0.push(Finding { diagnostic, file, cause, text: text.into(), place });
    }

    /// An error of compilation whose words are Cerbos' own.
    pub(crate) fn compile(
        &mut self,
        code: &'static str,
        error: &'static str,
        text: impl Into<String>,
        place: Span,
    ) {
        self.compile_at(code, error, text, (place, place));
    }

    /// The same, where it is and where Cerbos says it is.
    pub(crate) fn compile_at(
        &mut self,
        code: &'static str,
        error: &'static str,
        text: impl Into<String>,
        (place, said): (Span, Span),
    ) {
        let text = text.into();
        let diagnostic = Diagnostic::error(code, lower_first(&text)).at(place, error);
        self.push(place.file, Cause::Compile(error), text, Some(said), diagnostic);
    }

    /// The files that Cerbos would not load.
    pub(crate) fn refused(&self) -> FxHashSet<u32> {
        self.0.iter().filter(|finding| finding.cause.is_lint()).map(|finding| finding.file).collect()
    }

    /// Cerbos says this once for each file: where it finds it last.
    pub(crate) fn only_the_last(&mut self, file: u32, cause: &Cause, text: &str) {
        let said =
            |finding: &&mut Finding| finding.file == file && finding.cause == *cause && finding.text == text;
        self.0.iter_mut().filter(said).for_each(|finding| finding.cause = Cause::Advice);
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.0.iter().any(|finding| finding.diagnostic.severity == Severity::Error)
    }

    pub(crate) fn report(&self) -> Report {
        let mut report =
            Report { findings: self.0.iter().map(|finding| finding.diagnostic.clone()).collect() };
        report.sort();
        report
    }
}

/// Cerbos begins its sentences with a capital.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
