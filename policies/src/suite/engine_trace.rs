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
mod tests {
    use portreeve_diagnostics::{Bundle, SourceFile};

    use super::*;
    use crate::{
        Options, PolicySet,
        suite::{Coverage, Selection, Suites},
    };

    const POLICIES: &str = r#"apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: doc
  version: default
  importDerivedRoles: [common-roles]
  variables: {local: {draft: R.attr.draft, unused: "1"}}
  rules:
    - name: drafts
      actions: [read]
      effect: EFFECT_ALLOW
      roles: [user]
      condition: {match: {all: {of: [{expr: P.id == "ann"}, {expr: V.draft}]}}}
      output: {when: {conditionNotMet: R.id}}
    - {actions: [read], effect: EFFECT_DENY, roles: ["*"], condition: {match: {expr: R.attr.gone}}}
    - {actions: [edit], effect: EFFECT_ALLOW, derivedRoles: [owner, boss]}
"#;

    const COMMON: &str = r#"apiVersion: api.cerbos.dev/v1
derivedRoles:
  name: common-roles
  definitions:
    - {name: boss, parentRoles: [admin]}
    - {name: owner, parentRoles: [user], condition: {match: {expr: R.attr.owner == P.id}}}
"#;

    const ROLE: &str = r#"apiVersion: api.cerbos.dev/v1
rolePolicy:
  role: clerk
  rules:
    - {resource: doc, allowActions: [read], condition: {match: {expr: R.attr.draft}}}
"#;

    const SUITE: &str = "name: Docs
principals: {ann: {id: ann, roles: [user]}, cal: {id: cal, roles: [clerk]}}
resources: {doc: {kind: doc, id: d1, attr: {owner: bob, draft: false}}}
tests:
  - name: all
    input: {principals: [ann, cal], resources: [doc], actions: [read, edit]}
    expected: [{principal: ann, resource: doc, actions: {read: EFFECT_DENY}}]
";

    /// The steps of the questions of both principals.
    fn traces() -> Vec<Arc<EngineTrace>> {
        let file = |name: &str, text: &str| SourceFile { name: name.into(), text: text.into() };
        let files = vec![
            file("p.yaml", POLICIES),
            file("r.yaml", ROLE),
            file("c.yaml", COMMON),
            file("d_test.yaml", SUITE),
        ];
        let bundle = Bundle { revision: "test".into(), files };
        let options = Options { strict: false, ..Options::default() };
        let (set, report) = PolicySet::compile(&bundle, &[0, 1, 2, 3], &options);
        let set = set.unwrap_or_else(|| panic!("{report:?}"));
        let suites = Suites::read(&bundle, &[3]).traced(true);
        let results = suites.run(&set, &options, &Selection::default(), &mut Coverage::default());
        let suite = results.suites.into_iter().next().unwrap();
        assert_eq!(suite.error, None);
        let principals = suite.test_cases.into_iter().flat_map(|test| test.principals);
        let details = principals.flat_map(|p| p.resources).flat_map(|r| r.actions).map(|a| a.details);
        details.map(|details| details.engine_trace_batch.unwrap()).collect()
    }

    #[test]
    fn all_actions_of_a_question_have_the_steps_of_all_of_them() {
        let traces = traces();
        assert_eq!(traces.len(), 4);
        assert_eq!(traces[0], traces[1]);
        assert_ne!(traces[0], traces[2]);
    }

    #[test]
    fn steps_are_told_in_their_order_and_conditions_once() {
        let doc = "policy=cerbos.resource.doc.vdefault";
        let read = format!("{doc} > action=read");
        let drafts = format!("{read} > scope=\"\" > rule=drafts");
        let said = r#"{"action":"read","src":"resource.doc.vdefault#drafts","val":"d1"}"#;
        let common = "policy=cerbos.derived_roles.common_roles";
        let told = |lines: &[&str]| lines.join("\n");
        let expected = [
            told(&[&format!("{common} > derivedRole=boss"), "skipped", "No matching roles"]),
            told(&[
                &format!("{common} > derivedRole=owner > condition > expr=`R.attr.owner == P.id`"),
                "activated",
                "result → false",
            ]),
            told(&[&format!("{doc} > variables > draft=`R.attr.draft`"), "activated", "result → false"]),
            told(&[
                &format!("{drafts} > condition > conditionAll > condition#0 > expr=`P.id == \"ann\"`"),
                "activated",
                "result → true",
            ]),
            told(&[
                &format!("{drafts} > condition > conditionAll > condition#1 > expr=`V.draft`"),
                "activated",
                "result → false",
            ]),
            told(&[
                &format!("{drafts} > condition > conditionAll"),
                "activated",
                "result → false",
                "Short-circuited",
            ]),
            told(&[&format!("{drafts} > output=drafts"), "activated", &format!("result → {said}")]),
            told(&[&drafts, "skipped", "Condition not satisfied"]),
            told(&[
                &format!("{read} > scope=\"\" > rule=rule-002 > condition > expr=`R.attr.gone`"),
                "activated",
                "result → false",
                "Failed to evaluate expression: no such key: gone",
            ]),
            told(&[&format!("{read} > scope=\"\" > rule=rule-002"), "skipped", "Condition not satisfied"]),
            told(&[&read, "activated", "effect → deny"]),
            told(&[
                &format!("{doc} > action=edit > scope=\"\" > rule=rule-003"),
                "skipped",
                "No matching derived roles",
            ]),
            told(&[&format!("{doc} > action=edit"), "activated", "effect → deny"]),
        ];
        assert_eq!(traces()[0].text(), expected);
    }

    #[test]
    fn a_role_policy_denies_unless_its_condition_holds_and_what_it_does_not_list() {
        let traces = traces();
        let paths: Vec<String> =
            traces[2].text().iter().map(|step| step.lines().next().unwrap().to_owned()).collect();
        let [read, edit] =
            ["read", "edit"].map(|action| format!("policy=cerbos.resource.doc.vdefault > action={action}"));
        let none = format!("{read} > scope=\"\" > rule=\"\" > condition > conditionNone");
        assert!(paths.contains(&format!("{none} > condition#0 > expr=`R.attr.draft`")), "{paths:#?}");
        assert!(paths.contains(&none), "{paths:#?}");
        assert!(paths.contains(&format!("{edit} > scope=\"\" > rule=\"\" > condition")), "{paths:#?}");
    }

    #[test]
    fn parts_are_defined_once_and_entries_refer_to_them() {
        let json = serde_json::to_value(&*traces()[0]).unwrap();
        let definitions = json["definitions"].as_array().unwrap();
        for (index, definition) in definitions.iter().enumerate() {
            assert!(!definitions[..index].contains(definition), "{definition}");
        }
        let first = &json["entries"][0];
        assert_eq!(
            definitions[0],
            serde_json::json!({
                "kind": "KIND_POLICY", "policy": "cerbos.derived_roles.common_roles"
            })
        );
        assert_eq!(
            *first,
            serde_json::json!({
                "componentIndices": [0, 1],
                "event": { "status": "STATUS_SKIPPED", "message": "No matching roles" },
            })
        );
        let variable = serde_json::json!({
            "kind": "KIND_VARIABLE", "variable": { "name": "draft", "expr": "R.attr.draft" }
        });
        assert!(definitions.contains(&variable), "{definitions:#?}");
        let settled = serde_json::json!({ "status": "STATUS_ACTIVATED", "effect": "EFFECT_DENY" });
        assert_eq!(json["entries"].as_array().unwrap().last().unwrap()["event"], settled);
    }
}
