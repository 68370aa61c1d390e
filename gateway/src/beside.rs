//! Files that a configuration reads and that are no part of a revision's text: secrets, so that no name of a revision
//! tells anything of them, and the authorities of upstreams.

use std::{
    collections::BTreeMap,
    fs,
    hash::{BuildHasher, RandomState},
};

use portreeve_diagnostics::{Kind, Node};

use crate::config::Folder;

/// Such files, and what they were when they were looked at last.
#[derive(Debug)]
pub(crate) struct Beside {
    folder: Folder,
    hashes: RandomState,
    /// By path; nothing for what is not there.
    seen: BTreeMap<String, Option<u64>>,
}

impl Beside {
    /// None yet. Relative paths start in this folder.
    pub(crate) fn new(folder: Folder) -> Self {
        Self { folder, hashes: RandomState::new(), seen: BTreeMap::new() }
    }

    /// Looks after these and no others.
    pub(crate) fn look_after(&mut self, paths: &[String]) {
        let mut before = std::mem::take(&mut self.seen);
        for path in paths {
            let seen = before.remove(path).unwrap_or_else(|| self.look(path));
            self.seen.insert(path.clone(), seen);
        }
    }

    /// Whether one of them is another than when it was looked at last.
    pub(crate) fn changed(&mut self) -> bool {
        let now: BTreeMap<_, _> = self.seen.keys().map(|path| (path.clone(), self.look(path))).collect();
        let changed = now != self.seen;
        self.seen = now;
        changed
    }

    /// A pipe can be read once, which is done already.
    fn look(&self, path: &str) -> Option<u64> {
        let path = self.folder.path(path);
        if !path.is_file() {
            return None;
        }
        fs::read(path).ok().map(|bytes| self.hashes.hash_one(bytes))
    }
}

/// The files that are named in this way anywhere in a configuration: `file:PATH` for a secret, and as `ca`.
pub(crate) fn named(node: &Node) -> Vec<String> {
    match &node.kind {
        Kind::Str { text, .. } => text.strip_prefix("file:").map(str::to_owned).into_iter().collect(),
        Kind::Seq(items) => items.iter().flat_map(named).collect(),
        Kind::Map(entries) => entries
            .iter()
            .flat_map(|entry| match entry.value.as_str() {
                Some(path) if entry.key.value == "ca" => vec![path.to_owned()],
                _ => named(&entry.value),
            })
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use portreeve_diagnostics::{Bundle, SourceFile, yaml};

    use super::*;

    #[test]
    fn secrets_and_authorities_are_found_wherever_they_are_named() {
        let text = "upstreams: { a: { endpoints: [https://a.test], tls: { ca: ca.pem } } }
authenticators: { b: { jwt: { secret: 'file:b.key', jwks: jwks.json } } }
mutators: { c: { id-token: { key: file:c.pem, previous: ['file:d.pem', '${E}'] } } }";
        let file = SourceFile { name: "portreeve.yaml".into(), text: text.into() };
        let node = yaml::read(&Bundle { revision: "r".into(), files: vec![file] }, 0).unwrap().remove(0);
        assert_eq!(named(&node), ["ca.pem", "b.key", "c.pem", "d.pem"]);
    }

    #[test]
    fn a_file_that_is_written_anew_or_goes_or_comes_has_changed_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        fs::write(&path, "one").unwrap();
        let mut beside = Beside::new(Folder::of(&folder.path().join("portreeve.yaml")));
        beside.look_after(&["a.key".to_owned(), "b.key".to_owned()]);
        assert!(!beside.changed());
        for (what, text, changed) in [
            ("the same again", Some("one"), false),
            ("another", Some("two"), true),
            ("gone", None, true),
            ("back", Some("two"), true),
        ] {
            match text {
                Some(text) => fs::write(&path, text).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            assert_eq!(beside.changed(), changed, "{what}");
            assert!(!beside.changed(), "{what}");
        }
    }
}
