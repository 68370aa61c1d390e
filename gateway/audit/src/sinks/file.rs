use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::PathBuf,
};

/// How many bytes of lines go to the system at once: about a hundred lines.
pub(super) const BUFFER: usize = 64 << 10;

/// Where and how to write a file of records.
#[derive(Clone, Debug)]
pub struct FileOptions {
    /// The file.
    pub path: PathBuf,
    /// Begin a new file when this one has reached so many bytes; `None` never does.
    pub max_bytes: Option<u64>,
    /// How many full files to keep, as `NAME.1` (the latest) to `NAME.N`.
    pub keep: u32,
}

/// Why a sink cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot write audit records to `{path}`")]
pub struct OpenError {
    /// Where they were to go.
    pub path: String,
    /// What the system said.
    pub source: io::Error,
}

/// Appends to a file and moves it aside when it is full.
pub(super) struct RotatingFile {
    options: FileOptions,
    out: BufWriter<File>,
    size: u64,
}

impl RotatingFile {
    pub(super) fn open(options: FileOptions) -> Result<Self, OpenError> {
        match append(&options) {
            Ok((out, size)) => Ok(Self { options, out, size }),
            Err(source) => Err(OpenError { path: options.path.display().to_string(), source }),
        }
    }

    fn rotate(&mut self) -> io::Result<()> {
        self.out.flush()?;
        for number in (1..self.options.keep).rev() {
            let from = self.numbered(number);
            if from.exists() {
                fs::rename(from, self.numbered(number + 1))?;
            }
        }
        if self.options.keep == 0 {
            fs::remove_file(&self.options.path)?;
        } else {
            fs::rename(&self.options.path, self.numbered(1))?;
        }
        (self.out, self.size) = append(&self.options)?;
        Ok(())
    }

    fn numbered(&self, number: u32) -> PathBuf {
        let mut name = self.options.path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        name.into()
    }
}

impl Write for RotatingFile {
    /// Takes one whole line, so that no record is torn between two files.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let full =
            self.options.max_bytes.is_some_and(|max| self.size > 0 && self.size + line.len() as u64 > max);
        if full {
            self.rotate()?;
        }
        self.out.write_all(line)?;
        self.size += line.len() as u64;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn append(options: &FileOptions) -> io::Result<(BufWriter<File>, u64)> {
    let mut open = OpenOptions::new();
    open.create(true).append(true);
    // Records name people and what they did.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    let file = open.open(&options.path)?;
    let size = file.metadata()?.len();
    Ok((BufWriter::with_capacity(BUFFER, file), size))
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _};

    use super::{FileOptions, RotatingFile};

    #[test]
    fn a_full_file_is_moved_aside_and_only_as_many_are_kept_as_asked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("decisions.log");
        let mut file =
            RotatingFile::open(FileOptions { path: path.clone(), max_bytes: Some(10), keep: 2 }).unwrap();
        for line in ["first--\n", "second-\n", "third--\n", "fourth-\n"] {
            file.write_all(line.as_bytes()).unwrap();
        }
        file.flush().unwrap();
        let read = |name: &str| fs::read_to_string(dir.path().join(name)).ok();
        assert_eq!(read("decisions.log").as_deref(), Some("fourth-\n"));
        assert_eq!(read("decisions.log.1").as_deref(), Some("third--\n"));
        assert_eq!(read("decisions.log.2").as_deref(), Some("second-\n"));
        assert_eq!(read("decisions.log.3"), None);
    }

    #[test]
    fn a_file_that_is_there_is_continued() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("decisions.log");
        fs::write(&path, "before\n").unwrap();
        let mut file =
            RotatingFile::open(FileOptions { path: path.clone(), max_bytes: None, keep: 0 }).unwrap();
        file.write_all(b"after\n").unwrap();
        file.flush().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "before\nafter\n");
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let path = std::path::PathBuf::from("/no/such/folder/decisions.log");
        let error = RotatingFile::open(FileOptions { path, max_bytes: None, keep: 0 }).err().unwrap();
        assert_eq!(error.to_string(), "cannot write audit records to `/no/such/folder/decisions.log`");
        assert_eq!(error.source.kind(), std::io::ErrorKind::NotFound);
    }
}
