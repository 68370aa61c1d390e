use std::borrow::Cow;

use crate::escape::{self, Rewrite, byte_at, is_delimiter_in_segment, is_unreserved};

/// The most bytes that a path, or a query, may have.
pub const MAX_BYTES: usize = 8 * 1024;
/// The most segments that a path may have.
pub const MAX_SEGMENTS: usize = 128;

/// A request path that has exactly one reading, in the one spelling that is both judged and forwarded.
///
/// Only [`Path::parse`] makes one. In its text
///
/// * an escape stands for a character only where the character itself may not stand (a space, `"`, a byte of UTF-8
///   beyond ASCII …) and for `+`, which some upstreams read as a space; escapes are upper case;
/// * no segment but the last is empty, none is `.` or `..`, none has a `;`, a control, a slash or a backslash, in any
///   spelling;
/// * no second decoding finds anything left to decode.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path<'r>(Cow<'r, str>);

/// Why a path is refused. Every one of them has more than one reading, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Does not begin with `/`: the absolute, authority and asterisk forms among them.
    #[error("the path does not begin with a slash")]
    NotAbsolute,
    /// `/a/../b`, `/a/./b`, or their escaped forms.
    #[error("the path has a dot segment")]
    DotSegment,
    /// `/a//b`.
    #[error("the path has an empty segment")]
    EmptySegment,
    /// `%2F` or `%5C`.
    #[error("the path has an escaped slash or backslash")]
    EscapedSeparator,
    /// `\`.
    #[error("the path has a backslash")]
    Backslash,
    /// `;`, escaped or not: some upstreams cut a segment there, others do not.
    #[error("the path has a semicolon")]
    Parameter,
    /// An escaped control character, NUL among them.
    #[error("the path has an escaped control character")]
    Control,
    /// A `%` without two hex digits.
    #[error("the request target has a broken percent-escape")]
    BadEscape,
    /// `%25` followed by two hex digits: decoded twice, it would be something else.
    #[error("the path is escaped twice")]
    DoubleEscape,
    /// A space, a control or a byte beyond ASCII, as it is.
    #[error("the request target has a byte that must be escaped")]
    RawByte,
    /// Escapes that are not UTF-8 when decoded, overlong forms among them.
    #[error("the path is not UTF-8")]
    NotUtf8,
    /// `#`: a fragment is not sent.
    #[error("the request target has a fragment")]
    Fragment,
    /// An escaped NUL in the query.
    #[error("the query has an escaped NUL")]
    QueryNul,
    /// More than [`MAX_BYTES`] bytes in the path, or in the query.
    #[error("the request target is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// More than [`MAX_SEGMENTS`] segments.
    #[error("the path has more than {MAX_SEGMENTS} segments")]
    TooManySegments,
}

impl PathError {
    /// A stable name for the record and the metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAbsolute => "request/path-not-absolute",
            Self::DotSegment => "request/dot-segment",
            Self::EmptySegment => "request/empty-segment",
            Self::EscapedSeparator => "request/escaped-separator",
            Self::Backslash => "request/backslash",
            Self::Parameter => "request/path-parameter",
            Self::Control => "request/control-character",
            Self::BadEscape => "request/bad-escape",
            Self::DoubleEscape => "request/double-escape",
            Self::RawByte => "request/raw-byte",
            Self::NotUtf8 => "request/not-utf8",
            Self::Fragment => "request/fragment",
            Self::QueryNul => "request/query-nul",
            Self::TooLong => "request/target-too-long",
            Self::TooManySegments => "request/too-many-segments",
        }
    }

    /// 414 for a target that is too long, 400 for every other.
    #[must_use]
    pub const fn status(self) -> http::StatusCode {
        match self {
            Self::TooLong | Self::TooManySegments => http::StatusCode::URI_TOO_LONG,
            _ => http::StatusCode::BAD_REQUEST,
        }
    }
}

impl<'r> Path<'r> {
    /// Accepts a path that the gateway, the policies and the upstream will all read the same way, and spells it
    /// canonically. Borrows when it is canonical already.
    ///
    /// # Errors
    /// The first ambiguity.
    pub fn parse(raw: &'r str) -> Result<Self, PathError> {
        if raw.len() > MAX_BYTES {
            return Err(PathError::TooLong);
        }
        if !raw.starts_with('/') {
            return Err(PathError::NotAbsolute);
        }
        let text = canonical(raw)?;
        check_segments(&text)?;
        Ok(Self(text))
    }

