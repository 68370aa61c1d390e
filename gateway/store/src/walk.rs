//! Which files there are, without opening any.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use portreeve_diagnostics::Diagnostic;

use crate::directory::{Directory, Part};

/// A file that will be read.
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) metadata: Metadata,
}

/// What is there at one moment.
#[derive(Default)]
pub(crate) struct Listing {
    pub(crate) files: Vec<Found>,
    pub(crate) findings: Vec<Diagnostic>,
    /// The folders that were walked.
    pub(crate) folders: Vec<PathBuf>,
    /// The `..data` links of Kubernetes volumes and where they lead. They change in one step, and all visible files
    /// lead through them.
    pub(crate) generations: Vec<(PathBuf, PathBuf)>,
    names: BTreeSet<String>,
}

pub(crate) fn list(directory: &Directory) -> Listing {
    let mut listing = Listing::default();
    for part in &directory.parts {
        match fs::metadata(&part.path) {
            Ok(metadata) if metadata.is_dir() => {
                Walk { directory, part, listing: &mut listing, above: Vec::new() }
                    .folder(&part.path, &part.name);
            }
            Ok(metadata) => listing.add(directory, &part.path, &part.name, metadata),
            Err(error) => listing.findings.push(unreadable(&part.name, &error)),
        }
    }
    listing
}

/// The finding for a file or folder that the operating system does not hand over.
pub(crate) fn unreadable(name: &str, error: &io::Error) -> Diagnostic {
    let name = if name.is_empty() { "." } else { name };
    if error.kind() == io::ErrorKind::NotFound {
        return Diagnostic::error("store/not-found", format!("there is no file or folder `{name}`"));
    }
    Diagnostic::error("store/unreadable", format!("`{name}` cannot be read: {}", error.kind()))
}

impl Listing {
    fn add(&mut self, directory: &Directory, path: &Path, name: &str, metadata: Metadata) {
        if !metadata.is_file() {
            let message = format!("`{name}` is neither a file nor a folder");
            self.findings.push(Diagnostic::error("store/not-a-file", message));
        } else if self.files.len() >= directory.limits.files {
            // Said once, by the first file that is too many.
            if self.names.insert(String::new()) {
                let message = format!("there are more than {} files", directory.limits.files);
                self.findings.push(Diagnostic::error("store/too-many", message));
            }
        } else if self.names.insert(name.to_owned()) {
            self.files.push(Found { path: path.to_owned(), name: name.to_owned(), metadata });
        }
    }
}

/// One walk through a folder that was asked for.
struct Walk<'a> {
    directory: &'a Directory,
    part: &'a Part,
    listing: &'a mut Listing,
    /// The folders above, links resolved: a link to one of them would never end.
    above: Vec<PathBuf>,
}

impl Walk<'_> {
    fn folder(&mut self, path: &Path, name: &str) {
        if self.above.len() >= self.directory.limits.depth {
            let message = format!("`{name}` is more than {} folders deep", self.directory.limits.depth);
            self.listing.findings.push(Diagnostic::error("store/too-deep", message));
            return;
        }
        match self.entries(path) {
            Ok((real, _)) if self.above.contains(&real) => {}
            Ok((real, entries)) => {
                self.listing.folders.push(path.to_owned());
                self.above.push(real);
                for entry in entries {
                    self.entry(&entry, name);
                }
                self.above.pop();
            }
            Err(error) => self.listing.findings.push(unreadable(name, &error)),
        }
    }

    /// The folder without links in its path, and what is in it.
    fn entries(&mut self, path: &Path) -> io::Result<(PathBuf, Vec<PathBuf>)> {
        let mut entries = fs::read_dir(path)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<Vec<_>>>()?;
        entries.sort();
        let data = path.join("..data");
        if let Ok(generation) = fs::read_link(&data) {
            self.listing.generations.push((data, generation));
        }
        Ok((fs::canonicalize(path)?, entries))
    }

    fn entry(&mut self, path: &Path, above: &str) {
        let Some(file_name) = path.file_name() else { return };
        if file_name.as_encoded_bytes().starts_with(b".") {
            return;
        }
        let Some(own) = file_name.to_str() else {
            let message = format!("`{}` in `{above}` has a name that is not UTF-8", file_name.display());
            self.listing.findings.push(Diagnostic::error("store/not-utf-8", message));
            return;
        };
        let name =
            if above.is_empty() { own.to_owned() } else { format!("{}/{own}", above.trim_end_matches('/')) };
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.folder(path, &name),
            Ok(metadata) if metadata.is_file() && (self.part.keep)(&name) => {
                self.listing.add(self.directory, path, &name, metadata);
            }
            Err(error) if (self.part.keep)(&name) => self.listing.findings.push(unreadable(&name, &error)),
            _ => {}
        }
    }
}
