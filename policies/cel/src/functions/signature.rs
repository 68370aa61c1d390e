//! Overloads, read from how they are written: `list(A).slice(int, int) -> list(A)`.

/// The types one overload takes and gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signature {
    /// Called on its first parameter: `x.f(y)`.
    pub(crate) member: bool,
    /// The receiver, if it is a member, and the arguments.
    pub(crate) params: Vec<Shape>,
    /// The last parameter may be given any number of times, but at least once.
    pub(crate) variadic: bool,
    /// What a call gives.
    pub(crate) result: Shape,
}

/// A type as it stands in a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Any type, the same wherever the letter occurs in the signature.
    Param(char),
    /// `int`, `dyn`, `timestamp`, `net.IP`; `number` is an `int`, a `uint` or a `double`.
    Named(&'static str),
    /// `list(…)`
    List(Box<Shape>),
    /// `map(…, …)`
    Map(Box<Shape>, Box<Shape>),
    /// `optional(…)`
    Optional(Box<Shape>),
    /// `type(…)`
    Type(Box<Shape>),
}

impl Signature {
    /// Reads a signature of the function `name`. `None` if it is not written as one.
    pub(crate) fn parse(text: &'static str, name: &str) -> Option<Self> {
        let (call, result) = text.split_once(" -> ")?;
        let (receiver, args) = match call.strip_prefix(name) {
            Some(args) => (None, args),
            None => {
                let at = call.find(&format!(".{name}("))?;
                let (receiver, rest) = call.split_at_checked(at)?;
                (Some(receiver), rest.strip_prefix('.')?.strip_prefix(name)?)
            }
        };
        let args = args.strip_prefix('(')?.strip_suffix(')')?;
        let (args, variadic) = args.strip_suffix("...").map_or((args, false), |args| (args, true));
        let mut params = Vec::new();
        params.extend(receiver.map(Shape::parse).map(|shape| shape.ok_or(())).transpose().ok()?);
        for arg in split_outside(args) {
            params.push(Shape::parse(arg)?);
        }
        Some(Self { member: receiver.is_some(), params, variadic, result: Shape::parse(result)? })
    }
}

impl Shape {
    fn parse(text: &'static str) -> Option<Self> {
        let Some((name, rest)) = text.split_once('(') else {
            let mut chars = text.chars();
            return Some(match (chars.next()?, chars.next()) {
                (letter @ 'A'..='Z', None) => Self::Param(letter),
                _ => Self::Named(text),
            });
        };
        let mut inner = split_outside(rest.strip_suffix(')')?).map(Self::parse);
        let first = Box::new(inner.next()??);
        let shape = match name {
            "list" => Self::List(first),
            "map" => Self::Map(first, Box::new(inner.next()??)),
            "optional" => Self::Optional(first),
            "type" => Self::Type(first),
            _ => return None,
        };
        inner.next().is_none().then_some(shape)
    }
}

/// The parts between commas that are not in brackets; none of an empty text.
fn split_outside(text: &'static str) -> impl Iterator<Item = &'static str> {
    let mut depth = 0_i32;
    let parts = text.split(move |c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_read_as_they_are_written() {
        let list = || Shape::List(Box::new(Shape::Param('A')));
        let slice = Signature::parse("list(A).slice(int, int) -> list(A)", "slice").expect("a signature");
        assert!(slice.member && !slice.variadic);
        assert_eq!(slice.params, [list(), Shape::Named("int"), Shape::Named("int")]);
        assert_eq!(slice.result, list());
        let least = Signature::parse("math.least(number...) -> dyn", "math.least").expect("a signature");
        assert!(!least.member && least.variadic);
        let ip = Signature::parse("net.CIDR.ip() -> net.IP", "ip").expect("a signature");
        assert_eq!((ip.member, ip.params.as_slice()), (true, &[Shape::Named("net.CIDR")][..]));
        let size = Signature::parse("map(A, B).size() -> int", "size").expect("a signature");
        assert!(matches!(size.params.as_slice(), [Shape::Map(..)]));
    }

    #[test]
    fn every_function_is_in_the_reference() {
        let page = include_str!("../../../../docs/functions.md");
        for function in crate::functions::all().filter(|function| !function.name.starts_with('@')) {
            let called = [format!("`{}(", function.name), format!(".{}(", function.name)];
            assert!(called.iter().any(|call| page.contains(call.as_str())), "{} is missing", function.name);
        }
    }

    #[test]
    fn every_function_has_readable_signatures_and_one_meaning() {
        let mut seen = std::collections::BTreeSet::new();
        for function in crate::functions::all() {
            assert!(!function.overloads.is_empty());
            for overload in function.overloads {
                assert!(Signature::parse(overload, function.name).is_some(), "{overload}");
            }
            assert!(function.signatures().count() >= function.overloads.len());
            for member in [false, true] {
                if function.can_be(member) {
                    assert!(seen.insert((function.name, member)), "{} twice", function.name);
                }
            }
        }
    }
}
