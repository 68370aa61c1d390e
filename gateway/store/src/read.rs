//! The text of the files that a walk found.

use std::fs::{self, File};
use std::io::Read as _;

use portreeve_diagnostics::{Bundle, Diagnostic, Report, SourceFile};

use crate::directory::Directory;
use crate::revision::revision;
use crate::walk::{Found, list, unreadable};

/// How often a volume may change while it is read before what was read is taken as it is. The next look mends it.
const ATTEMPTS: usize = 5;

pub(crate) fn read(directory: &Directory) -> (Bundle, Report) {
    let mut last = once(directory);
    for _ in 1..ATTEMPTS {
        if last.2 {
            break;
        }
        last = once(directory);
    }
    (last.0, last.1)
}

/// The bundle, the report, and whether both are of one moment as far as can be told.
fn once(directory: &Directory) -> (Bundle, Report, bool) {
    let listing = list(directory);
    let mut report = Report { findings: listing.findings };
    let mut files = Vec::with_capacity(listing.files.len());
    let mut left = directory.limits.total_bytes;
    for found in &listing.files {
        match text(found, directory.limits.file_bytes, left) {
            Ok(text) => {
                left = left.saturating_sub(text.len() as u64);
                files.push(SourceFile { name: found.name.as_str().into(), text: text.into() });
            }
            Err(diagnostic) => report.push(diagnostic),
        }
    }
    let steady = listing
        .generations
        .iter()
        .all(|(link, leads_to)| fs::read_link(link).is_ok_and(|now| now == *leads_to));
    (Bundle { revision: revision(&files).into(), files }, report, steady)
}

fn text(found: &Found, of_file: u64, of_all: u64) -> Result<String, Diagnostic> {
    let name = &found.name;
    let file = File::open(&found.path).map_err(|error| unreadable(name, &error))?;
    let mut bytes = Vec::new();
    let bound = of_file.min(of_all);
    file.take(bound.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))?;
    checked(name, bytes, of_file, of_all)
}

/// The octets as text, if there are not too many.
pub(crate) fn checked(name: &str, bytes: Vec<u8>, of_file: u64, of_all: u64) -> Result<String, Diagnostic> {
    if bytes.len() as u64 > of_file {
        let message = format!("`{name}` has more than {of_file} bytes");
        return Err(Diagnostic::error("store/too-large", message));
    }
    if bytes.len() as u64 > of_all {
        let message =
            format!("the files together have too many bytes, `{name}` is the first that does not fit");
        return Err(Diagnostic::error("store/too-large", message));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        Diagnostic::error("store/not-utf-8", format!("`{name}` is not UTF-8 text"))
            .help(format!("the first bytes that are not UTF-8 are in line {line}"))
    })
}
