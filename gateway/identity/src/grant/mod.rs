//! Grants: tokens that an authorization server gives the gateway to show an upstream. The gateway's own
//! (`client_credentials`), or one in place of a caller's (`token_exchange`).

mod endpoint;
mod exchange;
mod memory;
mod own;
mod refused;

use http::HeaderValue;

pub use endpoint::{EndpointConfig, TokenUrl};
pub use exchange::{Exchange, ExchangeConfig};
pub use own::{OwnGrant, OwnGrantConfig};
pub use refused::NoToken;

/// What stands in the header field before a token, and for whom and what it is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wish {
    /// `scope`, in this order.
    pub scopes: Vec<Box<str>>,
    /// `audience`, each as a parameter of its own.
    pub audience: Vec<Box<str>>,
    /// `resource` (RFC 8707), each as a parameter of its own.
    pub resource: Vec<Box<str>>,
    /// What stands before the token, with a space.
    pub scheme: Option<Box<str>>,
}

impl Wish {
    /// The parameters that say it.
    fn form(&self) -> Vec<(&'static str, String)> {
        let mut form: Vec<(&'static str, String)> = Vec::new();
        if !self.scopes.is_empty() {
            form.push(("scope", self.scopes.join(" ")));
        }
        form.extend(self.audience.iter().map(|audience| ("audience", audience.to_string())));
        form.extend(self.resource.iter().map(|resource| ("resource", resource.to_string())));
        form
    }

    /// The value of the header field. Nothing where the token could not stand in one as it is.
    fn value(&self, token: &str) -> Option<HeaderValue> {
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let mut value = match &self.scheme {
            Some(scheme) => HeaderValue::try_from(format!("{scheme} {token}")),
            None => HeaderValue::try_from(token),
        }
        .ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

#[cfg(test)]
mod tests;
