//! From policy files to a [`PolicySet`].

mod derived;
mod environment;
mod files;
mod index;
mod link;
mod one;
mod units;
mod variables;

pub(crate) use environment::{base as base_environment, slot};
pub(crate) use one::{One, one};
use portreeve_diagnostics::{Bundle, Report};
use rustc_hash::FxHashMap;

use crate::{Finding, Options, PolicySet, finding::Findings, raw::Policy, set};

/// What came of compiling.
#[derive(Debug)]
pub struct Compiled {
    /// The policies, if nothing was wrong.
    pub set: Option<PolicySet>,
    /// Everything that was found.
    pub findings: Vec<Finding>,
}

impl PolicySet {
    /// Compiles the policies among these files of the bundle. Reports all that is wrong, not only the first thing.
    #[must_use]
    pub fn compile(bundle: &Bundle, files: &[u32], options: &Options) -> (Option<Self>, Report) {
        let (set, findings) = compile(bundle, files, options);
        (set, findings.report())
    }

    /// Compiles every policy in the bundle, and says what was found also as Cerbos says it.
    #[must_use]
    pub fn compile_verbose(bundle: &Bundle, files: &[u32], options: &Options) -> Compiled {
        let (set, findings) = compile(bundle, files, options);
        Compiled { set, findings: findings.0 }
    }
}

fn compile(bundle: &Bundle, files: &[u32], options: &Options) -> (Option<PolicySet>, Findings) {
    let mut findings = Findings::default();
    let policies = files::policies(bundle, files, &mut findings);
    let policies: Vec<Policy> = policies.into_iter().filter(|policy| !policy.disabled).collect();
    let index = index::build(bundle, &policies, &mut findings);
    if findings.has_errors() {
        return (None, findings);
    }
    let mut linker = Linker::new(bundle, &index, &mut findings);
    for policy in &policies {
        linker.policy(policy);
    }
    let mut set = linker.set;
    if options.schemas != crate::Enforcement::Unread {
        crate::schema::load(bundle, files, &mut set, &mut findings);
    }
    set.options = options.clone();
    let set = (!findings.has_errors()).then_some(set);
    (set, findings)
}

/// Compiles policies one after the other into a set.
struct Linker<'b> {
    bundle: &'b Bundle,
    index: &'b index::Index<'b>,
    set: PolicySet,
    findings: &'b mut Findings,
    /// Equal environments are one.
    environments: FxHashMap<String, u32>,
    /// Equal expressions over one environment are one.
    expressions: FxHashMap<(u32, String), Option<u32>>,
    /// Derived roles by their set and name, and whether they could be compiled.
    derived: FxHashMap<(String, String), u32>,
}

impl<'b> Linker<'b> {
    fn new(bundle: &'b Bundle, index: &'b index::Index<'b>, findings: &'b mut Findings) -> Self {
        Self {
            bundle,
            index,
            set: PolicySet::default(),
            findings,
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
