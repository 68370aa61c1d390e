//! Policies and questions in few words.

use std::{sync::Arc, time::SystemTime};

use portreeve_cel::{Map, Val, Value};
use portreeve_diagnostics::{Bundle, Report, SourceFile, render};
use portreeve_policies::{Along, Check, Decision, Effect, Options, PolicySet, Principal, Resource, Silent};

/// Policies as Cerbos evaluates them by default: an error passes a rule by.
pub(crate) fn lax() -> Options {
    Options { strict: false, ..Options::default() }
}

/// Each text is the file of one policy, from the key that says its kind on; a text that begins with `{` is the schema
/// `cerbos:///s.json`.
pub(crate) fn load(policies: &[&str]) -> (Option<PolicySet>, Report, Bundle) {
    let file = |(index, text): (usize, &&str)| {
        if text.starts_with('{') {
            return SourceFile { name: "_schemas/s.json".into(), text: (*text).into() };
        }
        let text = format!("apiVersion: api.cerbos.dev/v1\n{text}");
        SourceFile { name: format!("{index}.yaml").into(), text: text.into() }
    };
    let bundle = Bundle { revision: "r".into(), files: policies.iter().enumerate().map(file).collect() };
    let all: Vec<u32> = (0..u32::try_from(policies.len()).unwrap()).collect();
    let (set, report) = PolicySet::compile(&bundle, &all, &Options::default());
    (set, report, bundle)
}

/// Policies without a mistake.
pub(crate) fn set(policies: &[&str]) -> PolicySet {
    let (set, report, bundle) = load(policies);
    set.unwrap_or_else(|| panic!("{}", render::terminal(&report, &bundle, false)))
}

/// What is wrong with policies, by code, with the text that is underlined.
pub(crate) fn wrong(policies: &[&str]) -> Vec<(&'static str, String)> {
    let (set, report, bundle) = load(policies);
    assert!(set.is_none(), "nothing is wrong");
    let shown = |d: &portreeve_diagnostics::Diagnostic| {
        (d.code, d.span().and_then(|span| bundle.text(span)).unwrap_or_default().to_owned())
    };
    report.findings.iter().map(shown).collect()
}

/// A question. Versions, scopes and attributes are empty unless said otherwise.
#[derive(Clone, Default)]
pub(crate) struct Ask {
    pub(crate) id: &'static str,
    pub(crate) roles: &'static [&'static str],
    pub(crate) principal_version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) version: &'static str,
    pub(crate) scope: &'static str,
    pub(crate) attr: &'static str,
    pub(crate) actions: &'static [&'static str],
}

impl Ask {
    /// Asked as Cerbos asks by default.
    pub(crate) fn of(self, set: &PolicySet) -> Answer {
        self.with(set, &lax())
    }

    pub(crate) fn with(self, set: &PolicySet, options: &Options) -> Answer {
        let attr: Map = match serde_json::from_str(if self.attr.is_empty() { "{}" } else { self.attr }) {
            Ok(Value::Map(map)) => map,
            other => panic!("attributes are a map, and this is {other:?}"),
        };
        let none = Map::default();
        let own = |texts: &[&str]| texts.iter().map(|text| Arc::from(*text)).collect::<Vec<Arc<str>>>();
        let (roles, actions) = (own(self.roles), own(self.actions));
        let check = Check {
            principal: Principal {
                id: self.id,
                roles: &roles,
                attr: Val::from(&none),
                version: self.principal_version,
                scope: self.scope,
            },
            resource: Resource {
                kind: self.kind,
                id: "1",
                attr: Val::from(&attr),
                version: self.version,
                scope: self.scope,
            },
            actions: &actions,
            aux: None,
            now: SystemTime::UNIX_EPOCH,
        };
        Answer(set.check_as(&check, &Along { options, jwts: None }, &mut Silent))
    }
}

pub(crate) struct Answer(pub(crate) Decision);

impl Answer {
    /// Which actions are allowed.
    pub(crate) fn allowed(&self) -> Vec<&str> {
        let allowed = self.0.outcomes().iter().filter(|outcome| outcome.effect == Effect::Allow);
        allowed.map(|outcome| &*outcome.action).collect()
    }

    /// The policy that the first action's answer names.
    pub(crate) fn policy(&self) -> &str {
        self.0.outcomes()[0].policy.as_deref().unwrap_or("NO_MATCH")
    }

    /// Outputs, `source value`.
    pub(crate) fn outputs(&self) -> Vec<String> {
        let shown = |output: &portreeve_policies::Output| match &output.value {
            Ok(value) => format!("{} {}", output.source, serde_json::to_string(value).unwrap()),
            Err(_) => format!("{} error", output.source),
        };
        self.0.outputs.iter().map(shown).collect()
    }

    pub(crate) fn derived_roles(&self) -> Vec<&str> {
        self.0.effective_derived_roles().iter().map(AsRef::as_ref).collect()
    }
}
