//! Values that own what they hold.

mod de;
mod map;
mod ser;

use std::sync::Arc;

pub use de::SharedText;
pub use map::Map;
pub(crate) use map::hash;

use crate::Timestamp;

/// A value that owns what it holds: request data, and the constants of an expression.
///
/// Reading JSON makes every number a [`Value::Double`], as `google.protobuf.Value` does, refuses equal keys in one
/// object and more than 100 levels, and needs no other tree in between. NaN and infinities have no JSON form: writing
/// them is an error.
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

impl Value {
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }
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
