use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use crate::{observe, pdp::Started};

/// `portreeve pdp`.
#[derive(Debug, Args)]
pub(crate) struct Pdp {
    /// The configuration of a Cerbos server
    #[arg(short, long, env = "CERBOS_CONFIG")]
    config: PathBuf,
    /// Say something else than the configuration does
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// What to log: a level, or a filter as in `RUST_LOG`
    #[arg(long, default_value = "info", env = "CERBOS_LOG_LEVEL")]
    log_level: String,
}

impl Pdp {
    /// Answers until it is told to stop. 2: there is something wrong with what was written, and it was shown.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        observe::log_to_stderr(&self.log_level, false);
        let (started, bundle, report) = Started::read(&self.config, &self.set);
        super::show(&report, &bundle);
        let Some(started) = started else { return Ok(ExitCode::from(2)) };
        started.run()?;
        Ok(ExitCode::SUCCESS)
    }
}
