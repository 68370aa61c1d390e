//! What does not fit a schema, in the words and the order of Cerbos.

use jsonschema::{
    ValidationError,
    error::{TypeKind, ValidationErrorKind as Kind},
};
use serde_json::Value;

use super::kind;

/// One thing that does not fit.
#[derive(Debug)]
pub(super) struct Misfit {
    /// A JSON pointer.
    pub(super) path: String,
    pub(super) message: String,
    is_type: bool,
}

/// All misfits: those of a value before those of its parts, and nothing more about a value of the wrong type. `written`
/// tells what is written at a place in a schema.
pub(super) fn all<'a, 's>(
    errors: impl Iterator<Item = ValidationError<'a>>,
    written: impl Fn(&str) -> Option<&'s Value>,
) -> Vec<Misfit> {
    let mut found = Found { misfits: Vec::new(), missing: Vec::new(), written: &written };
    errors.for_each(|error| found.collect(&error, false));
    let missing = found.missing.into_iter().map(|(path, names)| {
        let message = format!("missing properties: {}", quoted(&names));
        Misfit { path, message, is_type: false }
    });
    let mut found: Vec<Misfit> = missing.chain(found.misfits).collect();
    let wrong: Vec<String> =
        found.iter().filter(|misfit| misfit.is_type).map(|misfit| misfit.path.clone()).collect();
    found.retain(|misfit| misfit.is_type || !wrong.contains(&misfit.path));
    found.sort_by(|a, b| a.path.split('/').cmp(b.path.split('/')));
    found
}

struct Found<'w, 's> {
    misfits: Vec<Misfit>,
    /// What each value lacks.
    missing: Vec<(String, Vec<String>)>,
    written: &'w dyn Fn(&str) -> Option<&'s Value>,
}

impl<'s> Found<'_, 's> {
    fn collect(&mut self, error: &ValidationError<'_>, choice: bool) {
        let path = error.instance_path().to_string();
        match error.kind() {
            Kind::Required { property } => self.lacks(path, property.as_str().unwrap_or_default(), error),
            // Not that none fits is said, but why each does not.
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
                context.iter().flatten().for_each(|error| self.collect(error, true));
            }
            // A name that does not fit is where its value is.
            Kind::PropertyNames { error } => {
                let before = self.misfits.len();
                self.collect(error, choice);
                let name = step(error.instance().as_str().unwrap_or_default());
                self.misfits.iter_mut().skip(before).for_each(|misfit| misfit.path.push_str(&name));
            }
            Kind::UnevaluatedProperties { unexpected } => {
                unexpected
                    .iter()
                    .for_each(|name| self.push(path.clone() + &step(name), "not allowed".into()));
            }
            Kind::Type { kind: TypeKind::Multiple(types) } => {
                let types = types.iter().map(|ty| ty.to_string()).collect();
                let types = self.as_written(error, types);
                let message = format!("expected {}, but got {}", types.join(" or "), kind(error.instance()));
                self.misfits.push(Misfit { path, message, is_type: !choice });
            }
            kind => {
                let is_type = !choice && matches!(kind, Kind::Type { .. });
                self.misfits.push(Misfit { path, message: message(error), is_type });
            }
        }
    }

    fn push(&mut self, path: String, message: String) {
        self.misfits.push(Misfit { path, message, is_type: false });
    }

    /// A property that must be there, be it always or where another is.
    fn lacks(&mut self, path: String, name: &str, error: &ValidationError<'_>) {
        let others = self.that_ask_for(name, error);
        if others.is_empty() {
            match self.missing.iter_mut().find(|(at, _)| *at == path) {
                Some((_, names)) => names.push(name.to_owned()),
                None => self.missing.push((path, vec![name.to_owned()])),
            }
            return;
        }
        for other in others {
            let message =
                format!("property {} is required, if {} property exists", quote(name), quote(other));
            if !self.misfits.iter().any(|known| known.path == path && known.message == message) {
                self.push(path.clone(), message);
            }
        }
    }

    /// The properties that are there and ask for another one that is not.
    fn that_ask_for(&self, name: &str, error: &ValidationError<'_>) -> Vec<&'s str> {
        let place = error.absolute_keyword_location().map(|place| place.as_str()).unwrap_or_default();
        let rules = ["/dependentRequired", "/dependencies"].iter().find_map(|keyword| {
            let end = place.rfind(keyword)? + keyword.len();
            (self.written)(place.get(..end)?)?.as_object()
        });
        let asks = |other: &str, names: &Value| {
            error.instance().get(other).is_some()
                && names.as_array().is_some_and(|names| names.iter().any(|asked| asked == name))
        };
        let rules = rules.into_iter().flatten();
        rules.filter(|(other, names)| asks(other, names)).map(|(other, _)| other.as_str()).collect()
    }

    /// Types in the order in which the schema names them.
    fn as_written(&self, error: &ValidationError<'_>, types: Vec<String>) -> Vec<String> {
        let place = error.absolute_keyword_location();
        let written = place.and_then(|place| (self.written)(place.as_str())).and_then(Value::as_array);
        match written {
            Some(written) => written.iter().filter_map(|ty| Some(ty.as_str()?.to_owned())).collect(),
            None => types,
        }
    }
}

