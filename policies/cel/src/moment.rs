use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::functions::time::{
    go_duration::{self, Seconds},
    rfc3339::{self, Written},
};

/// A moment between the years 1 and 9999, to the nanosecond, and the offset it was written with.
#[derive(Clone, Copy, Debug)]
pub struct Timestamp(Written);

impl Timestamp {
    /// Reads RFC 3339 text as strictly as Go does.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        rfc3339::parse(text).map(Self)
    }

    /// A moment in UTC. `None` outside the years 1 to 9999, or for a billion nanoseconds and more.
    #[must_use]
    pub fn new(seconds: i64, nanos: u32) -> Option<Self> {
        let fits = rfc3339::in_range(seconds) && nanos < 1_000_000_000;
        fits.then_some(Self(Written { seconds, nanos, offset: 0 }))
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.seconds
    }

    /// 0 to 999,999,999.
    #[must_use]
    pub const fn nanos(self) -> u32 {
        self.0.nanos
    }

    /// The same moment, with the offset in seconds east of UTC that it is shown with.
    #[must_use]
    pub const fn at_offset(self, offset: i32) -> Self {
        Self(Written { offset, ..self.0 })
    }

    /// The offset in seconds east of UTC.
    #[must_use]
    pub const fn offset(self) -> i32 {
        self.0.offset
    }

    /// Whether two moments are the same, whatever their offsets.
    #[must_use]
    pub fn same_moment(self, other: Self) -> bool {
        self.moment() == other.moment()
    }

    pub(crate) const fn moment(self) -> (i64, u32) {
        (self.0.seconds, self.0.nanos)
    }

    /// Nanoseconds since 1970.
    pub(crate) fn total(self) -> i128 {
        i128::from(self.0.seconds) * 1_000_000_000 + i128::from(self.0.nanos)
    }

    /// The moment so many nanoseconds after 1970, with this one's offset.
    pub(crate) fn with_total(self, total: i128) -> Option<Self> {
        let seconds = i64::try_from(total.div_euclid(1_000_000_000)).ok()?;
        let nanos = u32::try_from(total.rem_euclid(1_000_000_000)).ok()?;
        Self::new(seconds, nanos).map(|moment| moment.at_offset(self.0.offset))
    }
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.same_moment(*other)
    }
}

impl From<SystemTime> for Timestamp {
    /// Moments outside the years 1970 to 9999 become the nearest of those.
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX).min(rfc3339::MAX_SECONDS);
        Self(Written { seconds, nanos: since.subsec_nanos(), offset: 0 })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A length of time in nanoseconds; about 292 years either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(pub i64);

impl Duration {
    /// Reads text such as `1h30m` exactly as Go does.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        go_duration::parse(text).map(Self)
    }
}

/// Seconds, as protobuf's JSON form has it: `1.5s`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Seconds(self.0).fmt(f)
    }
}
