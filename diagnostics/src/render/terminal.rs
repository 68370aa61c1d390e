use std::ops::Range;

use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str as harmless,
    renderer::DecorStyle,
};

use super::place::Places;
use crate::{Bundle, Diagnostic, Report, Severity, Span};

/// As rustc shows its own: the finding, its code, the lines it speaks of with the places underlined, and the help. Ends
/// with a line that counts errors and warnings. Control characters are shown as pictures of themselves: what is read
/// cannot move the cursor or change colours.
#[must_use]
pub fn terminal(report: &Report, bundle: &Bundle, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let places = Places::of(bundle);
    let mut out = String::new();
    for diagnostic in &report.findings {
        out += &renderer.render(&[group(diagnostic, bundle, &places)]);
        out += "\n\n";
    }
    if !report.is_empty() {
        out += &summary(report);
        out.push('\n');
    }
    // The renderer leaves the controls that some terminals take for the start of an escape sequence.
    out.replace(|c| matches!(c, '\u{80}'..='\u{9f}'), "\u{fffd}")
}

fn group<'a>(diagnostic: &'a Diagnostic, bundle: &'a Bundle, places: &Places<'a>) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = level
        .primary_title(&*diagnostic.message)
        .id(diagnostic.code)
        .elements(snippets(diagnostic, bundle, places));
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(harmless(help)));
    }
    group
}

/// One snippet for each file that a label points into, the primary label's first.
fn snippets<'a>(
    diagnostic: &'a Diagnostic,
    bundle: &'a Bundle,
    places: &Places<'a>,
) -> Vec<Snippet<'a, Annotation<'a>>> {
    let mut files: Vec<u32> = Vec::new();
    for (span, _) in &diagnostic.labels {
        if !files.contains(&span.file) {
            files.push(span.file);
        }
    }
    files.into_iter().filter_map(|file| snippet(file, diagnostic, bundle, places)).collect()
}

/// The lines from the first label to the last: the renderer goes through all text it is given.
fn snippet<'a>(
    file: u32,
    diagnostic: &'a Diagnostic,
    bundle: &'a Bundle,
    places: &Places<'a>,
) -> Option<Snippet<'a, Annotation<'a>>> {
    let source = bundle.files.get(file as usize)?;
    let here = || diagnostic.labels.iter().enumerate().filter(move |(_, (span, _))| span.file == file);
    let ranges = here().map(|(_, (span, _))| bytes(*span, &source.text));
    let touched = ranges.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))?;
    let (lines, first) = places.whole_lines(file, touched)?;
    let annotations = here().map(|(index, (span, label))| {
        let range = bytes(*span, &source.text);
        annotation(index == 0, range.start - lines.start..range.end - lines.start, label)
    });
    let text = source.text.get(lines.clone())?;
    Some(
        Snippet::source(text)
            .line_start(first)
            .path(harmless(&source.name))
            .fold(true)
            .annotations(annotations),
    )
}

/// The span as whole characters of the text.
fn bytes(span: Span, text: &str) -> Range<usize> {
    let (mut start, mut end) = ((span.start as usize).min(text.len()), (span.end as usize).min(text.len()));
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end.max(start)
}

fn annotation(primary: bool, range: Range<usize>, label: &str) -> Annotation<'_> {
    let kind = if primary { AnnotationKind::Primary } else { AnnotationKind::Context };
    kind.span(range).label((!label.is_empty()).then(|| harmless(label)))
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
