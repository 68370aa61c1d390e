//! Who a proven credential makes the caller.

use std::{sync::Arc, time::SystemTime};

use serde_json::{Map, Value};

use crate::{Flaw, Identity, Reason, Rejection};

/// How what a credential says becomes a principal. The texts are CEL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MappingConfig {
    /// The caller's name: text, not empty. Default `claims.sub`.
    pub id: Box<str>,
    /// The roles: a list of text. Default `claims.roles`; absent is the empty list.
    pub roles: Box<str>,
    /// The attributes.
    pub attributes: Vec<Attribute>,
    /// The scope of the policies that apply to the caller: text, or absent.
    pub scope: Option<Box<str>>,
    /// Values that the expressions may use by name, worked out in this order.
    pub lets: Vec<Named>,
    /// What must hold of a credential besides being genuine. Anything but `true` refuses it.
    pub require: Vec<Requirement>,
    /// Values of the configuration that the expressions read as `params.name`.
    pub params: Map<String, Value>,
    /// The role of callers for whom the mapping finds none. Default `authenticated`.
    pub fallback_role: Box<str>,
}

/// A value under a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Named {
    /// The name.
    pub name: Box<str>,
    /// The value.
    pub expression: Box<str>,
}

/// A condition on credentials.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Requirement {
    /// The condition.
    pub expression: Box<str>,
    /// Why a credential is refused without it, for the log.
    pub reason: Box<str>,
}

/// One attribute of the caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attribute {
    /// Its name. With a `?` at the end, the expression gives an optional value, and the attribute is left out when there
    /// is none.
    pub name: Box<str>,
    /// Its value.
    pub expression: Box<str>,
}

impl Default for MappingConfig {
    fn default() -> Self {
        Self {
            id: "claims.sub".into(),
            roles: "claims.roles".into(),
            attributes: Vec::new(),
            scope: None,
            lets: Vec::new(),
            require: Vec::new(),
            params: Map::new(),
            fallback_role: "authenticated".into(),
        }
    }
}

/// A mapping ready to be used.
#[derive(Debug)]
pub(crate) struct Mapping {
    id: Selection,
    roles: Selection,
    attributes: Vec<(Box<str>, Selection)>,
    fallback_role: Arc<str>,
}

/// What a proof says, under the names that expressions know it by.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The main fact (`claims`, `session`, `headers` …), which stays with the identity.
    pub(crate) main: (&'static str, Value),
    /// Other facts.
    pub(crate) others: Vec<(&'static str, Value)>,
}

impl Facts {
    pub(crate) fn of(name: &'static str, value: Value) -> Self {
        Self { main: (name, value), others: Vec::new() }
    }

    fn named(&self, name: &str) -> Option<&Value> {
        let found = std::iter::once(&self.main).chain(&self.others).find(|(known, _)| *known == name);
        found.map(|(_, value)| value)
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
    pub(crate) fn compile(config: &MappingConfig) -> Result<Self, Vec<Flaw>> {
        let mut flaws = Vec::new();
        if config.scope.is_some() || !config.lets.is_empty() || !config.require.is_empty() {
            flaws.push(Flaw::new(
                "principal",
                "principal/expression",
                "only selections of claims are understood yet",
            ));
        }
        let mut selection = |field: String, text: &str| {
            Selection::parse(text).unwrap_or_else(|| {
                let message = format!("`{text}` does not select a claim");
                flaws.push(Flaw::new(field, "principal/expression", message));
                Selection(Vec::new())
            })
        };
        let mapping = Self {
            id: selection("principal.id".to_owned(), &config.id),
            roles: selection("principal.roles".to_owned(), &config.roles),
            attributes: config
                .attributes
                .iter()
                .map(|attribute| {
                    let field = format!("principal.attr.{}", attribute.name);
                    (attribute.name.clone(), selection(field, &attribute.expression))
                })
                .collect(),
            fallback_role: (&*config.fallback_role).into(),
        };
        if flaws.is_empty() { Ok(mapping) } else { Err(flaws) }
    }

    pub(crate) fn identify(&self, proof: Proof<'_>) -> Result<Identity, Rejection> {
        let subject = self.id.of(&proof.facts).and_then(Value::as_str).filter(|id| !id.is_empty());
        let subject = subject.ok_or_else(|| Rejection::invalid("principal/no-id"))?.into();
        let attributes = self
            .attributes
            .iter()
            .filter_map(|(name, selection)| Some((&**name, selection.of(&proof.facts)?.clone().into())))
            .collect();
        Ok(Identity {
            subject,
            issuer: proof.issuer.into(),
            roles: self.roles(&proof.facts)?,
            attributes,
            scope: None,
            expires_at: proof.expires_at,
            authenticator: Arc::clone(proof.authenticator),
            claims: proof.facts.main.1.into(),
        })
    }

    fn roles(&self, facts: &Facts) -> Result<Box<[Arc<str>]>, Rejection> {
        let mut roles: Vec<Arc<str>> = Vec::new();
        let found = match self.roles.of(facts) {
            None | Some(Value::Null) => &[][..],
            Some(Value::Array(found)) => found,
            Some(_) => return Err(Rejection::invalid("principal/roles-not-a-list")),
        };
        for role in found {
            let role = role.as_str().filter(|role| !role.is_empty());
            let role: Arc<str> =
                role.ok_or_else(|| Rejection::Invalid(Reason::from("principal/role-not-text")))?.into();
            if !roles.contains(&role) {
                roles.push(role);
            }
        }
        if roles.is_empty() {
            roles.push(Arc::clone(&self.fallback_role));
        }
        Ok(roles.into())
    }
}

/// A value of the facts, by its path.
#[derive(Debug)]
struct Selection(Vec<Box<str>>);

impl Selection {
    /// `claims.a.b`, `claims.?a`, `headers["x-user"]`, `headers[?"x-user"]`, and `.orValue([])` at the end.
    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix(".orValue([])").unwrap_or(text);
        let end = text.find(['.', '[']).unwrap_or(text.len());
        let (root, mut rest) = text.split_at_checked(end)?;
        let mut path: Vec<Box<str>> = vec![name(root)?.into()];
        while !rest.is_empty() {
            let (part, after) = match rest.strip_prefix('.') {
                Some(after) => {
                    let after = after.strip_prefix('?').unwrap_or(after);
                    let (part, after) =
                        after.split_at_checked(after.find(['.', '[']).unwrap_or(after.len()))?;
                    (name(part)?, after)
                }
                None => {
                    let after = rest.strip_prefix('[')?;
                    after.strip_prefix('?').unwrap_or(after).strip_prefix('"')?.split_once("\"]")?
                }
            };
            path.push(part.into());
            rest = after;
        }
        Some(Self(path))
    }

    fn of<'f>(&self, facts: &'f Facts) -> Option<&'f Value> {
        let (first, rest) = self.0.split_first()?;
        rest.iter().try_fold(facts.named(first)?, |value, part| value.get(&**part))
    }
}

fn name(part: &str) -> Option<&str> {
    let first = part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (first && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')).then_some(part)
}
