use std::fmt::Write as _;

use portreeve_diagnostics::SourceFile;
use sha2::{Digest, Sha256};

/// The name of a set of files: 16 hexadecimal digits of the SHA-256 over their names and texts. The same files give
/// the same name on every machine.
#[must_use]
pub fn revision(files: &[SourceFile]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        for part in [&file.name, &file.text] {
            // With its length in front, no text can look like the end of one file and the start of the next.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    hash.finalize().iter().take(8).fold(String::with_capacity(16), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    })
}

#[cfg(test)]
mod tests {
    use super::revision;
    use portreeve_diagnostics::SourceFile;

    fn files(files: &[(&str, &str)]) -> Vec<SourceFile> {
        files.iter().map(|(name, text)| SourceFile { name: (*name).into(), text: (*text).into() }).collect()
    }

    #[test]
    fn a_revision_depends_on_names_and_texts_and_on_nothing_else() {
        let one = revision(&files(&[("a", "x"), ("b", "y")]));
        assert_eq!(one.len(), 16);
        assert_eq!(one, revision(&files(&[("a", "x"), ("b", "y")])));
        for other in [&[("a", "xb"), ("", "y")][..], &[("a", "x")], &[("a", "x"), ("b", "z")], &[]] {
            assert_ne!(one, revision(&files(other)), "{other:?}");
        }
    }
}
