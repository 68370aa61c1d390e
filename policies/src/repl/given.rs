//! What a person has given names to.

use std::collections::BTreeMap;

use portreeve_cel::{EnvBuilder, Type, Val, Value};
use portreeve_diagnostics::suggest;

use crate::names::bad_identifier;

/// Values by the long form of their names: `request.principal.id`, `variables.x`, `x`.
#[derive(Clone, Debug, Default)]
pub(super) struct Given(BTreeMap<String, Value>);

/// What a name of every request may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Text,
    Texts,
    Fields,
}

const SHAPES: [(&str, Shape); 14] = [
    ("request.principal.id", Shape::Text),
    ("request.principal.roles", Shape::Texts),
    ("request.principal.attr", Shape::Fields),
    ("request.principal.policyVersion", Shape::Text),
    ("request.principal.scope", Shape::Text),
    ("request.resource.kind", Shape::Text),
    ("request.resource.id", Shape::Text),
    ("request.resource.attr", Shape::Fields),
    ("request.resource.policyVersion", Shape::Text),
    ("request.resource.scope", Shape::Text),
    ("request.auxData.jwt", Shape::Fields),
    ("request.auxData.jwts", Shape::Fields),
    ("runtime.effectiveDerivedRoles", Shape::Texts),
    ("globals", Shape::Fields),
];

/// What the last answer is called.
pub(super) const LAST: &str = "_";

impl Given {
    /// Gives a name a value. A name such as `request.principal` or `V` stands for all that is under it.
    ///
    /// # Errors
    /// Why it cannot have it, in words.
    pub(super) fn define(&mut self, name: &str, value: Value) -> Result<(), String> {
        let mut changed = self.clone();
        changed.put(&long(name), value)?;
        *self = changed;
        Ok(())
    }

    /// What the last answer was; nothing if it cannot be kept.
    pub(super) fn answered(&mut self, value: Option<Value>) {
        match value {
            Some(value) => self.0.insert(LAST.to_owned(), value),
            None => self.0.remove(LAST),
        };
    }

    pub(super) fn declare(&self, env: &mut EnvBuilder) {
        for name in self.0.keys() {
            env.declare(name, Type::Dyn);
        }
    }

    /// The names in their long form, with their values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn put(&mut self, path: &str, value: Value) -> Result<(), String> {
        if let Some((_, shape)) = SHAPES.iter().find(|(name, _)| *name == path) {
            shape.check(path, &value)?;
            self.0.insert(path.to_owned(), value);
            return Ok(());
        }
        if is_roof(path) {
            return self.put_under(path, &value);
        }
        let name =
            path.strip_prefix("variables.").or_else(|| path.strip_prefix("constants.")).unwrap_or(path);
        if let Some(wrong) = unusable(path).or_else(|| bad_identifier(name)) {
            return Err(wrong);
        }
        self.0.insert(path.to_owned(), value);
        Ok(())
    }

    fn put_under(&mut self, roof: &str, value: &Value) -> Result<(), String> {
        let Value::Map(fields) = value else {
            return Err(format!("`{roof}` is a map, not {}", called(value)));
        };
        self.0.retain(|name, _| under(roof, name).is_none());
        fields
            .iter()
            .try_for_each(|(field, value)| self.put(&long(&format!("{roof}.{field}")), value.clone()))
    }
}

impl Shape {
    fn check(self, path: &str, value: &Value) -> Result<(), String> {
        let (fits, wanted) = match (self, value) {
            (Self::Text, value) => (matches!(value, Value::String(_)), "text"),
            (Self::Fields, value) => (matches!(value, Value::Map(_)), "a map"),
            (Self::Texts, Value::List(items)) => (
                items.iter().all(|item| matches!(item, Value::String(_))),
                "a list of texts and nothing else",
            ),
            (Self::Texts, _) => (false, "a list of texts"),
        };
        if fits { Ok(()) } else { Err(format!("`{path}` is {wanted}, not {}", called(value))) }
    }
}

/// Whether there are names under this one, or may be.
fn is_roof(path: &str) -> bool {
    matches!(path, "variables" | "constants") || SHAPES.iter().any(|(name, _)| under(path, name).is_some())
}

fn under<'n>(roof: &str, name: &'n str) -> Option<&'n str> {
    name.strip_prefix(roof)?.strip_prefix('.')
}

