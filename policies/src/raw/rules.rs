use portreeve_diagnostics::{Diagnostic, Kind, Node, Report, Span, Spanned, read};

use super::{
    condition::{RawMatch, RawOutput},
    fields::{Fields, list, texts},
};
use crate::Effect;

/// A rule of a resource policy.
#[derive(Clone, Debug)]
pub(crate) struct RawRule {
    pub(crate) name: Option<Spanned<String>>,
    pub(crate) actions: Vec<Spanned<String>>,
    pub(crate) roles: Vec<Spanned<String>>,
    pub(crate) derived_roles: Vec<Spanned<String>>,
    pub(crate) effect: Effect,
    pub(crate) condition: Option<RawMatch>,
    pub(crate) output: Option<RawOutput>,
    pub(crate) span: Span,
}

/// One action of a rule of a principal policy.
#[derive(Clone, Debug)]
pub(crate) struct RawPrincipalRule {
    pub(crate) resource: Spanned<String>,
    pub(crate) action: Spanned<String>,
    pub(crate) name: Option<Spanned<String>>,
    /// The place of the action within its resource's list, from 1.
    pub(crate) number: usize,
    pub(crate) effect: Effect,
    pub(crate) condition: Option<RawMatch>,
    pub(crate) output: Option<RawOutput>,
    pub(crate) span: Span,
}

/// A rule of a role policy.
#[derive(Clone, Debug)]
pub(crate) struct RawRoleRule {
    pub(crate) resource: Spanned<String>,
    pub(crate) actions: Vec<Spanned<String>>,
    pub(crate) name: Option<Spanned<String>>,
    pub(crate) condition: Option<RawMatch>,
    pub(crate) output: Option<RawOutput>,
    pub(crate) span: Span,
}

impl RawRule {
    pub(crate) fn read(node: &Node, number: usize, report: &mut Report) -> Option<Self> {
        let mut fields = Fields::of(node, "a rule", report)?;
        let actions =
            fields.required("actions", report).map(|n| texts(n, "`actions`", report)).unwrap_or_default();
        let effect = fields.required("effect", report).and_then(|n| effect(n, report));
        let roles = fields.one("roles").map(|n| texts(n, "`roles`", report)).unwrap_or_default();
        let derived = fields.either("derivedRoles", "derived_roles", report);
        let derived_roles = derived.map(|n| texts(n, "`derivedRoles`", report)).unwrap_or_default();
        let (name, condition, output) = common(&mut fields, report);
        if roles.is_empty() && derived_roles.is_empty() {
            let message = format!("rule #{number} does not specify any roles or derived roles to match");
            report.push(Diagnostic::error("policy/no-roles", message).at(node.span, "matches nobody"));
        }
        fields.finish(report);
        let effect = effect?;
        Some(Self { name, actions, roles, derived_roles, effect, condition, output, span: node.span })
    }
}

impl RawPrincipalRule {
    /// The actions of one rule, each with the rule's resource.
    pub(crate) fn read(node: &Node, report: &mut Report) -> Vec<Self> {
        let Some(mut fields) = Fields::of(node, "a rule", report) else { return Vec::new() };
        let resource = fields.required_text("resource", report);
        let actions =
            fields.required("actions", report).map(|n| list(n, "`actions`", report)).unwrap_or_default();
        fields.finish(report);
        let Some(resource) = resource else { return Vec::new() };
        let numbered = actions.iter().zip(1..);
        numbered.filter_map(|(node, number)| Self::action(node, &resource, number, report)).collect()
    }

    fn action(node: &Node, resource: &Spanned<String>, number: usize, report: &mut Report) -> Option<Self> {
        let mut fields = Fields::of(node, "an action", report)?;
        let action = fields.required_text("action", report);
        let effect = fields.required("effect", report).and_then(|n| effect(n, report));
        let (name, condition, output) = common(&mut fields, report);
        fields.finish(report);
        let (resource, action, effect) = (resource.clone(), action?, effect?);
        Some(Self { resource, action, name, number, effect, condition, output, span: node.span })
    }
}

impl RawRoleRule {
    pub(crate) fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut fields = Fields::of(node, "a rule", report)?;
        let resource = fields.required_text("resource", report);
        let actions = fields.either("allowActions", "allow_actions", report);
        if actions.is_none() {
            let message = "a rule has no `allowActions`";
            report.push(
                Diagnostic::error("config/missing-key", message).at(node.span, "`allowActions` is missing"),
            );
        }
        let actions = actions.map(|n| texts(n, "`allowActions`", report)).unwrap_or_default();
        let (name, condition, output) = common(&mut fields, report);
        fields.finish(report);
        Some(Self { resource: resource?, actions, name, condition, output, span: node.span })
    }
}

type Common = (Option<Spanned<String>>, Option<RawMatch>, Option<RawOutput>);

fn common(fields: &mut Fields<'_>, report: &mut Report) -> Common {
    let name = fields.text("name", report);
    let condition = fields.one("condition").and_then(|node| RawMatch::condition(node, report));
    let output = fields.one("output").and_then(|node| RawOutput::read(node, report));
    (name, condition, output)
}

fn effect(node: &Node, report: &mut Report) -> Option<Effect> {
    match node.kind {
        Kind::Int(1) => return Some(Effect::Allow),
        Kind::Int(2) => return Some(Effect::Deny),
        _ => {}
    }
    let choices = [("EFFECT_ALLOW", Effect::Allow), ("EFFECT_DENY", Effect::Deny)];
    read::choice(node, "`effect`", &choices, report)
}
