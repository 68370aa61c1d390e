use std::{path::PathBuf, process::ExitCode};

use clap::{Args, ValueEnum};
use portreeve_diagnostics::render;

use super::here::from_here;
use crate::{
    revision::{self, Compiled, KeptParts},
    source::Source,
};

/// `portreeve check`.
#[derive(Debug, Args)]
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
    /// Compiles and links everything. 0: it can be served. 1: it cannot. 2: there is nothing that could be read.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let source = Source::of(&self.path);
        let Compiled { bundle, report, revision, .. } = revision::compile(&source, &KeptParts::default());
        let bundle = from_here(&bundle, &source);
        match self.output {
            Form::Text => super::show(&report, &bundle),
            Form::Json => super::print(&render::json(&report, &bundle))?,
            Form::Github => super::print(&render::github(&report, &bundle))?,
            Form::Sarif => super::print(&render::sarif(&report, &bundle, env!("CARGO_PKG_VERSION")))?,
        }
        if matches!(self.output, Form::Text) && report.is_empty() {
            let files = bundle.files.len();
            super::print(&format!("no findings in {files} files of revision {}\n", bundle.revision))?;
        }
        if bundle.files.is_empty() {
            return Ok(ExitCode::from(2));
        }
        let sound = revision.is_some() && (report.is_empty() || !self.strict);
        Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
