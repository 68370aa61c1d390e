//! Days and dates of the proleptic Gregorian calendar, in whole numbers.

/// A date and a time of day, without a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil {
    /// Year; 0 and negative years exist, because a zone can move a moment of year 1 there.
    pub(crate) year: i64,
    /// 1 to 12.
    pub(crate) month: i64,
    /// 1 to 31.
    pub(crate) day: i64,
    /// 1 to 366.
    pub(crate) day_of_year: i64,
    /// 0 is Sunday.
    pub(crate) weekday: i64,
    /// 0 to 23.
    pub(crate) hour: i64,
    /// 0 to 59.
    pub(crate) minute: i64,
    /// 0 to 59.
    pub(crate) second: i64,
}

const DAY: i64 = 86_400;
const DAYS_BEFORE_MONTH: [i64; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

impl Civil {
    /// The date and time of day that many seconds after 1970-01-01T00:00:00. Exact for any year of five digits.
    pub(crate) fn from_seconds(seconds: i64) -> Self {
        let (days, time) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
        // Counted in eras of 400 years that begin on 1 March, so that a leap day is the last of its year.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_march_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_march_year + 2) / 153;
        let day = day_of_march_year - (153 * march_month + 2) / 5 + 1;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self {
            year,
            month,
            day,
            day_of_year: days_before(year, month) + day,
            weekday: (days + 4).rem_euclid(7),
            hour: time / 3600,
            minute: time / 60 % 60,
            second: time % 60,
        }
    }
}

/// Days from 1970-01-01 to that date. `None` if there is no such day.
pub(crate) fn days_since_epoch(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || day < 1 || (day > 28 && day > days_in(year, month)) {
        return None;
    }
    let before = year - 1;
    let days = before * 365 + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
    Some(days + days_before(year, month) + day - 1 - 719_162)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    days_before(year, month + 1) - days_before(year, month)
}

/// Days of the year before the first of that month; month 13 asks for the length of the year.
fn days_before(year: i64, month: i64) -> i64 {
    let at = usize::try_from(month - 1).unwrap_or(0);
    let days = DAYS_BEFORE_MONTH.get(at).copied().unwrap_or(0);
    days + i64::from(month > 2 && is_leap(year))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_eight_centuries_survives_the_way_there_and_back() {
        let mut weekday = Civil::from_seconds(-62_135_596_800).weekday;
        for days in -719_162..(-719_162 + 292_194) {
            let civil = Civil::from_seconds(days * DAY);
            assert_eq!(days_since_epoch(civil.year, civil.month, civil.day), Some(days));
            assert_eq!(civil.weekday, weekday);
            weekday = (weekday + 1) % 7;
        }
    }

    #[test]
    fn known_days_are_where_the_calendar_says() {
        assert_eq!(days_since_epoch(1970, 1, 1), Some(0));
        assert_eq!(days_since_epoch(2000, 2, 29), Some(11_016));
        assert_eq!(days_since_epoch(1900, 2, 29), None);
        assert_eq!(days_since_epoch(2021, 13, 1), None);
        let civil = Civil::from_seconds(1_234_567_890);
        assert_eq!(
            (civil.year, civil.month, civil.day, civil.day_of_year, civil.weekday),
            (2009, 2, 13, 44, 5)
        );
        assert_eq!((civil.hour, civil.minute, civil.second), (23, 31, 30));
        assert_eq!(Civil::from_seconds(951_782_400 + 366 * DAY).day_of_year, 60);
    }
}
