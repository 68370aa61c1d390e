use std::{collections::BTreeSet, sync::Arc};

use portreeve_cel::{Env, Program, Value};
use portreeve_diagnostics::Span;
use rustc_hash::FxHashMap;

use crate::{Effect, Options, RuleId, glob::Glob, names};

/// A rule of a policy, for people.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name; `rule-001` and so on where none is written.
    pub name: Arc<str>,
    /// The key of its policy: `resource.expense.vdefault`.
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
    pub(crate) options: Options,
    /// Resource and principal policies.
    pub(crate) units: Vec<Unit>,
    pub(crate) role_policies: Vec<RolePolicy>,
    pub(crate) derived: Vec<Derived>,
    pub(crate) names: Vec<Names>,
    pub(crate) expressions: Vec<Expression>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) outputs: Vec<Output>,
    /// Resource policies by kind, version and scope.
    pub(crate) resources: Index,
    /// Principal policies by id, version and scope.
    pub(crate) principals: Index,
    /// Role policies by role, version and scope; several never share a place.
    pub(crate) roles: Index,
    /// Role policies by version and scope.
    pub(crate) roles_at: FxHashMap<Box<str>, FxHashMap<Box<str>, Vec<u32>>>,
    /// The scopes in which a principal policy of a version exists.
    pub(crate) principal_scopes: FxHashMap<Box<str>, BTreeSet<Box<str>>>,
    pub(crate) scopes: FxHashMap<Box<str>, Scope>,
    pub(crate) schemas: FxHashMap<Arc<str>, crate::schema::Schema>,
}

/// By name, version and scope.
#[derive(Debug, Default)]
pub(crate) struct Index(ByName<ByName<ByName<u32>>>);

type ByName<T> = FxHashMap<Box<str>, T>;

impl Index {
    pub(crate) fn get(&self, name: &str, version: &str, scope: &str) -> Option<u32> {
        self.0.get(name)?.get(version)?.get(scope).copied()
    }

    pub(crate) fn insert(&mut self, name: &str, version: &str, scope: &str, id: u32) {
        self.0.entry(name.into()).or_default().entry(version.into()).or_default().insert(scope.into(), id);
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|name| &**name)
    }

    pub(crate) fn versions(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.get(name).into_iter().flat_map(|versions| versions.keys()).map(|version| &**version)
    }

    /// What there is of a name, of one version or of all.
    pub(crate) fn under(&self, name: &str, version: Option<&str>) -> impl Iterator<Item = u32> {
        self.0.get(name).into_iter().flat_map(move |versions| of_version(versions, version))
    }

    /// What there is of every name.
    pub(crate) fn all(&self, version: Option<&str>) -> impl Iterator<Item = u32> {
        self.0.values().flat_map(move |versions| of_version(versions, version))
    }
}

fn of_version(versions: &ByName<ByName<u32>>, version: Option<&str>) -> impl Iterator<Item = u32> {
    let wanted = versions.iter().filter(move |(name, _)| version.is_none_or(|version| *version == ***name));
    wanted.flat_map(|(_, scopes)| scopes.values()).copied()
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scope {
    pub(crate) principal: bool,
    pub(crate) resource: bool,
    /// An allow needs the parent's consent.
    pub(crate) consent: bool,
}

/// A resource policy or a principal policy.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) key: Arc<str>,
    pub(crate) scope: Arc<str>,
    pub(crate) names: u32,
    /// The variables that its rules use.
    pub(crate) used: Box<[u32]>,
    pub(crate) rows: Vec<Row>,
    /// Rows whose action is this text.
    pub(crate) by_action: FxHashMap<Arc<str>, Box<[u32]>>,
    /// Rows whose action is a pattern.
    pub(crate) by_pattern: Box<[u32]>,
    /// The derived roles that its rules name, by name.
    pub(crate) derived: Box<[u32]>,
    pub(crate) principal_schema: Option<SchemaUse>,
    pub(crate) resource_schema: Option<SchemaUse>,
}

#[derive(Clone, Debug)]
pub(crate) struct SchemaUse {
    pub(crate) reference: Arc<str>,
    pub(crate) ignore: Arc<[Glob]>,
}

