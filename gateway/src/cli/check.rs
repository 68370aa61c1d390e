use std::{path::PathBuf, process::ExitCode};

use clap::{Args, ValueEnum};
use portreeve_diagnostics::render;

use super::here::compiled;
use crate::{revision::Compiled, route_tests, source::Source};

/// `portreeve check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Ends with 0 when there is no error, 1 when there is one (with `--strict`: or a warning), and 2 when \
                  there is nothing to check."
)]
pub(crate) struct Check {
    /// The configuration, or the folder that has it
    #[arg(default_value = crate::config::DEFAULT_FILE)]
    path: PathBuf,
    /// How to print what is found
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    output: Form,
    /// Count warnings as errors
    #[arg(long)]
    strict: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// For programs
    Json,
    /// For annotations in a GitHub workflow
    Github,
    /// For code scanning
    Sarif,
}

impl Check {
    /// Compiles and links everything, and runs the tests of routes. 0: it can be served. 1: it cannot, or a test fails.
    /// 2: there is nothing that could be read.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let Compiled { bundle, mut report, revision, routes, .. } = compiled(&Source::of(&self.path));
        let table = revision.as_ref().map(|revision| revision.snapshot.routes());
        let tests = route_tests::run(&bundle, &routes, table, &mut report);
        match self.output {
            Form::Text => super::show(&report, &bundle),
            Form::Json => super::print(&render::json(&report, &bundle))?,
            Form::Github => super::print(&render::github(&report, &bundle))?,
            Form::Sarif => super::print(&render::sarif(&report, &bundle, env!("CARGO_PKG_VERSION")))?,
        }
        if matches!(self.output, Form::Text) && report.is_empty() {
            let (files, passed) = (bundle.files.len(), passed(tests));
            super::print(&format!("no findings in {files} files of revision {}{passed}\n", bundle.revision))?;
        }
        if bundle.files.is_empty() {
            return Ok(ExitCode::from(2));
        }
        let unsound = if self.strict { !report.is_empty() } else { report.has_errors() };
        Ok(if unsound { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn passed(tests: usize) -> String {
    match tests {
        0 => String::new(),
        1 => ", and the test of routes passes".to_owned(),
        tests => format!(", and {tests} tests of routes pass"),
    }
}