fn message(error: &ValidationError<'_>) -> String {
    let instance: &Value = error.instance();
    let got = kind(instance);
    let size = || match instance {
        Value::Array(items) => items.len(),
        Value::Object(entries) => entries.len(),
        Value::String(text) => text.chars().count(),
        _ => 0,
    };
    match error.kind() {
        Kind::Type { kind: TypeKind::Single(want) } => format!("expected {want}, but got {got}"),
        Kind::AdditionalProperties { unexpected } => {
            format!("additionalProperties {} not allowed", quoted(unexpected))
        }
        Kind::AdditionalItems { limit } => {
            format!("only {limit} items are allowed, but found {} items", size())
        }
        Kind::Enum { options } => one_of(options.as_array().map(Vec::as_slice).unwrap_or_default()),
        Kind::Constant { expected_value } => match literal(expected_value) {
            Some(expected) => format!("value must be {expected}"),
            None => "const failed".to_owned(),
        },
        Kind::Minimum { limit } => format!("must be >= {limit} but found {instance}"),
        Kind::Maximum { limit } => format!("must be <= {limit} but found {instance}"),
        Kind::ExclusiveMinimum { limit } => format!("must be > {limit} but found {instance}"),
        Kind::ExclusiveMaximum { limit } => format!("must be < {limit} but found {instance}"),
        Kind::MultipleOf { multiple_of } => format!("{instance} not multipleOf {multiple_of}"),
        Kind::MinLength { limit } => format!("length must be >= {limit}, but got {}", size()),
        Kind::MaxLength { limit } => format!("length must be <= {limit}, but got {}", size()),
        Kind::MinItems { limit } => format!("minimum {limit} items required, but found {} items", size()),
        Kind::MaxItems { limit } => format!("maximum {limit} items required, but found {} items", size()),
        Kind::MinProperties { limit } => {
            format!("minimum {limit} properties allowed, but found {} properties", size())
        }
        Kind::MaxProperties { limit } => {
            format!("maximum {limit} properties allowed, but found {} properties", size())
        }
        Kind::UniqueItems => twice(instance.as_array().map(Vec::as_slice).unwrap_or_default()),
        Kind::OneOfMultipleValid { context } => {
            let fits: Vec<String> = (0..)
                .zip(context)
                .filter(|(_, errors)| errors.is_empty())
                .map(|(index, _): (usize, _)| index.to_string())
                .take(2)
                .collect();
            format!("valid against schemas at indexes {}", fits.join(" and "))
        }
        Kind::Pattern { pattern } => format!("does not match pattern {}", quote(pattern)),
        Kind::Format { format } => {
            format!("{} is not valid {}", quote(instance.as_str().unwrap_or_default()), quote(format))
        }
        Kind::Not { .. } => "not failed".to_owned(),
        Kind::FalseSchema => "not allowed".to_owned(),
        _ => error.to_string(),
    }
}

fn one_of(options: &[Value]) -> String {
    let shown: Option<Vec<String>> = options.iter().map(literal).collect();
    match shown.as_deref() {
        Some([only]) => format!("value must be {only}"),
        Some(options) => format!("value must be one of {}", options.join(", ")),
        None => "enum failed".to_owned(),
    }
}

/// The first two items that are the same.
fn twice(items: &[Value]) -> String {
    let pairs = (0..items.len()).flat_map(|second| (0..second).map(move |first| (first, second)));
    let mut equal = pairs.filter(|(first, second)| match (items.get(*first), items.get(*second)) {
        (Some(a), Some(b)) => is_same(a, b),
        _ => false,
    });
    let (first, second) = equal.next().unwrap_or_default();
    format!("items at index {first} and {second} are equal")
}

/// Whether values are the same, where `1.0` is `1`.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| is_same(a, b)))
        }
        (a, b) => a == b,
    }
}

/// A value of a schema as Go shows it: numbers in quotes, for they are kept as text. Lists and objects are not shown.
fn literal(value: &Value) -> Option<String> {
    Some(match value {
        Value::Array(_) | Value::Object(_) => return None,
        Value::Null => "<nil>".to_owned(),
        Value::Number(number) => format!("\"{number}\""),
        value => value.to_string(),
    })
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ")
}

/// In single quotes, and escaped.
fn quote(text: &str) -> String {
    let escaped = format!("{text:?}").replace("\\\"", "\"").replace('\'', "\\'");
    format!("'{}'", escaped.get(1..escaped.len().saturating_sub(1)).unwrap_or_default())
}

