use std::{fmt, sync::Arc};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{Map, Value};

/// Deepest nesting of lists and maps that is read.
const MAX_DEPTH: u16 = 100;

impl<'de> serde::Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Reader { room: MAX_DEPTH }.deserialize(deserializer)
    }
}

impl<'de> serde::Deserialize<'de> for Map {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Map(map) => Ok(map),
            _ => Err(Error::custom("expected an object")),
        }
    }
}

/// Reads a value with so many levels below it.
#[derive(Clone, Copy)]
struct Reader {
    room: u16,
}

impl Reader {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        let too_deep = || E::custom(format_args!("nested deeper than {MAX_DEPTH} levels"));
        Ok(Self { room: self.room.checked_sub(1).ok_or_else(too_deep)? })
    }
}

impl<'de> DeserializeSeed<'de> for Reader {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "every number is a double, the nearest one there is")]
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Double(value as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "every number is a double, the nearest one there is")]
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Double(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Double(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let below = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(below)? {
            items.push(item);
        }
        Ok(Value::List(items.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let below = self.deeper()?;
        let mut entries = Vec::new();
        while let Some(SharedText(key)) = map.next_key()? {
            entries.push((key, map.next_value_seed(below)?));
        }
        let twice = |key| A::Error::custom(format_args!("duplicate key `{key}`"));
        Map::unique(entries).map(Value::Map).map_err(twice)
    }
}

/// A text that is read straight into its shared form. An `Arc<str>` by itself is read by way of a `String`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedText(pub Arc<str>);

impl<'de> serde::Deserialize<'de> for SharedText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = SharedText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, text: &str) -> Result<SharedText, E> {
        Ok(SharedText(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_a_double() {
        let read: Value = serde_json::from_str("[1, -2, 2.5, 18446744073709551615]").expect("it is JSON");
        assert_eq!(
            read,
            Value::List([1.0, -2.0, 2.5, 18_446_744_073_709_551_615.0].map(Value::Double).into())
        );
    }

    #[test]
    fn a_key_that_occurs_twice_is_refused() {
        let error = serde_json::from_str::<Value>(r#"{"a": {"b": 1, "c": 2, "b": 3}}"#).expect_err("twice");
        assert!(error.to_string().contains("duplicate key `b`"), "{error}");
        for size in [2, 4, 5, 32, 33, 100] {
            let keys: Vec<String> = (1..size).chain([size / 2]).map(|n| format!("\"key{n}\": 1")).collect();
            let error = serde_json::from_str::<Value>(&format!("{{{}}}", keys.join(","))).expect_err("twice");
            assert!(error.to_string().contains(&format!("duplicate key `key{}`", size / 2)), "{error}");
        }
    }

    #[test]
    fn a_hundred_levels_are_read_and_one_more_is_an_error() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(serde_json::from_str::<Value>(&nested(100)).is_ok());
        let error = serde_json::from_str::<Value>(&nested(101)).expect_err("too deep");
        assert!(error.to_string().contains("nested deeper than 100 levels"), "{error}");
        assert!(serde_json::from_str::<Value>(&nested(100_000)).is_err());
    }
}
