use std::{sync::Arc, time::SystemTime};

use portreeve_cel::{Map, Value};

/// A caller who proved who they are. Shared between requests that show the same credential.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// The caller's name, as the issuer vouches for it. Never empty.
    pub subject: Arc<str>,
    /// Who vouches: the issuer of the token, or the authenticator's name where nothing else does.
    pub issuer: Arc<str>,
    /// The roles that the authenticator's mapping found, each once. Never empty: policies refuse a principal without
    /// roles, so a caller with none has the authenticator's fallback role.
    pub roles: Box<[Arc<str>]>,
    /// The attributes that the authenticator's mapping found.
    pub attributes: Map,
    /// What the proof itself says: a token's claims, a session's answer.
    pub claims: Value,
    /// The scope of the policies that apply to the caller (a tenant, an organisation), when the mapping says so.
    pub scope: Option<Arc<str>>,
    /// When the proof runs out, where it does.
    pub expires_at: Option<SystemTime>,
    /// The name of the authenticator.
    pub authenticator: Arc<str>,
}

#[cfg(test)]
impl Identity {
    /// A caller with a name and nothing else, for tests.
    pub(crate) fn plain(subject: &str, issuer: &str) -> Self {
        Self {
            subject: subject.into(),
            issuer: issuer.into(),
            roles: Box::new(["user".into()]),
            attributes: Default::default(),
            claims: Default::default(),
            scope: None,
            expires_at: None,
            authenticator: issuer.into(),
        }
    }
}
