//! From what is written in a test to its questions: every principal with every resource, and what is expected of each
//! action.

use portreeve_cel::Value;
use portreeve_diagnostics::{Diagnostic, Span};

use super::{
    Broken, Loaded,
    written::{Aux, Chosen, Fixtures, Groups, Principal, Resource, Test},
};
use crate::{Effect, raw::Text};

/// A principal and a resource, and what is expected of them.
pub(super) struct Pair<'s> {
    pub(super) principal: (&'s str, &'s Principal),
    pub(super) resource: (&'s str, &'s Resource),
    pub(super) aux: Option<&'s Aux>,
    pub(super) expected: Expected<'s>,
}

/// What is expected of a pair. An action that is not mentioned is expected to be denied.
#[derive(Default)]
pub(super) struct Expected<'s> {
    effects: Vec<(&'s str, Effect)>,
    outputs: Vec<(&'s str, &'s str, &'s Value)>,
}

impl<'s> Expected<'s> {
    pub(super) fn effect(&self, action: &str) -> Effect {
        let found = self.effects.iter().find(|(known, _)| *known == action);
        found.map_or(Effect::Deny, |(_, effect)| *effect)
    }

    /// The sources and values of the outputs that are expected for an action.
    pub(super) fn outputs(&self, action: &str) -> impl Iterator<Item = (&'s str, &'s Value)> {
        self.outputs
            .iter()
            .filter(move |(known, ..)| *known == action)
            .map(|(_, source, value)| (*source, *value))
    }
}

/// The pairs of a test.
///
/// # Errors
/// It names what is not there, or expects what cannot be.
pub(super) fn pairs<'s>(loaded: &'s Loaded, test: &'s Test) -> Result<Vec<Pair<'s>>, Broken> {
    let principals = chosen(loaded, &test.input.principals, |fixtures| &fixtures.principal_groups)?;
    let resources = chosen(loaded, &test.input.resources, |fixtures| &fixtures.resource_groups)?;
    let mut expected = expectations(loaded, test)?;
    for (principal, resource, place, _) in &expected {
        if !(principals.iter().any(|(name, _)| name == principal)
            && resources.iter().any(|(name, _)| name == resource))
        {
            let text = format!(
                "found an expectation for principal \"{principal}\" and resource \"{resource}\", but at least one of these is not present in input"
            );
            return Err(broken("suite/not-in-input", text, *place));
        }
    }
    let mut pairs = Vec::new();
    for (principal, said) in &principals {
        let who = loaded.fixture(principal, |fixtures| &fixtures.principals);
        let who = who.ok_or_else(|| missing("principal", principal, *said))?;
        for (resource, said) in &resources {
            let what = loaded.fixture(resource, |fixtures| &fixtures.resources);
            let what = what.ok_or_else(|| missing("resource", resource, *said))?;
            let aux = match &test.input.aux {
                None => None,
                Some(name) => {
                    let found = loaded.fixture(&name.value, |fixtures| &fixtures.aux);
                    Some(found.ok_or_else(|| missing("auxData", &name.value, name.span))?)
                }
            };
            let index = expected.iter().position(|(p, r, ..)| p == principal && r == resource);
            let expected = index.map(|index| expected.swap_remove(index).3).unwrap_or_default();
            pairs.push(Pair { principal: (principal, who), resource: (resource, what), aux, expected });
        }
    }
    Ok(pairs)
}

type Expectations<'s> = Vec<(&'s str, &'s str, Span, Expected<'s>)>;

/// What is expected of which pair, in the order written.
fn expectations<'s>(loaded: &'s Loaded, test: &'s Test) -> Result<Expectations<'s>, Broken> {
    let mut found: Expectations<'s> = Vec::new();
    for written in &test.expected {
        let principals = chosen(loaded, &written.principals, |fixtures| &fixtures.principal_groups)?;
        let resources = chosen(loaded, &written.resources, |fixtures| &fixtures.resource_groups)?;
        let outputs = written.outputs.iter().map(|said| &said.action);
        known(test, outputs, "output expectations for actions that are not in")?;
        let actions = written.actions.iter().map(|(action, _)| action);
        known(test, actions, "expectations for actions that do not exist in")?;
        for (principal, _) in &principals {
            for (resource, _) in &resources {
                let at = found.iter().position(|(p, r, ..)| p == principal && r == resource);
                let at = at.unwrap_or_else(|| {
                    found.push((principal, resource, written.span, Expected::default()));
                    found.len() - 1
                });
                if let Some((.., expected)) = found.get_mut(at) {
                    expected.merge(written).map_err(|(what, place)| {
                        let text =
                            format!("found inconsistent expectations for {what} on resource \"{resource}\"");
                        broken("suite/contradiction", text.replacen("{principal}", principal, 1), place)
                    })?;
                }
            }
        }
    }
    Ok(found)
}

