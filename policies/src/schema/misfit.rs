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

/// All misfits: those of a value before those of its parts, and nothing more about a value of the wrong type.
pub(super) fn all<'a>(errors: impl Iterator<Item = ValidationError<'a>>) -> Vec<Misfit> {
    let mut found = Vec::new();
    let mut missing: Vec<(String, Vec<String>)> = Vec::new();
    errors.for_each(|error| collect(&error, false, &mut found, &mut missing));
    let missing = missing.into_iter().map(|(path, names)| {
        let message = format!("missing properties: {}", quoted(&names));
        Misfit { path, message, is_type: false }
    });
    let mut found: Vec<Misfit> = missing.chain(found).collect();
    let wrong: Vec<String> =
        found.iter().filter(|misfit| misfit.is_type).map(|misfit| misfit.path.clone()).collect();
    found.retain(|misfit| misfit.is_type || !wrong.contains(&misfit.path));
    found.sort_by(|a, b| a.path.split('/').cmp(b.path.split('/')));
    found
}

fn collect(
    error: &ValidationError<'_>,
    choice: bool,
    found: &mut Vec<Misfit>,
    missing: &mut Vec<(String, Vec<String>)>,
) {
    let path = error.instance_path().to_string();
    match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default().to_owned();
            match missing.iter_mut().find(|(at, _)| *at == path) {
                Some((_, names)) => names.push(name),
                None => missing.push((path, vec![name])),
            }
        }
        // Not that none fits is said, but why each does not.
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            context.iter().flatten().for_each(|error| collect(error, true, found, missing));
        }
        Kind::PropertyNames { error } => collect(error, choice, found, missing),
        kind => found.push(Misfit {
            path,
            message: message(error),
            is_type: !choice && matches!(kind, Kind::Type { .. }),
        }),
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
        Kind::Type { kind: TypeKind::Multiple(types) } => {
            let types: Vec<String> = types.iter().map(|ty| ty.to_string()).collect();
            format!("expected {}, but got {got}", types.join(" or "))
        }
        Kind::AdditionalProperties { unexpected } => {
            format!("additionalProperties {} not allowed", quoted(unexpected))
        }
        Kind::Enum { options } => {
            let options: Vec<String> = options.as_array().into_iter().flatten().map(literal).collect();
            format!("value must be one of {}", options.join(", "))
        }
        Kind::Constant { expected_value } => format!("value must be {}", literal(expected_value)),
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
        Kind::Pattern { pattern } => format!("does not match pattern '{pattern}'"),
        Kind::Format { format } => {
            format!("'{}' is not valid '{format}'", instance.as_str().unwrap_or_default())
        }
        Kind::Not { .. } => "not failed".to_owned(),
        Kind::FalseSchema => "not allowed".to_owned(),
        _ => error.to_string(),
    }
}

/// A value of a schema as Go shows it: numbers in quotes, for they are kept as text.
fn literal(value: &Value) -> String {
    match value {
        Value::Number(number) => format!("\"{number}\""),
        value => value.to_string(),
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
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
            },
            "required": ["req"],
        });
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
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
                vec![("/b", "expected number or string, but got array"), ("/c", "value must be \"1\"")],
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
            (json!({"req": 1, "enum": 1}), vec![("/enum", "expected string, but got number")]),
            (json!({"req": 1, "enum": "z"}), vec![("/enum", "value must be one of \"x\", \"y\"")]),
        ] {
            let mut found: Vec<_> =
                all(validator.iter_errors(&attributes)).into_iter().map(|m| (m.path, m.message)).collect();
            let mut expected: Vec<_> =
                expected.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
            // Keywords of one value come in no fixed order.
            found.sort();
            expected.sort();
            assert_eq!(found, expected, "{attributes}");
        }
    }
}
