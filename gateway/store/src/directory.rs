use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use portreeve_diagnostics::{Bundle, Report};

use crate::{read, watch, watch::Watch};

/// Files and folders whose text makes up a revision.
///
/// Files have the names that the user knows: relative to the root, or as written when they are outside it. Hidden files
/// and folders (`.git`, and the `..data` of a Kubernetes volume) are passed over, links are followed, and every file
/// comes once, in the order of the names within its folder.
#[derive(Clone, Debug)]
pub struct Directory {
    pub(crate) root: PathBuf,
    pub(crate) parts: Vec<Part>,
    pub(crate) limits: Limits,
    pub(crate) poll: Duration,
}

/// One file or folder that was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// The path as it is opened.
    pub(crate) path: PathBuf,
    /// The name as it is shown; empty for the root itself.
    pub(crate) name: String,
    pub(crate) keep: fn(&str) -> bool,
}

impl Part {
    /// Whether a file of this path is read for it.
    pub(crate) fn covers(&self, path: &Path) -> bool {
        let plain = |path: &Path| path.strip_prefix(".").unwrap_or(path).to_owned();
        let path = plain(path);
        let Ok(below) = path.strip_prefix(plain(&self.path)) else { return false };
        below.as_os_str().is_empty() || (self.keep)(&below.to_string_lossy())
    }
}

/// How much a [`Directory`] reads before it refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Bytes of all files together.
    pub total_bytes: u64,
    /// How many files.
    pub files: usize,
    /// How many folders deep.
    pub depth: usize,
}

impl Default for Limits {
    /// 16 MiB in one file, 256 MiB in 100,000 files, 32 folders deep.
    fn default() -> Self {
        Self { file_bytes: 16 << 20, total_bytes: 256 << 20, files: 100_000, depth: 32 }
    }
}

impl Directory {
    /// Nothing yet, below a root that names are relative to.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), parts: Vec::new(), limits: Limits::default(), poll: Duration::from_secs(3) }
    }

    /// Adds a file, or a folder with all below it. The path is relative to the root, or absolute. `keep` is given the
    /// name of each file that is found in a folder; a file that is asked for by its own path is always read.
    #[must_use]
    pub fn include(mut self, path: impl AsRef<Path>, keep: fn(&str) -> bool) -> Self {
        let path = self.root.join(path);
        let name = shown(&self.root, &path);
        self.parts.push(Part { path, name, keep });
        self
    }

    /// Reads less or more than [`Limits::default`].
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How often [`Directory::watch`] looks by itself, beside being told by the operating system. Every three seconds
    /// if nothing else is said.
    #[must_use]
    pub const fn poll(mut self, every: Duration) -> Self {
        self.poll = every;
        self
    }

    /// Reads everything. What can be read is in the bundle; what cannot is in the report, as errors without a place
    /// that name the file: `store/not-found`, `store/unreadable`, `store/not-utf-8`, `store/too-large`,
    /// `store/too-many`, `store/too-deep`, `store/not-a-file`.
    #[must_use]
    pub fn read(&self) -> (Bundle, Report) {
        read::read(self)
    }

    /// Calls back, on a thread of its own, each time the text has become another than that of `revision` (what is
    /// served now) or of the last call, with what [`Directory::read`] gives. It also calls back when files become
    /// unreadable or readable again. Touching a file is no change. Ends when the [`Watch`] is dropped.
    pub fn watch(&self, revision: &str, changed: impl FnMut(Bundle, Report) + Send + 'static) -> Watch {
        watch::start(self.clone(), revision.to_owned(), changed)
    }
}

/// Keeps `.yaml`, `.yml` and `.json` files.
#[must_use]
pub fn is_yaml_or_json(name: &str) -> bool {
    is_yaml(name) || is_json(name)
}

/// Keeps `.yaml` and `.yml` files.
#[must_use]
pub fn is_yaml(name: &str) -> bool {
    has_extension(name, &["yaml", "yml"])
}

/// Keeps `.json` files.
#[must_use]
pub fn is_json(name: &str) -> bool {
    has_extension(name, &["json"])
}

fn has_extension(name: &str, extensions: &[&str]) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    extensions.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// The path relative to the root if it is below it, with `/` between its parts.
fn shown(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    let mut name = String::new();
    for part in below.components() {
        match part {
            Component::CurDir => continue,
            Component::RootDir => name.push('/'),
            part => {
                if !name.is_empty() && !name.ends_with('/') {
                    name.push('/');
                }
                name.push_str(&part.as_os_str().to_string_lossy());
            }
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::{Directory, is_yaml_or_json, shown};

    #[test]
    fn a_part_covers_what_is_read_for_it_and_not_what_lies_beside() {
        for (root, path, covered) in [
            ("/p", "/p/routes/a/b.yaml", true),
            ("/p", "/p/routes/a.log", false),
            ("/p", "/p/keys.json", true),
            ("/p", "/p/audit.log", false),
            ("", "./keys.json", true),
            (".", "keys.json", true),
        ] {
            let directory =
                Directory::new(root).include("routes", is_yaml_or_json).include("keys.json", is_yaml_or_json);
            let found = directory.parts.iter().any(|part| part.covers(path.as_ref()));
            assert_eq!(found, covered, "{root} {path}");
        }
    }

    #[test]
    fn names_are_relative_to_the_root_if_they_are_below_it() {
        for (root, path, name) in [
            ("/etc/p", "/etc/p/routes/a.yaml", "routes/a.yaml"),
            ("/etc/p", "/etc/p", ""),
            ("/etc/p", "/etc/p/./routes/", "routes"),
            ("/etc/p", "/srv/x.yaml", "/srv/x.yaml"),
            (".", "./../x", "../x"),
            ("", "a/b", "a/b"),
        ] {
            assert_eq!(shown(root.as_ref(), path.as_ref()), name, "{root} {path}");
        }
    }

    #[test]
    fn only_the_last_extension_counts() {
        for (name, kept) in [("a.yaml", true), ("a.YML", true), ("b/c.json", true), ("a.yaml~", false)] {
            assert_eq!(is_yaml_or_json(name), kept, "{name}");
        }
        assert!(!is_yaml_or_json("a.yaml.swp") && !is_yaml_or_json("yaml"));
    }
}
