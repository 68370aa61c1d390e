//! Tests for people who write policies: do the policies answer as the suites expect?
//!
//! A suite is a file `*_test.yaml` (or `.yml`, `.json`). Who asks and what about are its fixtures: its own, and those
//! of the files `principals`, `resources` and `auxdata` in the folder `testdata` beside it. What is expected of every
//! pair of principal and resource stands in its tests; what they do not mention is expected to be denied.

mod engine_trace;
mod fixtures;
mod junit;
mod load;
mod matrix;
mod names;
mod read;
mod results;
mod run;
mod select;
mod watch;
mod why;
mod written;

pub use engine_trace::EngineTrace;
pub use names::is_suite;
pub use results::{
    ActionResult, Count, Details, Failure, OutputFailure, OutputProblem, PrincipalResult, ResourceResult,
    Results, Spoken, Success, SuiteResult, Summary, TestResult, Verdict,
};
pub use select::{BadSelection, Selection};
pub use watch::{Coverage, Uncovered};
pub use why::{Outcome, Part, Step, Why};

use std::sync::Arc;

use portreeve_diagnostics::{Bundle, Diagnostic};

/// The suites of a bundle, read and ready to run.
#[derive(Debug)]
pub struct Suites {
    pub(crate) suites: Vec<Loaded>,
    pub(crate) traced: bool,
}

/// One suite, or why it cannot be run.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) file: Arc<str>,
    /// What could be read of it.
    pub(crate) suite: Option<written::Suite>,
    /// The fixtures beside it.
    pub(crate) shared: written::Fixtures,
    pub(crate) broken: Option<Broken>,
}

/// Why something cannot be run: as Cerbos says it, and as it is said here.
#[derive(Clone, Debug)]
pub(crate) struct Broken {
    pub(crate) text: String,
    pub(crate) findings: Vec<Diagnostic>,
}

impl Suites {
    /// Reads the suites among these files of the bundle, in the order of their names. What is wrong with one is found
    /// when they are run.
    #[must_use]
    pub fn read(bundle: &Bundle, files: &[u32]) -> Self {
        load::suites(bundle, files)
    }

    /// Whether results tell the steps in which each answer was reached, too. It takes a second evaluation of each.
    #[must_use]
    pub fn traced(self, traced: bool) -> Self {
        Self { traced, ..self }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.suites.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.suites.is_empty()
    }
}

#[cfg(test)]
mod tests;
