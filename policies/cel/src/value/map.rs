use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use super::Value;

/// Maps up to this size are searched from end to end, key by key: the attributes that a route states need no more.
const TINY: usize = 4;
/// The smallest map that is not tiny.
const SOME: usize = TINY + 1;
/// Maps up to this size are searched from end to end, by a byte of the hashes of their keys, eight at a time.
const SMALL: usize = 32;
/// One in each byte.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The highest bit of each byte.
const TOPS: u64 = ONES << 7;

/// A map from text to owned values, in the order it was written.
///
/// Small maps are searched from end to end, larger ones by bisection of their sorted keys: no choice of keys makes a
/// look-up slow.
#[derive(Clone, Default)]
pub struct Map {
    /// Of a map that is neither tiny nor large: the tags of its keys, eight in a word, the first one lowest.
    tags: Box<[u64]>,
    entries: Box<[(Arc<str>, Value)]>,
    /// Of a large map: places in `entries`, in the order of their keys.
    sorted: Box<[u32]>,
}

impl Map {
    /// A map of these entries. `Err` is a key that occurs twice.
    pub(crate) fn unique(entries: Vec<(Arc<str>, Value)>) -> Result<Self, Arc<str>> {
        let order = if entries.len() > SMALL { order(&entries) } else { Vec::new() };
        let map = Self::build(entries, order);
        match map.twice().map(Arc::clone) {
            Some(key) => Err(key),
            None => Ok(map),
        }
    }

    /// A key that occurs twice.
    fn twice(&self) -> Option<&Arc<str>> {
        let key = |place: usize| self.entries.get(place).map(|(key, _)| key);
        if !self.sorted.is_empty() {
            let mut pairs = self.sorted.windows(2);
            let same = |pair: &&[u32]| matches!(pair, [a, b] if key(*a as usize) == key(*b as usize));
            return pairs.find(same).and_then(|pair| key(*pair.first()? as usize));
        }
        // Every one is held against every other, by their tags where there are any.
        let tag = |place: usize| self.tags.get(place / 8).map(|word| (word >> (place % 8 * 8)) & 0xff);
        let alike = |a: usize, b: usize| tag(a) == tag(b) && key(a) == key(b);
        (1..self.len()).find(|later| (0..*later).any(|earlier| alike(earlier, *later))).and_then(key)
    }

    fn build(entries: Vec<(Arc<str>, Value)>, order: Vec<u32>) -> Self {
        let (tags, sorted) = match entries.len() {
            0..=TINY => (Box::default(), Box::default()),
            SOME..=SMALL => (tags(&entries), Box::default()),
            _ => (Box::default(), order.into()),
        };
        Self { tags, entries: entries.into(), sorted }
    }

    /// How many entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Has it none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.get_hashed(hash(key), key)
    }

    /// The entries in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Value)> + DoubleEndedIterator {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// The entry at a place in the order.
    pub(crate) fn entry(&self, index: usize) -> Option<(&Arc<str>, &Value)> {
        self.entries.get(index).map(|(key, value)| (key, value))
    }

    /// The value of a key whose hash is known.
    #[inline(always)]
    pub(crate) fn get_hashed(&self, hash: u32, key: &str) -> Option<&Value> {
        if self.tags.is_empty() {
            return self.get_untagged(key);
        }
        let wanted = u64::from(tag(hash)) * ONES;
        for (row, tags) in self.tags.iter().enumerate() {
            let mut alike = zeros(tags ^ wanted);
            while alike != 0 {
                let place = row * 8 + alike.trailing_zeros() as usize / 8;
                match self.entries.get(place) {
                    Some((found, value)) if **found == *key => return Some(value),
                    _ => alike &= alike - 1,
                }
            }
        }
        None
    }

    #[inline(never)]
    fn get_untagged(&self, key: &str) -> Option<&Value> {
        if self.sorted.is_empty() {
            return self.entries.iter().find(|(found, _)| **found == *key).map(|(_, value)| value);
        }
        self.bisect(key)
    }

    fn bisect(&self, key: &str) -> Option<&Value> {
        let key_at = |place: &u32| self.entries.get(*place as usize).map_or("", |(key, _)| key);
        let found = self.sorted.binary_search_by(|place| key_at(place).cmp(key)).ok()?;
        let place = self.sorted.get(found)?;
        self.entries.get(*place as usize).map(|(_, value)| value)
    }
}

