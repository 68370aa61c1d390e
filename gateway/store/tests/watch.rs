//! Every way a text changes on a disk is noticed, and nothing else is.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot prepare its files has failed"
)]

use std::fs;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use portreeve_diagnostics::{Bundle, Report};
use portreeve_store::{Directory, Watch, is_yaml_or_json};

/// Far longer than it takes; only a failing test waits for it.
const GENEROUS: Duration = Duration::from_secs(60);
/// So rarely that what these tests see is what the operating system told.
const HARDLY_EVER: Duration = Duration::from_secs(3600);

struct Watched {
    _folder: tempfile::TempDir,
    root: std::path::PathBuf,
    changes: Receiver<(Bundle, Report)>,
    _watch: Watch,
}

impl Watched {
    fn new(poll: Duration, prepare: impl Fn(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("policies");
        fs::create_dir(&root).unwrap();
        prepare(&root);
        let directory = Directory::new(folder.path()).include("policies", is_yaml_or_json).poll(poll);
        let (tell, changes) = channel();
        // Another revision than the one there is, so that the first call says that listening has begun.
        let watch = directory.watch("none", move |bundle, report| {
            let _ = tell.send((bundle, report));
        });
        let watched = Self { _folder: folder, root, changes, _watch: watch };
        watched.next();
        watched
    }

    fn next(&self) -> (Bundle, Report) {
        self.changes.recv_timeout(GENEROUS).expect("the change was not noticed")
    }

    /// Waits until the files have these names and texts: a slow machine may see a change in two steps.
    fn becomes(&self, expected: &[(&str, &str)]) {
        loop {
            let (bundle, _) = self.next();
            let files: Vec<(&str, &str)> =
                bundle.files.iter().map(|file| (&*file.name, &*file.text)).collect();
            if files == expected {
                return;
            }
        }
    }
}

fn one_file(root: &Path) {
    fs::write(root.join("a.yaml"), "one").unwrap();
}

#[test]
fn the_revision_that_is_served_already_is_not_announced() {
    let folder = tempfile::tempdir().unwrap();
    one_file(folder.path());
    let directory = Directory::new(folder.path()).include("", is_yaml_or_json).poll(HARDLY_EVER);
    let (tell, changes) = channel();
    let served = directory.read().0.revision;
    let _watch = directory.watch(&served, move |bundle, _| {
        let _ = tell.send(bundle);
    });
    fs::write(folder.path().join("b.yaml"), "two").unwrap();
    let announced = changes.recv_timeout(GENEROUS).unwrap();
    assert_ne!(announced.revision, served);
}

#[test]
fn writing_adding_and_removing_are_noticed() {
    let watched = Watched::new(HARDLY_EVER, one_file);
    fs::write(watched.root.join("a.yaml"), "two").unwrap();
    watched.becomes(&[("policies/a.yaml", "two")]);
    fs::write(watched.root.join("b.yaml"), "b").unwrap();
    watched.becomes(&[("policies/a.yaml", "two"), ("policies/b.yaml", "b")]);
    fs::remove_file(watched.root.join("a.yaml")).unwrap();
    watched.becomes(&[("policies/b.yaml", "b")]);
}

#[test]
fn a_file_that_is_moved_over_the_old_one_is_noticed() {
    let watched = Watched::new(HARDLY_EVER, one_file);
    fs::write(watched.root.join(".a.yaml.swp"), "two").unwrap();
    fs::rename(watched.root.join(".a.yaml.swp"), watched.root.join("a.yaml")).unwrap();
    watched.becomes(&[("policies/a.yaml", "two")]);
    // As editors do that keep the old file: away, and a new one in its place.
    fs::rename(watched.root.join("a.yaml"), watched.root.join("a.yaml~")).unwrap();
    fs::write(watched.root.join("a.yaml"), "three").unwrap();
    watched.becomes(&[("policies/a.yaml", "three")]);
}

#[test]
fn folders_that_are_added_later_are_listened_to() {
    let watched = Watched::new(HARDLY_EVER, |_| ());
    fs::create_dir_all(watched.root.join("x/y")).unwrap();
    fs::write(watched.root.join("x/y/a.yaml"), "one").unwrap();
    // Whether the file or its folder was first is up to the machine; the poll covers the gap between the two.
    let _ = watched.changes.recv_timeout(Duration::from_secs(2));
    fs::write(watched.root.join("x/y/a.yaml"), "two").unwrap();
    fs::write(watched.root.join("b.yaml"), "b").unwrap();
    watched.becomes(&[("policies/b.yaml", "b"), ("policies/x/y/a.yaml", "two")]);
}

#[test]
fn a_folder_that_is_removed_and_made_again_is_noticed() {
    let watched = Watched::new(HARDLY_EVER, one_file);
    fs::remove_dir_all(&watched.root).unwrap();
    let (bundle, report) = loop {
        let (bundle, report) = watched.next();
        if report.has_errors() {
            break (bundle, report);
        }
    };
    assert_eq!((bundle.files.len(), report.findings[0].code), (0, "store/not-found"));
    let parent = watched.root.parent().unwrap();
    fs::create_dir(parent.join("new")).unwrap();
    fs::write(parent.join("new/a.yaml"), "again").unwrap();
    fs::rename(parent.join("new"), &watched.root).unwrap();
    watched.becomes(&[("policies/a.yaml", "again")]);
    fs::write(watched.root.join("a.yaml"), "and again").unwrap();
    watched.becomes(&[("policies/a.yaml", "and again")]);
}

#[test]
fn only_another_content_is_a_change() {
    let watched = Watched::new(HARDLY_EVER, one_file);
    fs::write(watched.root.join("a.yaml"), "one").unwrap();
    fs::write(watched.root.join("notes.txt"), "not read").unwrap();
    fs::write(watched.root.join("b.yaml"), "b").unwrap();
    // The first change that is announced is the one that matters.
    let (bundle, _) = watched.next();
    let names: Vec<&str> = bundle.files.iter().map(|file| &*file.name).collect();
    assert_eq!(names, ["policies/a.yaml", "policies/b.yaml"]);
}

#[cfg(unix)]
#[test]
fn a_kubernetes_volume_that_is_swapped_is_noticed_whole() {
    use std::os::unix::fs::symlink;
    let generation = |root: &Path, name: &str, text: &str| {
        fs::create_dir(root.join(name)).unwrap();
        fs::write(root.join(name).join("a.yaml"), text).unwrap();
        fs::write(root.join(name).join("b.yaml"), text).unwrap();
        symlink(name, root.join("..data_tmp")).unwrap();
        fs::rename(root.join("..data_tmp"), root.join("..data")).unwrap();
    };
    let watched = Watched::new(HARDLY_EVER, |root| {
        generation(root, "..1", "one");
        symlink("..data/a.yaml", root.join("a.yaml")).unwrap();
        symlink("..data/b.yaml", root.join("b.yaml")).unwrap();
    });
    generation(&watched.root, "..2", "two");
    fs::remove_dir_all(watched.root.join("..1")).unwrap();
    let (bundle, report) = watched.next();
    assert_eq!(report.findings, []);
    assert!(bundle.files.iter().all(|file| &*file.text == "two"), "{bundle:?}");
}

#[cfg(unix)]
#[test]
fn a_change_that_nobody_tells_is_found_by_looking() {
    use std::os::unix::fs::symlink;
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("a.yaml");
    fs::write(&file, "one").unwrap();
    // What is behind the link is in no folder that is listened to.
    let watched =
        Watched::new(Duration::from_millis(50), |root| symlink(&file, root.join("a.yaml")).unwrap());
    fs::write(&file, "two").unwrap();
    watched.becomes(&[("policies/a.yaml", "two")]);
}

#[test]
fn a_dropped_watch_says_nothing_more() {
    let Watched { _folder, root, changes, _watch } = Watched::new(HARDLY_EVER, one_file);
    drop(_watch);
    // The thread lets go of the channel when it ends.
    while changes.recv_timeout(GENEROUS).is_ok() {}
    fs::write(root.join("a.yaml"), "two").unwrap();
    assert!(changes.recv().is_err());
}
