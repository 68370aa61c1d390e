use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use portreeve_diagnostics::{Bundle, SourceFile};

use crate::import::{self, Imported};

/// `portreeve import`.
#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// From Ory Oathkeeper: access rules and the configuration of their handlers
    Oathkeeper(Oathkeeper),
}

/// `portreeve import oathkeeper`.
#[derive(Debug, Args)]
pub(crate) struct Oathkeeper {
    /// Files with access rules, JSON or YAML, and the configuration last
    #[arg(required = true, num_args = 2.., value_names = ["RULES", "CONFIG"])]
    files: Vec<PathBuf>,
    /// Where the project is written; made if it is not there, and it must be empty
    #[arg(short, long)]
    output: PathBuf,
}

impl Import {
    /// 0: everything is imported. 1: some rules refuse until somebody decides. 2: a file cannot be read.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let Self::Oathkeeper(verb) = self;
        verb.run()
    }
}

impl Oathkeeper {
    fn run(self) -> anyhow::Result<ExitCode> {
        let shown = self.output.display();
        if fs::read_dir(&self.output).is_ok_and(|mut entries| entries.next().is_some()) {
            bail!("`{shown}` is not empty, and nothing is ever overwritten");
        }
        let bundle = match bundle(&self.files) {
            Ok(bundle) => bundle,
            Err(error) => {
                super::say(&format!("error: {error:#}\n"));
                return Ok(ExitCode::from(2));
            }
        };
        let imported = match import::oathkeeper(&bundle) {
            Ok(imported) => imported,
            Err(report) => {
                super::show(&report, &bundle);
                return Ok(ExitCode::from(2));
            }
        };
        write(&self.output, &imported).with_context(|| format!("cannot write into `{shown}`"))?;
        super::show(&imported.report, &bundle);
        let Imported { rules, refused, .. } = imported;
        let all: Vec<_> =
            imported.files.iter().chain(&imported.secrets).map(|(name, _)| format!("  {name}\n")).collect();
        let told = match refused {
            0 => String::new(),
            count => format!(
                "{count} of them let nobody in until you decide: they are said above as errors, and marked with `# decide:`.\n"
            ),
        };
        super::print(&format!(
            "Imported {rules} rules into `{shown}`:\n{}{told}\nNext: portreeve check {shown}\n",
            all.concat()
        ))?;
        Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// The configuration first.
fn bundle(files: &[PathBuf]) -> anyhow::Result<Bundle> {
    let Some((configuration, rules)) = files.split_last() else { return Ok(Bundle::default()) };
    let mut bundle = Bundle::default();
    for path in [configuration].into_iter().chain(rules) {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        bundle.files.push(SourceFile { name: path.display().to_string().into(), text: text.into() });
    }
    Ok(bundle)
}

fn write(folder: &Path, imported: &Imported) -> std::io::Result<()> {
    for folder in [folder.to_owned(), folder.join("policies"), folder.join("routes")] {
        fs::create_dir_all(folder)?;
    }
    for (name, text) in &imported.files {
        fs::File::create_new(folder.join(name))?.write_all(text.as_bytes())?;
    }
    if imported.secrets.is_empty() {
        return Ok(());
    }
    fs::create_dir_all(folder.join("secrets"))?;
    fs::File::create_new(folder.join(".gitignore"))?.write_all(b"/secrets/\n")?;
    for (name, text) in &imported.secrets {
        private(&folder.join(name))?.write_all(text.as_bytes())?;
    }
    Ok(())
}

/// A new file that nobody else may read.
fn private(path: &Path) -> std::io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
