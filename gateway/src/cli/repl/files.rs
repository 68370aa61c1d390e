//! The files that a session reads and writes.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use portreeve_diagnostics::Bundle;
use portreeve_store::{Directory, is_yaml_or_json};

/// A policy, with the files around it in which its imports may be, and which one it is.
///
/// # Errors
/// It is not there, or cannot be read. What cannot be read around it does not matter.
pub(super) fn read(name: &str, policies: Option<&Path>) -> anyhow::Result<(Bundle, u32)> {
    let path = find(name, policies)?;
    let path = path.canonicalize().with_context(|| format!("cannot open `{}`", path.display()))?;
    let root = match policies {
        Some(folder) => {
            folder.canonicalize().with_context(|| format!("cannot open `{}`", folder.display()))?
        }
        None => path.parent().unwrap_or(Path::new("/")).to_owned(),
    };
    let mut directory = Directory::new(&root).include(&path, |_| true);
    match policies {
        Some(_) => directory = directory.include("", is_yaml_or_json),
        // Only what is right beside it: the folder may be anybody's home.
        None => {
            directory = beside(&root).into_iter().fold(directory, |all, file| all.include(file, |_| true))
        }
    }
    let (bundle, report) = directory.read();
    let shown = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy();
    let file = (0..).zip(&bundle.files).find(|(_, file)| *file.name == *shown);
    match (file, report.findings.first()) {
        (Some((file, _)), _) => Ok((bundle, file)),
        (None, Some(finding)) => bail!("{}", finding.message),
        (None, None) => bail!("`{shown}` cannot be read"),
    }
}

fn find(name: &str, policies: Option<&Path>) -> anyhow::Result<PathBuf> {
    let candidates = policies.map(|folder| folder.join(name)).into_iter().chain([PathBuf::from(name)]);
    let found = candidates.into_iter().find(|path| path.is_file());
    found.with_context(|| match policies {
        Some(folder) => format!("there is no file `{name}`, neither here nor in `{}`", folder.display()),
        None => format!("there is no file `{name}`"),
    })
}

fn beside(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path()).filter(|path| path.is_file());
    let mut files: Vec<PathBuf> = files.filter(|path| is_yaml_or_json(&path.to_string_lossy())).collect();
    files.sort();
    files
}

/// Where typed lines are kept if nobody says: among the state of the user's programs (the XDG base directories).
pub(super) fn history() -> Option<PathBuf> {
    let folder = std::env::var_os("XDG_STATE_HOME").filter(|path| Path::new(path).is_absolute());
    let folder = folder.map(PathBuf::from).or_else(|| Some(std::env::home_dir()?.join(".local/state")))?;
    Some(folder.join("portreeve").join("repl_history"))
}
