//! The steps of an evaluation, in Cerbos' shapes.

use std::{fmt::Write, sync::Arc};

use portreeve_cel::Value;
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::results::effect_name;
use crate::{Component, Event, Once, Output, Reason, Trace, check};

/// The steps in which a question was answered, in their order.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EngineTrace {
    /// What entries speak of.
    definitions: Vec<Part>,
    entries: Vec<Entry>,
}

/// What came of a part of the policies.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    /// From the policy to the part.
    component_indices: Vec<usize>,
    event: Told,
}

/// A part of the policies: its kind, the field that names it, and the name.
#[derive(Clone, Debug, PartialEq)]
struct Part {
    kind: &'static str,
    named: Option<(&'static str, Name)>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
enum Name {
    Text(Arc<str>),
    Index(usize),
    Variable { name: Arc<str>, expr: Arc<str> },
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
struct Told {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<serde_json::Value>,
}

const ACTIVATED: &str = "STATUS_ACTIVATED";
const SKIPPED: &str = "STATUS_SKIPPED";

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.kind)?;
        if let Some((field, name)) = &self.named {
            map.serialize_entry(field, name)?;
        }
        map.end()
    }
}

impl EngineTrace {
    /// Where there is no policy, there are none.
    pub(super) const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// One paragraph for each step: the path to what was looked at, and what came of it.
    #[must_use]
    pub fn text(&self) -> Vec<String> {
        let paragraph = |entry: &Entry| {
            let parts = entry.component_indices.iter().filter_map(|index| self.definitions.get(*index));
            let path: Vec<String> = parts.map(Part::text).collect();
            format!("{}\n{}", path.join(" > "), entry.event.text())
        };
        self.entries.iter().map(paragraph).collect()
    }
}

impl Part {
    fn text(&self) -> String {
        let mut words = self.kind.trim_start_matches("KIND_").split('_').map(str::to_ascii_lowercase);
        let mut kind = words.next().unwrap_or_default();
        for word in words {
            let mut letters = word.chars();
            kind.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
            kind.push_str(letters.as_str());
        }
        match &self.named {
            None => kind,
            Some((_, Name::Index(index))) => format!("{kind}#{index}"),
            Some((_, Name::Variable { name, expr })) => format!("{name}=`{expr}`"),
            Some(("expr", Name::Text(text))) => format!("{kind}=`{text}`"),
            Some((_, Name::Text(name))) if name.is_empty() => format!("{kind}=\"\""),
            Some((_, Name::Text(name))) => format!("{kind}={name}"),
        }
    }
}

impl Told {
    fn text(&self) -> String {
        let mut text = if self.status == ACTIVATED { "activated" } else { "skipped" }.to_owned();
        if let Some(effect) = self.effect {
            let _ = write!(text, "\neffect → {}", effect.trim_start_matches("EFFECT_").to_ascii_lowercase());
        }
        if let Some(result) = &self.result {
            let _ = write!(text, "\nresult → {result}");
        }
        match (self.message, &self.error) {
            (Some(message), Some(error)) => {
                let _ = write!(text, "\n{message}: {error}");
            }
            (Some(message), None) => {
                let _ = write!(text, "\n{message}");
            }
            (None, Some(error)) => {
                let _ = write!(text, "\n{error}");
            }
            (None, None) => {}
        }
        text
    }
}

/// Records the steps of one question.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    pub(super) trace: EngineTrace,
    inside: Vec<Part>,
    met: Vec<Once>,
}

impl Trace for Recorder {
    const STEPS: bool = true;

    fn enter(&mut self, component: Component<'_>) {
        self.inside.push(part(component));
    }

    fn leave(&mut self) {
        self.inside.pop();
    }

    fn event(&mut self, event: Event<'_>) {
        // What is inside no policy of its own starts at the nearest one.
        let from = self.inside.iter().rposition(|part| part.kind == "KIND_POLICY").unwrap_or_default();
        let definitions = &mut self.trace.definitions;
        let number = |part: &Part| {
            definitions.iter().position(|known| known == part).unwrap_or_else(|| {
                definitions.push(part.clone());
                definitions.len() - 1
            })
        };
        let component_indices = self.inside.iter().skip(from).map(number).collect();
        self.trace.entries.push(Entry { component_indices, event: told(event) });
    }

    fn once(&mut self, what: Once) -> bool {
        let first = !self.met.contains(&what);
        if first {
            self.met.push(what);
        }
        first
    }
}

fn part(component: Component<'_>) -> Part {
    let named = |kind, field, name: &str| Part { kind, named: Some((field, Name::Text(name.into()))) };
    let plain = |kind| Part { kind, named: None };
    match component {
        Component::Policy(key) => named("KIND_POLICY", "policy", &format!("cerbos.{key}")),
        Component::DerivedRole(name) => named("KIND_DERIVED_ROLE", "derivedRole", name),
        Component::Variables => plain("KIND_VARIABLES"),
        Component::Variable { name, text } => {
            let variable = Name::Variable { name: name.into(), expr: text.into() };
            Part { kind: "KIND_VARIABLE", named: Some(("variable", variable)) }
        }
        Component::Action(action) => named("KIND_ACTION", "action", action),
        Component::Scope(scope) => named("KIND_SCOPE", "scope", scope),
        Component::Rule(name) => named("KIND_RULE", "rule", name),
        Component::Condition => plain("KIND_CONDITION"),
        Component::All => plain("KIND_CONDITION_ALL"),
        Component::Any => plain("KIND_CONDITION_ANY"),
        Component::None => plain("KIND_CONDITION_NONE"),
        Component::Part(index) => Part { kind: "KIND_CONDITION", named: Some(("index", Name::Index(index))) },
        Component::Expression(text) => named("KIND_EXPR", "expr", text),
        Component::Output(rule) => named("KIND_OUTPUT", "output", rule),
    }
}

fn told(event: Event<'_>) -> Told {
    let activated = Told { status: ACTIVATED, ..Told::default() };
    match event {
        Event::Value(value) => {
            let value = value.and_then(|value| check::json(value).ok()).unwrap_or(Value::Null);
            Told { result: serde_json::to_value(&value).ok(), ..activated }
        }
        Event::Held { held, error, cut_short } => Told {
            result: Some(held.into()),
            message: match (cut_short, error) {
                (true, _) => Some("Short-circuited"),
                (false, Some(_)) => Some("Failed to evaluate expression"),
                (false, None) => None,
            },
            error: error.map(str::to_owned),
            ..activated
        },
        Event::Said(output) => Told { result: Some(said(output)), ..activated },
        Event::Settled(effect) => Told { effect: Some(effect_name(effect)), ..activated },
        Event::Skipped(reason) => {
            let (message, error) = match reason {
                Reason::NotMet => ("Condition not satisfied", None),
                Reason::Failed(error) => ("Error evaluating condition", Some(error.to_owned())),
                Reason::Inactive => ("No matching derived roles", None),
                Reason::NoRole => ("No matching roles", None),
            };
            Told { status: SKIPPED, message: Some(message), error, ..Told::default() }
        }
    }
}

/// An output, its fields in the order of their names.
fn said(output: &Output) -> serde_json::Value {
    let (action, src) = (&*output.action, &output.source);
    match &output.value {
        Ok(val) => serde_json::json!({ "action": action, "src": src, "val": val }),
        Err(error) => serde_json::json!({ "action": action, "error": error, "src": src }),
    }
}

#[cfg(test)]
mod tests;
