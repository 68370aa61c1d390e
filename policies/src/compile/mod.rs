//! From policies as written to what can be asked: names resolved, conditions compiled, everything wrong reported.

mod conditions;
mod index;
mod scopes;
mod spaces;
mod units;

use portreeve_diagnostics::{Bundle, Diagnostic, Report, yaml};

use crate::{Options, PolicySet, raw::RawPolicy};

/// A policy file that was read.
pub(crate) struct Read {
    pub(crate) raw: RawPolicy,
}

impl PolicySet {
    /// Compiles the policies among these files of a bundle, `files` being their places in [`Bundle::files`]. Schemas,
    /// test data and test suites are passed over by their names. All findings are reported, not only the first.
    #[must_use]
    pub fn compile(bundle: &Bundle, files: &[u32], options: &Options) -> (Option<Self>, Report) {
        let mut report = Report::default();
        let read: Vec<Read> = files
            .iter()
            .filter(|file| bundle.files.get(**file as usize).is_some_and(|source| is_policy(&source.name)))
            .filter_map(|file| read(bundle, *file, &mut report))
            .filter(|policy| !policy.raw.disabled)
            .collect();
        let set = units::compile(bundle, &read, options, &mut report);
        scopes::check(&set, &read, &mut report);
        report.sort();
        (Some(set).filter(|_| !report.has_errors()), report)
    }
}

/// Whether a file of this name holds a policy.
fn is_policy(name: &str) -> bool {
    let known = [".yaml", ".yml", ".json"];
    let Some(stem) = known.iter().find_map(|ending| name.strip_suffix(ending)) else { return false };
    let mut folders = name.split('/');
    let special =
        |part: &str| matches!(part, "_schemas" | "testdata") || (part.starts_with('.') && part.len() > 2);
    !stem.ends_with("_test") && !folders.any(special)
}

fn read(bundle: &Bundle, file: u32, report: &mut Report) -> Option<Read> {
    let documents = match yaml::read(bundle, file) {
        Ok(documents) => documents,
        Err(unreadable) => {
            report.push(unreadable);
            return None;
        }
    };
    if let [_, second, ..] = &*documents {
        let message = "more than one YAML document detected";
        report.push(
            Diagnostic::error("policy/documents", message)
                .at(second.span, "a second document")
                .help("put every policy in a file of its own"),
        );
    }
    let raw = RawPolicy::read(documents.first()?, report)?;
    Some(Read { raw })
}
