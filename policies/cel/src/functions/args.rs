//! What the functions share: refusing arguments, and building texts within the memory limit.

use super::Outcome;
use crate::{Cx, ErrorKind, Val};

/// The arguments are not of the types the function takes.
pub(crate) fn no_overload<'a>() -> Outcome<'a> {
    Err(ErrorKind::NoSuchOverload)
}

/// A text that is being built, never larger than the evaluation may still take.
pub(crate) struct Text<'c, 'a> {
    cx: &'c mut Cx<'a>,
    out: String,
}

impl<'a> Text<'_, 'a> {
    /// The text that `write` writes, as a value.
    pub(crate) fn build(
        cx: &mut Cx<'a>,
        write: impl FnOnce(&mut Text<'_, 'a>) -> Result<(), ErrorKind>,
    ) -> Outcome<'a> {
        let mut text = Text { cx, out: String::new() };
        write(&mut text)?;
        let out = text.out;
        // Its bytes were counted as they came.
        Ok(Val::Str(cx.arena.text(&out)))
    }

    /// Adds `piece`.
    pub(crate) fn push(&mut self, piece: &str) -> Result<(), ErrorKind> {
        self.cx.reserve(piece.len())?;
        self.out.push_str(piece);
        Ok(())
    }

    /// Adds one character.
    pub(crate) fn push_char(&mut self, c: char) -> Result<(), ErrorKind> {
        self.push(c.encode_utf8(&mut [0; 4]))
    }

    /// A text built beside this one, out of the same limit.
    pub(crate) fn apart(
        &mut self,
        write: impl FnOnce(&mut Text<'_, 'a>) -> Result<(), ErrorKind>,
    ) -> Result<String, ErrorKind> {
        let mut text = Text { cx: self.cx, out: String::new() };
        write(&mut text)?;
        Ok(text.out)
    }
}
