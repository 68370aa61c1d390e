use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use clap::Args;

use crate::{devkey::DevKey, project};

/// `portreeve init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Where; made if it is not there
    #[arg(default_value = ".")]
    dir: PathBuf,
}

impl Init {
    /// Writes the project. Never over anything.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let shown = self.dir.display();
        let present = project::present(&self.dir);
        if !present.is_empty() {
            bail!("`{shown}` has `{}` already, and nothing is ever overwritten", present.join("`, `"));
        }
        project::write(&self.dir, &[]).with_context(|| format!("cannot write into `{shown}`"))?;
        DevKey::in_folder(&self.dir.join(project::KEY_FOLDER)).context("cannot make a development key")?;
        let names: Vec<_> = project::FILES.iter().map(|(name, _)| format!("  {name}\n")).collect();
        super::print(&format!(
            "Wrote to `{shown}`:\n{}  {}/jwks.json and its key, for development only\n\nNext, in that folder:\n  \
             portreeve check portreeve.yaml\n  portreeve serve\n  portreeve dev token --audience {} --sub alice --role \
             user\n",
            names.concat(),
            project::KEY_FOLDER,
            project::AUDIENCE,
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_written_once_and_never_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let init = || Init { dir: folder.path().join("a/b") };
        init().run().unwrap();
        for (name, text) in project::FILES {
            assert_eq!(std::fs::read_to_string(init().dir.join(name)).unwrap(), text);
        }
        assert!(init().dir.join("dev/jwks.json").exists());
        assert!(init().run().unwrap_err().to_string().contains("portreeve.yaml"));
    }
}
