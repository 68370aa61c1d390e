//! Files that are packed into one: zip, tar, and tar under gzip.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

use flate2::read::GzDecoder;
use portreeve_diagnostics::{Bundle, Diagnostic, Report, SourceFile};

use crate::{Limits, read::checked, revision, walk::unreadable};

/// How files are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Zip,
    Tar,
    TarGzip,
}

impl Kind {
    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
        let ends = |ending: &str| name.ends_with(ending);
        match () {
            () if ends(".zip") => Some(Self::Zip),
            () if ends(".tar") => Some(Self::Tar),
            () if ends(".tar.gz") || ends(".tgz") => Some(Self::TarGzip),
            () => None,
        }
    }
}

/// Whether a file is called as archives are: `.zip`, `.tar`, `.tar.gz`, `.tgz`.
#[must_use]
pub fn is_archive(path: &Path) -> bool {
    Kind::of(path).is_some()
}

/// Reads the files of an archive whose names `keep` wants, within [`Limits::default`], in the order of their names.
/// Hidden files and links are passed over. Nothing is written anywhere. What is wrong is in the report, as errors
/// without a place: those of [`Directory::read`](crate::Directory::read), `store/no-archive` for what cannot be
/// unpacked and `store/twice` for a name that two files have.
#[must_use]
pub fn read(path: &Path, keep: fn(&str) -> bool) -> (Bundle, Report) {
    let mut unpacked = Unpacked::new(Limits::default(), keep);
    let mut report = Report::default();
    let name = path.display().to_string();
    let done = File::open(path).map_err(|error| unreadable(&name, &error)).and_then(|file| {
        let file = BufReader::new(file);
        let unpacked = &mut unpacked;
        let done = match Kind::of(path) {
            Some(Kind::Zip) => unpacked.zip(file),
            Some(Kind::Tar) => unpacked.tar(file),
            Some(Kind::TarGzip) => unpacked.tar(GzDecoder::new(file)),
            None => Err(Stop::Archive(io::Error::other("its name ends otherwise"))),
        };
        done.map_err(|stop| match stop {
            Stop::Found(diagnostic) => *diagnostic,
            Stop::Archive(error) => {
                Diagnostic::error("store/no-archive", format!("`{name}` cannot be unpacked: {error}"))
                    .help("archives are `.zip`, `.tar`, `.tar.gz` and `.tgz` files")
            }
        })
    });
    if let Err(diagnostic) = done {
        report.push(diagnostic);
    }
    let files: Vec<SourceFile> = unpacked
        .files
        .into_iter()
        .map(|(name, text)| SourceFile { name: name.into(), text: text.into() })
        .collect();
    (Bundle { revision: revision(&files).into(), files }, report)
}

/// Why unpacking ended early.
enum Stop {
    /// What was found in the archive is wrong.
    Found(Box<Diagnostic>),
    /// It is no archive.
    Archive(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Archive(error)
    }
}

impl From<zip::result::ZipError> for Stop {
    fn from(error: zip::result::ZipError) -> Self {
        Self::Archive(error.into())
    }
}

impl From<Diagnostic> for Stop {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Found(Box::new(diagnostic))
    }
}

/// The files so far.
struct Unpacked {
    files: BTreeMap<String, String>,
    keep: fn(&str) -> bool,
    limits: Limits,
    /// Entries of any kind.
    entries: usize,
    /// Octets that may still come.
    left: u64,
}

impl Unpacked {
    fn new(limits: Limits, keep: fn(&str) -> bool) -> Self {
        Self { files: BTreeMap::new(), keep, entries: 0, left: limits.total_bytes, limits }
    }

    fn zip(&mut self, file: impl Read + io::Seek) -> Result<(), Stop> {
        let mut archive = zip::ZipArchive::new(file)?;
        for index in 0..archive.len() {
            let entry = archive.by_index(index)?;
            self.counted()?;
            if entry.is_file() {
                let name = entry.name()?.into_owned();
                self.take(&name, entry)?;
            }
        }
        Ok(())
    }

    fn tar(&mut self, stream: impl Read) -> Result<(), Stop> {
        // What is passed over is unpacked too; more than all files may have in it is not.
        let bound = self.limits.total_bytes.saturating_mul(4);
        let mut archive = tar::Archive::new(stream.take(bound));
        for entry in archive.entries()? {
            let entry = entry?;
            self.counted()?;
            if entry.header().entry_type().is_file() {
                let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                self.take(&name, entry)?;
            }
        }
        Ok(())
    }

    fn counted(&mut self) -> Result<(), Diagnostic> {
        self.entries += 1;
        if self.entries > self.limits.files {
            let message = format!("the archive has more than {} entries", self.limits.files);
            return Err(Diagnostic::error("store/too-many", message));
        }
        Ok(())
    }

    fn take(&mut self, name: &str, content: impl Read) -> Result<(), Stop> {
        let name = name.strip_prefix("./").unwrap_or(name);
        if name.split('/').any(|part| part.starts_with('.')) || !(self.keep)(name) {
            return Ok(());
        }
        let mut bytes = Vec::new();
        let bound = self.limits.file_bytes.min(self.left);
        content.take(bound.saturating_add(1)).read_to_end(&mut bytes)?;
        let text = checked(name, bytes, self.limits.file_bytes, self.left)?;
        self.left = self.left.saturating_sub(text.len() as u64);
        if self.files.insert(name.to_owned(), text).is_some() {
            let message = format!("the archive has two files called `{name}`");
            return Err(Diagnostic::error("store/twice", message).into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
