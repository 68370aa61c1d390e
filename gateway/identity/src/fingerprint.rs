//! Digests of configurations and credentials.

use std::hash::{Hash, Hasher};

use aws_lc_rs::digest::{Context, SHA256};

/// SHA-256 over a value's structure. `derive(Hash)` marks lengths and ends, so that `("a", "bc")` and `("ab", "c")`
/// differ. Stable within one process, which is all that a reload needs.
pub(crate) fn of<T: Hash>(value: &T) -> [u8; 32] {
    let mut hasher = Sha256(Context::new(&SHA256));
    value.hash(&mut hasher);
    finish(hasher.0)
}

/// SHA-256 over parts, each preceded by its length.
pub(crate) fn of_parts(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    finish(context)
}

fn finish(context: Context) -> [u8; 32] {
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    out
}

struct Sha256(Context);

impl Hasher for Sha256 {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Not used: the digest is taken from the context.
    fn finish(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_join_to_the_same_text_have_different_digests() {
        assert_ne!(of_parts(&[b"a", b"bc"]), of_parts(&[b"ab", b"c"]));
        assert_ne!(of(&("a", "bc")), of(&("ab", "c")));
        assert_ne!(of(&vec![vec!["a"], vec!["b"]]), of(&vec![vec!["a", "b"], vec![]]));
        assert_eq!(of(&("a", 1)), of(&("a", 1)));
    }
}
