//! What is wrong with a question, in the words and the shape of `buf.validate.Violations`.

use std::{collections::HashSet, fmt, sync::Arc};

use portreeve_cel::Map;
use serde::Serialize;

/// One rule that a question breaks.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Violation {
    #[serde(skip_serializing_if = "Path::is_empty")]
    field: Path<Vec<Step>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<Path<&'static [Element]>>,
    rule_id: &'static str,
    message: &'static str,
    /// Present where a map is on the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    for_key: Option<bool>,
}

#[derive(Clone, Debug, Serialize)]
struct Path<T> {
    elements: T,
}

impl Path<Vec<Step>> {
    const fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }
}

/// A field of a message.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Element {
    field_number: u32,
    field_name: &'static str,
    field_type: &'static str,
}

/// A step on the way to a field.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Step {
    #[serde(flatten)]
    element: Element,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    string_key: Option<String>,
}

/// A field by its number in its message, its name and its type.
pub(super) const fn element(
    field_number: u32,
    field_name: &'static str,
    field_type: &'static str,
) -> Element {
    Element { field_number, field_name, field_type }
}

pub(super) const fn message(field_number: u32, field_name: &'static str) -> Element {
    element(field_number, field_name, "TYPE_MESSAGE")
}

pub(super) const fn string(field_number: u32, field_name: &'static str) -> Element {
    element(field_number, field_name, "TYPE_STRING")
}

const TOO_SHORT: &str = "must be at least 1 characters";

const REQUIRED: &[Element] = &[element(25, "required", "TYPE_BOOL")];
const UNIQUE: &[Element] = &[message(18, "repeated"), element(3, "unique", "TYPE_BOOL")];
const ITEM_LENGTH: &[Element] = &[
    message(18, "repeated"),
    message(4, "items"),
    message(14, "string"),
    element(2, "min_len", "TYPE_UINT64"),
];
const KEY_LENGTH: &[Element] =
    &[message(19, "map"), message(4, "keys"), message(14, "string"), element(2, "min_len", "TYPE_UINT64")];
const MAX_ITEMS: &[Element] = &[message(18, "repeated"), element(2, "max_items", "TYPE_UINT64")];
const PATTERN: &[Element] = &[message(14, "string"), element(6, "pattern", "TYPE_STRING")];

/// Where a question is being looked at, and what was found.
#[derive(Debug, Default)]
pub(super) struct Violations {
    path: Vec<Step>,
    found: Vec<Violation>,
}

impl Violations {
    /// Looks at what is below a field.
    pub(super) fn below(&mut self, element: Element, look: impl FnOnce(&mut Self)) {
        self.step(Step { element, key_type: None, value_type: None, index: None, string_key: None }, look);
    }

    /// Looks at one item of a repeated field.
    pub(super) fn item(&mut self, element: Element, index: usize, look: impl FnOnce(&mut Self)) {
        let index = Some(index.to_string());
        self.step(Step { element, key_type: None, value_type: None, index, string_key: None }, look);
    }

    /// Looks at one entry of a map from strings to messages.
    pub(super) fn entry(&mut self, element: Element, key: &str, look: impl FnOnce(&mut Self)) {
        let (key_type, value_type) = (Some("TYPE_STRING"), Some("TYPE_MESSAGE"));
        let string_key = Some(key.to_owned());
        self.step(Step { element, key_type, value_type, index: None, string_key }, look);
    }

    fn step(&mut self, step: Step, look: impl FnOnce(&mut Self)) {
        self.path.push(step);
        look(self);
        self.path.pop();
    }

    /// The field is not there.
    pub(super) fn required(&mut self, field: Element) {
        self.below(field, |at| at.found(Some(REQUIRED), "required", "value is required"));
    }

    /// A text that has to be there.
    pub(super) fn text(&mut self, field: Element, text: &str) {
        if text.is_empty() {
            self.required(field);
        }
    }

