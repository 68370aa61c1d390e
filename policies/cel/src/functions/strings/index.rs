//! Strings by code point: where something is, and what is there.

/// An index that is not in the string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadIndex {
    /// Before the start or after the end.
    #[error("index out of range: {0}")]
    OutOfRange(i64),
    /// The start lies behind the end.
    #[error("invalid substring range. start: {0}, end: {1}")]
    Reversed(i64, i64),
}

/// Code points of `text`.
pub(crate) fn length(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

/// The byte at which code point `index` begins; the length of the text is an index too.
fn byte_at(text: &str, index: i64) -> Option<usize> {
    let index = usize::try_from(index).ok()?;
    if index > text.len() {
        return None;
    }
    let mut starts = text.char_indices().map(|(byte, _)| byte).chain(std::iter::once(text.len()));
    starts.nth(index)
}

/// The code point at `index` as a string; nothing at the very end.
pub(crate) fn char_at(text: &str, index: i64) -> Result<&str, BadIndex> {
    let rest = byte_at(text, index).and_then(|byte| text.get(byte..)).ok_or(BadIndex::OutOfRange(index))?;
    let width = rest.chars().next().map_or(0, char::len_utf8);
    Ok(rest.get(..width).unwrap_or_default())
}

/// The code points from `start` up to `end`, or to the end of the text.
pub(crate) fn substring(text: &str, start: i64, end: Option<i64>) -> Result<&str, BadIndex> {
    if let Some(end) = end.filter(|end| start > *end) {
        return Err(BadIndex::Reversed(start, end));
    }
    let from = byte_at(text, start).ok_or(BadIndex::OutOfRange(start))?;
    let to = match end {
        Some(end) => byte_at(text, end).ok_or(BadIndex::OutOfRange(end))?,
        None => text.len(),
    };
    Ok(text.get(from..to).unwrap_or_default())
}

/// The first place of `wanted` at or after `from`; -1 if there is none.
pub(crate) fn index_of(text: &str, wanted: &str, from: i64) -> Result<i64, BadIndex> {
    if from < 0 {
        return Err(BadIndex::OutOfRange(from));
    }
    if wanted.is_empty() {
        return Ok(from.min(length(text)));
    }
    let byte = byte_at(text, from).ok_or(BadIndex::OutOfRange(from))?;
    let rest = text.get(byte..).unwrap_or_default();
    let found = rest.split_once(wanted).map(|(before, _)| length(before));
    Ok(found.map_or(-1, |at| at.saturating_add(from)))
}

/// The last place of `wanted`; -1 if there is none.
pub(crate) fn last_index_of(text: &str, wanted: &str) -> i64 {
    text.rsplit_once(wanted).map_or(-1, |(before, _)| length(before))
}

/// The last place of `wanted` that is not after `until`; -1 if there is none.
pub(crate) fn last_index_of_until(text: &str, wanted: &str, until: i64) -> Result<i64, BadIndex> {
    let out_of_range = BadIndex::OutOfRange(until);
    if wanted.is_empty() && until >= 0 {
        return Ok(until.min(length(text)));
    }
    let byte = byte_at(text, until).filter(|byte| *byte < text.len()).ok_or(out_of_range)?;
    let end = text.len().min(byte.saturating_add(wanted.len()));
    // The wanted text may begin at `byte` at the latest; a cut inside of a character means it does not fit.
    let end = (byte..=end).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(byte);
    Ok(last_index_of(text.get(..end).unwrap_or_default(), wanted))
}

#[cfg(test)]
mod tests {
    use super::BadIndex::{OutOfRange, Reversed};
    use super::*;

    #[test]
    fn characters_are_counted_not_bytes() {
        assert_eq!(length("ta©o©αT"), 7);
        for (at, expected) in [(0, Ok("t")), (2, Ok("©")), (5, Ok("α")), (7, Ok("")), (8, Err(OutOfRange(8)))]
        {
            assert_eq!(char_at("ta©o©αT", at), expected);
        }
        assert_eq!(char_at("tacocat", -1), Err(OutOfRange(-1)));
        assert_eq!(char_at("tacocat", i64::MIN), Err(OutOfRange(i64::MIN)));
    }

    #[test]
    fn substrings_say_what_is_wrong() {
        for (start, end, expected) in [
            (2, Some(6), Ok("©o©α")),
            (4, Some(4), Ok("")),
            (7, None, Ok("")),
            (3, None, Ok("o©αT")),
            (40, None, Err(OutOfRange(40))),
            (-1, None, Err(OutOfRange(-1))),
            (1, Some(50), Err(OutOfRange(50))),
            (-3, Some(2), Err(OutOfRange(-3))),
            (4, Some(3), Err(Reversed(4, 3))),
        ] {
            assert_eq!(substring("ta©o©αT", start, end), expected);
        }
    }

    #[test]
    fn places_are_found_from_the_front() {
        for (wanted, from, expected) in [
            ("", 0, Ok(0)),
            ("", 3, Ok(3)),
            ("©", 0, Ok(2)),
            ("©", 3, Ok(4)),
            ("©α", 5, Ok(-1)),
            ("T", 7, Ok(-1)),
            ("T", 40, Err(OutOfRange(40))),
            ("", 40, Ok(7)),
            ("", -1, Err(OutOfRange(-1))),
            ("T", -1, Err(OutOfRange(-1))),
        ] {
            assert_eq!(index_of("ta©o©αT", wanted, from), expected, "{wanted} {from}");
        }
    }

    #[test]
    fn places_are_found_from_the_back() {
        assert_eq!(
            (last_index_of("tacocat", ""), last_index_of("", "@@"), last_index_of("ta©o©αT", "©")),
            (7, -1, 4)
        );
        for (text, wanted, until, expected) in [
            ("tacocat", "a", 3, Ok(1)),
            ("tacocat", "at", 5, Ok(5)),
            ("tacocat", "at", 4, Ok(-1)),
            ("tacocat", "tacocat", 6, Ok(0)),
            ("tacocat", "", 2, Ok(2)),
            ("tacocat", "", 20, Ok(7)),
            ("tacocat", "", -1, Err(OutOfRange(-1))),
            ("ta©o©αT", "©", 3, Ok(2)),
            ("ta©o©αT", "o©", 3, Ok(3)),
            ("ta©o©αT", "oα", 3, Ok(-1)),
            ("tacocat", "a", 7, Err(OutOfRange(7))),
            ("tacocat", "a", -1, Err(OutOfRange(-1))),
            ("", "a", 0, Err(OutOfRange(0))),
        ] {
            assert_eq!(last_index_of_until(text, wanted, until), expected, "{text} {wanted} {until}");
        }
    }
}
