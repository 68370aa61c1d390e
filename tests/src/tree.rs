//! Where things are: the workspace and the directory that cargo builds into.

use std::path::{Path, PathBuf};

/// The root of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests live in a folder of the workspace")
}

/// The directory that this build writes to: `target`, or what `CARGO_TARGET_DIR` said.
pub fn target_dir() -> PathBuf {
    profile_dir().parent().expect("a profile lives in a target directory").to_path_buf()
}

/// The folder of the profile that this test was built with, such as `target/debug`.
pub(crate) fn profile_dir() -> PathBuf {
    let mut dir = std::env::current_exe().expect("a running test has a path");
    while dir.pop() {
        if dir.join(".fingerprint").is_dir() {
            return dir;
        }
    }
    panic!("this test was not built by cargo, so its target directory is unknown");
}
