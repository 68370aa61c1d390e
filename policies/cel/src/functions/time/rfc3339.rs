//! Timestamps as RFC 3339 writes them, read as strictly as Go's `time.RFC3339` layout does.

use std::fmt;

use super::civil::{self, Civil};

/// 0001-01-01T00:00:00Z, the earliest second there is.
pub(crate) const MIN_SECONDS: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z, the latest.
pub(crate) const MAX_SECONDS: i64 = 253_402_300_799;

/// Nanoseconds.
const SECOND: i64 = 1_000_000_000;

/// A moment and the offset it was written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// 0 to 999 999 999.
    pub nanos: u32,
    /// Seconds east of UTC.
    pub offset: i32,
}

/// Reads `2021-05-01T13:34:12.024Z` or `…+02:00`. `None` if it is not such a text, or if the moment is not in
/// the years 1 to 9999 of UTC. Digits after the ninth of a fraction are dropped.
pub(crate) fn parse(text: &str) -> Option<Written> {
    let [y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, b'T', h1, h2, b':', mi1, mi2, b':', s1, s2, rest @ ..] =
        text.as_bytes()
    else {
        return None;
    };
    let days =
        civil::days_since_epoch(number([*y1, *y2, *y3, *y4])?, number([*mo1, *mo2])?, number([*d1, *d2])?)?;
    let time = up_to(23, [*h1, *h2])? * 3600 + up_to(59, [*mi1, *mi2])? * 60 + up_to(59, [*s1, *s2])?;
    let (nanos, rest) = fraction(rest)?;
    let offset = offset(rest)?;
    let seconds = days * 86_400 + time - i64::from(offset);
    in_range(seconds).then_some(Written { seconds, nanos, offset })
}

fn number<const DIGITS: usize>(digits: [u8; DIGITS]) -> Option<i64> {
    let mut number = 0;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + i64::from(digit);
    }
    Some(number)
}

fn up_to(most: i64, digits: [u8; 2]) -> Option<i64> {
    number(digits).filter(|number| *number <= most)
}

/// The nanoseconds of a fraction, if there is one, and what follows.
fn fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    let [b'.', rest @ ..] = text else { return Some((0, text)) };
    let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = rest.split_at_checked(count)?;
    if digits.is_empty() {
        return None;
    }
    let nine = digits.iter().chain(std::iter::repeat(&b'0')).take(9);
    Some((nine.fold(0, |n, b| n * 10 + u32::from(b - b'0')), rest))
}

/// `Z`, or seconds east of UTC as `+02:00`.
fn offset(text: &[u8]) -> Option<i32> {
    let (sign, hours, minutes) = match text {
        b"Z" => return Some(0),
        [b'+', h1, h2, b':', m1, m2] => (1, [*h1, *h2], [*m1, *m2]),
        [b'-', h1, h2, b':', m1, m2] => (-1, [*h1, *h2], [*m1, *m2]),
        _ => return None,
    };
    i32::try_from(sign * (up_to(23, hours)? * 3600 + up_to(59, minutes)? * 60)).ok()
}

/// Is that second in the years 1 to 9999?
pub(crate) fn in_range(seconds: i64) -> bool {
    (MIN_SECONDS..=MAX_SECONDS).contains(&seconds)
}

impl Written {
    /// Reads RFC 3339 text as strictly as Go does. `None` for anything else, and outside the years 1 to 9999.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        parse(text)
    }

    /// Whether two moments are the same, whatever their offsets.
    #[must_use]
    pub fn same_moment(self, other: Self) -> bool {
        self.moment() == other.moment()
    }

    pub(crate) const fn moment(self) -> (i64, u32) {
        (self.seconds, self.nanos)
    }

    /// The moment so many nanoseconds later. `None` outside the years 1 to 9999.
    pub(crate) fn later(self, nanos: i64) -> Option<Self> {
        self.moved(nanos.div_euclid(SECOND), nanos.rem_euclid(SECOND))
    }

    /// The moment so many nanoseconds earlier. `None` outside the years 1 to 9999.
    pub(crate) fn earlier(self, nanos: i64) -> Option<Self> {
        self.moved(-nanos.div_euclid(SECOND), -nanos.rem_euclid(SECOND))
    }

    fn moved(self, seconds: i64, nanos: i64) -> Option<Self> {
        let nanos = i64::from(self.nanos) + nanos;
        let seconds = self.seconds + seconds + nanos.div_euclid(SECOND);
        let nanos = u32::try_from(nanos.rem_euclid(SECOND)).ok()?;
        in_range(seconds).then_some(Self { seconds, nanos, ..self })
    }

    /// Nanoseconds since 1970.
    pub(crate) fn total(self) -> i128 {
        i128::from(self.seconds) * 1_000_000_000 + i128::from(self.nanos)
    }

    /// The same moment, without its offset.
    pub(crate) fn in_utc(self) -> Self {
        Self { offset: 0, ..self }
    }

    /// Nanoseconds from `earlier` to this moment. `None` if 64 bits cannot hold them.
    pub(crate) fn since(self, earlier: Self) -> Option<i64> {
        i64::try_from(self.total() - earlier.total()).ok()
    }
}

