use std::process::ExitCode;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use portreeve_diagnostics::suggest;
use portreeve_identity::presets::{ALL, Preset};

/// `portreeve presets`.
#[derive(Debug, Args)]
pub(crate) struct Presets {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print one: what a person would write, with its parameters
    Show {
        /// Its name
        name: String,
    },
}

impl Presets {
    /// Lists them, or prints one.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.what {
            Some(What::Show { name }) => super::print(show(&name)?.text)?,
            None => super::print(&list())?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn show(name: &str) -> anyhow::Result<Preset> {
    Preset::named(name).ok_or_else(|| match suggest::nearest(name, ALL.iter().map(|preset| preset.name)) {
        Some(near) => anyhow!("there is no preset `{name}`; did you mean `{near}`?"),
        None => anyhow!("there is no preset `{name}`; `portreeve presets` lists them"),
    })
}

fn list() -> String {
    let width = ALL.iter().map(|preset| preset.name.len()).max().unwrap_or_default();
    ALL.iter().map(|preset| format!("{:width$}  {}\n", preset.name, about(*preset))).collect()
}

/// The text's own line about itself.
fn about(preset: Preset) -> &'static str {
    let line = preset.text.lines().find_map(|line| line.strip_prefix("about:"));
    line.unwrap_or_default().trim().trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_says_what_it_is_about() {
        assert!(ALL.iter().all(|preset| !about(*preset).is_empty()));
        assert!(list().contains("Kinde"));
        assert!(show("kind").unwrap_err().to_string().contains("did you mean `kinde`?"));
    }
}
