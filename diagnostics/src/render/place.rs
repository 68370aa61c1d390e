use std::cell::OnceCell;
use std::ops::Range;

use crate::{Bundle, Diagnostic, Place, Severity, SourceFile, Span};

/// A span in the terms of tools: file, and both ends as line and column.
pub(super) struct Located<'b> {
    pub(super) file: &'b str,
    pub(super) start: Place,
    pub(super) end: Place,
}

/// The places of a bundle. Lines are counted once for each file, however many findings point into it.
pub(super) struct Places<'b> {
    bundle: &'b Bundle,
    /// For each file the offsets at which its lines start.
    lines: Vec<OnceCell<Vec<usize>>>,
}

impl<'b> Places<'b> {
    pub(super) fn of(bundle: &'b Bundle) -> Self {
        Self { bundle, lines: bundle.files.iter().map(|_| OnceCell::new()).collect() }
    }

    pub(super) fn locate(&self, span: Span) -> Option<Located<'b>> {
        let file = self.bundle.file(span)?;
        let place = |offset| self.place(span.file, file, offset);
        Some(Located { file: &file.name, start: place(span.start)?, end: place(span.end)? })
    }

    pub(super) fn primary(&self, diagnostic: &Diagnostic) -> Option<Located<'b>> {
        self.locate(diagnostic.span()?)
    }

    /// The whole lines that a range of bytes touches, as bytes, and the number of the first.
    pub(super) fn whole_lines(&self, file: u32, range: Range<usize>) -> Option<(Range<usize>, usize)> {
        let text = &self.bundle.files.get(file as usize)?.text;
        let starts = self.starts(file, text)?;
        let first = starts.partition_point(|start| *start <= range.start);
        let after = starts.partition_point(|start| *start <= range.end);
        let start = *starts.get(first.saturating_sub(1))?;
        Some((start..starts.get(after).copied().unwrap_or(text.len()), first))
    }

    /// As [`SourceFile::place`].
    fn place(&self, number: u32, file: &SourceFile, offset: u32) -> Option<Place> {
        let starts = self.starts(number, &file.text)?;
        let mut offset = (offset as usize).min(file.text.len());
        while !file.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = starts.partition_point(|start| *start <= offset);
        let before = file.text.get(*starts.get(line.checked_sub(1)?)?..offset)?;
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Some(Place { line: number(line), column: number(before.chars().count() + 1) })
    }

    fn starts(&self, file: u32, text: &str) -> Option<&Vec<usize>> {
        let lines = self.lines.get(file as usize)?;
        Some(lines.get_or_init(|| {
            let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect()
        }))
    }
}

pub(super) const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_that_the_file_itself_gives() {
        for text in ["", "a", "é\nb\r\n\nc", "\n", "a\n\n"] {
            let file = SourceFile { name: "a".into(), text: text.into() };
            let bundle = Bundle { revision: "r".into(), files: vec![file.clone()] };
            let places = Places::of(&bundle);
            for offset in 0..=u32::try_from(text.len()).unwrap() + 2 {
                let found = places.locate(Span { file: 0, start: offset, end: offset }).unwrap();
                assert_eq!(found.start, file.place(offset), "{text:?} {offset}");
            }
        }
    }

    #[test]
    fn whole_lines_reach_from_break_to_break() {
        let file = SourceFile { name: "a".into(), text: "one\ntwo\nthree".into() };
        let bundle = Bundle { revision: "r".into(), files: vec![file] };
        let places = Places::of(&bundle);
        for (range, expected) in [
            (5..6, (4..8, 2)),
            (0..0, (0..4, 1)),
            (2..5, (0..8, 1)),
            (13..13, (8..13, 3)),
            (4..8, (4..13, 2)),
        ] {
            assert_eq!(places.whole_lines(0, range.clone()), Some(expected), "{range:?}");
        }
    }
}
