//! One policy by itself, with what it imports: for people who try its conditions out.

use std::{collections::BTreeSet, sync::Arc};

use portreeve_diagnostics::{Bundle, Report};

use super::{Kept, Linker, Memory, index};
use crate::{
    PolicySet,
    finding::Findings,
    raw::{Body, Definables, Policy, Text},
};

/// A policy without those that stand in the scopes above it.
#[derive(Debug)]
pub(crate) struct One {
    /// As it is written.
    pub(crate) policy: Arc<Policy>,
    /// It and the derived roles that it uses.
    pub(crate) set: PolicySet,
    /// The names that its expressions see.
    pub(crate) names: u32,
}

/// Compiles the policy in a file; what it imports is looked for in the other files of the bundle.
pub(crate) fn one(bundle: &Bundle, file: u32) -> Result<One, Report> {
    let mut findings = Findings::default();
    let nothing = Kept::default();
    let mut memory = Memory::new(&nothing);
    let Some(policy) = memory.read(bundle, file, &mut findings) else { return Err(findings.report()) };
    let (others, unread) = others(bundle, file, &mut memory);
    let policies: Vec<Arc<Policy>> = std::iter::once(Arc::clone(&policy)).chain(others).collect();
    let (index, _) = index::sets(bundle, &policies, &mut findings);
    if findings.has_errors() {
        // What is missing may be where nothing could be read.
        findings.0.extend(unread.0);
        return Err(findings.report());
    }
    let mut linker = Linker::new(bundle, &index, &mut memory, &mut findings);
    let names = linker.seen_by(&policy);
    linker.policy(&policy);
    let set = linker.set;
    if findings.has_errors() {
        return Err(findings.report());
    }
    Ok(One { policy, set, names })
}

impl Linker<'_, '_> {
    /// The names that the expressions of a policy see; an exported set sees itself.
    fn seen_by(&mut self, policy: &Policy) -> u32 {
        let import = |name: &Text| vec![Text::new(name.value.clone(), name.span)];
        let exported;
        let names = match &policy.body {
            Body::Resource(p) => &p.names,
            Body::Principal(p) => &p.names,
            Body::Role(p) => &p.names,
            Body::DerivedRoles(set) => &set.names,
            Body::Variables(name, _) => {
                exported = Definables { import_variables: import(name), ..Definables::default() };
                &exported
            }
            Body::Constants(name, _) => {
                exported = Definables { import_constants: import(name), ..Definables::default() };
                &exported
            }
        };
        self.names(names, &policy.variables)
    }
}

/// The sets that can be imported, each name once, and what is wrong with files that cannot be read.
fn others(bundle: &Bundle, file: u32, memory: &mut Memory<'_>) -> (Vec<Arc<Policy>>, Findings) {
    let mut unread = Findings::default();
    let files: Vec<u32> = (0..).take(bundle.files.len()).filter(|other| *other != file).collect();
    let mut policies = super::files::policies(bundle, &files, memory, &mut unread);
    let mut known = BTreeSet::new();
    policies.retain(|policy| {
        let set = matches!(policy.body, Body::DerivedRoles(..) | Body::Variables(..) | Body::Constants(..));
        set && !policy.disabled && known.insert(index::key(policy))
    });
    (policies, unread)
}
