use std::{collections::BTreeMap, sync::Arc};

use http::{HeaderName, HeaderValue, header::AUTHORIZATION};
use portreeve_identity::mint::{Mint, NotSigned};
use portreeve_route_config::Value;
use serde_json::Map;

use super::{Scene, undressed};
use crate::{Edit, Refusal};

/// A token about the caller, signed by the gateway, in a header field.
#[derive(Debug)]
pub struct IdToken {
    /// Who signs.
    pub mint: Arc<Mint>,
    /// Whom it is for.
    pub audience: AudienceOf,
    /// What it says besides `sub`, which it always says. What turns out to be `null` is not said.
    pub claims: Box<[(Box<str>, Value)]>,
    /// The header field.
    pub header: HeaderName,
    /// What stands before the token there, with a space.
    pub scheme: Option<Box<str>>,
}

/// Whom a token is for: no upstream can use another's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AudienceOf {
    /// By the name of the upstream.
    pub upstreams: BTreeMap<Box<str>, Box<str>>,
    /// For every other one; its own name when nothing is said.
    pub otherwise: Option<Box<str>>,
}

impl AudienceOf {
    fn of<'a>(&'a self, upstream: &'a str) -> &'a str {
        self.upstreams.get(upstream).or(self.otherwise.as_ref()).map_or(upstream, |audience| audience)
    }
}

impl IdToken {
    /// The usual field.
    pub const HEADER: HeaderName = AUTHORIZATION;

    pub(super) fn edit(&self, scene: &Scene<'_>) -> Result<Edit, Refusal> {
        let Some(caller) = scene.caller else { return Err(NotSigned.into()) };
        let mut claims = Map::new();
        claims.insert("sub".to_owned(), (&*caller.subject).into());
        for (name, value) in &self.claims {
            let found = value.read(scene.inputs).map_err(undressed(&self.header))?;
            match serde_json::to_value(&*found).map_err(|_| NotSigned)? {
                serde_json::Value::Null => claims.remove(&**name),
                found => claims.insert(name.to_string(), found),
            };
        }
        let audience = self.audience.of(scene.upstream);
        let token = self.mint.token(audience, &claims, caller.expires_at, scene.shown.now)?;
        let mut value = match &self.scheme {
            Some(scheme) => HeaderValue::try_from(format!("{scheme} {token}")),
            None => HeaderValue::try_from(&*token),
        }
        .map_err(|_| NotSigned)?;
        value.set_sensitive(true);
        Ok(Edit::Set(self.header.clone(), value))
    }
}