impl<'s> Expected<'s> {
    /// Adds what is written, or says what of it contradicts what was expected before.
    fn merge(&mut self, written: &'s super::written::Expectation) -> Result<(), (String, Span)> {
        for (action, effect) in &written.actions {
            match self.effects.iter().find(|(known, _)| *known == action.value) {
                Some((_, known)) if known != effect => {
                    let what = format!("principal \"{{principal}}\" performing action \"{}\"", action.value);
                    return Err((what, action.span));
                }
                Some(_) => {}
                None => self.effects.push((&action.value, *effect)),
            }
        }
        // Of one expectation the last word counts; only others can be contradicted.
        let others = self.outputs.len();
        for said in &written.outputs {
            for (source, value) in &said.expected {
                let action = said.action.value.as_str();
                let mut known = self.outputs.iter_mut().enumerate();
                let before = known.find(|(_, (a, s, _))| *a == action && *s == source.value);
                match before {
                    Some((at, (.., known))) if at >= others => *known = value,
                    Some((_, (.., known))) if *known != value => {
                        let what = format!(
                            "output \"{}\" from principal \"{{principal}}\" performing action \"{action}\"",
                            source.value
                        );
                        return Err((what, source.span));
                    }
                    Some(_) => {}
                    None => self.outputs.push((action, &source.value, value)),
                }
            }
        }
        Ok(())
    }
}

/// Whether all these actions are asked for.
fn known<'s>(test: &Test, actions: impl Iterator<Item = &'s Text>, what: &str) -> Result<(), Broken> {
    let mut unknown: Vec<&Text> = actions
        .filter(|action| !test.input.actions.iter().any(|asked| asked.value == action.value))
        .collect();
    unknown.sort_by(|a, b| a.value.cmp(&b.value));
    unknown.dedup_by(|a, b| a.value == b.value);
    let Some(first) = unknown.first() else { return Ok(()) };
    let list = unknown.iter().map(|action| action.value.as_str()).collect::<Vec<_>>().join(",");
    let text = format!("found {what} the input actions list: [{list}]");
    Err(broken("suite/unknown-action", text, first.span))
}

/// The names that were chosen, each once, with the place where it was.
fn chosen<'s>(
    loaded: &'s Loaded,
    chosen: &'s Chosen,
    groups: fn(&Fixtures) -> &Groups,
) -> Result<Vec<(&'s str, Span)>, Broken> {
    let mut names: Vec<(&str, Span)> = Vec::new();
    let mut add = |name: &'s Text, place: Span| {
        if !names.iter().any(|(known, _)| *known == name.value) {
            names.push((&name.value, place));
        }
    };
    chosen.names.iter().for_each(|name| add(name, name.span));
    for group in &chosen.groups {
        // Cerbos calls all of them so.
        let members = loaded.fixture(&group.value, groups);
        let members = members.ok_or_else(|| missing("principal group", &group.value, group.span))?;
        members.iter().for_each(|name| add(name, group.span));
    }
    Ok(names)
}

/// Whether the members of groups are there.
pub(super) fn whole(groups: &[(Text, Vec<Text>)], there: impl Fn(&str) -> bool) -> Result<(), Broken> {
    for (group, members) in groups {
        if let Some(member) = members.iter().find(|member| !there(&member.value)) {
            let text =
                format!("missing fixture \"{}\" referenced in group \"{}\"", member.value, group.value);
            return Err(broken("suite/unknown-fixture", text, member.span));
        }
    }
    Ok(())
}

fn missing(what: &str, name: &str, place: Span) -> Broken {
    broken("suite/unknown-fixture", format!("{what} \"{name}\" not found"), place)
}

pub(super) fn broken(code: &'static str, text: String, place: Span) -> Broken {
    let diagnostic = Diagnostic::error(code, text.replace('"', "`")).at(place, "");
    Broken { text, findings: vec![diagnostic] }
}
