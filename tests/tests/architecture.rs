//! Does the code still have the shape that ARCHITECTURE.md describes?
//!
//! Cargo is asked which crate depends on which; files are counted. A finding here is a question of design, so the
//! answer is to move code, or to change the tables below and ARCHITECTURE.md in one commit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use portreeve_tests::workspace;
use serde_json::Value;

/// Which of our crates each of our crates may use. `dev-dependencies` are not held to it.
const MAY_USE: &[(&str, &[&str])] = &[
    ("portreeve-diagnostics", &[]),
    ("portreeve-cel", &[]),
    ("portreeve-identity", &[CEL]),
    ("portreeve-policies", &["portreeve-cel", "portreeve-diagnostics"]),
    ("portreeve-route-config", &["portreeve-cel", "portreeve-diagnostics"]),
    ("portreeve-store", &["portreeve-diagnostics"]),
    ("portreeve-audit", &["portreeve-policies", "portreeve-route-config", "portreeve-identity"]),
    ("portreeve-enforce", &["portreeve-audit", POLICIES, ROUTES, "portreeve-identity", CEL, DIAGNOSTICS]),
    (
        "portreeve-api",
        &["portreeve-enforce", "portreeve-audit", POLICIES, ROUTES, "portreeve-identity", CEL, DIAGNOSTICS],
    ),
    (
        "portreeve-console",
        &["portreeve-enforce", "portreeve-audit", POLICIES, ROUTES, "portreeve-identity", CEL],
    ),
    ("portreeve", &[ANY]),
    ("portreeve-tests", &[]),
];
const POLICIES: &str = "portreeve-policies";
const ROUTES: &str = "portreeve-route-config";
const CEL: &str = "portreeve-cel";
const DIAGNOSTICS: &str = "portreeve-diagnostics";
const ANY: &str = "*";

/// Crates of others that only these of ours may use.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("pingora", &["portreeve"]),
    ("tonic", &["portreeve-api"]),
    ("jsonwebtoken", &["portreeve-identity", "portreeve", "portreeve-tests"]),
    ("annotate-snippets", &["portreeve-diagnostics"]),
    ("granit-parser", &["portreeve-diagnostics"]),
];

/// Crates that do I/O or read a clock, which the crates that decide must not.
const IMPURE: &[&str] = &["tokio", "reqwest", "hyper", "axum", "pingora", "notify", "tracing-subscriber"];
const PURE: &[&str] = &[CEL, POLICIES, ROUTES, DIAGNOSTICS];

/// What cargo says about the workspace: each of our crates with the names of what it uses outside tests.
fn crates() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--no-deps", "--format-version", "1", "--offline"];
    let ran = Command::new(cargo).args(arguments).current_dir(workspace()).output().expect("cargo starts");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let metadata: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let uses = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap();
        let shipped = dependencies.iter().filter(|dependency| dependency["kind"] != "dev");
        shipped.map(|dependency| dependency["name"].as_str().unwrap().to_owned()).collect()
    };
    let packages = metadata["packages"].as_array().unwrap();
    packages.iter().map(|package| (package["name"].as_str().unwrap().to_owned(), uses(package))).collect()
}

#[test]
fn crates_depend_on_each_other_in_one_direction() {
    let crates = crates();
    let known: BTreeSet<&str> = MAY_USE.iter().map(|(name, _)| *name).collect();
    let found: BTreeSet<&str> = crates.keys().map(String::as_str).collect();
    assert_eq!(found, known, "the table in this file names every crate of the workspace");

    for (name, allowed) in MAY_USE {
        for used in crates[*name].iter().filter(|used| known.contains(used.as_str())) {
            let fine = allowed.contains(&used.as_str()) || allowed.contains(&ANY);
            assert!(fine, "`{name}` must not use `{used}`");
        }
    }
}

#[test]
fn only_the_doors_know_their_protocol_libraries() {
    for (name, uses) in crates() {
        for (library, owners) in ONLY_IN {
            let inside = uses.iter().any(|used| used == library || used.starts_with(&format!("{library}-")));
            assert!(!inside || owners.contains(&name.as_str()), "`{name}` must not use `{library}`");
        }
    }
}

#[test]
fn what_decides_does_no_input_or_output() {
    let crates = crates();
    for name in PURE {
        let impure: Vec<&String> =
            crates[*name].iter().filter(|used| IMPURE.contains(&used.as_str())).collect();
        assert!(impure.is_empty(), "`{name}` must not use {impure:?}");
    }
    for folder in ["policies/src", "policies/cel/src", "route-config/src"] {
        for file in sources(&workspace().join(folder)) {
            // Modules that only tests compile may read the files they test with.
            if file.components().any(|part| part.as_os_str() == "tests") {
                continue;
            }
            let text = shipped(&std::fs::read_to_string(&file).unwrap());
            for call in [
                "SystemTime::now",
                "Instant::now",
                "std::fs",
                "std::env",
                "TcpStream",
                "UdpSocket",
                "ToSocketAddrs",
            ] {
                assert!(!text.contains(call), "{} must not call `{call}`", file.display());
            }
        }
    }
}

#[test]
fn the_flow_of_one_request_is_readable_in_one_sitting() {
    let flow = workspace().join("gateway/enforce/src/flow.rs");
    let lines = std::fs::read_to_string(&flow).expect("the flow has a file of its own").lines().count();
    assert!(lines < 150, "gateway/enforce/src/flow.rs has {lines} lines, 149 are allowed");
}

#[test]
fn files_stay_small() {
    let mut sizes: Vec<(usize, PathBuf)> = ["diagnostics", "policies", "route-config", "gateway", "tests"]
        .iter()
        .flat_map(|folder| sources(&workspace().join(folder)))
        .map(|file| (std::fs::read_to_string(&file).unwrap().lines().count(), file))
        .collect();
    sizes.sort();
    let (p90, _) = &sizes[sizes.len() * 9 / 10];
    println!("{} files, nine in ten have at most {p90} lines", sizes.len());
    let large: Vec<_> = sizes.iter().filter(|(lines, _)| *lines > 500).collect();
    assert!(large.is_empty(), "more than 500 lines: {large:#?}");
    assert!(*p90 <= 300, "nine files in ten may have at most 300 lines, they have {p90}");
}

#[test]
fn every_library_forbids_unsafe_code_and_says_what_it_is_for() {
    for root in sources(workspace()).iter().filter(|file| file.ends_with("src/lib.rs")) {
        let text = std::fs::read_to_string(root).unwrap();
        assert!(text.starts_with("//!"), "{} opens with what the crate answers", root.display());
        assert!(text.contains("#![forbid(unsafe_code)]"), "{} forbids unsafe code", root.display());
    }
}

/// Every Rust file below a folder that is not generated, fuzzed or built.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir()
            && !["target", "fuzz", "node_modules"].contains(&name.as_str())
            && !name.starts_with('.')
        {
            found.extend(sources(&path));
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
    found
}

/// The part of a file above its tests.
fn shipped(text: &str) -> String {
    text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()
}
