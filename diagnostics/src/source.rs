use std::sync::Arc;

/// The text files one revision is compiled from.
#[derive(Clone, Debug, Default)]
pub struct Bundle {
    /// The revision the store gave this set of files.
    pub revision: Arc<str>,
    /// The files, in the order the store listed them.
    pub files: Vec<SourceFile>,
}

impl Bundle {
    /// The file a span points into.
    #[must_use]
    pub fn file(&self, span: Span) -> Option<&SourceFile> {
        self.files.get(span.file as usize)
    }

    /// The text a span covers, or nothing when it is not of this bundle.
    #[must_use]
    pub fn text(&self, span: Span) -> Option<&str> {
        self.file(span)?.text.get(span.start as usize..span.end as usize)
    }

    /// Where a span begins, or nothing when it is not of this bundle.
    #[must_use]
    pub fn place(&self, span: Span) -> Option<Place> {
        Some(self.file(span)?.place(span.start))
    }
}

/// One file, kept whole so that spans can be shown.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The path as the user knows it, `/` between the parts.
    pub name: Arc<str>,
    /// The text.
    pub text: Arc<str>,
}

impl SourceFile {
    /// The line and column of a byte offset. An offset past the end is the end.
    #[must_use]
    pub fn place(&self, offset: u32) -> Place {
        let mut end = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let before = self.text.get(..end).unwrap_or_default();
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Place {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }
}

/// A line and a column, both from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

/// A range of bytes in one file of a [`Bundle`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Index into [`Bundle::files`].
    pub file: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A part of this span: `start..end` in bytes from its first byte, clamped to it.
    #[must_use]
    pub fn part(self, start: u32, end: u32) -> Self {
        let start = self.start.saturating_add(start).min(self.end);
        Self { file: self.file, start, end: self.start.saturating_add(end).clamp(start, self.end) }
    }
}

/// A value that remembers where it was written. Equality ignores the place.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// What was written.
    pub value: T,
    /// Where.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// A value with its place.
    pub const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Spanned<T> {}

impl<T> std::ops::Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
