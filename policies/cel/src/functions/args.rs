//! What the functions share: refusing arguments, and building texts within the memory limit.

use std::fmt::{self, Write as _};

use super::Outcome;
use crate::{Cx, ErrorKind, Val};

/// The arguments are not of the types the function takes.
pub(crate) fn no_overload<'a>() -> Outcome<'a> {
    Err(ErrorKind::NoSuchOverload)
}

/// A text that is being built in the evaluation's arena, never larger than the evaluation may still take.
pub(crate) struct Text<'c, 'a> {
    cx: &'c mut Cx<'a>,
    out: bumpalo::collections::String<'a>,
}

impl<'a> Text<'_, 'a> {
    /// The text that `write` writes, as a value.
    pub(crate) fn build(
        cx: &mut Cx<'a>,
        write: impl FnOnce(&mut Text<'_, 'a>) -> Result<(), ErrorKind<'static>>,
    ) -> Outcome<'a> {
        let mut text = Text::empty(cx);
        write(&mut text)?;
        Ok(Val::Str(text.out.into_bump_str()))
    }

    fn empty<'c>(cx: &'c mut Cx<'a>) -> Text<'c, 'a> {
        let out = bumpalo::collections::String::new_in(cx.arena.bump());
        Text { cx, out }
    }

    /// Adds `piece`.
    pub(crate) fn push(&mut self, piece: &str) -> Result<(), ErrorKind<'static>> {
        self.cx.reserve(piece.len())?;
        self.out.push_str(piece);
        Ok(())
    }

    /// Adds one character.
    pub(crate) fn push_char(&mut self, c: char) -> Result<(), ErrorKind<'static>> {
        self.push(c.encode_utf8(&mut [0; 4]))
    }

    /// Adds how `value` is displayed.
    pub(crate) fn display(&mut self, value: impl fmt::Display) -> Result<(), ErrorKind<'static>> {
        // A piece is only ever refused because there is no memory left.
        write!(Pieces(self), "{value}").map_err(|_| ErrorKind::MemoryLimit)
    }

    /// A text built beside this one, out of the same limit.
    pub(crate) fn apart(
        &mut self,
        write: impl FnOnce(&mut Text<'_, 'a>) -> Result<(), ErrorKind<'static>>,
    ) -> Result<&'a str, ErrorKind<'static>> {
        let mut text = Text::empty(self.cx);
        write(&mut text)?;
        Ok(text.out.into_bump_str())
    }
}

struct Pieces<'t, 'c, 'a>(&'t mut Text<'c, 'a>);

impl fmt::Write for Pieces<'_, '_, '_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.0.push(piece).map_err(|_| fmt::Error)
    }
}
