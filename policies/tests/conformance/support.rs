use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use portreeve_diagnostics::{Bundle, SourceFile};
use portreeve_policies::{Options, PolicySet};
use serde_json::Value as Json;

/// The folder of Cerbos' cases, or nothing, said aloud.
pub(crate) fn cerbos() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.to_path_buf();
    let folder = std::env::var("CONFORMANCE_DIR").unwrap_or_else(|_| "../shared/conformance".into());
    let folder = root.join(folder).join("cerbos");
    if !folder.is_dir() {
        println!("SKIPPED: there is no conformance data at {}", folder.display());
        return None;
    }
    Some(folder)
}

pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// Everything under a folder, paths relative to it.
pub(crate) fn bundle(folder: &Path) -> Bundle {
    fn walk(root: &Path, folder: &Path, into: &mut Vec<SourceFile>) {
        for path in files(folder) {
            if path.is_dir() {
                walk(root, &path, into);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().into();
                into.push(SourceFile { name, text: text.into() });
            }
        }
    }
    let mut files = Vec::new();
    walk(folder, folder, &mut files);
    Bundle { revision: "test".into(), files }
}

pub(crate) fn store(folder: &Path) -> PolicySet {
    let bundle = bundle(folder);
    let (set, report) = PolicySet::compile(
        &bundle,
        &(0..u32::try_from(bundle.files.len()).unwrap()).collect::<Vec<_>>(),
        &Options::default(),
    );
    for finding in &report.findings {
        let place =
            finding.span().and_then(|span| bundle.file(span).map(|f| (f.name.clone(), f.place(span.start))));
        println!("{} {} {place:?}", finding.code, finding.message);
    }
    set.unwrap_or_else(|| panic!("{} does not compile", folder.display()))
}

/// A YAML file as JSON.
pub(crate) fn json(path: &Path) -> Json {
    let text = std::fs::read_to_string(path).unwrap();
    let bundle = Bundle {
        revision: "".into(),
        files: vec![SourceFile { name: "case".into(), text: Arc::from(text) }],
    };
    let nodes = portreeve_diagnostics::yaml::read(&bundle, 0)
        .unwrap_or_else(|error| panic!("{}: {}", path.display(), error.message));
    nodes.first().unwrap().to_json()
}
