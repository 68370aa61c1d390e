use crate::{Bundle, Diagnostic, Place, Severity, Span};

/// A span in the terms of tools: file, and both ends as line and column.
pub(super) struct Located<'b> {
    pub(super) file: &'b str,
    pub(super) start: Place,
    pub(super) end: Place,
}

pub(super) fn locate(bundle: &Bundle, span: Span) -> Option<Located<'_>> {
    let file = bundle.file(span)?;
    Some(Located { file: &file.name, start: file.place(span.start), end: file.place(span.end) })
}

pub(super) fn primary<'b>(bundle: &'b Bundle, diagnostic: &Diagnostic) -> Option<Located<'b>> {
    locate(bundle, diagnostic.span()?)
}

pub(super) const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}