    /// The path as it is judged and forwarded.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The segments between the slashes, still escaped. Only the last one can be empty: `/a/` is `a` and nothing.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.after_slash().split('/')
    }

    /// All but the first slash.
    pub(crate) fn after_slash(&self) -> &str {
        self.0.get(1..).unwrap_or_default()
    }

    /// The same path, owning its text.
    #[must_use]
    pub fn into_owned(self) -> Path<'static> {
        Path(Cow::Owned(self.0.into_owned()))
    }
}

/// The text that a part of a [`Path`] stands for.
pub(crate) fn decoded(part: &str) -> Cow<'_, str> {
    // `Path::parse` made sure that it is UTF-8; text that it never saw stays as it is.
    escape::decode(part, false).unwrap_or(Cow::Borrowed(part))
}

fn canonical(raw: &str) -> Result<Cow<'_, str>, PathError> {
    let bytes = raw.as_bytes();
    let mut text = Rewrite::of(raw);
    let mut beyond_ascii = false;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let length = match byte {
            b'%' => {
                beyond_ascii |= canonical_escape(&mut text, bytes, at)?;
                3
            }
            _ => {
                canonical_byte(&mut text, byte, at)?;
                1
            }
        };
        at += length;
    }
    let text = text.finish();
    if beyond_ascii {
        let decoded = escape::decode(&text, false).ok_or(PathError::NotUtf8)?;
        if decoded.chars().any(char::is_control) {
            return Err(PathError::Control);
        }
    }
    Ok(text)
}

fn canonical_byte(text: &mut Rewrite<'_>, byte: u8, at: usize) -> Result<(), PathError> {
    match byte {
        b';' => return Err(PathError::Parameter),
        b'\\' => return Err(PathError::Backslash),
        b'#' => return Err(PathError::Fragment),
        b'/' => text.keep(at, at + 1),
        _ if is_unreserved(byte) || is_delimiter_in_segment(byte) => text.keep(at, at + 1),
        // Clients send these as they are although they may not; the upstream gets the one proper spelling.
        b'"' | b'<' | b'>' | b'[' | b']' | b'^' | b'`' | b'{' | b'|' | b'}' => text.escape(at, byte),
        _ => return Err(PathError::RawByte),
    }
    Ok(())
}

/// Whether the escape is a byte of a character beyond ASCII.
fn canonical_escape(text: &mut Rewrite<'_>, bytes: &[u8], at: usize) -> Result<bool, PathError> {
    let byte = byte_at(bytes, at).ok_or(PathError::BadEscape)?;
    match byte {
        b'/' | b'\\' => return Err(PathError::EscapedSeparator),
        b';' => return Err(PathError::Parameter),
        0..0x20 | 0x7f => return Err(PathError::Control),
        b'+' => keep_escape(text, bytes, at, byte),
        _ if is_unreserved(byte) || is_delimiter_in_segment(byte) => text.character(at, byte),
        _ => keep_escape(text, bytes, at, byte),
    }
    Ok(byte >= 0x80)
}

/// An escape stays one, in upper case.
pub(crate) fn keep_escape(text: &mut Rewrite<'_>, bytes: &[u8], at: usize, byte: u8) {
    let digits = bytes.get(at + 1..at + 3).unwrap_or_default();
    if digits.iter().any(u8::is_ascii_lowercase) {
        text.escape(at, byte);
    } else {
        text.keep(at, at + 3);
    }
}

fn check_segments(text: &str) -> Result<(), PathError> {
    let mut segments = text.get(1..).unwrap_or_default().split('/').peekable();
    let mut count = 0;
    while let Some(segment) = segments.next() {
        count += 1;
        match segment {
            "." | ".." => return Err(PathError::DotSegment),
            "" if segments.peek().is_some() => return Err(PathError::EmptySegment),
            _ if is_escaped_twice(segment) => return Err(PathError::DoubleEscape),
            _ => {}
        }
    }
    if count > MAX_SEGMENTS { Err(PathError::TooManySegments) } else { Ok(()) }
}

