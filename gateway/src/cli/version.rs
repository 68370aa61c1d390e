use std::process::ExitCode;

use clap::{Args, ValueEnum};

/// `portreeve version`.
#[derive(Debug, Args)]
pub(crate) struct Version {
    /// How to print it
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    output: Form,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// For programs
    Json,
}

impl Version {
    /// Prints it.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let version = env!("CARGO_PKG_VERSION");
        let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
        let text = match self.output {
            Form::Text => format!("portreeve {version} ({os}-{arch})\n"),
            Form::Json => {
                format!("{}\n", serde_json::json!({ "version": version, "os": os, "arch": arch }))
            }
        };
        super::print(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}
