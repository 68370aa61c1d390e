//! Who a proven credential makes the caller.

mod compiler;
mod config;

use std::{sync::Arc, time::SystemTime};

use portreeve_cel::{Arena, Cx, Env, Limits, Map, Program, Val, Value};
use serde_json::Value as Json;

use compiler::{Compiler, lenient};
pub use config::{Attribute, MappingConfig, Named, Requirement};

use crate::{Flaw, Identity, Reason, Rejection};

/// A mapping ready to be used.
#[derive(Debug)]
pub(crate) struct Mapping {
    facts: &'static [&'static str],
    env: Arc<Env>,
    params: Value,
    lets: Vec<Program>,
    require: Vec<(Program, Requirement)>,
    id: Program,
    roles: Program,
    scope: Option<Program>,
    attributes: Vec<(Arc<str>, Program)>,
    fallback_role: Arc<str>,
}

/// What a proof says, under the names that expressions know it by.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The main fact (`claims`, `session`, `headers` …), which stays with the identity.
    pub(crate) main: (&'static str, Json),
    /// Other facts.
    pub(crate) others: Vec<(&'static str, Json)>,
}

impl Facts {
    pub(crate) fn of(name: &'static str, value: Json) -> Self {
        Self { main: (name, value), others: Vec::new() }
    }
}

/// What was proven, and how.
pub(crate) struct Proof<'a> {
    pub(crate) facts: Facts,
    pub(crate) issuer: &'a str,
    pub(crate) authenticator: &'a Arc<str>,
    pub(crate) expires_at: Option<SystemTime>,
}

