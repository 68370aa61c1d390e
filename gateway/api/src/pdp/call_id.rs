//! Names of calls: ULIDs, which sort by time.

use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

/// A name that no other call has: 48 bits of time in milliseconds and 80 bits of chance, as 26 characters of
/// Crockford's base 32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CallId([u8; 26]);

impl CallId {
    pub(super) fn new(now: SystemTime) -> Self {
        let time = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let chance = uuid::Uuid::new_v4().as_u128();
        // A version-4 UUID has six fixed bits; none of them is among the last 62 or the first 48.
        let chance = (chance & ((1 << 62) - 1)) | ((chance >> 80) << 62);
        Self::of((time << 80) | (chance & ((1 << 80) - 1)))
    }

    fn of(number: u128) -> Self {
        const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let mut text = [b'0'; 26];
        for (place, digit) in text.iter_mut().rev().enumerate() {
            let value = (number >> (5 * place)) & 31;
            *digit = usize::try_from(value).ok().and_then(|value| DIGITS.get(value)).copied().unwrap_or(b'0');
        }
        Self(text)
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_time_is_in_front_and_chance_behind() {
        let now = UNIX_EPOCH + Duration::from_millis(1_469_918_176_385);
        let (one, other) = (CallId::new(now), CallId::new(now));
        assert!(one.as_str().starts_with("01ARYZ6S41"), "{one}");
        assert_ne!(one, other);
        assert_eq!(CallId::of(u128::MAX).as_str(), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    }
}