    /// A list of different texts that has at least one.
    pub(super) fn texts(&mut self, field: Element, texts: &[Arc<str>]) {
        if texts.is_empty() {
            return self.required(field);
        }
        // A handful is compared faster than hashed.
        let twice = if texts.len() <= 16 {
            texts.iter().enumerate().any(|(index, text)| texts.iter().take(index).any(|other| other == text))
        } else {
            let mut seen = HashSet::with_capacity(texts.len());
            !texts.iter().all(|text| seen.insert(text))
        };
        if twice {
            let message = "repeated value must contain unique items";
            self.below(field, |at| at.found(Some(UNIQUE), "repeated.unique", message));
        }
        for (index, text) in texts.iter().enumerate() {
            if text.is_empty() {
                self.item(field, index, |at| at.found(Some(ITEM_LENGTH), "string.min_len", TOO_SHORT));
            }
        }
    }

    /// A map whose keys have at least one character.
    pub(super) fn keys(&mut self, field: Element, map: Option<&Map>) {
        if map.is_some_and(|map| map.get("").is_some()) {
            self.entry(field, "", Self::short_key);
        }
    }

    /// The key of the entry that is being looked at has no character.
    pub(super) fn short_key(&mut self) {
        self.found(Some(KEY_LENGTH), "string.min_len", TOO_SHORT);
        if let Some(violation) = self.found.last_mut() {
            violation.for_key = Some(true);
        }
    }

    /// A list that is too long.
    pub(super) fn too_many(&mut self, field: Element, message: &'static str) {
        self.below(field, |at| at.found(Some(MAX_ITEMS), "repeated.max_items", message));
    }

    /// The name of a version: letters, digits and `_`.
    pub(super) fn version(&mut self, field: Element, text: &str) {
        if !text.bytes().all(is_word) {
            self.pattern(field, "does not match regex pattern `^[\\w]*$`");
        }
    }

    /// The name of a scope.
    pub(super) fn scope(&mut self, field: Element, text: &str) {
        if !is_scope(text) {
            let message = "does not match regex pattern `^(^$|\\.|[0-9a-zA-Z][\\w\\-]*(\\.\\w[\\w\\-]*)*)$`";
            self.pattern(field, message);
        }
    }

    fn pattern(&mut self, field: Element, message: &'static str) {
        self.below(field, |at| at.found(Some(PATTERN), "string.pattern", message));
    }

    /// A rule about the message that is being looked at.
    pub(super) fn whole(&mut self, rule_id: &'static str, message: &'static str) {
        self.found(None, rule_id, message);
    }

    fn found(&mut self, rule: Option<&'static [Element]>, rule_id: &'static str, message: &'static str) {
        let rule = rule.map(|elements| Path { elements });
        let for_key = self.path.iter().any(|step| step.string_key.is_some()).then_some(false);
        let field = Path { elements: self.path.clone() };
        self.found.push(Violation { field, rule, rule_id, message, for_key });
    }

    /// All that was found, if there is anything.
    pub(super) fn into_error(self) -> Option<Vec<Violation>> {
        (!self.found.is_empty()).then_some(self.found)
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Names between dots; letters, digits, `_` and `-`, at the front no `-`, and at the very front no `_`. Nothing and `.`
/// are the root.
fn is_scope(text: &str) -> bool {
    if text.is_empty() || text == "." {
        return true;
    }
    let part = |part: &str| {
        part.bytes().next().is_some_and(is_word) && part.bytes().all(|byte| is_word(byte) || byte == b'-')
    };
    !text.starts_with('_') && text.split('.').all(part)
}

/// All violations as one message.
pub(super) struct Said<'a>(pub(super) &'a [Violation]);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [one] => write!(f, "validation error: {one}"),
            many => {
                f.write_str("validation errors:")?;
                many.iter().try_for_each(|violation| write!(f, "\n - {violation}"))
            }
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.field.elements.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            f.write_str(step.element.field_name)?;
            if let Some(index) = &step.index {
                write!(f, "[{index}]")?;
            }
            if let Some(key) = &step.string_key {
                write!(f, "[{key:?}]")?;
            }
        }
        match self.field.elements.as_slice() {
            [] => f.write_str(self.message),
            _ => write!(f, ": {}", self.message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_names_between_dots() {
        for (text, good) in [
            ("", true),
            (".", true),
            ("a", true),
            ("a.b-c._d", true),
            ("0", true),
            ("_a", false),
            ("-a", false),
            ("a..b", false),
            ("a.", false),
            ("a.-b", false),
            ("a b", false),
            ("é", false),
        ] {
            assert_eq!(is_scope(text), good, "{text}");
        }
    }
}