impl Mapping {
    /// Compiles the expressions; `facts` are the names that the mechanism gives values to.
    pub(crate) fn compile(config: &MappingConfig, facts: &'static [&'static str]) -> Result<Self, Vec<Flaw>> {
        let mut compiler = Compiler::new(facts, &config.lets);
        let lets: Vec<Option<Program>> = config
            .lets
            .iter()
            .map(|named| compiler.compile(format!("let.{}", named.name), &*named.expression))
            .collect();
        let require: Vec<_> = config
            .require
            .iter()
            .enumerate()
            .map(|(index, required)| {
                let program = compiler.compile(format!("require.{index}.expr"), &*required.expression);
                program.map(|program| (program, required.clone()))
            })
            .collect();
        let id = match &*config.id {
            "" => compiler.compile_default("principal.id", facts, "sub"),
            id => compiler.compile("principal.id".to_owned(), id),
        };
        let roles = match &*config.roles {
            "" => compiler.compile_default("principal.roles", facts, "roles"),
            roles => compiler.compile("principal.roles".to_owned(), lenient(roles)),
        };
        let scope = config
            .scope
            .as_deref()
            .map(|scope| compiler.compile("principal.scope".to_owned(), lenient(scope)));
        let attributes: Vec<_> = config
            .attributes
            .iter()
            .map(|attribute| {
                let field = format!("principal.attr.{}", attribute.name);
                let name = attribute.name.strip_suffix('?').unwrap_or(&attribute.name);
                compiler
                    .compile(field, lenient(&attribute.expression))
                    .map(|program| (Arc::from(name), program))
            })
            .collect();
        let Compiler { env, flaws, .. } = compiler;
        let (Some(id), Some(roles), true) = (id, roles, flaws.is_empty()) else { return Err(flaws) };
        Ok(Self {
            facts,
            env,
            params: Json::Object(config.params.clone()).into(),
            lets: lets.into_iter().flatten().collect(),
            require: require.into_iter().flatten().collect(),
            id,
            roles,
            scope: scope.flatten(),
            attributes: attributes.into_iter().flatten().collect(),
            fallback_role: (&*config.fallback_role).into(),
        })
    }

    pub(crate) fn identify(&self, proof: Proof<'_>) -> Result<Identity, Rejection> {
        let main = self.facts.iter().position(|name| *name == proof.facts.main.0);
        let mut values = self.values(proof.facts);
        let first_let = values.len();
        values.resize(self.env.slots(), None);
        for (index, program) in self.lets.iter().enumerate() {
            let named = evaluate(program, &Arena::new(), &views(&values), "principal/let", |value| {
                present(value)?.to_value()
            })?;
            if let Some(slot) = values.get_mut(first_let + index) {
                *slot = Some(named);
            }
        }
        let (arena, views) = (Arena::new(), views(&values));
        self.check(&arena, &views)?;
        let subject = evaluate(&self.id, &arena, &views, "principal/no-id", |value| match value {
            Val::Str(text) if !text.is_empty() => Some(Arc::<str>::from(text)),
            _ => None,
        })?;
        let identity = Identity {
            subject,
            issuer: proof.issuer.into(),
            roles: self.roles(&arena, &views)?,
            attributes: self.attributes(&arena, &views)?,
            scope: self.scope(&arena, &views)?,
            expires_at: proof.expires_at,
            authenticator: Arc::clone(proof.authenticator),
            claims: Value::Null,
        };
        let claims = main.and_then(|index| values.get_mut(index)?.take()).unwrap_or_default();
        Ok(Identity { claims, ..identity })
    }

    /// The values of the slots: facts in their order, then the parameters.
    fn values(&self, facts: Facts) -> Vec<Option<Value>> {
        let mut facts: Vec<_> = std::iter::once(facts.main).chain(facts.others).collect();
        let mut values = Vec::with_capacity(self.env.slots());
        for name in self.facts {
            let found = facts.iter_mut().find(|(known, _)| known == name);
            values.push(found.map(|(_, value)| std::mem::take(value).into()));
        }
        values.push(Some(self.params.clone()));
        values
    }

    fn check(&self, arena: &Arena, views: &[Option<Val<'_>>]) -> Result<(), Rejection> {
        for (program, required) in &self.require {
            let mut cx = Cx::new(arena, views, None, LIMITS);
            let holds = program.condition(&mut cx).unwrap_or(false);
            if !holds {
                let reason = Reason::with("principal/require", required.reason.to_string());
                let kind = if required.insufficient { Rejection::Insufficient } else { Rejection::Invalid };
                return Err(kind(reason));
            }
        }
        Ok(())
    }

    fn roles(&self, arena: &Arena, views: &[Option<Val<'_>>]) -> Result<Box<[Arc<str>]>, Rejection> {
        let mut roles =
            evaluate(
                &self.roles,
                arena,
                views,
                "principal/roles-not-a-list-of-text",
                |value| match present(value) {
                    None | Some(Val::Null) => Some(Vec::new()),
                    Some(Val::List(found)) => found.iter().map(role).collect::<Option<Vec<_>>>(),
                    Some(_) => None,
                },
            )?;
        let mut seen: Vec<Arc<str>> = Vec::with_capacity(roles.len());
        roles.retain(|role| {
            let new = !seen.contains(role);
            if new {
                seen.push(Arc::clone(role));
            }
            new
        });
        if roles.is_empty() {
            roles.push(Arc::clone(&self.fallback_role));
        }
        Ok(roles.into())
    }

    fn attributes(&self, arena: &Arena, views: &[Option<Val<'_>>]) -> Result<Map, Rejection> {
        let mut found = Vec::with_capacity(self.attributes.len());
        for (name, program) in &self.attributes {
            let value =
                evaluate(program, arena, views, "principal/attribute", |value| match present(value) {
                    None => Some(None),
                    Some(value) => owned(value).map(Some),
                })?;
            found.extend(value.map(|value| (Arc::clone(name), value)));
        }
        Ok(found.into_iter().collect())
    }

    fn scope(&self, arena: &Arena, views: &[Option<Val<'_>>]) -> Result<Option<Arc<str>>, Rejection> {
        let Some(program) = &self.scope else { return Ok(None) };
        evaluate(program, arena, views, "principal/scope", |value| match present(value) {
            None => Some(None),
            Some(Val::Str(text)) => Some(Some(Arc::from(text))),
            Some(_) => None,
        })
    }
}

/// How much one expression may take. Claims are small, and a caller waits.
const LIMITS: Limits = Limits { steps: 200_000, memory: 4 << 20 };

fn views(values: &[Option<Value>]) -> Vec<Option<Val<'_>>> {
    values.iter().map(|value| value.as_ref().map(Val::from)).collect()
}

/// The value of an expression as what it must be. An expression that fails, or gives something else, refuses.
fn evaluate<T>(
    program: &Program,
    arena: &Arena,
    views: &[Option<Val<'_>>],
    code: &'static str,
    read: impl FnOnce(Val<'_>) -> Option<T>,
) -> Result<T, Rejection> {
    let mut cx = Cx::new(arena, views, None, LIMITS);
    match program.eval(&mut cx) {
        Ok(value) => read(value).ok_or_else(|| Rejection::invalid(code)),
        Err(error) => Err(Rejection::Invalid(Reason::with(code, error.to_string()))),
    }
}

/// The value, unless it is an optional one that is absent.
fn present(value: Val<'_>) -> Option<Val<'_>> {
    match value {
        Val::Optional(inner) => inner.copied(),
        value => Some(value),
    }
}

fn role(value: Val<'_>) -> Option<Arc<str>> {
    match value {
        Val::Str(text) if !text.is_empty() => Some(text.into()),
        _ => None,
    }
}

/// A value as policies know attributes: as JSON does, with doubles for numbers.
fn owned(value: Val<'_>) -> Option<Value> {
    let value = present(value)?.to_value()?;
    match value {
        Value::Null | Value::Bool(_) | Value::Double(_) | Value::String(_) => Some(value),
        other => serde_json::to_value(&other).ok().map(Value::from),
    }
}

#[cfg(test)]
mod tests;
