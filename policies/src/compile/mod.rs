//! From policy files to a [`PolicySet`].

mod derived;
mod environment;
mod files;
mod index;
mod kept;
mod link;
mod one;
mod units;
mod used;
mod variables;
mod wording;

use portreeve_diagnostics::{Bundle, Report, Span};
use rustc_hash::FxHashMap;

use crate::{Finding, Options, PolicySet, finding::Findings, place, set};

pub(crate) use environment::{base as base_environment, slot};
pub(crate) use kept::Memory;
pub use kept::{Kept, Work};
pub(crate) use one::{One, one};

/// What came of compiling.
#[derive(Debug)]
pub struct Compiled {
    /// The policies, if nothing was wrong.
    pub set: Option<PolicySet>,
    /// Everything that was found.
    pub findings: Vec<Finding>,
    /// The policies that are switched off.
    pub disabled: Vec<Disabled>,
}

/// A policy that is switched off (`disabled: true`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disabled {
    /// Its key: `resource.expense.vdefault`.
    pub policy: String,
    /// Where Cerbos says that it is: the colon behind its first key, or its bracket.
    pub place: Span,
}

/// What came of compiling again.
#[derive(Debug)]
pub struct Recompiled {
    /// The policies, if nothing was wrong.
    pub set: Option<PolicySet>,
    /// Everything that was found.
    pub report: Report,
    /// What the next compilation need not do again.
    pub kept: Kept,
    /// What had to be done.
    pub work: Work,
}

impl PolicySet {
    /// Compiles the policies among these files of the bundle. Reports all that is wrong, not only the first thing.
    #[must_use]
    pub fn compile(bundle: &Bundle, files: &[u32], options: &Options) -> (Option<Self>, Report) {
        let Recompiled { set, report, .. } = Self::recompile(bundle, files, options, &Kept::default());
        (set, report)
    }

    /// As [`PolicySet::compile`], with the same result, but without doing again what has been done `before` and still
    /// holds: reading a file that has not changed, compiling an expression that sees the same names.
    #[must_use]
    pub fn recompile(bundle: &Bundle, files: &[u32], options: &Options, before: &Kept) -> Recompiled {
        let mut memory = Memory::new(before);
        let (set, findings, _) = compile(bundle, files, options, &mut memory);
        let (kept, work) = memory.keep();
        Recompiled { set, report: findings.report(), kept, work }
    }

    /// Compiles every policy in the bundle, and says what was found also as Cerbos says it.
    #[must_use]
    pub fn compile_verbose(bundle: &Bundle, files: &[u32], options: &Options) -> Compiled {
        let (set, findings, disabled) = compile(bundle, files, options, &mut Memory::new(&Kept::default()));
        Compiled { set, findings: findings.0, disabled }
    }
}

fn compile(
    bundle: &Bundle,
    files: &[u32],
    options: &Options,
    memory: &mut Memory<'_>,
) -> (Option<PolicySet>, Findings, Vec<Disabled>) {
    let mut findings = Findings::default();
    let policies = files::policies(bundle, files, memory, &mut findings);
    // A policy that is not right is not there for others, as in Cerbos.
    let refused = findings.refused();
    let (refused, policies): (Vec<_>, Vec<_>) =
        policies.into_iter().partition(|policy| refused.contains(&policy.file));
    let (disabled, policies): (Vec<_>, Vec<_>) = policies.into_iter().partition(|policy| policy.disabled);
    let disabled = disabled.iter().map(|policy| Disabled {
        policy: index::key(policy),
        place: place::mapping(bundle, policy.document),
    });
    let disabled = disabled.collect();
    let before = findings.0.len();
    let index = index::build(bundle, &policies, &mut findings);
    index::point_to(&refused, bundle, findings.0.get_mut(before..).unwrap_or_default());
    if findings.has_errors() {
        return (None, findings, disabled);
    }
    let mut linker = Linker::new(bundle, &index, memory, &mut findings);
    for policy in &policies {
        linker.policy(policy);
    }
    let mut set = linker.set;
    if options.schemas != crate::Enforcement::Unread {
        crate::schema::load(bundle, files, &mut set, &mut findings, memory);
    }
    set.options = options.clone();
    let set = (!findings.has_errors()).then_some(set);
    (set, findings, disabled)
}

/// Compiles policies one after the other into a set.
struct Linker<'b, 'k> {
    bundle: &'b Bundle,
    index: &'b index::Index<'b>,
    set: PolicySet,
    findings: &'b mut Findings,
    memory: &'b mut Memory<'k>,
    /// What the memory knows of the names of each environment.
    scopes: Vec<kept::Scope>,
    /// Equal environments are one.
    environments: FxHashMap<String, u32>,
    /// Equal expressions over one environment are one.
    expressions: FxHashMap<(u32, String), Option<u32>>,
    /// Derived roles by their set and name, and whether they could be compiled.
    derived: FxHashMap<(String, String), u32>,
}

impl<'b, 'k> Linker<'b, 'k> {
    fn new(
        bundle: &'b Bundle,
        index: &'b index::Index<'b>,
        memory: &'b mut Memory<'k>,
        findings: &'b mut Findings,
    ) -> Self {
        Self {
            bundle,
            index,
            set: PolicySet::default(),
            findings,
            memory,
            scopes: Vec::new(),
            environments: FxHashMap::default(),
            expressions: FxHashMap::default(),
            derived: FxHashMap::default(),
        }
    }
}

fn next<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}

fn push<T>(list: &mut Vec<T>, item: T) -> u32 {
    let id = next(list);
    list.push(item);
    id
}

fn add_condition(set: &mut PolicySet, condition: set::Condition) -> u32 {
    push(&mut set.conditions, condition)
}