fn is_escaped_twice(segment: &str) -> bool {
    let hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    segment.match_indices("%25").any(|(at, _)| {
        let bytes = segment.as_bytes();
        hex(bytes.get(at + 3)) && hex(bytes.get(at + 4))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{MAX_BYTES, MAX_SEGMENTS, Path, PathError};

    #[test]
    fn a_path_with_one_reading_is_spelled_one_way() {
        for (raw, canonical) in [
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("/a/b/", "/a/b/"),
            ("/%61dmin", "/admin"),
            ("/a%2Db%7e", "/a-b~"),
            ("/user%40example.test", "/user@example.test"),
            ("/a%2bb", "/a%2Bb"),
            ("/a+b", "/a+b"),
            ("/caf%c3%a9", "/caf%C3%A9"),
            ("/a%20b", "/a%20b"),
            ("/100%25", "/100%25"),
            ("/a|b{c}", "/a%7Cb%7Bc%7D"),
            ("/a*b", "/a*b"),
            ("/...", "/..."),
            ("/.well-known/x", "/.well-known/x"),
        ] {
            assert_eq!(Path::parse(raw).unwrap().as_str(), canonical, "{raw}");
        }
    }

    #[test]
    fn a_path_with_two_readings_is_refused() {
        use PathError as E;
        for (raw, why) in [
            ("", E::NotAbsolute),
            ("*", E::NotAbsolute),
            ("admin/x", E::NotAbsolute),
            ("http://a.test/x", E::NotAbsolute),
            ("/public/../admin", E::DotSegment),
            ("/public/./admin", E::DotSegment),
            ("/public/..", E::DotSegment),
            ("/public/%2e%2e/admin", E::DotSegment),
            ("/public/.%2E/admin", E::DotSegment),
            ("/public/..%2fadmin", E::EscapedSeparator),
            ("/public%2F..%2fadmin", E::EscapedSeparator),
            ("/public/..%5cadmin", E::EscapedSeparator),
            ("/public/..\\admin", E::Backslash),
            ("/public/%252e%252e/admin", E::DoubleEscape),
            ("/a%25%32%66b", E::DoubleEscape),
            ("/a%25252f", E::DoubleEscape),
            ("/public/..;/admin", E::Parameter),
            ("/admin;x=y/action", E::Parameter),
            ("/admin%3bx", E::Parameter),
            ("//admin/x", E::EmptySegment),
            ("/public//x", E::EmptySegment),
            ("/admin//", E::EmptySegment),
            ("/a#/b", E::Fragment),
            ("/files/%00", E::Control),
            ("/files/a%0a", E::Control),
            ("/files/a%7f", E::Control),
            ("/files/a%c2%85", E::Control),
            ("/files/\u{e9}", E::RawByte),
            ("/files/a b", E::RawByte),
            ("/files/a?b", E::RawByte),
            ("/files/a\tb", E::RawByte),
            ("/%c0%ae%c0%ae/x", E::NotUtf8),
            ("/a%ff", E::NotUtf8),
            ("/a%zz", E::BadEscape),
            ("/a%4", E::BadEscape),
            ("/a%", E::BadEscape),
        ] {
            assert_eq!(Path::parse(raw), Err(why), "{raw}");
        }
    }

    #[test]
    fn a_path_is_bounded_in_bytes_and_segments() {
        let long = format!("/{}", "a".repeat(MAX_BYTES));
        assert_eq!(Path::parse(&long), Err(PathError::TooLong));
        let deep = "/a".repeat(MAX_SEGMENTS + 1);
        assert_eq!(Path::parse(&deep), Err(PathError::TooManySegments));
        assert!(Path::parse(&"/a".repeat(MAX_SEGMENTS)).is_ok());
    }

    #[test]
    fn a_canonical_path_is_borrowed() {
        for raw in ["/a/b", "/caf%C3%A9", "/100%25", "/a%2Bb"] {
            assert!(matches!(Path::parse(raw).unwrap().0, std::borrow::Cow::Borrowed(_)), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn a_canonical_path_reads_as_itself(raw in "/([a-zA-Z0-9.+;:@ |\\\\/{}]|%[0-9a-fA-F]{2}|%25|%2e){0,24}") {
            if let Ok(path) = Path::parse(&raw) {
                let again = Path::parse(path.as_str()).unwrap();
                prop_assert_eq!(&again, &path);
                prop_assert_eq!(super::decoded(path.as_str()), super::decoded(&raw));
            }
        }

        #[test]
        fn no_bytes_upset_it(raw in "\\PC{0,40}") {
            let _ = Path::parse(&raw);
        }
    }
}
