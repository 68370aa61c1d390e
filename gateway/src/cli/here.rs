//! The names of files as somebody at the command line knows them.

use std::path::{Component, Path, PathBuf};

use portreeve_diagnostics::{Bundle, SourceFile};

use crate::{
    revision::{self, Compiled, KeptParts},
    source::Source,
};

/// What a project compiles to, from nothing, with its files named as they are seen from here.
pub(super) fn compiled(source: &Source) -> Compiled {
    let compiled = revision::compile(source, &KeptParts::default());
    Compiled { bundle: from_here(&compiled.bundle, source), ..compiled }
}

/// The same files with the names that lead to them from the folder that one stands in. Those of a project start at the
/// project, and a tool that annotates a change would not find them.
fn from_here(bundle: &Bundle, source: &Source) -> Bundle {
    let here = std::env::current_dir().unwrap_or_default();
    let folder = source.folder().path("");
    let rename = |file: &SourceFile| SourceFile {
        name: seen_from(&here, &folder, &file.name).into(),
        text: file.text.clone(),
    };
    Bundle { revision: bundle.revision.clone(), files: bundle.files.iter().map(rename).collect() }
}

fn seen_from(here: &Path, folder: &Path, name: &str) -> String {
    let path = folder.join(name);
    let path = path.strip_prefix(here).unwrap_or(&path);
    let plain = path.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            part => plain.push(part),
        }
        plain
    });
    plain.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_name_that_leads_to_it_from_here() {
        for (folder, name, expected) in [
            (".", "routes/a.yaml", "routes/a.yaml"),
            ("./", "routes/a.yaml", "routes/a.yaml"),
            ("deploy/gw", "routes/a.yaml", "deploy/gw/routes/a.yaml"),
            ("deploy/gw", "../shared/a.yaml", "deploy/shared/a.yaml"),
            ("../gw", "../../a.yaml", "../../a.yaml"),
            ("/home/ann/gw", "routes/a.yaml", "gw/routes/a.yaml"),
            ("/etc/gw", "routes/a.yaml", "/etc/gw/routes/a.yaml"),
            ("gw", "/etc/gw/a.yaml", "/etc/gw/a.yaml"),
        ] {
            let seen = seen_from(Path::new("/home/ann"), Path::new(folder), name);
            assert_eq!(seen, expected, "{folder} {name}");
        }
    }
}