/// Why a name that could be one is not to be used.
fn unusable(path: &str) -> Option<String> {
    if path == LAST {
        return Some("`_` is what the last answer is called".to_owned());
    }
    let (roof, field) = path.rsplit_once('.')?;
    if !path.starts_with("request.") && !path.starts_with("runtime.") {
        return None;
    }
    let known = SHAPES.iter().filter_map(|(name, _)| under(roof, name)?.split('.').next());
    let near = suggest::nearest(field, known).map(|near| format!("; did you mean `{near}`?"));
    Some(format!("`{roof}` has no field `{field}`{}", near.unwrap_or_default()))
}

/// A name in its long form.
fn long(name: &str) -> String {
    let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
    let first = match first {
        "P" => "request.principal",
        "R" => "request.resource",
        "G" => "globals",
        "V" => "variables",
        "C" => "constants",
        other => other,
    };
    let path = rest.map_or_else(|| first.to_owned(), |rest| format!("{first}.{rest}"));
    if !path.starts_with("request.") && !path.starts_with("runtime.") {
        return path;
    }
    let fields = path.split('.').map(|field| match field {
        "aux_data" => "auxData",
        "policy_version" => "policyVersion",
        "effective_derived_roles" => "effectiveDerivedRoles",
        field => field,
    });
    fields.collect::<Vec<_>>().join(".")
}

/// A name as it is shorter to write.
pub(super) fn short(path: &str) -> String {
    let roofs = [
        ("request.principal.", "P."),
        ("request.resource.", "R."),
        ("variables.", "V."),
        ("constants.", "C."),
    ];
    let found = roofs.iter().find_map(|(roof, short)| Some(format!("{short}{}", path.strip_prefix(roof)?)));
    found.unwrap_or_else(|| path.to_owned())
}

fn called(value: &Value) -> String {
    let value = Val::from(value);
    format!("{value} ({})", value.type_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(definitions: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let mut given = Given::default();
        for (name, value) in definitions {
            given.define(name, serde_json::from_str(value).unwrap())?;
        }
        Ok(given.iter().map(|(name, value)| format!("{name}={}", Val::from(value))).collect())
    }

    #[test]
    fn a_name_stands_for_all_that_is_under_it() {
        for (definitions, expected) in [
            (&[("x", "1")][..], &["x=1.0"][..]),
            (&[("P.id", "\"a\"")], &["request.principal.id=\"a\""]),
            (
                &[("request", r#"{"principal": {"id": "a"}, "aux_data": {"jwt": {}}}"#)],
                &["request.auxData.jwt={}", "request.principal.id=\"a\""],
            ),
            (
                &[("P", r#"{"id": "a", "roles": ["r"]}"#), ("P", r#"{"id": "b"}"#)],
                &["request.principal.id=\"b\""],
            ),
            (&[("V.x", "1"), ("V", r#"{"y": 2}"#)], &["variables.y=2.0"]),
            (&[("C", r#"{"y": 2}"#), ("C.z", "3")], &["constants.y=2.0", "constants.z=3.0"]),
            (&[("G", r#"{"a": 1}"#)], &["globals={\"a\": 1.0}"]),
        ] {
            assert_eq!(given(definitions).unwrap(), expected, "{definitions:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_and_changes_nothing() {
        for (name, value, expected) in [
            ("P.id", "1", "`request.principal.id` is text, not 1.0 (double)"),
            (
                "P.roles",
                "[1]",
                "`request.principal.roles` is a list of texts and nothing else, not [1.0] (list)",
            ),
            ("R", "1", "`request.resource` is a map, not 1.0 (double)"),
            ("request.princpal", "{}", "`request` has no field `princpal`; did you mean `principal`?"),
            ("P", r#"{"rolse": []}"#, "`request.principal` has no field `rolse`; did you mean `roles`?"),
            ("_", "1", "`_` is what the last answer is called"),
            ("in", "1", "\"in\" is a reserved keyword and can't be used as an identifier"),
            ("x.y", "1", "\"x.y\" is not a valid identifier"),
            ("V.1", "1", "\"1\" is not a valid identifier"),
        ] {
            assert_eq!(given(&[(name, value)]).unwrap_err(), expected, "{name}");
        }
        let mut kept = Given::default();
        kept.define("P", serde_json::from_str(r#"{"id": "a"}"#).unwrap()).unwrap();
        kept.define("P", serde_json::from_str(r#"{"id": 1}"#).unwrap()).unwrap_err();
        assert!(kept.has("request.principal.id"));
    }
}
