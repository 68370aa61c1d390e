use std::io::{Cursor, Write as _};

use flate2::{Compression, write::GzEncoder};
use zip::write::SimpleFileOptions;

use super::*;

type Files<'f> = &'f [(&'f str, &'f [u8])];

const SOME: Files<'static> = &[
    ("b/b.yaml", b"b: 1"),
    ("./a.yaml", b"a: 1"),
    ("a.txt", b"\xff"),
    (".git/c.yaml", b"c: 1"),
    ("d/.e.yaml", b"d: 1"),
];

fn tar(files: Files<'_>) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_entry_type(tar::EntryType::Regular);
        archive.append_data(&mut header, name, *bytes).unwrap();
    }
    let mut link = tar::Header::new_gnu();
    link.set_size(0);
    link.set_entry_type(tar::EntryType::Symlink);
    archive.append_link(&mut link, "link.yaml", "/etc/passwd").unwrap();
    archive.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip(files: Files<'_>) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive.add_directory("b/", SimpleFileOptions::default()).unwrap();
    for (name, bytes) in files {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn read_as(name: &str, bytes: &[u8]) -> (Vec<(String, String)>, Vec<&'static str>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let (bundle, report) = read(&path, crate::is_yaml_or_json);
    let files = bundle.files.iter().map(|file| (file.name.to_string(), file.text.to_string())).collect();
    (files, report.findings.iter().map(|found| found.code).collect())
}

#[test]
fn the_files_of_an_archive_are_read_in_the_order_of_their_names() {
    let expected =
        [("a.yaml", "a: 1"), ("b/b.yaml", "b: 1")].map(|(name, text)| (name.to_owned(), text.to_owned()));
    for (name, bytes) in [
        ("p.tar", tar(SOME)),
        ("p.tar.gz", gzip(&tar(SOME))),
        ("P.TGZ", gzip(&tar(SOME))),
        ("p.zip", zip(SOME)),
    ] {
        assert!(is_archive(Path::new(name)), "{name}");
        assert_eq!(read_as(name, &bytes), (expected.to_vec(), Vec::new()), "{name}");
    }
    for name in ["p.yaml", "p", "zip", "p.gz"] {
        assert!(!is_archive(Path::new(name)), "{name}");
    }
}

#[test]
fn what_is_wrong_with_an_archive_is_said() {
    let long = "x".repeat((16 << 20) + 1);
    let good = gzip(&tar(SOME));
    for (name, bytes, expected) in [
        ("p.zip", b"version https://git-lfs".to_vec(), "store/no-archive"),
        ("p.tgz", b"version https://git-lfs".to_vec(), "store/no-archive"),
        ("p.tgz", good.get(..good.len() / 2).unwrap().to_vec(), "store/no-archive"),
        ("p.tar", tar(&[("a.yaml", b"1"), ("./a.yaml", b"2")]), "store/twice"),
        ("p.tar", tar(&[("a.yaml", b"\xff")]), "store/not-utf-8"),
        ("p.tgz", gzip(&tar(&[("a.yaml", long.as_bytes())])), "store/too-large"),
        ("p.zip", zip(&[("a.yaml", long.as_bytes())]), "store/too-large"),
    ] {
        assert_eq!(read_as(name, &bytes).1, [expected], "{name}");
    }
    let (_, report) = read(Path::new("no/such.zip"), |_| true);
    assert!(report.has_errors());
}

#[test]
fn an_archive_can_unpack_to_so_much_and_no_more() {
    let limits = Limits { file_bytes: 10, total_bytes: 15, files: 3, ..Limits::default() };
    let unpack = |files: Files<'_>| {
        let mut unpacked = Unpacked::new(limits, |_| true);
        unpacked.zip(Cursor::new(zip(files))).map_err(|stop| match stop {
            Stop::Found(diagnostic) => diagnostic.code,
            Stop::Archive(_) => "no archive",
        })
    };
    assert_eq!(unpack(&[("a", b"0123456789")]), Ok(()));
    assert_eq!(unpack(&[("a", b"01234567890")]), Err("store/too-large"));
    assert_eq!(unpack(&[("a", b"0123456789"), ("b", b"012345")]), Err("store/too-large"));
    assert_eq!(unpack(&[("a", b""), ("b", b""), ("c", b"")]), Err("store/too-many"));
}
