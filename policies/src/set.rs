use std::sync::Arc;

use portreeve_cel::{Program, Slot, Value};
use portreeve_diagnostics::Span;
use rustc_hash::FxHashMap;

use crate::{Effect, RuleId, glob::Glob, names};

/// A compiled rule, for people.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name: as given, or made from its place as Cerbos makes it.
    pub name: Arc<str>,
    /// The key of its policy: `resource.leave_request.vdefault/acme`.
    pub policy: Arc<str>,
    /// Where it was written.
    pub span: Span,
    /// What it does when its condition holds.
    pub effect: Effect,
    /// The condition as written, one expression for each line; nothing when there is none.
    pub condition: Option<Arc<str>>,
}

/// Policies, compiled, indexed and immutable.
#[derive(Debug, Default)]
pub struct PolicySet {
    pub(crate) rules: Vec<Rule>,
    pub(crate) resources: FxHashMap<Key, Unit>,
    pub(crate) principals: FxHashMap<Key, Unit>,
    pub(crate) roles: FxHashMap<Key, RoleUnit>,
    /// Scopes in which some resource or role policy exists, and some principal policy.
    pub(crate) resource_scopes: FxHashMap<Arc<str>, ()>,
    pub(crate) principal_scopes: FxHashMap<Arc<str>, ()>,
    /// The names that conditions may use, one for each policy and set of derived roles.
    pub(crate) spaces: Vec<Space>,
    pub(crate) derived: Vec<DerivedRole>,
    pub(crate) options: crate::Options,
}

/// A sanitised name, a version and a scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) name: Arc<str>,
    pub(crate) version: Arc<str>,
    pub(crate) scope: Arc<str>,
}

/// A resource or principal policy in one scope.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) key: Arc<str>,
    pub(crate) scope: Arc<str>,
    /// Whether an allow needs the parent scope's consent.
    pub(crate) consent: bool,
    pub(crate) space: usize,
    pub(crate) rows: Box<[Row]>,
    /// The derived roles that some rule names, each once, by name.
    pub(crate) derived: Box<[usize]>,
}

/// A rule, ready to be matched.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) id: RuleId,
    /// Of principal policies only.
    pub(crate) resource: Option<Glob>,
    pub(crate) actions: Box<[Glob]>,
    pub(crate) roles: Box<[Glob]>,
    pub(crate) derived: Box<[usize]>,
    pub(crate) effect: Effect,
    pub(crate) condition: Condition,
}

/// A role policy in one scope.
#[derive(Debug)]
pub(crate) struct RoleUnit {
    pub(crate) key: Arc<str>,
    pub(crate) space: usize,
    pub(crate) parents: Box<[Arc<str>]>,
    pub(crate) rows: Box<[RoleRow]>,
}

#[derive(Debug)]
pub(crate) struct RoleRow {
    pub(crate) id: RuleId,
    pub(crate) resource: Glob,
    pub(crate) actions: Box<[Glob]>,
    pub(crate) condition: Condition,
}

#[derive(Debug)]
pub(crate) struct DerivedRole {
    pub(crate) name: Arc<str>,
    pub(crate) parents: Box<[Glob]>,
    pub(crate) space: usize,
    pub(crate) condition: Condition,
}

/// When a rule holds.
#[derive(Clone, Debug, Default)]
pub(crate) enum Condition {
    #[default]
    Always,
    Expr(Arc<Program>),
    All(Box<[Condition]>),
    Any(Box<[Condition]>),
    None(Box<[Condition]>),
}

/// The variables and constants that a policy's conditions use.
#[derive(Debug, Default)]
pub(crate) struct Space {
    pub(crate) slots: usize,
    pub(crate) constants: Box<[(Slot, Value)]>,
    /// In an order in which each stands after those that it uses.
    pub(crate) variables: Box<[(Slot, Program)]>,
}

impl Condition {
    pub(crate) fn programs<'c>(&'c self, visit: &mut dyn FnMut(&'c Program)) {
        match self {
            Self::Always => {}
            Self::Expr(program) => visit(program),
            Self::All(parts) | Self::Any(parts) | Self::None(parts) => {
                parts.iter().for_each(|part| part.programs(visit));
            }
        }
    }
}

impl PolicySet {
    /// The rule a [`crate::Because`] speaks of.
    #[must_use]
    pub fn rule(&self, id: RuleId) -> Option<&Rule> {
        self.rules.get(id.0 as usize)
    }

    /// Every rule.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// How many policies there are: of resources, principals and roles.
    #[must_use]
    pub fn len(&self) -> usize {
        self.resources.len() + self.principals.len() + self.roles.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether any resource policy speaks of this kind; used to link routes.
    #[must_use]
    pub fn knows_kind(&self, kind: &str) -> bool {
        self.resources.keys().any(|key| names::same(kind, &key.name))
    }

    /// The kinds that resource policies speak of, as policies are found by them, each once and in order.
    #[must_use]
    pub fn kinds(&self) -> Vec<Arc<str>> {
        let mut kinds: Vec<_> = self.resources.keys().map(|key| Arc::clone(&key.name)).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    }

    /// Whether any rule could ever allow this action on this kind.
    #[must_use]
    pub fn can_allow(&self, kind: &str, action: &str) -> bool {
        let allows = |row: &&Row| self.rule(row.id).is_some_and(|rule| rule.effect == Effect::Allow);
        let acts = |row: &Row| row.actions.iter().any(|glob| glob.matches(action));
        let resources = self.resources.iter().filter(|(key, _)| names::same(kind, &key.name));
        let principals = self.principals.values().flat_map(|unit| &unit.rows);
        let kind = names::sanitise(kind);
        resources.flat_map(|(_, unit)| &unit.rows).filter(allows).any(acts)
            || principals
                .filter(allows)
                .any(|row| acts(row) && row.resource.as_ref().is_some_and(|glob| glob.matches(&kind)))
    }

    /// The attributes of the resource that rules of this kind for one of these actions read, each once, with the rule
    /// that reads it first.
    #[must_use]
    pub fn attributes(&self, kind: &str, actions: &[&str]) -> Vec<(Arc<str>, RuleId)> {
        let mut found: Vec<(Arc<str>, RuleId)> = Vec::new();
        let mut units: Vec<_> =
            self.resources.iter().filter(|(key, _)| names::same(kind, &key.name)).collect();
        units.sort_by(|a, b| a.1.key.cmp(&b.1.key));
        for (_, unit) in units {
            let asked =
                |row: &&Row| actions.iter().any(|action| row.actions.iter().any(|glob| glob.matches(action)));
            for row in unit.rows.iter().filter(asked) {
                self.reads(unit, row, &mut |attribute| {
                    if !found.iter().any(|(known, _)| **known == *attribute) {
                        found.push((attribute.into(), row.id));
                    }
                });
            }
        }
        found
    }

    fn reads(&self, unit: &Unit, row: &Row, visit: &mut dyn FnMut(&str)) {
        const ATTR: &str = "request.resource.attr.";
        let mut spaces = vec![unit.space];
        let mut each = |program: &Program| {
            for path in program.reads().filter_map(|path| path.strip_prefix(ATTR)) {
                visit(path.split('.').next().unwrap_or(path));
            }
        };
        row.condition.programs(&mut each);
        for derived in row.derived.iter().filter_map(|index| self.derived.get(*index)) {
            derived.condition.programs(&mut each);
            spaces.push(derived.space);
        }
        for space in spaces.into_iter().filter_map(|index| self.spaces.get(index)) {
            space.variables.iter().for_each(|(_, program)| each(program));
        }
    }
}
