//! What one compilation hands on to the next, so that a change costs what was changed.
//!
//! Reading a file depends on its text and name alone, and compiling an expression on its text and the names it sees.
//! Both are kept, and nothing else: how policies go together is worked out anew each time.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use portreeve_cel::{Env, Program, Type};
use portreeve_diagnostics::Bundle;
use rustc_hash::FxHashMap;

use super::environment;
use crate::{
    finding::{Finding, Findings},
    raw::{self, Policy},
    schema::Ready,
};

/// What the next compilation need not do again. Cheap to copy.
#[derive(Clone, Debug, Default)]
pub struct Kept(Arc<Parts>);

/// What a compilation had to do, beside putting parts together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Policy files that were read.
    pub files: usize,
    /// Expressions that were compiled.
    pub expressions: usize,
    /// Schemas that were compiled.
    pub schemas: usize,
}

#[derive(Debug, Default)]
struct Parts {
    digester: Digester,
    /// By their names.
    files: FxHashMap<Arc<str>, Arc<Read>>,
    /// By what [`Environment::key`] says.
    environments: FxHashMap<String, Environment>,
    /// What the schemas say.
    schemas: Digest,
    validators: FxHashMap<String, Arc<Ready>>,
}

/// A file that was read.
#[derive(Debug)]
struct Read {
    digest: Digest,
    /// Its place among the files of the bundle.
    file: u32,
    policy: Option<Arc<Policy>>,
    findings: Vec<Finding>,
}

/// Expressions that see the same names.
#[derive(Debug)]
struct Environment {
    env: Arc<Env>,
    expressions: FxHashMap<Arc<str>, Arc<Known>>,
}

/// An expression that could be compiled.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) program: Arc<Program>,
    /// The variables that it names.
    pub(super) variables: Vec<String>,
}

/// Tells texts apart without keeping them: two hashes with keys that nobody knows.
#[derive(Clone, Debug, Default)]
struct Digester(RandomState, RandomState);

type Digest = (u64, u64);

impl Digester {
    fn of(&self, text: impl std::hash::Hash + Copy) -> Digest {
        (self.0.hash_one(text), self.1.hash_one(text))
    }
}

/// Names an environment of a [`Memory`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope(usize);

/// What is known from before, and what the compilation that is going on adds. Only what is used again is kept.
#[derive(Debug)]
pub(crate) struct Memory<'k> {
    before: &'k Parts,
    now: Parts,
    environments: Vec<(String, Environment)>,
    scopes: FxHashMap<String, Scope>,
    work: Work,
}

impl<'k> Memory<'k> {
    pub(super) fn new(before: &'k Kept) -> Self {
        let before = &*before.0;
        let now = Parts { digester: before.digester.clone(), ..Parts::default() };
        Self { before, now, environments: Vec::new(), scopes: FxHashMap::default(), work: Work::default() }
    }

    pub(super) fn keep(mut self) -> (Kept, Work) {
        self.now.environments = self.environments.into_iter().collect();
        (Kept(Arc::new(self.now)), self.work)
    }

    /// The policy in a file. What is wrong with it is among the findings, read now or before.
    pub(super) fn read(
        &mut self,
        bundle: &Bundle,
        file: u32,
        findings: &mut Findings,
    ) -> Option<Arc<Policy>> {
        let source = bundle.files.get(file as usize)?;
        let digest = self.now.digester.of(&*source.text);
        let known = self.before.files.get(&source.name).filter(|known| known.digest == digest);
        let read = match known.and_then(|known| known.at(file)) {
            Some(known) => known,
            None => {
                self.work.files += 1;
                let mut found = Findings::default();
                let policy = raw::read(bundle, file, &mut found).map(Arc::new);
                Arc::new(Read { digest, file, policy, findings: found.0 })
            }
        };
        findings.0.extend(read.findings.iter().cloned());
        let policy = read.policy.clone();
        self.now.files.insert(Arc::clone(&source.name), read);
        policy
    }

    /// The environment with these names.
    pub(super) fn environment(&mut self, constants: &[&str], variables: &[&str]) -> (Scope, Arc<Env>) {
        let key = Environment::key(constants, variables);
        if let Some(scope) = self.scopes.get(&key)
            && let Some((_, known)) = self.environments.get(scope.0)
        {
            return (*scope, Arc::clone(&known.env));
        }
        let env = match self.before.environments.get(&key) {
            Some(known) => Arc::clone(&known.env),
            None => declared(constants, variables),
        };
        let scope = Scope(self.environments.len());
        self.scopes.insert(key.clone(), scope);
        let environment = Environment { env: Arc::clone(&env), expressions: FxHashMap::default() };
        self.environments.push((key, environment));
        (scope, env)
    }

    /// An expression that has been compiled, now or before.
    pub(super) fn expression(&mut self, scope: Scope, text: &str) -> Option<Arc<Known>> {
        let (key, now) = self.environments.get_mut(scope.0)?;
        if let Some(known) = now.expressions.get(text) {
            return Some(Arc::clone(known));
        }
        let (text, known) = self.before.environments.get(key)?.expressions.get_key_value(text)?;
        now.expressions.insert(Arc::clone(text), Arc::clone(known));
        Some(Arc::clone(known))
    }

    /// An expression has been compiled.
    pub(super) fn learn(&mut self, scope: Scope, text: &str, known: Known) -> Arc<Known> {
        self.work.expressions += 1;
        let known = Arc::new(known);
        if let Some((_, now)) = self.environments.get_mut(scope.0) {
            now.expressions.insert(text.into(), Arc::clone(&known));
        }
        known
    }

    /// What all schemas say. Each may refer to any other, so that none is as it was when one is not.
    pub(crate) fn schemas(&mut self, written: &[(String, &str)]) {
        self.now.schemas = self.now.digester.of(written);
    }

    /// A schema that is ready, unless it has to be made so.
    pub(crate) fn validator(
        &mut self,
        reference: &str,
        compile: impl FnOnce() -> Result<Arc<Ready>, String>,
    ) -> Result<Arc<Ready>, String> {
        let same = self.before.schemas == self.now.schemas;
        let known = self.before.validators.get(reference).filter(|_| same).cloned();
        let validator = match known {
            Some(known) => known,
            None => {
                self.work.schemas += 1;
                compile()?
            }
        };
        self.now.validators.insert(reference.to_owned(), Arc::clone(&validator));
        Ok(validator)
    }
}

impl Read {
    /// The same in another place among the files. Findings are not moved: what is wrong is read again.
    fn at(self: &Arc<Self>, file: u32) -> Option<Arc<Self>> {
        if self.file == file {
            return Some(Arc::clone(self));
        }
        if !self.findings.is_empty() {
            return None;
        }
        let policy = self.policy.as_ref().map(|policy| Arc::new(policy.moved(file)));
        Some(Arc::new(Self { digest: self.digest, file, policy, findings: Vec::new() }))
    }
}

impl Environment {
    /// All that expressions can tell apart: the names, in the order of their declaration.
    fn key(constants: &[&str], variables: &[&str]) -> String {
        format!("{}\0{}", constants.join(","), variables.join(","))
    }
}

fn declared(constants: &[&str], variables: &[&str]) -> Arc<Env> {
    let mut env = environment::base().extend();
    for name in constants {
        env.declare(&format!("constants.{name}"), Type::Dyn);
    }
    for name in variables {
        env.declare(&format!("variables.{name}"), Type::Dyn);
    }
    env.build()
}

#[cfg(test)]
mod tests;
