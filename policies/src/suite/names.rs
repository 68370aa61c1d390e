//! Which files are suites, and which their fixtures.

/// Whether a file of this path is a suite: its name ends with `_test` and one of the endings of YAML or JSON, and it is
/// no fixture or schema.
#[must_use]
pub fn is_suite(path: &str) -> bool {
    let (folder, file) = split(path);
    let Some((stem, ending)) = file.rsplit_once('.') else { return false };
    ENDINGS.contains(&ending)
        && stem.ends_with("_test")
        && !folder.split('/').any(|part| matches!(part, "testdata" | "_schemas"))
}

/// The endings, in the order in which they are looked for.
pub(super) const ENDINGS: [&str; 3] = ["json", "yaml", "yml"];

/// The folder of the fixtures of a suite.
pub(super) fn testdata(suite: &str) -> String {
    match split(suite).0 {
        "" => "testdata".to_owned(),
        folder => format!("{folder}/testdata"),
    }
}

/// The folder and the file of a path; no folder is empty.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_are_known_by_their_names() {
        for (path, suite) in [
            ("a_test.yaml", true),
            ("b/a_test.yml", true),
            ("b/a_test.json", true),
            ("_test.yaml", true),
            (".hidden/a_test.yaml", true),
            ("a_tests.yaml", false),
            ("a_test.txt", false),
            ("testdata/a_test.yaml", false),
            ("b/testdata/c/a_test.yaml", false),
            ("_schemas/a_test.json", false),
        ] {
            assert_eq!(is_suite(path), suite, "{path}");
        }
        assert_eq!(testdata("a_test.yaml"), "testdata");
        assert_eq!(testdata("b/c/a_test.yaml"), "b/c/testdata");
    }
}
