//! The policy that was loaded, and its conditions.

use portreeve_diagnostics::{Bundle, Report, Span};

use super::{answer::ListedRule, tree::Outline};
use crate::{
    PolicySet, RuleId,
    compile::{One, one},
    raw::{Body, Policy, Rule, Text},
    set::Names,
};

/// A policy whose conditions can be tried out.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) set: PolicySet,
    /// What its expressions see.
    names: u32,
    /// Its rules, after the derived roles that they use.
    pub(super) rules: Vec<Numbered>,
}

/// A rule or a derived role.
#[derive(Debug)]
pub(super) struct Numbered {
    /// What it is, for people.
    pub(super) title: String,
    pub(super) condition: Option<u32>,
    /// What its condition sees.
    pub(super) names: u32,
}

impl Loaded {
    pub(super) fn read(bundle: &Bundle, file: u32) -> Result<Self, Report> {
        let One { policy, set, names } = one(bundle, file)?;
        let mut rules: Vec<Numbered> = Vec::new();
        rules.extend(set.derived.iter().map(|derived| Numbered {
            title: format!("derived role `{}`", derived.name),
            condition: derived.condition,
            names: derived.names,
        }));
        let written = titles(&policy).into_iter().filter_map(|(span, title)| {
            let (id, rule) = (0..).zip(set.rules()).find(|(_, rule)| rule.span == span)?;
            let title = if rule.name.is_empty() { title } else { format!("`{}`: {title}", rule.name) };
            Some(Numbered { title, condition: condition_of(&set, RuleId(id)), names })
        });
        rules.extend(written);
        Ok(Self { set, names, rules })
    }

    /// The rules for people.
    pub(super) fn list(&self) -> Vec<ListedRule> {
        let listed = |rule: &Numbered| ListedRule {
            title: rule.title.clone(),
            condition: rule.condition.and_then(|id| Outline::of(id, &self.set)),
        };
        self.rules.iter().map(listed).collect()
    }

    /// What the policy's expressions see.
    pub(super) fn names(&self) -> Option<&Names> {
        self.set.names.get(self.names as usize)
    }

    /// Its variables and constants, in the short form of their names.
    pub(super) fn words(&self) -> impl Iterator<Item = String> {
        let env = self.names().map(|names| &names.env);
        env.into_iter().flat_map(|env| {
            let under = |roof: &'static str, short: &'static str| {
                env.names_under(roof).map(move |name| format!("{short}.{name}"))
            };
            under("variables", "V").chain(under("constants", "C"))
        })
    }
}

fn condition_of(set: &PolicySet, id: RuleId) -> Option<u32> {
    let mut rows = set.units.iter().flat_map(|unit| &unit.rows);
    let row = rows.find(|row| row.rule == id).map(|row| row.condition);
    let mut rules = set.role_policies.iter().flat_map(|policy| &policy.rules);
    row.or_else(|| rules.find(|rule| rule.rule == id).map(|rule| rule.condition)).flatten()
}

/// What each rule says, and where it stands.
fn titles(policy: &Policy) -> Vec<(Span, String)> {
    let said = |rule: &Rule, rest: String| {
        let effect = format!("{:?}", rule.effect).to_lowercase();
        (rule.span, format!("{effect} {}{rest}", list(&rule.actions)))
    };
    match &policy.body {
        Body::Resource(p) => {
            let who = |rule: &Rule| list(rule.roles.iter().chain(&rule.derived_roles));
            p.rules.iter().map(|rule| said(rule, format!(" to {}", who(rule)))).collect()
        }
        Body::Principal(p) => {
            let rules = p.rules.iter().flat_map(|(kind, rules)| rules.iter().map(move |rule| (kind, rule)));
            rules.map(|(kind, rule)| said(rule, format!(" on {}", kind.value))).collect()
        }
        Body::Role(p) => {
            let said = |(kind, rule): &(Text, Rule)| {
                (rule.span, format!("allow {} on {}", list(&rule.actions), kind.value))
            };
            p.rules.iter().map(said).collect()
        }
        Body::DerivedRoles(_) | Body::Variables(..) | Body::Constants(..) => Vec::new(),
    }
}

fn list<'t>(texts: impl IntoIterator<Item = &'t Text>) -> String {
    texts.into_iter().map(|text| text.value.as_str()).collect::<Vec<_>>().join(", ")
}
