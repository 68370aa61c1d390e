//! How far east of UTC a zone is at a moment. The zone database is built in: nothing is read from the machine.

use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Seconds east of UTC of `zone` at that second. `zone` is a name of the IANA database, in its own spelling, or
/// an offset `+05:30`, `-09:30`, `02:00`. `None` if it is neither.
pub(crate) fn offset_at(zone: &str, seconds: i64) -> Option<i64> {
    if zone.contains(':') {
        return fixed(zone);
    }
    if matches!(zone, "" | "UTC") {
        return Some(0);
    }
    let known = ZONES.get(zone).ok().filter(|found| spelled(found, zone))?;
    // jiff's last moment is a day before the year 9999 ends; no zone changes in between.
    let moment = jiff::Timestamp::from_second(seconds.min(jiff::Timestamp::MAX.as_second())).ok()?;
    Some(i64::from(known.to_offset(moment).seconds()))
}

/// Names are case-sensitive, as they are where the database is a folder of files.
fn spelled(zone: &TimeZone, name: &str) -> bool {
    zone.iana_name() == Some(name)
}

/// `[+-]HH:MM`, where `24:00` and more are as many hours and minutes.
fn fixed(text: &str) -> Option<i64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (hours, minutes) = unsigned.split_once(':')?;
    let number = |digits: &str| {
        let valid = (1..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        valid.then(|| digits.parse::<i64>().ok()).flatten()
    };
    let seconds = number(hours)? * 3600 + number(minutes)? * 60;
    Some(if text.starts_with('-') { -seconds } else { seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_and_offsets_are_found() {
        for (zone, offset) in [
            ("UTC", Some(0)),
            ("", Some(0)),
            ("Etc/UTC", Some(0)),
            ("America/New_York", Some(-5 * 3600)),
            ("US/Central", Some(-6 * 3600)),
            ("NZ", Some(13 * 3600)),
            ("Asia/Kolkata", Some(19_800)),
            ("+05:30", Some(19_800)),
            ("-09:30", Some(-34_200)),
            ("02:00", Some(7_200)),
            ("-00:00", Some(0)),
            ("23:15", Some(83_700)),
            ("24:00", Some(86_400)),
            ("+01:60", Some(7_200)),
            ("-12:75", Some(-47_700)),
            ("+99999:00", None),
            ("1:2:3", None),
            ("+-1:00", None),
            (":30", None),
            ("america/new_york", None),
            ("../etc/passwd", None),
            ("Local", None),
            ("Nowhere/City", None),
        ] {
            assert_eq!(offset_at(zone, 1_234_567_890), offset, "{zone}");
        }
    }

    #[test]
    fn daylight_saving_moves_the_offset() {
        assert_eq!(offset_at("America/New_York", 1_625_000_000), Some(-4 * 3600));
    }

    #[test]
    fn the_first_and_the_last_second_have_offsets() {
        assert!(offset_at("America/New_York", super::super::rfc3339::MIN_SECONDS).is_some());
        assert!(offset_at("America/New_York", super::super::rfc3339::MAX_SECONDS).is_some());
    }
}
