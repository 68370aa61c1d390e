//! Doubles as Go writes them.

use std::fmt::Write as _;

/// The shortest text that reads back as the same number, without an exponent (Go's `'f'`, -1).
pub(crate) fn plain(value: f64) -> String {
    match special(value) {
        Some(name) => name.to_owned(),
        None => format!("{value}"),
    }
}

/// The shortest text, with an exponent below 1e-4 and from 1e6 on (Go's `%g`). Infinities are `+Inf` and `-Inf`.
pub(crate) fn general(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let exponent = exponent_of(value);
    if value.is_nan() || value == 0.0 || (-4..6).contains(&exponent) {
        return format!("{value}");
    }
    two_digit_exponent(&format!("{value:e}"))
}

/// That many digits after the point, no exponent.
pub(crate) fn fixed(value: f64, precision: usize) -> String {
    match special(value) {
        Some(name) => name.to_owned(),
        None => format!("{value:.precision$}"),
    }
}

/// One digit, that many after the point, and an exponent of at least two digits.
pub(crate) fn scientific(value: f64, precision: usize) -> String {
    match special(value) {
        Some(name) => name.to_owned(),
        None => two_digit_exponent(&format!("{value:.precision$e}")),
    }
}

fn special(value: f64) -> Option<&'static str> {
    match value {
        _ if value.is_nan() => Some("NaN"),
        f64::INFINITY => Some("Infinity"),
        f64::NEG_INFINITY => Some("-Infinity"),
        _ => None,
    }
}

/// The decimal exponent of the shortest text of a finite number.
fn exponent_of(value: f64) -> i32 {
    let text = format!("{value:e}");
    text.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0)
}

/// `1.5e3` becomes `1.5e+03`.
fn two_digit_exponent(text: &str) -> String {
    let Some((digits, exponent)) = text.split_once('e') else { return text.to_owned() };
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
    let mut out = digits.to_owned();
    // Writing to a `String` cannot fail.
    let _ = write!(out, "e{sign}{exponent:0>2}");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_print_as_in_go() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-4.5e-3, "-0.0045"),
            (1e-4, "0.0001"),
            (1.5e-5, "1.5e-05"),
            (123_456.5, "123456.5"),
            (1e6, "1e+06"),
            (123_456_789.5, "1.234567895e+08"),
            (1e20, "1e+20"),
            (1e21, "1e+21"),
            (6.022e23, "6.022e+23"),
            (1e100, "1e+100"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(general(value), expected);
        }
    }

    #[test]
    fn precision_rounds_half_to_even_on_the_exact_value() {
        assert_eq!(
            [fixed(1.5, 0), fixed(2.5, 0), fixed(1.2345, 3), fixed(-1.2, 5)],
            ["2", "2", "1.234", "-1.20000"]
        );
        assert_eq!(scientific(1_052.032_911_275, 6), "1.052033e+03");
        assert_eq!([scientific(2.0, 6), scientific(1e-100, 0)], ["2.000000e+00", "1e-100"]);
        assert_eq!([fixed(f64::NAN, 2), scientific(f64::NEG_INFINITY, 2)], ["NaN", "-Infinity"]);
        assert_eq!(
            [plain(1e21), plain(0.1), plain(f64::INFINITY)],
            ["1000000000000000000000", "0.1", "Infinity"]
        );
    }
}
