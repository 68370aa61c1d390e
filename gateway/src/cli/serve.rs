use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::here::compiled;
use crate::{
    observe,
    revision::Revision,
    serve::{self, Running},
    source::Source,
};

/// `portreeve serve`.
#[derive(Debug, Args)]
#[command(
    after_help = "Serves until SIGTERM or SIGINT, and ends with 0 then; with 2 when the project does not compile, and \
                  with 1 when a port or a file is not to be had. SIGHUP reads everything anew."
)]
pub(crate) struct Serve {
    /// The configuration, or the folder that has it
    #[arg(short, long, default_value = crate::config::DEFAULT_FILE, env = "PORTREEVE_CONFIG")]
    config: PathBuf,
}

impl Serve {
    /// Serves until it is told to stop. 2: there is something wrong with what was written, and it was shown.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let source = Source::of(&self.config);
        let compiled = compiled(&source);
        super::show(&compiled.report, &compiled.bundle);
        let Some(revision) = compiled.revision else { return Ok(ExitCode::from(2)) };
        observe::start_logging(&revision.config.log);
        serve::run(until_told(source, revision))
    }
}

async fn until_told(source: Source, revision: Revision) -> anyhow::Result<ExitCode> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let running = Running::start(source, revision).await?;
    tokio::select! {
        _ = terminate.recv() => tracing::info!("SIGTERM: no new connections, and those that there are are let finish"),
        _ = interrupt.recv() => tracing::info!("SIGINT: no new connections, and those that there are are let finish"),
    }
    // A second signal does not wait.
    tokio::select! {
        () = running.stop() => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(ExitCode::SUCCESS)
}
