use std::fmt;

use smallvec::SmallVec;

/// Text of which the first 64 bytes need no heap.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Text(SmallVec<[u8; 64]>);

impl Text {
    /// What it is displayed as.
    pub fn of(shown: &impl fmt::Display) -> Self {
        let mut text = Self::default();
        // Adding to it never fails; what is displayed could only fail by itself.
        let _ = fmt::write(&mut text, format_args!("{shown}"));
        text
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(SmallVec::from_slice(text.as_bytes()))
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
