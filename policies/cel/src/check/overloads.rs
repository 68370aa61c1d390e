use super::Type;
use crate::functions::signature::{Shape, Signature};

/// What a function gives for values of these types; `None` if no overload takes them.
pub(super) fn result(signatures: impl Iterator<Item = Signature>, args: &[Type]) -> Option<Type> {
    let mut results = signatures.filter_map(|signature| result_of(&signature, args));
    let first = results.next()?;
    // Where several overloads may be meant, and they do not give the same, it can be anything.
    Some(if results.all(|found| found == first) { first } else { Type::Dyn })
}

fn result_of(signature: &Signature, args: &[Type]) -> Option<Type> {
    let enough = if signature.variadic {
        args.len() >= signature.params.len()
    } else {
        args.len() == signature.params.len()
    };
    if !enough {
        return None;
    }
    let mut bound = Bound::default();
    let repeated = signature.params.last().into_iter().cycle().take(args.len());
    let fits = signature.params.iter().chain(repeated).zip(args).all(|(param, arg)| bound.fits(param, arg));
    fits.then(|| bound.fill(&signature.result))
}

/// What the letters of a signature stand for in one call.
#[derive(Default)]
struct Bound(Vec<(char, Type)>);

impl Bound {
    fn fits(&mut self, shape: &Shape, arg: &Type) -> bool {
        match (shape, arg) {
            (Shape::Param(letter), _) => self.bind(*letter, arg),
            (Shape::Named(name), _) => is_named(arg, name),
            (_, Type::Dyn | Type::Unknown) => true,
            (Shape::List(item), Type::List(found)) | (Shape::Optional(item), Type::Optional(found)) => {
                self.fits(item, found)
            }
            (Shape::Map(key, value), Type::Map(k, v)) => self.fits(key, k) && self.fits(value, v),
            (Shape::Type(_), Type::Type) => true,
            _ => false,
        }
    }

    fn bind(&mut self, letter: char, arg: &Type) -> bool {
        match self.0.iter_mut().find(|(known, _)| *known == letter) {
            None => {
                self.0.push((letter, arg.clone()));
                true
            }
            Some((_, known)) => {
                let fits = known.meets(arg);
                *known = known.clone().join(arg);
                fits
            }
        }
    }

    fn fill(&self, shape: &Shape) -> Type {
        match shape {
            Shape::Param(letter) => self
                .0
                .iter()
                .find(|(known, _)| known == letter)
                .map_or(Type::Unknown, |(_, found)| found.clone()),
            Shape::Named(name) => named(name),
            Shape::List(item) => Type::list(self.fill(item)),
            Shape::Map(key, value) => Type::map(self.fill(key), self.fill(value)),
            Shape::Optional(inner) => Type::optional(self.fill(inner)),
            Shape::Type(_) => Type::Type,
        }
    }
}

fn is_named(arg: &Type, name: &str) -> bool {
    match (name, arg) {
        (_, Type::Dyn | Type::Unknown) | ("dyn", _) => true,
        ("timestamp" | "duration", Type::Null) => true,
        ("number", Type::Int | Type::Uint | Type::Double) => true,
        (_, Type::Object(_) | Type::Fields(_)) => false,
        _ => arg.to_string() == name,
    }
}

fn named(name: &'static str) -> Type {
    match name {
        "dyn" | "number" => Type::Dyn,
        "null" => Type::Null,
        "bool" => Type::Bool,
        "int" => Type::Int,
        "uint" => Type::Uint,
        "double" => Type::Double,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        "timestamp" => Type::Timestamp,
        "duration" => Type::Duration,
        "type" => Type::Type,
        other => Type::Named(other),
    }
}
