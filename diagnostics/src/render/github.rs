use std::fmt::Write as _;

use super::place::{Located, Places, word};
use crate::{Bundle, Report};

/// Workflow commands of GitHub Actions, one line for each finding, which GitHub shows at the place in the change.
#[must_use]
pub fn github(report: &Report, bundle: &Bundle) -> String {
    let places = Places::of(bundle);
    let mut out = String::new();
    for diagnostic in &report.findings {
        let place = places.primary(diagnostic).map_or_else(String::new, |at| place(&at));
        let help = diagnostic.help.as_deref().map_or_else(String::new, |help| format!("\nhelp: {help}"));
        let text = data(&format!("{}{help}", diagnostic.message));
        let _ = writeln!(
            out,
            "::{} {place}title={}::{text}",
            word(diagnostic.severity),
            property(diagnostic.code)
        );
    }
    out
}

/// GitHub takes columns only for a place within one line.
fn place(at: &Located<'_>) -> String {
    let (file, start, end) = (property(at.file), at.start, at.end);
    if start.line == end.line {
        return format!("file={file},line={},col={},endColumn={},", start.line, start.column, end.column);
    }
    format!("file={file},line={},endLine={},", start.line, end.line)
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
