//! The small working project that `init` writes and `demo` runs.

use std::{fs, io::Write, path::Path};

/// Its files: a path with `/` between the parts, and the text.
pub(crate) const FILES: [(&str, &str); 5] = [
    ("portreeve.yaml", include_str!("project/portreeve.yaml")),
    ("routes/notes.yaml", include_str!("project/routes/notes.yaml")),
    ("policies/note.yaml", include_str!("project/policies/note.yaml")),
    ("policies/tests/note_test.yaml", include_str!("project/policies/tests/note_test.yaml")),
    (".gitignore", include_str!("project/gitignore")),
];

/// The audience of its tokens.
pub(crate) const AUDIENCE: &str = "notes";

/// The project's own development key, for its tokens.
pub(crate) const KEY_FOLDER: &str = "dev";

/// Those of its files that a folder has already.
pub(crate) fn present(folder: &Path) -> Vec<&'static str> {
    FILES.iter().map(|(name, _)| *name).filter(|name| folder.join(name).exists()).collect()
}

/// Writes it. `replace` pairs are applied to `portreeve.yaml`.
///
/// # Errors
/// A file is there already or cannot be written.
pub(crate) fn write(folder: &Path, replace: &[(&str, &str)]) -> std::io::Result<()> {
    for (name, text) in FILES {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let text = match name {
            "portreeve.yaml" => {
                replace.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
            }
            _ => text.to_owned(),
        };
        fs::File::create_new(&path)?.write_all(text.as_bytes())?;
    }
    Ok(())
}
