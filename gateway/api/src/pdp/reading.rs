//! From the octets of a body to a question.

use std::{fmt, marker::PhantomData, ops::Deref};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::{
    explain::{Message, explain},
    failure::Failure,
    grammar,
};

/// Reads one JSON value; what follows it is not looked at, and a body of nothing is an empty question.
pub(super) fn read<T: DeserializeOwned + Default>(body: &[u8], fields: Message) -> Result<T, Failure> {
    if body.trim_ascii().is_empty() {
        return Ok(T::default());
    }
    // Looked at once as a whole, texts need not be looked at one by one.
    let read = match str::from_utf8(body) {
        Ok(body) => Object::<T>::deserialize(&mut serde_json::Deserializer::from_str(body)),
        Err(_) => Object::<T>::deserialize(&mut serde_json::Deserializer::from_slice(body)),
    };
    read.map(|object| object.0).map_err(|error| {
        let why = grammar::fault(body).or_else(|| explain(body, fields));
        Failure::Invalid(why.unwrap_or_else(|| error.to_string()))
    })
}

/// A message that was written as an object. Left to itself, serde takes a list of its fields as well.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct Object<T>(T);

impl<T> Deref for Object<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}
