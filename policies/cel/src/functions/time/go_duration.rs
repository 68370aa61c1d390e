//! Durations as Go's `time.ParseDuration` reads them: exact to the nanosecond, nothing left over.

use std::fmt;

/// Reads `1h30m`, `-1.5s`, `250ms`, `10µs`, `0`. `None` if the text is anything else, or too long a time for
/// 64 bits of nanoseconds.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let (negative, unsigned) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    if unsigned == "0" {
        return Some(0);
    }
    if unsigned.is_empty() {
        return None;
    }
    let mut rest = unsigned;
    let mut nanos: u64 = 0;
    while !rest.is_empty() {
        let (part, after) = part(rest)?;
        nanos = nanos.checked_add(part).filter(|n| *n <= i64::MIN.unsigned_abs())?;
        rest = after;
    }
    if negative { 0_i64.checked_sub_unsigned(nanos) } else { i64::try_from(nanos).ok() }
}

/// One number with its unit, in nanoseconds, and what follows it.
fn part(text: &str) -> Option<(u64, &str)> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(after) => digits(after),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (unit, rest) =
        rest.split_at_checked(rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len()))?;
    let unit = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let nanos = whole.checked_mul(unit)?.checked_add(fraction_of(fraction, unit))?;
    Some((nanos, rest))
}

/// That decimal fraction of a unit; parts of a nanosecond are dropped. In doubles, and from as many digits as 63 bits
/// hold, so that `0.3333333333333333333h` is twenty minutes.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "less than a unit, of which the largest has 13 digits"
)]
fn fraction_of(digits: &str, unit: u64) -> u64 {
    const MOST: u64 = i64::MAX.unsigned_abs();
    let (mut value, mut scale) = (0_u64, 1.0_f64);
    for digit in digits.bytes().map(|digit| u64::from(digit - b'0')) {
        if value > MOST / 10 || value * 10 + digit > MOST + 1 {
            break;
        }
        value = value * 10 + digit;
        scale *= 10.0;
    }
    (value as f64 * (unit as f64 / scale)) as u64
}

fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// A duration as CEL prints it: seconds as a double, and `s`. Nanoseconds of more than some weeks are rounded away.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seconds(
    /// Nanoseconds.
    pub(crate) i64,
);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[expect(clippy::cast_precision_loss, reason = "whole seconds are below 2^53")]
        let (seconds, nanos) = ((self.0 / 1_000_000_000) as f64, (self.0 % 1_000_000_000) as f64);
        write!(f, "{}s", seconds + nanos / 1e9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_and_fraction_is_exact() {
        for (text, nanos, printed) in [
            ("0", 0, "0s"),
            ("-0", 0, "0s"),
            ("1h30m", 5_400_000_000_000, "5400s"),
            ("-1.5h", -5_400_000_000_000, "-5400s"),
            ("+1s", 1_000_000_000, "1s"),
            ("1µs", 1_000, "0.000001s"),
            ("1μs", 1_000, "0.000001s"),
            ("1us", 1_000, "0.000001s"),
            ("1h1m1s1ms1us1ns", 3_661_001_001_001, "3661.001001001s"),
            (".5s", 500_000_000, "0.5s"),
            ("1.s", 1_000_000_000, "1s"),
            ("9007199254740993ns", 9_007_199_254_740_993, "9007199.254740993s"),
            ("0.3333333333333333333h", 1_200_000_000_000, "1200s"),
            ("0.100000000000000000000h", 360_000_000_000, "360s"),
            ("9223372036854775807ns", i64::MAX, "9223372036.854776s"),
            ("-9223372036854775808ns", i64::MIN, "-9223372036.854776s"),
            ("27777h46m40.000000001s", 100_000_000_000_000_001, "100000000s"),
            ("277h46m40.000000001s", 1_000_000_000_000_001, "1000000.000000001s"),
            ("1m1m", 120_000_000_000, "120s"),
            ("007s", 7_000_000_000, "7s"),
        ] {
            assert_eq!(parse(text), Some(nanos), "{text}");
            assert_eq!(Seconds(nanos).to_string(), printed);
        }
    }

    #[test]
    fn a_mistyped_duration_is_never_a_different_one() {
        for text in [
            "",
            "-",
            "+",
            "5months",
            "24hours",
            "1h foo",
            "1h30",
            "1h 30m",
            "1h-30m",
            "1e3s",
            "1d",
            "1w",
            "1y",
            "s",
            ".s",
            "1",
            "1S",
            "1H",
            "00",
            "--1s",
            " 1s",
            "1s ",
            "1..5s",
            "٣s",
            "320000000000s",
            "9223372036854775808ns",
            "-9223372036854775809ns",
            "18446744073709551616ns",
            "99999999999999999999h",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
