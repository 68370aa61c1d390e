//! Values as an expression would write them.

use std::fmt;

use super::{Opaque, Val};
use crate::functions::{strings::quote, time::go_duration::Seconds};

/// As an expression that has this value, where there is one: `{"a": [1, 2u]}`, `timestamp("2024-01-01T00:00:00Z")`.
impl fmt::Display for Val<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Uint(value) => write!(f, "{value}u"),
            Self::Double(value) => double(value, f),
            Self::Str(text) => quote::write(text, |piece| f.write_str(piece)),
            Self::Bytes(octets) => bytes(octets, f),
            Self::List(list) => row(f, '[', list.iter(), |item, f| write!(f, "{item}"), ']'),
            Self::Map(map) => row(f, '{', map.iter(), |(key, value), f| write!(f, "{key}: {value}"), '}'),
            Self::Timestamp(moment) => write!(f, "timestamp(\"{moment}\")"),
            Self::Duration(nanoseconds) => write!(f, "duration(\"{}\")", Seconds(nanoseconds)),
            Self::Type(name) => f.write_str(name),
            Self::Optional(Some(value)) => write!(f, "optional.of({value})"),
            Self::Optional(None) => f.write_str("optional.none()"),
            Self::Opaque(value) => opaque(value, f),
        }
    }
}

/// A whole number keeps its point, so that it does not look like an integer.
fn double(value: f64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value {
        _ if value.is_nan() => f.write_str("double(\"NaN\")"),
        f64::INFINITY => f.write_str("double(\"Infinity\")"),
        f64::NEG_INFINITY => f.write_str("double(\"-Infinity\")"),
        _ => write!(f, "{value:?}"),
    }
}

fn bytes(octets: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("b\"")?;
    for octet in octets {
        match octet {
            b'"' | b'\\' => write!(f, "\\{}", char::from(*octet))?,
            b' '..=b'~' => write!(f, "{}", char::from(*octet))?,
            _ => write!(f, "\\x{octet:02x}")?,
        }
    }
    f.write_str("\"")
}

fn row<T>(
    f: &mut fmt::Formatter<'_>,
    open: char,
    items: impl Iterator<Item = T>,
    write: impl Fn(T, &mut fmt::Formatter<'_>) -> fmt::Result,
    close: char,
) -> fmt::Result {
    write!(f, "{open}")?;
    for (index, item) in items.enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        write(item, f)?;
    }
    write!(f, "{close}")
}

fn opaque(value: &Opaque<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value {
        Opaque::Ip(address) => write!(f, "ip(\"{address}\")"),
        Opaque::Hierarchy(parts) => row(f, '[', parts.iter(), |part, f| write!(f, "{}", Val::Str(part)), ']')
            .and_then(|()| f.write_str(" as hierarchy")),
        other => write!(f, "a value of type {}", other.type_name()),
    }
}

#[cfg(test)]
mod tests {
    use crate::{Arena, Cx, Env, Limits};

    fn shown(text: &str) -> String {
        let program = Env::builder().build().compile(text).unwrap();
        let arena = Arena::new();
        let mut cx = Cx::new(&arena, &[], None, Limits::default());
        program.eval(&mut cx).unwrap().to_string()
    }

    #[test]
    fn a_value_is_written_as_the_expression_that_has_it() {
        for text in [
            "null",
            "-1",
            "2u",
            "1.0",
            "1e+100",
            "\"a \\\"b\\\"\\n\"",
            "b\"a\\x00\\\"\"",
            "[1, [2.5], {\"a\": true}]",
            "{1: \"one\", true: 2}",
            "timestamp(\"2024-01-01T00:00:00Z\")",
            "duration(\"1.500s\")",
            "optional.of(1)",
            "optional.none()",
            "double(\"NaN\")",
            "double(\"-Infinity\")",
            "ip(\"10.0.0.1\")",
            "string",
        ] {
            let first = shown(text);
            assert_eq!(shown(&first), first, "{text}");
        }
        assert_eq!(shown("3.0"), "3.0");
        assert_eq!(shown("{'a': 'it\\'s'}"), "{\"a\": \"it's\"}");
        assert_eq!(shown("hierarchy('a.b')"), "[\"a\", \"b\"] as hierarchy");
    }
}
