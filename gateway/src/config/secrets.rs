use std::fs;

use portreeve_diagnostics::{Diagnostic, Node, Report, read::text};
use portreeve_identity::Secret;

use super::Folder;

/// A secret: `${NAME}` for a variable of the environment, `file:PATH` for the text of a file, its last line end left
/// off. It cannot be written down here itself, so that a configuration can be shown to anybody.
pub(super) fn secret(node: &Node, what: &str, folder: &Folder, report: &mut Report) -> Option<Secret> {
    let written = text(node, what, report)?;
    let found = if let Some(name) = written.value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
        std::env::var(name).map_err(|_| format!("the environment has no `{name}`"))
    } else if let Some(path) = written.value.strip_prefix("file:") {
        fs::read_to_string(folder.path(path))
            .map_err(|error| format!("`{path}` cannot be read: {}", error.kind()))
    } else {
        Err(format!("{what} must not be written down here"))
    };
    match found.map(|text| text.strip_suffix('\n').map(str::to_owned).unwrap_or(text)) {
        Ok(text) if !text.is_empty() => Some(Secret::new(text)),
        Ok(_) => {
            report.push(
                Diagnostic::error("config/empty-secret", format!("{what} is empty"))
                    .at(node.span, "from here"),
            );
            None
        }
        Err(why) => {
            report.push(
                Diagnostic::error("config/no-secret", why)
                    .at(node.span, "must be `${NAME}` or `file:PATH`")
                    .help("put it into the environment or into a file of its own"),
            );
            None
        }
    }
}
