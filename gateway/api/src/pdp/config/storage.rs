use portreeve_diagnostics::{Diagnostic, Node, Report, Span, read::Fields};

use super::{flag, unsupported, word};

/// Where the policies are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// `disk.directory`, as written.
    pub directory: String,
    /// Where that is written.
    pub written: Span,
    /// `disk.watchForChanges`
    pub watch: bool,
}

pub(super) fn read(node: Option<&Node>, whole: Span, report: &mut Report) -> Option<Storage> {
    let Some(node) = node else {
        let message = "the configuration has no `storage`";
        report.push(
            Diagnostic::error("config/missing-key", message)
                .at(Span { end: whole.start, ..whole }, "`storage` is missing")
                .help("write `storage: { driver: disk, disk: { directory: policies } }`"),
        );
        return None;
    };
    let mut fields = Fields::lenient(node, "`storage`", report)?;
    let driver = word(&mut fields, "driver", "storage", report);
    if driver.as_deref() != Some("disk") {
        let (message, at) = match (node.get("driver"), driver) {
            (Some(node), Some(driver)) => {
                (format!("the storage driver `{driver}` is not supported"), node.span)
            }
            _ => ("`storage` has no `driver`".to_owned(), fields.head()),
        };
        let found = Diagnostic::error("pdp/unknown-driver", message);
        report.push(found.at(at, "not supported").help("write `driver: disk`"));
        return None;
    }
    let disk = fields.required("disk", report);
    for key in ["git", "blob", "sqlite3", "mysql", "postgres", "overlay", "hub", "bundle"] {
        if let Some(node) = fields.optional(key) {
            report.push(unsupported(&format!("storage.{key}"), node));
        }
    }
    fields.finish(report);
    let mut fields = Fields::lenient(disk?, "`storage.disk`", report)?;
    let written = fields.required("directory", report)?.span;
    let directory = word(&mut fields, "directory", "storage.disk", report)?;
    let watch = flag(&mut fields, "watchForChanges", "storage.disk", report).unwrap_or(false);
    fields.finish(report);
    Some(Storage { directory, written, watch })
}
