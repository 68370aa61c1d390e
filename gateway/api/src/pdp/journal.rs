//! The audit log: lines to files and streams, from a thread of its own.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

use super::config::{Audit, Rotation};

/// How many lines may wait to be written.
const WAITING: usize = 16_384;

/// Writes lines. A question does not wait for the disk as long as fewer than 16,384 lines are waiting to be written;
/// then it does, so that no decision goes unrecorded.
#[derive(Debug)]
pub struct Journal {
    pub(super) audit: Audit,
    /// The folder that the policies are in, as entries name it.
    pub(super) directory: String,
    lines: SyncSender<Option<Vec<u8>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// A file that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the audit log `{path}`: {source}")]
pub struct Unwritable {
    path: String,
    source: io::Error,
}

impl Journal {
    /// Opens what the configuration names; relative paths are below `folder`. `directory` is where the policies are.
    ///
    /// # Errors
    /// A file cannot be opened, or the system allows no further thread.
    pub fn open(audit: Audit, folder: &Path, directory: String) -> Result<Self, Unwritable> {
        let mut outs = Vec::new();
        for path in &audit.paths {
            let out = Out::open(path, folder, audit.rotation);
            outs.push(out.map_err(|source| Unwritable { path: path.clone(), source })?);
        }
        let (lines, waiting) = sync_channel(WAITING);
        let writer = std::thread::Builder::new()
            .name("audit".into())
            .spawn(move || write(outs, &waiting))
            .map_err(|source| Unwritable { path: audit.paths.join(", "), source })?;
        Ok(Self { audit, directory, lines, writer: Mutex::new(Some(writer)) })
    }

    pub(super) const fn wants_decisions(&self) -> bool {
        self.audit.decisions
    }

    /// Takes whole lines.
    pub(super) fn write(&self, lines: Vec<u8>) {
        if self.lines.send(Some(lines)).is_err() {
            tracing::error!("a line of the audit log came after its end");
        }
    }

    /// Writes what waits and stops.
    pub(super) fn close(&self) {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let _ = self.lines.send(None);
            let _ = writer.join();
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.close();
    }
}

fn write(mut outs: Vec<Out>, waiting: &Receiver<Option<Vec<u8>>>) {
    while let Ok(Some(lines)) = waiting.recv() {
        for out in &mut outs {
            out.write(&lines);
        }
    }
}

enum Out {
    Stdout,
    Stderr,
    File { path: PathBuf, file: File, size: u64, rotation: Option<Rotation>, failing: bool },
}

impl Out {
    fn open(path: &str, folder: &Path, rotation: Option<Rotation>) -> io::Result<Self> {
        match path {
            "stdout" => Ok(Self::Stdout),
            "stderr" => Ok(Self::Stderr),
            path => {
                let path = folder.join(path);
                let (file, size) = append(&path)?;
                Ok(Self::File { path, file, size, rotation, failing: false })
            }
        }
    }

    fn write(&mut self, lines: &[u8]) {
        let written = match self {
            Self::Stdout => io::stdout().write_all(lines),
            Self::Stderr => io::stderr().write_all(lines),
            Self::File { path, file, size, rotation, .. } => {
                rotated(path, file, size, *rotation, lines.len()).and_then(|()| {
                    *size += lines.len() as u64;
                    file.write_all(lines)
                })
            }
        };
        let Self::File { path, failing, .. } = self else { return };
        if let (Err(error), false) = (&written, &failing) {
            tracing::error!(file = %path.display(), %error, "the audit log cannot be written");
        }
        *failing = written.is_err();
    }
}

fn append(path: &Path) -> io::Result<(File, u64)> {
    let mut open = OpenOptions::new();
    open.create(true).append(true);
    // It says who did what.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    let file = open.open(path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

/// Moves a full file aside: `audit.log` becomes `audit.log.1`, that becomes `audit.log.2`, and so on.
fn rotated(
    path: &Path,
    file: &mut File,
    size: &mut u64,
    rotation: Option<Rotation>,
    more: usize,
) -> io::Result<()> {
    let Some(Rotation { max_bytes: Some(max), keep }) = rotation else { return Ok(()) };
    if *size == 0 || *size + more as u64 <= max {
        return Ok(());
    }
    let numbered = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    let last = (1..).find(|number| !numbered(*number).exists()).unwrap_or(u32::MAX);
    for number in (1..last).rev().filter(|number| keep == 0 || *number < keep) {
        std::fs::rename(numbered(number), numbered(number + 1))?;
    }
    std::fs::rename(path, numbered(1))?;
    (*file, *size) = append(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_is_moved_aside_and_as_many_are_kept_as_asked() {
        for (keep, kept) in [(2, vec!["d\n", "c\n", "b\n"]), (0, vec!["d\n", "c\n", "b\n", "a\n"])] {
            let folder = tempfile::tempdir().unwrap();
            let rotation = Some(Rotation { max_bytes: Some(2), keep });
            let audit = Audit { paths: vec!["a.log".into()], rotation, ..Audit::default() };
            let journal = Journal::open(audit, folder.path(), "p".into()).unwrap();
            for line in ["a\n", "b\n", "c\n", "d\n"] {
                journal.write(line.into());
            }
            journal.close();
            let names = ["a.log", "a.log.1", "a.log.2", "a.log.3"];
            let read = names.map(|name| std::fs::read_to_string(folder.path().join(name)).ok());
            assert_eq!(read.into_iter().flatten().collect::<Vec<_>>(), kept);
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let audit = Audit { paths: vec!["/no/such/a.log".into()], ..Audit::default() };
        let error = Journal::open(audit, Path::new("."), "p".into()).unwrap_err().to_string();
        assert!(error.starts_with("cannot write the audit log `/no/such/a.log`"), "{error}");
    }
}
