use std::{fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
    ser::{SerializeMap, SerializeSeq},
};

use crate::{Timestamp, functions::time::go_duration::Seconds};

/// A value that owns what it holds: request data, and the constants of an expression.
///
/// Reading JSON makes every number a [`Value::Double`], as `google.protobuf.Value` does, refuses equal keys in one
/// object, and needs no other tree in between.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// An unsigned integer.
    Uint(u64),
    /// A floating-point number.
    Double(f64),
    /// Text.
    String(Arc<str>),
    /// Octets.
    Bytes(Arc<[u8]>),
    /// A list.
    List(Box<[Value]>),
    /// A map with text for keys.
    Map(Map),
    /// A moment.
    Timestamp(Timestamp),
    /// A length of time, in nanoseconds.
    Duration(i64),
}

/// A map with text for keys, in the order in which it was made. Looking a key up compares 32-bit hashes first.
#[derive(Clone, Default)]
pub struct Map {
    hashes: Box<[u32]>,
    entries: Box<[(Arc<str>, Value)]>,
}

impl Map {
    /// The value under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.get_hashed(hash(key), key)
    }

    pub(crate) fn get_hashed(&self, hash: u32, key: &str) -> Option<&Value> {
        let candidates = self.hashes.iter().zip(&self.entries).filter(|(h, _)| **h == hash);
        candidates.map(|(_, entry)| entry).find(|(k, _)| **k == *key).map(|(_, value)| value)
    }

    /// The keys and values, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Value)> + DoubleEndedIterator {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// The entry at a place in the order.
    pub(crate) fn entry(&self, index: usize) -> Option<(&Arc<str>, &Value)> {
        self.entries.get(index).map(|(key, value)| (key, value))
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Of equal keys the last one counts.
impl<K: Into<Arc<str>>> FromIterator<(K, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(entries: I) -> Self {
        let mut unique: Vec<(Arc<str>, Value)> = Vec::new();
        let mut hashes: Vec<u32> = Vec::new();
        for (key, value) in entries {
            let key = key.into();
            let hash = hash(&key);
            let same = hashes.iter().zip(&unique).position(|(h, (k, _))| *h == hash && *k == key);
            match same.and_then(|index| unique.get_mut(index)) {
                Some(entry) => entry.1 = value,
                None => {
                    hashes.push(hash);
                    unique.push((key, value));
                }
            }
        }
        Self { hashes: hashes.into(), entries: unique.into() }
    }
}

/// Order does not matter.
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

/// The hash that keys are compared by first. Fast on short text; no defence against chosen keys, which cost a
/// comparison of text each and no more.
#[must_use]
pub(crate) fn hash(text: &str) -> u32 {
    let bytes = text.as_bytes();
    #[expect(clippy::cast_possible_truncation, reason = "only mixes the length in")]
    let mut hash: u32 = 0x811c_9dc5 ^ bytes.len() as u32;
    for chunk in bytes.chunks(4) {
        let mut word = [0; 4];
        for (slot, byte) in word.iter_mut().zip(chunk) {
            *slot = *byte;
        }
        hash = (hash.rotate_left(5) ^ u32::from_le_bytes(word)).wrapping_mul(0x9E37_79B1);
    }
    hash
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<serde_json::Value> for Value {
    fn from(json: serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => Self::Double(number.as_f64().unwrap_or(f64::NAN)),
            serde_json::Value::String(text) => Self::String(text.into()),
            serde_json::Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            serde_json::Value::Object(entries) => {
                Self::Map(entries.into_iter().map(|(key, value)| (key, Self::from(value))).collect())
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Json)
    }
}

struct Json;

impl<'de> Visitor<'de> for Json {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "JSON numbers are doubles")]
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Double(value as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "JSON numbers are doubles")]
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Double(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Double(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.into()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut list: Vec<(Arc<str>, Value)> = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            list.push(entry);
        }
        let count = list.len();
        let map: Map = list.into_iter().collect();
        if map.len() != count {
            return Err(A::Error::custom("an object has the same key twice"));
        }
        Ok(Value::Map(map))
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Uint(value) => serializer.serialize_u64(*value),
            Self::Double(value) => serialize_double(*value, serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_str(&STANDARD.encode(bytes)),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(item))?;
                list.end()
            }
            Self::Map(map) => map.serialize(serializer),
            Self::Timestamp(value) => serializer.collect_str(value),
            Self::Duration(value) => serializer.collect_str(&Seconds(*value)),
        }
    }
}

impl Serialize for Map {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        self.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
        map.end()
    }
}

/// Whole numbers are written without a fraction.
fn serialize_double<S: Serializer>(value: f64, serializer: S) -> Result<S::Ok, S::Error> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "the value is whole and within 2^53")]
    if value.fract() == 0.0 && value.abs() <= EXACT {
        return serializer.serialize_i64(value as i64);
    }
    serializer.serialize_f64(value)
}
