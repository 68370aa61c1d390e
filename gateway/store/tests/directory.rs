//! What is read out of files and folders, and what is said about the rest.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its files has failed")]

use std::fs;
use std::path::Path;

use portreeve_diagnostics::{Bundle, Report};
use portreeve_store::{Directory, Limits, is_yaml_or_json};

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        write(folder.path(), name, text);
    }
    folder
}

fn write(root: &Path, name: &str, text: impl AsRef<[u8]>) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn all(root: &Path) -> Directory {
    Directory::new(root).include("", is_yaml_or_json)
}

fn names(bundle: &Bundle) -> Vec<&str> {
    bundle.files.iter().map(|file| &*file.name).collect()
}

fn codes(report: &Report) -> Vec<(&str, &str)> {
    report.findings.iter().map(|found| (found.code, found.message.as_str())).collect()
}

#[test]
fn files_come_sorted_with_the_names_that_the_user_knows() {
    let root = folder(&[
        ("portreeve.yaml", "a"),
        ("routes/b.yaml", "b"),
        ("routes/a/z.yml", "z"),
        ("routes/a.json", "{}"),
        ("routes/notes.txt", "no"),
        ("policies/p.yaml", "p"),
        ("other/q.yaml", "q"),
    ]);
    let directory = Directory::new(root.path())
        .include("portreeve.yaml", is_yaml_or_json)
        .include("./routes/", is_yaml_or_json)
        .include(root.path().join("policies"), is_yaml_or_json)
        .include("routes/b.yaml", is_yaml_or_json);
    let (bundle, report) = directory.read();
    assert_eq!(codes(&report), []);
    assert_eq!(
        names(&bundle),
        ["portreeve.yaml", "routes/a/z.yml", "routes/a.json", "routes/b.yaml", "policies/p.yaml"]
    );
    assert_eq!(&*bundle.files[1].text, "z");
}

#[test]
fn hidden_files_are_passed_over_and_a_file_that_was_asked_for_is_always_read() {
    let root = folder(&[
        (".git/a.yaml", ""),
        (".hidden.yaml", ""),
        ("seen.yaml", ""),
        ("routes.conf", "routes: []"),
    ]);
    let (bundle, _) = all(root.path()).read();
    assert_eq!(names(&bundle), ["seen.yaml"]);
    let (bundle, report) = Directory::new(root.path()).include("routes.conf", is_yaml_or_json).read();
    assert_eq!((names(&bundle), codes(&report)), (vec!["routes.conf"], vec![]));
}

#[test]
fn the_revision_follows_the_content() {
    let root = folder(&[("a.yaml", "one")]);
    let revision = || all(root.path()).read().0.revision;
    let first = revision();
    write(root.path(), "a.yaml", "one");
    assert_eq!(revision(), first);
    write(root.path(), "notes.txt", "ignored");
    assert_eq!(revision(), first);
    write(root.path(), "a.yaml", "two");
    assert_ne!(revision(), first);
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_read() {
    let root = folder(&[("a.yaml", "a")]);
    write(root.path(), "latin.yaml", b"a: 1\nb: \xe9\n");
    write(root.path(), "long.yaml", "x".repeat(101));
    let limits = Limits { file_bytes: 100, ..Limits::default() };
    let (bundle, report) = all(root.path()).include("missing.yaml", is_yaml_or_json).limits(limits).read();
    assert_eq!(names(&bundle), ["a.yaml"]);
    assert_eq!(
        codes(&report),
        [
            ("store/not-found", "there is no file or folder `missing.yaml`"),
            ("store/not-utf-8", "`latin.yaml` is not UTF-8 text"),
            ("store/too-large", "`long.yaml` has more than 100 bytes"),
        ]
    );
    assert_eq!(report.findings[1].help.as_deref(), Some("the first bytes that are not UTF-8 are in line 2"));
}

#[test]
fn limits_bound_what_is_read() {
    let root = folder(&[("a.yaml", "12345"), ("b.yaml", "12345"), ("c/d/e.yaml", "")]);
    for (limits, code) in [
        (Limits { files: 1, ..Limits::default() }, "store/too-many"),
        (Limits { total_bytes: 9, ..Limits::default() }, "store/too-large"),
        (Limits { depth: 2, ..Limits::default() }, "store/too-deep"),
    ] {
        let (_, report) = all(root.path()).limits(limits).read();
        assert_eq!(codes(&report).len(), 1, "{report:?}");
        assert_eq!(codes(&report)[0].0, code);
    }
}

#[cfg(unix)]
mod links {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_kubernetes_volume_is_read_once_through_its_visible_links() {
        let root = folder(&[("..2026_01_01/a.yaml", "a"), ("..2026_01_01/sub/b.yaml", "b")]);
        symlink("..2026_01_01", root.path().join("..data")).unwrap();
        symlink("..data/a.yaml", root.path().join("a.yaml")).unwrap();
        symlink("..data/sub", root.path().join("sub")).unwrap();
        let (bundle, report) = all(root.path()).read();
        assert_eq!((names(&bundle), codes(&report)), (vec!["a.yaml", "sub/b.yaml"], vec![]));
    }

    #[test]
    fn a_link_to_a_folder_above_is_not_followed_for_ever() {
        let root = folder(&[("a/b.yaml", "b")]);
        symlink("..", root.path().join("a/up")).unwrap();
        let (bundle, report) = all(root.path()).read();
        assert_eq!((names(&bundle), codes(&report)), (vec!["a/b.yaml"], vec![]));
    }

    #[test]
    fn a_link_that_leads_nowhere_is_named() {
        let root = folder(&[]);
        symlink("nowhere", root.path().join("a.yaml")).unwrap();
        symlink("nowhere", root.path().join("a.txt")).unwrap();
        let (_, report) = all(root.path()).read();
        assert_eq!(codes(&report), [("store/not-found", "there is no file or folder `a.yaml`")]);
    }

    #[test]
    fn what_is_neither_file_nor_folder_is_not_opened() {
        let root = folder(&[]);
        let _socket = std::os::unix::net::UnixListener::bind(root.path().join("s.yaml")).unwrap();
        assert_eq!(codes(&all(root.path()).read().1), []);
        let (_, report) = Directory::new(root.path()).include("s.yaml", is_yaml_or_json).read();
        assert_eq!(codes(&report), [("store/not-a-file", "`s.yaml` is neither a file nor a folder")]);
    }
}