/// One rule for one action and one role.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) rule: RuleId,
    pub(crate) action: Glob,
    pub(crate) role: Glob,
    /// The kinds that a rule of a principal policy is about.
    pub(crate) kind: Option<Kinds>,
    pub(crate) derived: Option<u32>,
    pub(crate) effect: Effect,
    pub(crate) condition: Option<u32>,
    /// A conditional allow in a scope that needs consent: a deny unless the condition holds.
    pub(crate) negated: bool,
    pub(crate) output: Option<u32>,
}

/// A pattern over kinds as they are written in policies and requests, `a:b`, and as they are known, `a_b`.
#[derive(Debug)]
pub(crate) struct Kinds {
    known: Glob,
    /// Where it can match what the other does not.
    written: Option<Glob>,
}

impl Kinds {
    pub(crate) fn new(text: &str) -> Option<Self> {
        let (known, written) = (Glob::in_rule(&clean(text))?, Glob::in_rule(text)?);
        // Who is called so is known by the same name.
        let same = written.literal().is_some_and(|name| known.literal() == Some(name));
        Some(Self { known, written: (!same).then_some(written) })
    }

    pub(crate) fn matches(&self, written: &str, known: &str) -> bool {
        self.known.matches(known) || self.written.as_ref().is_some_and(|kind| kind.matches(written))
    }
}

/// Names are compared in the form they are known by; what patterns are made of stays.
fn clean(text: &str) -> String {
    if text.contains('*') { text.replace([':', '/', '-', '@'], "_") } else { names::sanitise(text) }
}

#[derive(Debug)]
pub(crate) struct RolePolicy {
    pub(crate) key: Arc<str>,
    /// Stands for the policy where none of its rules does.
    pub(crate) whole: RuleId,
    pub(crate) names: u32,
    /// The variables that its rules use.
    pub(crate) used: Box<[u32]>,
    pub(crate) parents: Box<[Arc<str>]>,
    pub(crate) rules: Vec<RoleRule>,
}

#[derive(Debug)]
pub(crate) struct RoleRule {
    pub(crate) rule: RuleId,
    pub(crate) kind: Kinds,
    pub(crate) actions: Box<[Glob]>,
    pub(crate) condition: Option<u32>,
    pub(crate) output: Option<u32>,
}

#[derive(Debug)]
pub(crate) struct Derived {
    /// The key of the policy that defines it: `derived_roles.common`.
    pub(crate) policy: Arc<str>,
    pub(crate) name: Arc<str>,
    pub(crate) span: Span,
    pub(crate) parents: Box<[Glob]>,
    pub(crate) condition: Option<u32>,
    pub(crate) names: u32,
    /// The variables that its condition needs.
    pub(crate) used: Box<[u32]>,
}

/// The variables and constants that a policy's expressions see.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) env: Arc<Env>,
    pub(crate) constants: Vec<(usize, Value)>,
    /// In the order in which they can be evaluated.
    pub(crate) variables: Vec<Variable>,
}

#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) name: Arc<str>,
    pub(crate) slot: usize,
    pub(crate) expression: u32,
}

#[derive(Debug)]
pub(crate) struct Expression {
    pub(crate) program: Arc<Program>,
    pub(crate) text: Arc<str>,
    /// The variables it needs, in the order in which they can be evaluated.
    pub(crate) variables: Box<[u32]>,
    /// It reads the effective derived roles, itself or through a variable.
    pub(crate) runtime: bool,
}

#[derive(Debug)]
pub(crate) enum Condition {
    Expr(u32),
    All(Box<[u32]>),
    Any(Box<[u32]>),
    None(Box<[u32]>),
}

#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) source: String,
    pub(crate) activated: Option<u32>,
    pub(crate) not_met: Option<u32>,
}

impl PolicySet {
    /// The rule a [`Because`](crate::Because) speaks of.
    #[must_use]
    pub fn rule(&self, id: RuleId) -> Option<&Rule> {
        self.rules.get(id.0 as usize)
    }

    /// Every rule of every policy.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// How many policies there are: of resources, principals and roles.
    #[must_use]
    pub fn len(&self) -> usize {
        self.units.len() + self.role_policies.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