/// Of entries with the same key the last one stays, in the place of the first.
impl<K: Into<Arc<str>>> FromIterator<(K, Value)> for Map {
    fn from_iter<T: IntoIterator<Item = (K, Value)>>(entries: T) -> Self {
        let mut entries: Vec<(Arc<str>, Value)> =
            entries.into_iter().map(|(key, value)| (key.into(), value)).collect();
        if entries.len() <= TINY && distinct(&entries) {
            return Self::build(entries, Vec::new());
        }
        let mut order = order(&entries);
        let mut dropped = vec![false; entries.len()];
        for pair in order.windows(2).rev() {
            let [a, b] = pair else { continue };
            let (first, last) = (*a as usize, *b as usize);
            let same = matches!((entries.get(first), entries.get(last)), (Some(x), Some(y)) if x.0 == y.0);
            if same && first < entries.len() && last < entries.len() {
                entries.swap(first, last);
                if let Some(flag) = dropped.get_mut(last) {
                    *flag = true;
                }
            }
        }
        if dropped.contains(&true) {
            let mut flags = dropped.into_iter();
            entries.retain(|_| !flags.next().unwrap_or(false));
            order = self::order(&entries);
        }
        Self::build(entries, order)
    }
}

/// Equal if they have the same entries, in whatever order.
impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Whether no key occurs twice. For few entries: every one is held against every other.
fn distinct(entries: &[(Arc<str>, Value)]) -> bool {
    let mut keys = entries.iter().map(|(key, _)| key);
    while let Some(key) = keys.next() {
        if keys.clone().any(|other| other == key) {
            return false;
        }
    }
    true
}

/// Places in `entries` in the order of their keys, equal keys in the order of their places.
fn order(entries: &[(Arc<str>, Value)]) -> Vec<u32> {
    let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    let mut order: Vec<u32> = (0..count).collect();
    let key = |place: u32| entries.get(place as usize).map_or("", |(key, _)| key);
    order.sort_unstable_by(|a, b| match key(*a).cmp(key(*b)) {
        Ordering::Equal => a.cmp(b),
        other => other,
    });
    order
}

fn tags(entries: &[(Arc<str>, Value)]) -> Box<[u64]> {
    let word = |row: &[(Arc<str>, Value)]| {
        row.iter().rev().fold(0, |word, (key, _)| (word << 8) | u64::from(tag(hash(key))))
    };
    entries.chunks(8).map(word).collect()
}

/// The byte of a hash by which keys are told apart before they are compared.
const fn tag(hash: u32) -> u8 {
    let [.., top] = hash.to_le_bytes();
    top
}

/// The highest bit of each byte that is zero; now and then that of one above such a byte too.
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & TOPS
}

/// A quick hash of a key. Not meant to withstand chosen keys: see [`Map`].
pub(crate) fn hash(key: &str) -> u32 {
    let bytes = key.as_bytes();
    let mut hash = 0x811c_9dc5 ^ u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    for chunk in bytes.chunks(4) {
        let word = chunk.iter().rev().fold(0, |word, byte| (word << 8) | u32::from(*byte));
        hash = (hash.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B1);
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_and_small_maps_find_every_key_and_no_other() {
        for size in [0_i64, 1, 4, 5, 16, 32, 33, 100, 1000] {
            let map: Map = (0..size).map(|n| (format!("key{n}"), Value::Int(n))).collect();
            for n in 0..size {
                assert_eq!(map.get(&format!("key{n}")), Some(&Value::Int(n)));
            }
            assert_eq!(map.get("nothing"), None);
            assert_eq!(map.iter().map(|(k, _)| k.to_string()).next(), (size > 0).then(|| "key0".to_owned()));
        }
    }

    #[test]
    fn the_last_of_several_entries_with_one_key_stays() {
        let map = |entries: &[(&str, i64)]| -> Map {
            entries.iter().map(|(key, n)| (*key, Value::Int(*n))).collect()
        };
        let last = map(&[("a", 1), ("b", 2), ("a", 3), ("c", 4), ("a", 5)]);
        assert_eq!(last, map(&[("a", 5), ("b", 2), ("c", 4)]));
        let keys: Vec<&str> = last.iter().map(|(key, _)| &**key).collect();
        assert_eq!(keys, ["a", "b", "c"]);
    }

    #[test]
    fn a_hundred_thousand_keys_are_made_and_found_in_no_time() {
        let map: Map = (0..100_000).map(|n| (format!("{n}"), Value::Int(n))).collect();
        assert!((0..100_000).all(|n| map.get(&n.to_string()) == Some(&Value::Int(n))));
    }
}
