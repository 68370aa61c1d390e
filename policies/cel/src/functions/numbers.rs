//! Conversions between numbers and from texts, with the ranges the CEL specification sets.

/// A text as an `int`: decimal digits with an optional sign.
pub(crate) fn int_from_text(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// A text as a `uint`: decimal digits, no sign.
pub(crate) fn uint_from_text(text: &str) -> Option<u64> {
    text.parse().ok().filter(|_| !text.starts_with('+'))
}

/// A text as a `double`: a decimal number that is not too large, with underscores between digits if need be; an
/// infinity with or without a sign; `NaN`.
pub(crate) fn double_from_text(text: &str) -> Option<f64> {
    let value: f64 =
        if text.contains('_') { without_underscores(text)?.parse() } else { text.parse() }.ok()?;
    let named = text.bytes().all(|b| !b.is_ascii_digit());
    let signed_nan = value.is_nan() && text.starts_with(['+', '-']);
    ((value.is_finite() || named) && !signed_nan).then_some(value)
}

fn without_underscores(text: &str) -> Option<String> {
    let is_digit = |part: Option<char>| part.is_some_and(|c| c.is_ascii_digit());
    let mut parts = text.split('_').peekable();
    let mut joined = String::with_capacity(text.len());
    while let Some(part) = parts.next() {
        joined.push_str(part);
        let next = parts.peek().map(|next| next.chars().next());
        if next.is_some_and(|next| !is_digit(part.chars().next_back()) || !is_digit(next)) {
            return None;
        }
    }
    Some(joined)
}

/// `1 t T TRUE true True 0 f F FALSE false False`.
pub(crate) fn bool_from_text(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// The whole part of a double, if it lies strictly between the smallest and the largest `int`.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
pub(crate) fn int_from_double(value: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    (value > -LIMIT && value < LIMIT).then_some(value as i64)
}

/// The whole part of a double that is neither negative nor too large.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
pub(crate) fn uint_from_double(value: f64) -> Option<u64> {
    const LIMIT: f64 = 18_446_744_073_709_551_616.0;
    (0.0..LIMIT).contains(&value).then_some(value as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_to_the_last_character() {
        for (text, int, uint) in [
            ("42", Some(42), Some(42)),
            ("+1", Some(1), None),
            ("-1", Some(-1), None),
            ("-9223372036854775808", Some(i64::MIN), None),
            ("9223372036854775808", None, Some(1 << 63)),
            ("18446744073709551616", None, None),
            ("0x10", None, None),
            (" 1", None, None),
            ("1_000", None, None),
            ("1.0", None, None),
            ("", None, None),
        ] {
            assert_eq!((int_from_text(text), uint_from_text(text)), (int, uint), "{text}");
        }
        for (text, expected) in [
            ("6.02214e23", Some(6.022_14e23)),
            (".5", Some(0.5)),
            ("1.", Some(1.0)),
            ("-0.0", Some(-0.0)),
            ("Infinity", Some(f64::INFINITY)),
            ("-inf", Some(f64::NEG_INFINITY)),
            ("1e400", None),
            (" 1", None),
            ("1_000.5", Some(1000.5)),
            ("1__0", None),
            ("1_", None),
            ("_1", None),
            ("1_.5", None),
            ("-nan", None),
            ("infin", None),
            ("", None),
        ] {
            assert_eq!(double_from_text(text), expected, "{text}");
        }
        assert!(double_from_text("NaN").is_some_and(f64::is_nan));
        assert_eq!(
            [bool_from_text("T"), bool_from_text("False"), bool_from_text("FaLsE")],
            [Some(true), Some(false), None]
        );
    }

    #[test]
    fn doubles_out_of_range_are_no_integers() {
        for (value, int, uint) in [
            (1.9, Some(1), Some(1)),
            (-7.9, Some(-7), None),
            (-0.5, Some(0), None),
            (-0.0, Some(0), Some(0)),
            (9_223_372_036_854_774_784.0, Some(9_223_372_036_854_774_784), Some(9_223_372_036_854_774_784)),
            (9_223_372_036_854_775_807.0, None, Some(1 << 63)),
            (-9_223_372_036_854_775_808.0, None, None),
            (18_446_744_073_709_551_615.0, None, None),
            (f64::NAN, None, None),
            (f64::INFINITY, None, None),
        ] {
            assert_eq!((int_from_double(value), uint_from_double(value)), (int, uint), "{value}");
        }
    }
}
