//! When is there another text? The operating system is asked to tell, and not relied on: some file systems never do.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use portreeve_diagnostics::{Bundle, Report};

use crate::directory::{Directory, Part};
use crate::walk;

/// After a change, how long nothing must happen before the files are read: editors and rollouts write several.
const QUIET: Duration = Duration::from_millis(100);
/// How long a stream of changes can put the reading off.
const PATIENCE: Duration = Duration::from_secs(2);

/// A [`Directory`] that is being watched. Dropping it ends that; a call that is under way is finished.
#[derive(Debug)]
pub struct Watch {
    tell: Sender<Told>,
}

#[derive(Debug)]
enum Told {
    Changed,
    Stop,
}

impl Drop for Watch {
    fn drop(&mut self) {
        // The thread is gone already if this fails.
        let _ = self.tell.send(Told::Stop);
    }
}

pub(crate) fn start(
    directory: Directory,
    revision: String,
    changed: impl FnMut(Bundle, Report) + Send + 'static,
) -> Watch {
    let (tell, told) = channel();
    let ears = Ears::new(tell.clone(), directory.parts.clone());
    std::thread::spawn(move || Watching { directory, ears, told }.run(&revision, changed));
    Watch { tell }
}

struct Watching {
    directory: Directory,
    ears: Ears,
    told: Receiver<Told>,
}

impl Watching {
    fn run(mut self, revision: &str, mut changed: impl FnMut(Bundle, Report)) {
        // Listening starts before the first look, so that nothing falls between the two.
        let mut seen = self.look();
        let (bundle, report) = self.directory.read();
        let mut known = (bundle.revision.clone(), report.clone());
        if *bundle.revision != *revision {
            changed(bundle, report);
        }
        loop {
            match self.told.recv_timeout(self.directory.poll) {
                Ok(Told::Changed) if !self.settle() => return,
                Ok(Told::Changed) => seen = self.look(),
                Err(RecvTimeoutError::Timeout) => {
                    let now = self.look();
                    if now == seen {
                        continue;
                    }
                    seen = now;
                }
                Ok(Told::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
            let (bundle, report) = self.directory.read();
            let now = (bundle.revision.clone(), report.clone());
            if now != known {
                known = now;
                changed(bundle, report);
            }
        }
    }

    /// Waits until nothing has happened for a while; says whether to go on.
    fn settle(&self) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            match self.told.recv_timeout(QUIET) {
                Ok(Told::Changed) => {}
                Err(RecvTimeoutError::Timeout) => return true,
                Ok(Told::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
        true
    }

    /// What the files look like from outside, and listens to all folders that there are now.
    fn look(&mut self) -> u64 {
        let listing = walk::list(&self.directory);
        let mut hash = DefaultHasher::new();
        for found in &listing.files {
            (&found.path, found.metadata.len(), found.metadata.modified().ok()).hash(&mut hash);
            identity(&found.metadata).hash(&mut hash);
        }
        listing.generations.hash(&mut hash);
        listing.findings.len().hash(&mut hash);
        // The parents see a file or folder that is replaced, or comes back.
        let parents = self.directory.parts.iter().filter_map(|part| part.path.parent());
        let parents = parents.map(|parent| if parent == Path::new("") { Path::new(".") } else { parent });
        self.ears.listen(parents.map(Path::to_owned).chain(listing.folders).collect());
        hash.finish()
    }
}

/// Which file it is and when it was last written: a replaced file can have the length and time of the one before.
#[cfg(unix)]
fn identity(metadata: &std::fs::Metadata) -> (u64, i64, i64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
}

#[cfg(not(unix))]
fn identity(_: &std::fs::Metadata) {}

/// The operating system's reports. Without them, for want of support or of free watches, there is still the polling.
struct Ears {
    watcher: Option<RecommendedWatcher>,
    folders: BTreeSet<PathBuf>,
}

impl Ears {
    fn new(tell: Sender<Told>, parts: Vec<Part>) -> Self {
        let report = move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| is_change(&event, &parts)) {
                let _ = tell.send(Told::Changed);
            }
        };
        Self { watcher: notify::recommended_watcher(report).ok(), folders: BTreeSet::new() }
    }

    /// Listens to these folders, and no longer to others. A folder that was removed and made again is a new one under
    /// the old name, so all are asked for anew.
    fn listen(&mut self, folders: BTreeSet<PathBuf>) {
        let Some(watcher) = &mut self.watcher else { return };
        for gone in self.folders.difference(&folders) {
            let _ = watcher.unwatch(gone);
        }
        for folder in &folders {
            let _ = watcher.watch(folder, RecursiveMode::NonRecursive);
        }
        self.folders = folders;
    }
}

/// Reading files, which this crate does itself, is no change. Nor is writing to a file that happens to lie beside one
/// that was asked for, such as a log. Where a link leads there, the polling finds it.
fn is_change(event: &notify::Event, parts: &[Part]) -> bool {
    match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) | EventKind::Modify(ModifyKind::Data(_)) => {
            event.paths.iter().any(|path| parts.iter().any(|part| part.covers(path)))
        }
        EventKind::Access(_) => false,
        _ => true,
    }
}
