//! Percent-escapes, read once and written one way.

use std::borrow::Cow;

/// The byte that the escape at `at` stands for; nothing when what follows the `%` is not two hex digits.
pub(crate) fn byte_at(bytes: &[u8], at: usize) -> Option<u8> {
    let high = digit(*bytes.get(at + 1)?)?;
    let low = digit(*bytes.get(at + 2)?)?;
    Some(high * 16 + low)
}

/// RFC 3986's `unreserved`: an escape of these means the very same as the character.
pub(crate) const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// RFC 3986's `sub-delims`, `:` and `@`: with `unreserved`, all that may stand in a segment as it is.
pub(crate) const fn is_delimiter_in_segment(byte: u8) -> bool {
    matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'@')
}

/// Text that is copied only from the first byte on that has to change.
pub(crate) struct Rewrite<'r> {
    raw: &'r str,
    changed: Option<String>,
}

impl<'r> Rewrite<'r> {
    pub(crate) const fn of(raw: &'r str) -> Self {
        Self { raw, changed: None }
    }

    /// Leaves `raw[at..end]` as it is.
    pub(crate) fn keep(&mut self, at: usize, end: usize) {
        if let Some(text) = &mut self.changed {
            text.push_str(self.raw.get(at..end).unwrap_or_default());
        }
    }

    /// Writes a character in place of what begins at `at`.
    pub(crate) fn character(&mut self, at: usize, byte: u8) {
        self.from(at).push(char::from(byte));
    }

    /// Writes an escape, upper case, in place of what begins at `at`.
    pub(crate) fn escape(&mut self, at: usize, byte: u8) {
        push_escape(self.from(at), byte);
    }

    pub(crate) fn finish(self) -> Cow<'r, str> {
        self.changed.map_or(Cow::Borrowed(self.raw), Cow::Owned)
    }

    fn from(&mut self, at: usize) -> &mut String {
        let raw = self.raw;
        self.changed.get_or_insert_with(|| {
            let mut text = String::with_capacity(raw.len() + 8);
            text.push_str(raw.get(..at).unwrap_or_default());
            text
        })
    }
}

/// Writes `%XX`.
pub(crate) fn push_escape(out: &mut String, byte: u8) {
    out.push('%');
    for nibble in [byte >> 4, byte & 15] {
        out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0').to_ascii_uppercase());
    }
}

/// The text that escaped text stands for; with `plus`, `+` stands for a space. Nothing when it is not UTF-8.
pub(crate) fn decode(text: &str, plus: bool) -> Option<Cow<'_, str>> {
    let bytes = text.as_bytes();
    if !bytes.iter().any(|b| *b == b'%' || (plus && *b == b'+')) {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, byte_at(bytes, at)) {
            (b'%', Some(decoded)) => {
                out.push(decoded);
                at += 2;
            }
            (b'+', _) if plus => out.push(b' '),
            _ => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

/// Writes any text as one path segment: whatever is not `unreserved` is escaped.
pub(crate) fn encode_segment(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if is_unreserved(byte) { out.push(char::from(byte)) } else { push_escape(out, byte) }
    }
}

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}
