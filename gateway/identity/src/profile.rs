use std::{sync::Arc, time::SystemTime};

use serde_json::{Map, Value};

use crate::Identity;

/// A caller that the configuration describes itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Profile {
    /// The caller's name.
    pub subject: Box<str>,
    /// The caller's roles. None: `authenticated`.
    pub roles: Vec<Box<str>>,
    /// The caller's attributes.
    pub attributes: Map<String, Value>,
}

impl Profile {
    /// A caller with a name and no more.
    pub fn named(subject: &str) -> Self {
        Self { subject: subject.into(), roles: Vec::new(), attributes: Map::new() }
    }

    pub(crate) fn identity(&self, authenticator: &Arc<str>, expires_at: Option<SystemTime>) -> Arc<Identity> {
        let mut roles: Vec<Arc<str>> = Vec::new();
        for role in &self.roles {
            if !roles.iter().any(|known| **known == **role) {
                roles.push((&**role).into());
            }
        }
        if roles.is_empty() {
            roles.push("authenticated".into());
        }
        Arc::new(Identity {
            subject: (&*self.subject).into(),
            issuer: Arc::clone(authenticator),
            roles: roles.into(),
            attributes: self.attributes.iter().map(|(name, value)| (&**name, value.clone().into())).collect(),
            claims: portreeve_cel::Value::Null,
            scope: None,
            expires_at,
            authenticator: Arc::clone(authenticator),
        })
    }
}