/// A name as a step of a JSON pointer.
fn step(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn misfits_are_told_as_cerbos_tells_them() {
        let schema = json!({
            "type": "object",
            "properties": {
                "a": {"type": "object", "required": ["x", "y"],
                      "properties": {"z": {"type": "string", "minLength": 3, "pattern": "^a"}}},
                "b": {"type": ["string", "number"]},
                "c": {"const": 1},
                "d": {"type": "array", "items": {"type": "integer"}, "maxItems": 2},
                "e": {"type": "string", "format": "date"},
                "n": {"type": "number", "minimum": 3, "multipleOf": 2},
                "o": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
                "any": {"anyOf": [{"type": "string"}, {"required": ["q"]}]},
                "not": {"not": {"type": "string"}},
                "enum": {"type": "string", "enum": ["x", "y"]},
                "only": {"enum": ["x"]},
                "list": {"enum": [[1], "x"]},
                "null": {"const": null},
                "twice": {"uniqueItems": true},
                "two": {"oneOf": [{"type": "string"}, {"minimum": 1}, {"minimum": 2}]},
                "names": {"propertyNames": {"minLength": 2}},
                "with": {"dependentRequired": {"x": ["y", "z"]}},
                "rest": {"properties": {"x": true}, "unevaluatedProperties": false},
                "slash": {"pattern": "^\\d'$"},
            },
            "required": ["req"],
        });
        let validator = jsonschema::options()
            .with_base_uri("cerbos:///a.json")
            .should_validate_formats(true)
            .build(&schema)
            .unwrap();
        let written = |place: &str| schema.pointer(place.strip_prefix("cerbos:///a.json#")?);
        for (attributes, expected) in [
            (
                json!({"a": 1}),
                vec![("", "missing properties: 'req'"), ("/a", "expected object, but got number")],
            ),
            (
                json!({"req": 1, "a": {"z": "b"}}),
                vec![
                    ("/a", "missing properties: 'x', 'y'"),
                    ("/a/z", "length must be >= 3, but got 1"),
                    ("/a/z", "does not match pattern '^a'"),
                ],
            ),
            (
                json!({"req": 1, "b": [], "c": 2}),
                vec![("/b", "expected string or number, but got array"), ("/c", "value must be \"1\"")],
            ),
            (
                json!({"req": 1, "d": [1, 1.5, "x"], "e": "x"}),
                vec![
                    ("/d", "maximum 2 items required, but found 3 items"),
                    ("/d/1", "expected integer, but got number"),
                    ("/d/2", "expected integer, but got string"),
                    ("/e", "'x' is not valid 'date'"),
                ],
            ),
            (
                json!({"req": 1, "n": 1}),
                vec![("/n", "must be >= 3 but found 1"), ("/n", "1 not multipleOf 2")],
            ),
            (
                json!({"req": 1, "o": true, "not": "s", "any": {}}),
                vec![
                    ("/any", "missing properties: 'q'"),
                    ("/any", "expected string, but got object"),
                    ("/not", "not failed"),
                    ("/o", "expected string, but got boolean"),
                    ("/o", "expected integer, but got boolean"),
                ],
            ),
            (
                json!({"req": 1, "only": 1, "list": 1, "null": 1, "twice": [[1], 2, [1.0]], "two": 3, "slash": "a"}),
                vec![
                    ("/only", "value must be \"x\""),
                    ("/list", "enum failed"),
                    ("/null", "value must be <nil>"),
                    ("/twice", "items at index 0 and 2 are equal"),
                    ("/two", "valid against schemas at indexes 1 and 2"),
                    ("/slash", "does not match pattern '^\\\\d\\'$'"),
                ],
            ),
            (
                json!({"req": 1, "names": {"a": 1}, "with": {"x": 1}, "rest": {"y": 1, "x": 2}}),
                vec![
                    ("/names/a", "length must be >= 2, but got 1"),
                    ("/with", "property 'y' is required, if 'x' property exists"),
                    ("/with", "property 'z' is required, if 'x' property exists"),
                    ("/rest/y", "not allowed"),
                ],
            ),
            (json!({"req": 1, "enum": 1}), vec![("/enum", "expected string, but got number")]),
            (json!({"req": 1, "enum": "z"}), vec![("/enum", "value must be one of \"x\", \"y\"")]),
        ] {
            let mut found: Vec<_> = all(validator.iter_errors(&attributes), written)
                .into_iter()
                .map(|m| (m.path, m.message))
                .collect();
            let mut expected: Vec<_> =
                expected.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
            // Keywords of one value come in no fixed order.
            found.sort();
            expected.sort();
            assert_eq!(found, expected, "{attributes}");
        }
    }
}