impl From<std::time::SystemTime> for Written {
    /// Moments outside the years 1970 to 9999 become the nearest of those.
    fn from(time: std::time::SystemTime) -> Self {
        let since = time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX).min(MAX_SECONDS);
        Self { seconds, nanos: since.subsec_nanos(), offset: 0 }
    }
}

/// The shortest fraction that is exact; `Z` for no offset.
impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = Civil::from_seconds(self.seconds + i64::from(self.offset));
        write!(f, "{:04}-{:02}-{:02}", civil.year, civil.month, civil.day)?;
        write!(f, "T{:02}:{:02}:{:02}", civil.hour, civil.minute, civil.second)?;
        if self.nanos != 0 {
            let digits = format!("{:09}", self.nanos);
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        if self.offset == 0 {
            return f.write_str("Z");
        }
        let sign = if self.offset < 0 { '-' } else { '+' };
        let minutes = self.offset.unsigned_abs() / 60;
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_again() {
        for (text, seconds, written) in [
            ("2009-02-13T23:31:30Z", 1_234_567_890, "2009-02-13T23:31:30Z"),
            ("2023-02-03T23:31:20+00:00", 1_675_467_080, "2023-02-03T23:31:20Z"),
            ("2021-04-20T10:05:20.021-05:00", 1_618_931_120, "2021-04-20T10:05:20.021-05:00"),
            ("2021-04-20T10:05:20.120000000+05:30", 1_618_893_320, "2021-04-20T10:05:20.12+05:30"),
            ("1969-12-31T23:59:59.9999999999Z", -1, "1969-12-31T23:59:59.999999999Z"),
            ("0001-01-01T00:00:00Z", MIN_SECONDS, "0001-01-01T00:00:00Z"),
            ("0000-12-31T23:00:00-02:00", MIN_SECONDS + 3600, "0000-12-31T23:00:00-02:00"),
            ("9999-12-31T23:59:59Z", MAX_SECONDS, "9999-12-31T23:59:59Z"),
        ] {
            let parsed = parse(text).expect(text);
            assert_eq!((parsed.seconds, parsed.to_string().as_str()), (seconds, written));
        }
    }

    #[test]
    fn moments_are_apart_by_nanoseconds() {
        let at = |text| parse(text).expect(text);
        assert_eq!(at("2009-02-13T23:31:00Z").since(at("2009-02-13T23:29:00.5Z")), Some(119_500_000_000));
        assert_eq!(at("9999-12-31T23:59:59Z").since(at("0001-01-01T00:00:00Z")), None);
    }

    #[test]
    fn anything_looser_is_refused() {
        for text in [
            "",
            "2021-01-01",
            "2021-01-01 00:00:00Z",
            "2021-01-01t00:00:00Z",
            "2021-01-01T00:00:00z",
            "2021-01-01T00:00:60Z",
            "2021-01-01T24:00:00Z",
            "2021-02-29T00:00:00Z",
            "2021-00-01T00:00:00Z",
            "2021-1-01T00:00:00Z",
            "2021-01-01T0:00:00Z",
            "2021-01-01T00:00:00",
            "2021-01-01T00:00:00.Z",
            "2021-01-01T00:00:00,5Z",
            "2021-01-01T00:00:00+24:00",
            "2021-01-01T00:00:00+0100",
            "2021-01-01T00:00:00Z ",
            " 2021-01-01T00:00:00Z",
            "+2021-01-01T00:00:00Z",
            "2021-01-01T00:00:00ZZ",
            "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "２021-01-01T00:00:00Z",
            "2021-01-01T00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_moves_by_a_duration_and_back_within_its_years() {
        for (text, nanos, later) in [
            ("2021-01-01T00:00:00Z", 1, Some("2021-01-01T00:00:00.000000001Z")),
            ("2021-01-01T00:00:00.9Z", 200_000_000, Some("2021-01-01T00:00:01.1Z")),
            ("2021-01-01T00:00:00.1+01:00", -200_000_000, Some("2020-12-31T23:59:59.9+01:00")),
            ("1970-01-01T00:00:00Z", i64::MAX, Some("2262-04-11T23:47:16.854775807Z")),
            ("1970-01-01T00:00:00Z", i64::MIN, Some("1677-09-21T00:12:43.145224192Z")),
            ("9999-12-31T23:59:59.9Z", 100_000_000, None),
            ("0001-01-01T00:00:00Z", -1, None),
        ] {
            let moment = parse(text).expect(text);
            let moved = moment.later(nanos);
            assert_eq!(moved.map(|moved| moved.to_string()).as_deref(), later, "{text} {nanos}");
            if let Some(moved) = moved {
                assert_eq!(moved.earlier(nanos), Some(moment), "{text} {nanos}");
            }
        }
    }
}
