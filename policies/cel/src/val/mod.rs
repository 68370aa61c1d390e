mod equality;
mod notation;

use std::{cmp::Ordering, net::IpAddr, sync::Arc};

use crate::{Cidr, Map, SpiffeId, SpiffeMatcher, SpiffeTrustDomain, Timestamp, Value, value::hash};

pub(crate) use equality::{TooMuch, Work};

/// Deepest nesting of a value that leaves an evaluation.
const MAX_DEPTH: u8 = 100;

/// A value while an expression is evaluated: a small copy that borrows request data, the program's constants, or the
/// arena of the evaluation.
#[derive(Clone, Copy, Debug)]
pub enum Val<'a> {
    /// `null`
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
    Str(&'a str),
    /// Octets.
    Bytes(&'a [u8]),
    /// A list.
    List(List<'a>),
    /// A map.
    Map(MapRef<'a>),
    /// A moment, and the offset it was written with.
    Timestamp(Timestamp),
    /// A length of time, in nanoseconds.
    Duration(i64),
    /// A type.
    Type(&'a str),
    /// A value that may be absent.
    Optional(Option<&'a Val<'a>>),
    /// A value that only functions look into.
    Opaque(&'a Opaque<'a>),
}

// Values are copied at every step.
const _: () = assert!(size_of::<Val<'_>>() <= 24);

/// A value of a type that the language itself does not have.
#[derive(Clone, Copy, Debug)]
pub enum Opaque<'a> {
    /// An IP address.
    Ip(IpAddr),
    /// A range of IP addresses.
    Cidr(Cidr),
    /// The parts of a hierarchy, from the root.
    Hierarchy(&'a [&'a str]),
    /// A SPIFFE id.
    SpiffeId(SpiffeId<'a>),
    /// A SPIFFE trust domain.
    SpiffeTrustDomain(SpiffeTrustDomain<'a>),
    /// What SPIFFE ids are matched with.
    SpiffeMatcher(SpiffeMatcher<'a>),
}

/// A list, wherever its items are.
#[derive(Clone, Copy, Debug)]
pub enum List<'a> {
    /// Of request data or constants.
    Values(&'a [Value]),
    /// Made by the evaluation.
    Vals(&'a [Val<'a>]),
    /// Texts that are shared.
    Texts(&'a [Arc<str>]),
}

/// A map, wherever its entries are.
#[derive(Clone, Copy, Debug)]
pub enum MapRef<'a> {
    /// Of request data or constants.
    Tree(&'a Map),
    /// Made by the evaluation.
    Pairs(&'a Pairs<'a>),
    /// Declared names under one roof.
    Message(&'a Message<'a>),
}

/// Keys and values; keys are text, whole numbers, doubles or booleans. A map refers to all of it and not to the entries
/// alone, which would make every value wider.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pairs<'a>(pub &'a [(Val<'a>, Val<'a>)]);

/// An object of a type with declared fields. All of them can be selected; those that are empty are not set, and are not
/// there for whoever goes through it.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The name of the type.
    pub name: &'static str,
    /// The fields, by their names.
    pub fields: &'a [(Val<'a>, Val<'a>)],
}

impl<'a> Message<'a> {
    fn set(&self) -> impl Iterator<Item = (Val<'a>, Val<'a>)> {
        self.fields.iter().copied().filter(|(_, value)| !value.is_empty())
    }
}

impl<'a> List<'a> {
    /// How many items there are.
    #[must_use]
    pub fn len(self) -> usize {
        match self {
            Self::Values(items) => items.len(),
            Self::Vals(items) => items.len(),
            Self::Texts(items) => items.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// One item, counted from 0.
    #[must_use]
    pub fn get(self, index: usize) -> Option<Val<'a>> {
        match self {
            Self::Values(items) => items.get(index).map(Val::from),
            Self::Vals(items) => items.get(index).copied(),
            Self::Texts(items) => items.get(index).map(|text| Val::Str(text)),
        }
    }

    /// The items in order.
    pub fn iter(self) -> impl Iterator<Item = Val<'a>> {
        (0..self.len()).filter_map(move |index| self.get(index))
    }

    /// Whether an item equals this value.
    #[must_use]
    pub fn contains(self, value: Val<'_>) -> bool {
        self.iter().any(|item| item.equals(value))
    }
}

impl<'a> MapRef<'a> {
    /// How many keys there are.
    #[must_use]
    pub fn len(self) -> usize {
        match self {
            Self::Tree(map) => map.len(),
            Self::Pairs(pairs) => pairs.0.len(),
            Self::Message(message) => message.set().count(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The value under a key. Numbers of different kinds are the same key when they are equal.
    #[must_use]
    pub fn get(self, key: Val<'_>) -> Option<Val<'a>> {
        match (self, key) {
            (Self::Tree(map), Val::Str(text)) => map.get(text).map(Val::from),
            (Self::Tree(_), _) => None,
            (Self::Pairs(Pairs(pairs)) | Self::Message(Message { fields: pairs, .. }), key) => {
                pairs.iter().find(|(k, _)| k.equals(key)).map(|(_, value)| *value)
            }
        }
    }

    /// The value under a key that is text, if it is there for `has`: an empty field of an object with declared fields is
    /// not.
    pub(crate) fn get_set(self, hash: u32, key: &str) -> Option<Val<'a>> {
        let found = self.get_hashed(hash, key)?;
        let unset = matches!(self, Self::Message(_)) && found.is_empty();
        (!unset).then_some(found)
    }

    /// What looking a key up in a tree costs.
    pub(crate) const TREE_SEARCH: usize = 2;

    /// What looking a key up costs.
    pub(crate) fn search_cost(self) -> usize {
        match self {
            Self::Tree(_) => Self::TREE_SEARCH,
            Self::Pairs(Pairs(pairs)) | Self::Message(Message { fields: pairs, .. }) => pairs.len() / 2 + 1,
        }
    }

    pub(crate) fn get_hashed(self, hash: u32, key: &str) -> Option<Val<'a>> {
        match self {
            Self::Tree(map) => map.get_hashed(hash, key).map(Val::from),
            Self::Pairs(_) | Self::Message(_) => self.get(Val::Str(key)),
        }
    }

    /// One entry, counted from 0.
    #[must_use]
    pub fn entry(self, index: usize) -> Option<(Val<'a>, Val<'a>)> {
        match self {
            Self::Tree(map) => map.entry(index).map(|(key, value)| (Val::Str(key), Val::from(value))),
            Self::Pairs(pairs) => pairs.0.get(index).copied(),
            Self::Message(message) => message.set().nth(index),
        }
    }

    /// The entries in order.
    pub fn iter(self) -> impl Iterator<Item = (Val<'a>, Val<'a>)> {
        (0..self.len()).filter_map(move |index| self.entry(index))
    }
}

impl<'a> From<&'a Value> for Val<'a> {
    #[inline]
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::Uint(value) => Self::Uint(*value),
            Value::Double(value) => Self::Double(*value),
            Value::String(text) => Self::Str(text),
            Value::Bytes(bytes) => Self::Bytes(bytes),
            Value::List(items) => Self::List(List::Values(items)),
            Value::Map(map) => Self::Map(MapRef::Tree(map)),
            Value::Timestamp(value) => Self::Timestamp(*value),
            Value::Duration(value) => Self::Duration(*value),
        }
    }
}

impl<'a> From<&'a Map> for Val<'a> {
    fn from(map: &'a Map) -> Self {
        Self::Map(MapRef::Tree(map))
    }
}

impl<'a> From<&'a [Arc<str>]> for Val<'a> {
    fn from(texts: &'a [Arc<str>]) -> Self {
        Self::List(List::Texts(texts))
    }
}

impl<'a> Val<'a> {
    /// The name of the value's type, as `type()` gives it.
    #[must_use]
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::Str(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Map(MapRef::Message(message)) => message.name,
            Self::Map(_) => "map",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Type(_) => "type",
            Self::Optional(_) => "optional_type",
            Self::Opaque(opaque) => opaque.type_name(),
        }
    }

    /// The order of two values of one kind (all numbers are one kind). `None` if they have none, `Some(None)` if one of
    /// them is NaN.
    #[must_use]
    #[inline]
    pub fn compare(self, other: Val<'_>) -> Option<Option<Ordering>> {
        match (self, other) {
            (Self::Double(a), Val::Double(b)) => Some(a.partial_cmp(&b)),
            (Self::Int(a), Val::Int(b)) => Some(Some(a.cmp(&b))),
            (Self::Str(a), Val::Str(b)) => Some(Some(a.cmp(b))),
            (Self::Timestamp(a), Val::Timestamp(b)) => Some(Some(a.moment().cmp(&b.moment()))),
            (a, b) => a.compare_apart(b),
        }
    }

    fn compare_apart(self, other: Val<'_>) -> Option<Option<Ordering>> {
        match (self, other) {
            (Self::Bool(a), Val::Bool(b)) => Some(Some(a.cmp(&b))),
            (Self::Bytes(a), Val::Bytes(b)) => Some(Some(a.cmp(b))),
            (Self::Duration(a), Val::Duration(b)) => Some(Some(a.cmp(&b))),
            (a, b) => a.compare_numbers(b),
        }
    }

    pub(super) fn compare_numbers(self, other: Val<'_>) -> Option<Option<Ordering>> {
        Some(match (self, other) {
            (Self::Int(a), Val::Int(b)) => Some(a.cmp(&b)),
            (Self::Uint(a), Val::Uint(b)) => Some(a.cmp(&b)),
            (Self::Double(a), Val::Double(b)) => a.partial_cmp(&b),
            (Self::Int(a), Val::Uint(b)) => Some(i128::from(a).cmp(&i128::from(b))),
            (Self::Uint(a), Val::Int(b)) => Some(i128::from(a).cmp(&i128::from(b))),
            (Self::Int(a), Val::Double(b)) => whole_to_double(i128::from(a), b),
            (Self::Uint(a), Val::Double(b)) => whole_to_double(i128::from(a), b),
            (Self::Double(a), Val::Int(b)) => whole_to_double(i128::from(b), a).map(Ordering::reverse),
            (Self::Double(a), Val::Uint(b)) => whole_to_double(i128::from(b), a).map(Ordering::reverse),
            _ => return None,
        })
    }

    /// A copy that owns what it holds. `None` for what only lives in an evaluation: types, optionals, addresses and the
    /// other kinds that JSON does not have, and maps with keys that are not text.
    #[must_use]
    pub fn to_value(self) -> Option<Value> {
        self.owned(MAX_DEPTH)
    }

    fn owned(self, room: u8) -> Option<Value> {
        Some(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Uint(value) => Value::Uint(value),
            Self::Double(value) => Value::Double(value),
            Self::Str(text) => Value::String(text.into()),
            Self::Bytes(bytes) => Value::Bytes(bytes.into()),
            Self::List(list) => {
                let room = room.checked_sub(1)?;
                Value::List(list.iter().map(|item| item.owned(room)).collect::<Option<_>>()?)
            }
            Self::Map(map) => {
                let room = room.checked_sub(1)?;
                let entries = map.iter().map(|(key, value)| match key {
                    Val::Str(key) => Some((Arc::<str>::from(key), value.owned(room)?)),
                    _ => None,
                });
                Value::Map(entries.collect::<Option<Vec<_>>>()?.into_iter().collect())
            }
            Self::Timestamp(value) => Value::Timestamp(value),
            Self::Duration(value) => Value::Duration(value),
            _ => return None,
        })
    }

    /// Whether it is what a field holds that was not set: no text, no items, no entries.
    pub(crate) fn is_empty(self) -> bool {
        match self {
            Self::Str(text) => text.is_empty(),
            Self::List(list) => list.is_empty(),
            Self::Map(map) => map.is_empty(),
            _ => false,
        }
    }

    /// The member of a map by a key that is text.
    #[must_use]
    pub fn member(self, key: &str) -> Option<Val<'a>> {
        match self {
            Self::Map(map) => map.get_hashed(hash(key), key),
            _ => None,
        }
    }
}

impl Opaque<'_> {
    /// The name of the value's type.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Ip(_) => "net.IP",
            Self::Cidr(_) => "net.CIDR",
            Self::Hierarchy(_) => "cerbos.lib.hierarchy",
            Self::SpiffeId(_) => "cerbos.lib.spiffeID",
            Self::SpiffeTrustDomain(_) => "cerbos.lib.spiffeTrustDomain",
            Self::SpiffeMatcher(_) => "cerbos.lib.spiffeMatcher",
        }
    }
}

/// As cel-go compares them: as doubles.
#[expect(clippy::cast_precision_loss, reason = "a comparison with a double is one of doubles")]
fn whole_to_double(whole: i128, double: f64) -> Option<Ordering> {
    (whole as f64).partial_cmp(&double)
}
