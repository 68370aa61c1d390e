use std::sync::Arc;

use portreeve_diagnostics::Bundle;

use super::Memory;
use crate::{finding::Findings, raw::Policy};

/// Reads the files that hold policies, but for those that are known from before.
pub(super) fn policies(
    bundle: &Bundle,
    files: &[u32],
    memory: &mut Memory<'_>,
    findings: &mut Findings,
) -> Vec<Arc<Policy>> {
    let mut found = Vec::new();
    for index in files {
        if bundle.files.get(*index as usize).is_some_and(|file| is_policy(&file.name)) {
            found.extend(memory.read(bundle, *index, findings));
        }
    }
    found
}

/// Hidden files, schemas, tests and their data are not policies.
pub(crate) fn is_policy(path: &str) -> bool {
    let (folders, file) = path.rsplit_once('/').unwrap_or(("", path));
    let Some((stem, extension)) = file.rsplit_once('.') else { return false };
    ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
        && !stem.ends_with("_test")
        && !path.split('/').any(|part| part.starts_with('.') && part != "..")
        && !folders.split('/').any(|part| matches!(part, "_schemas" | "testdata"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_tests_test_data_and_hidden_files_are_no_policies() {
        for (path, policy) in [
            ("a.yaml", true),
            ("b/a.json", true),
            ("a.yml", true),
            ("a.YAML", true),
            ("a.txt", false),
            ("_schemas/a.json", false),
            ("b/_schemas/a.json", false),
            ("testdata/a.yaml", false),
            ("b/testdata/c/a.yaml", false),
            ("a_test.yaml", false),
            (".a.yaml", false),
            (".git/a.yaml", false),
            ("../shared/a.yaml", true),
        ] {
            assert_eq!(is_policy(path), policy, "{path}");
        }
    }
}
