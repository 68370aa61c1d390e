use std::time::SystemTime;

use http::HeaderValue;

use super::{
    EndpointConfig, NoToken, Wish,
    endpoint::Endpoint,
    memory::{Memory, Token},
};
use crate::{Flaw, Reason};

/// A token of the gateway's own (RFC 6749 §4.4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OwnGrantConfig {
    /// Who gives it.
    pub endpoint: EndpointConfig,
    /// What is asked for, and how it is shown.
    pub wish: Wish,
}

/// Asks for tokens of the gateway's own. One is used until a tenth of its life is left.
#[derive(Debug)]
pub struct OwnGrant {
    form: Vec<(&'static str, String)>,
    wish: Wish,
    endpoint: Endpoint,
    memory: Memory,
}

/// There is one token, so its name says nothing.
const KEY: [u8; 32] = [0; 32];

impl OwnGrant {
    /// # Errors
    /// When no requests can be made.
    pub fn new(config: OwnGrantConfig) -> Result<Self, Flaw> {
        let endpoint = Endpoint::new(config.endpoint).map_err(|error| {
            Flaw::new("remote", "remote/client", format!("cannot make requests: {error}"))
        })?;
        let mut form = vec![("grant_type", "client_credentials".to_owned())];
        form.extend(config.wish.form());
        Ok(Self { form, wish: config.wish, endpoint, memory: Memory::of(16) })
    }

    /// What the header field says, where that is known.
    #[must_use]
    pub fn known(&self, now: SystemTime) -> Option<HeaderValue> {
        self.memory.known(&KEY, now)
    }

    /// What the header field says.
    ///
    /// # Errors
    /// Why there is no token. Nothing may be forwarded without.
    pub async fn value(&self, now: SystemTime) -> Result<HeaderValue, NoToken> {
        self.memory.token(KEY, now, self.ask(now)).await
    }

    async fn ask(&self, now: SystemTime) -> Result<Token, NoToken> {
        let form: Vec<_> = self.form.iter().map(|(name, value)| (*name, &**value)).collect();
        let given = self.endpoint.ask(&form, now, refused).await?;
        if given.kind != "bearer" {
            return Err(NoToken::refused("token/kind"));
        }
        let value =
            self.wish.value(&given.token).ok_or_else(|| NoToken::refused("token/malformed-answer"))?;
        Ok(Token::living(value, given.life, now))
    }
}

/// Whatever the endpoint does not like is the gateway's doing, not the caller's.
pub(super) fn refused(error: &str) -> NoToken {
    let detail = match error {
        "invalid_client" => "invalid_client",
        "invalid_scope" => "invalid_scope",
        "invalid_target" => "invalid_target",
        "unauthorized_client" => "unauthorized_client",
        "unsupported_grant_type" => "unsupported_grant_type",
        _ => return NoToken::refused("token/refused"),
    };
    NoToken::Refused(Reason::with("token/refused", detail))
}
