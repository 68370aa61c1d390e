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
    /// The role of callers for whom the mapping finds none. Default `authenticated`.
    pub fallback_role: Box<str>,
}

/// One attribute of the caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attribute {
    /// Its name.
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

/// What a mapping says of the proof besides the principal.
pub(crate) struct Proof<'a> {
    pub(crate) claims: Map<String, Value>,
    pub(crate) issuer: &'a str,
    pub(crate) authenticator: &'a Arc<str>,
    pub(crate) expires_at: Option<SystemTime>,
}

impl Mapping {
    pub(crate) fn compile(config: &MappingConfig) -> Result<Self, Vec<Flaw>> {
        let mut flaws = Vec::new();
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
        let subject = self.id.of(&proof.claims).and_then(Value::as_str).filter(|id| !id.is_empty());
        let subject = subject.ok_or_else(|| Rejection::invalid("principal/no-id"))?.into();
        let attributes = self
            .attributes
            .iter()
            .filter_map(|(name, selection)| Some((name.to_string(), selection.of(&proof.claims)?.clone())))
            .collect();
        Ok(Identity {
            subject,
            issuer: proof.issuer.into(),
            roles: self.roles(&proof.claims)?,
            attributes,
            scope: None,
            expires_at: proof.expires_at,
            authenticator: Arc::clone(proof.authenticator),
            claims: Value::Object(proof.claims),
        })
    }

    fn roles(&self, claims: &Map<String, Value>) -> Result<Box<[Arc<str>]>, Rejection> {
        let mut roles: Vec<Arc<str>> = Vec::new();
        let found = match self.roles.of(claims) {
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

/// A claim, by its path.
#[derive(Debug)]
struct Selection(Vec<Box<str>>);

impl Selection {
    fn parse(text: &str) -> Option<Self> {
        let path: Vec<&str> = text.strip_prefix("claims.")?.split('.').collect();
        let name = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        path.iter().all(|part| name(part)).then(|| Self(path.into_iter().map(Into::into).collect()))
    }

    fn of<'c>(&self, claims: &'c Map<String, Value>) -> Option<&'c Value> {
        let (first, rest) = self.0.split_first()?;
        rest.iter().try_fold(claims.get(&**first)?, |value, part| value.get(&**part))
    }
}
