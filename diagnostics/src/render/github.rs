use std::fmt::Write as _;

use super::place::{primary, word};
use crate::{Bundle, Report};

/// Workflow commands of GitHub Actions, one line for each finding, which GitHub shows at the place in the change.
#[must_use]
pub fn github(report: &Report, bundle: &Bundle) -> String {
    let mut out = String::new();
    for diagnostic in &report.findings {
        let place = primary(bundle, diagnostic).map_or_else(String::new, |at| {
            let (file, start, end) = (property(at.file), at.start, at.end);
            format!(
                "file={file},line={},col={},endLine={},endColumn={},",
                start.line, start.column, end.line, end.column
            )
        });
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

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
