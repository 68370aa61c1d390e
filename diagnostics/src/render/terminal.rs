use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str as harmless,
    renderer::DecorStyle,
};

use crate::{Bundle, Diagnostic, Report, Severity, Span};

/// As rustc shows its own: the finding, its code, the lines it speaks of with the places underlined, and the help. Ends
/// with a line that counts errors and warnings. Control characters are shown as pictures of themselves: what is read
/// cannot move the cursor or change colours.
#[must_use]
pub fn terminal(report: &Report, bundle: &Bundle, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut out = String::new();
    for diagnostic in &report.findings {
        out += &renderer.render(&[group(diagnostic, bundle)]);
        out += "\n\n";
    }
    if !report.is_empty() {
        out += &summary(report);
        out.push('\n');
    }
    out
}

fn group<'a>(diagnostic: &'a Diagnostic, bundle: &'a Bundle) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group =
        level.primary_title(&*diagnostic.message).id(diagnostic.code).elements(snippets(diagnostic, bundle));
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(harmless(help)));
    }
    group
}

/// One snippet for each file that a label points into, the primary label's first.
fn snippets<'a>(diagnostic: &'a Diagnostic, bundle: &'a Bundle) -> Vec<Snippet<'a, Annotation<'a>>> {
    let mut files: Vec<u32> = Vec::new();
    for (span, _) in &diagnostic.labels {
        if !files.contains(&span.file) {
            files.push(span.file);
        }
    }
    let snippet = |file: u32| {
        let source = bundle.files.get(file as usize)?;
        let here = diagnostic.labels.iter().enumerate().filter(|(_, (span, _))| span.file == file);
        let annotations =
            here.map(|(index, (span, label))| annotation(index == 0, *span, label, source.text.len()));
        Some(Snippet::source(&*source.text).path(harmless(&source.name)).fold(true).annotations(annotations))
    };
    files.into_iter().filter_map(snippet).collect()
}

fn annotation(primary: bool, span: Span, label: &str, length: usize) -> Annotation<'_> {
    let kind = if primary { AnnotationKind::Primary } else { AnnotationKind::Context };
    let start = (span.start as usize).min(length);
    let end = (span.end as usize).clamp(start, length);
    kind.span(start..end).label((!label.is_empty()).then(|| harmless(label)))
}

fn summary(report: &Report) -> String {
    let errors = report.findings.iter().filter(|d| d.severity == Severity::Error).count();
    let warnings = report.findings.len() - errors;
    let count = |number: usize, word: &str| match number {
        1 => format!("1 {word}"),
        _ => format!("{number} {word}s"),
    };
    match (errors, warnings) {
        (0, _) => count(warnings, "warning"),
        (_, 0) => count(errors, "error"),
        _ => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    }
}
