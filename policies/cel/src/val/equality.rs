use std::cmp::Ordering;

use super::{List, MapRef, Opaque, Val};
use crate::SpiffeTrustDomain;

/// Values nested deeper than this, which only an expression can make, are not compared.
const MAX_DEPTH: u16 = 250;

/// How much comparing may still be done.
pub(crate) struct Work {
    left: u64,
    depth: u16,
}

/// Nothing is left, or the values are nested too deep.
pub(crate) struct TooMuch;

type Answer = Result<bool, TooMuch>;

impl Work {
    pub(crate) const fn new(left: u64) -> Self {
        Self { left, depth: MAX_DEPTH }
    }

    pub(crate) const fn left(&self) -> u64 {
        self.left
    }

    fn spend(&mut self, amount: usize) -> Result<(), TooMuch> {
        self.left = self.left.checked_sub(amount as u64).ok_or(TooMuch)?;
        Ok(())
    }

    fn deeper(&mut self, compare: impl FnOnce(&mut Self) -> Answer) -> Answer {
        self.depth = self.depth.checked_sub(1).ok_or(TooMuch)?;
        let answer = compare(self);
        self.depth += 1;
        answer
    }
}

impl Val<'_> {
    /// Whether two values are equal: numbers by what they stand for, whatever their kind; values of different types are
    /// not equal; NaN equals nothing. Nor does a value that is nested more than 250 levels deep.
    #[must_use]
    pub fn equals(self, other: Val<'_>) -> bool {
        self.equals_within(other, &mut Work::new(u64::MAX)).unwrap_or(false)
    }

    #[inline]
    pub(crate) fn equals_within(self, other: Val<'_>, work: &mut Work) -> Answer {
        match (self, other) {
            (Self::Str(a), Val::Str(b)) => same_bytes(a.as_bytes(), b.as_bytes(), work),
            (Self::Double(a), Val::Double(b)) => Ok(a == b),
            (a, b) => a.equals_apart(b, work),
        }
    }

    fn equals_apart(self, other: Val<'_>, work: &mut Work) -> Answer {
        Ok(match (self, other) {
            (Self::Null, Val::Null) | (Self::Optional(None), Val::Optional(None)) => true,
            (Self::Bool(a), Val::Bool(b)) => a == b,
            (Self::Bytes(a), Val::Bytes(b)) => return same_bytes(a, b, work),
            (Self::List(a), Val::List(b)) => return work.deeper(|work| lists(a, b, work)),
            (Self::Map(a), Val::Map(b)) => return work.deeper(|work| maps(a, b, work)),
            (Self::Optional(Some(a)), Val::Optional(Some(b))) => {
                return work.deeper(|work| a.equals_within(*b, work));
            }
            (Self::Timestamp(a), Val::Timestamp(b)) => a.same_moment(b),
            (Self::Duration(a), Val::Duration(b)) => a == b,
            (Self::Type(a), Val::Type(b)) => a == b,
            (Self::Opaque(a), b) => a.equals(b),
            (a, b) => a.compare_numbers(b) == Some(Some(Ordering::Equal)),
        })
    }
}

#[inline]
fn same_bytes(a: &[u8], b: &[u8], work: &mut Work) -> Answer {
    if a.len() != b.len() {
        return Ok(false);
    }
    work.spend(a.len() / 64)?;
    Ok(a == b)
}

fn lists(a: List<'_>, b: List<'_>, work: &mut Work) -> Answer {
    if a.len() != b.len() {
        return Ok(false);
    }
    for (x, y) in a.iter().zip(b.iter()) {
        work.spend(1)?;
        if !x.equals_within(y, work)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn maps(a: MapRef<'_>, b: MapRef<'_>, work: &mut Work) -> Answer {
    if a.len() != b.len() {
        return Ok(false);
    }
    for (key, x) in a.iter() {
        work.spend(b.search_cost())?;
        let Some(y) = b.get(key) else { return Ok(false) };
        if !x.equals_within(y, work)? {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Opaque<'_> {
    /// An identity and a trust domain also equal their text.
    fn equals(&self, other: Val<'_>) -> bool {
        match (self, other) {
            (Self::Ip(a), Val::Opaque(Opaque::Ip(b))) => a == b,
            (Self::Cidr(a), Val::Opaque(Opaque::Cidr(b))) => a == b,
            (Self::Hierarchy(a), Val::Opaque(Opaque::Hierarchy(b))) => a == b,
            (Self::SpiffeId(a), Val::Opaque(Opaque::SpiffeId(b))) => a.as_str() == b.as_str(),
            (Self::SpiffeId(a), Val::Str(b)) => a.as_str() == b,
            (Self::SpiffeTrustDomain(a), Val::Opaque(Opaque::SpiffeTrustDomain(b))) => a.name() == b.name(),
            (Self::SpiffeTrustDomain(a), Val::Str(b)) => {
                SpiffeTrustDomain::parse(b).is_ok_and(|b| a.name() == b.name())
            }
            _ => false,
        }
    }
}
