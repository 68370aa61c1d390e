//! The published cases of the language and of the policy engine, from `CONFORMANCE_DIR`.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a case that cannot be read is a failure of the test"
)]

mod policies;
mod spec;
mod typed;

use std::path::PathBuf;

/// The cases of a file; `None`, and a note, where the data is not there.
fn cases(file: &str) -> Option<Vec<serde_json::Value>> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let default = here.join("../../../shared/conformance");
    let root = std::env::var_os("CONFORMANCE_DIR").map_or(default, PathBuf::from);
    let path = root.join("cel").join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("SKIPPED: no {} (set CONFORMANCE_DIR)", path.display());
        return None;
    };
    let cases: Vec<serde_json::Value> = serde_json::from_str(&text).expect("the file is a list of cases");
    assert!(cases.len() > 100, "too few cases in {}", path.display());
    Some(cases)
}

/// Fails unless exactly the cases fail that are known to.
fn assert_only(known: &[&str], failures: &[(String, String)]) {
    let unexpected: Vec<String> = failures
        .iter()
        .filter(|(name, _)| !known.contains(&name.as_str()))
        .map(|(name, why)| format!("{name}: {why}"))
        .collect();
    assert!(unexpected.is_empty(), "{} cases fail:\n{}", unexpected.len(), unexpected.join("\n"));
    let fixed: Vec<&&str> =
        known.iter().filter(|name| failures.iter().all(|(failed, _)| failed != **name)).collect();
    assert!(fixed.is_empty(), "no longer fail: {fixed:?}");
}
