//! A place in a pattern.

/// The rest of a pattern still to be read.
#[derive(Clone)]
pub(super) struct Cursor<'p>(&'p str);

impl<'p> Cursor<'p> {
    pub(super) fn new(text: &'p str) -> Self {
        Self(text)
    }

    pub(super) fn rest(&self) -> &'p str {
        self.0
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.0.chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let mut chars = self.0.chars();
        let c = chars.next();
        self.0 = chars.as_str();
        c
    }

    /// Steps over `text` if it comes next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        self.0.strip_prefix(text).map(|rest| self.0 = rest).is_some()
    }

    /// The text before `end`, stepping over both; `None`, and no step, if `end` does not come.
    pub(super) fn until(&mut self, end: &str) -> Option<&'p str> {
        let (text, rest) = self.0.split_once(end)?;
        self.0 = rest;
        Some(text)
    }

    pub(super) fn skip_all(&mut self) {
        self.0 = "";
    }

    /// After a `{`: `n}`, `n,}` or `n,m}`. Anything else is no repetition, and nothing is read.
    pub(super) fn counts(&mut self) -> Option<(u32, Option<Option<u32>>)> {
        let start = self.clone();
        let found = self.try_counts();
        if found.is_none() {
            *self = start;
        }
        found
    }

    fn try_counts(&mut self) -> Option<(u32, Option<Option<u32>>)> {
        let min = self.number()?;
        if self.eat("}") {
            return Some((min, None));
        }
        if !self.eat(",") {
            return None;
        }
        if self.eat("}") {
            return Some((min, Some(None)));
        }
        let max = self.number()?;
        self.eat("}").then_some((min, Some(Some(max))))
    }

    /// A decimal number without leading zeros; too large a number is `u32::MAX`.
    fn number(&mut self) -> Option<u32> {
        let digits = self.0.len() - self.0.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (text, rest) = self.0.split_at_checked(digits)?;
        if text.is_empty() || (text.len() > 1 && text.starts_with('0')) {
            return None;
        }
        self.0 = rest;
        Some(text.parse().unwrap_or(u32::MAX))
    }
}
