use std::time::SystemTime;

use http::HeaderValue;

use super::{
    EndpointConfig, NoToken, Wish,
    endpoint::Endpoint,
    memory::{Memory, Token},
    own::refused,
};
use crate::{Flaw, Identity, Reason, Secret, fingerprint};

/// A token in place of a caller's (RFC 8693).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExchangeConfig {
    /// Who gives it.
    pub endpoint: EndpointConfig,
    /// What is asked for, and how it is shown.
    pub wish: Wish,
    /// What the caller's token is, as an identifier of RFC 8693 §3.
    pub subject_token_type: Box<str>,
    /// What the new one is to be; the server chooses where nothing is said.
    pub requested_token_type: Option<Box<str>>,
    /// Who acts for the caller: a token, and what it is.
    pub actor: Option<(Secret, Box<str>)>,
}

/// Exchanges callers' tokens. What a caller's token was exchanged for is used until a tenth of its life is left, and
/// never longer than the caller's own token is good.
#[derive(Debug)]
pub struct Exchange {
    config: ExchangeConfig,
    endpoint: Endpoint,
    memory: Memory,
}

impl Exchange {
    /// An access token, as RFC 8693 §3 names it.
    pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

    /// # Errors
    /// When no requests can be made.
    pub fn new(config: ExchangeConfig) -> Result<Self, Flaw> {
        let endpoint = Endpoint::new(config.endpoint.clone())?;
        Ok(Self { endpoint, memory: Memory::of(10_000), config })
    }

    /// What the header field says, where that is known.
    #[must_use]
    pub fn known(&self, token: &str, now: SystemTime) -> Option<HeaderValue> {
        self.memory.known(&key(token), now)
    }

    /// What the header field says in place of a caller's token.
    ///
    /// # Errors
    /// Why there is no token. Nothing may be forwarded without.
    pub async fn value(
        &self,
        token: &str,
        caller: &Identity,
        now: SystemTime,
    ) -> Result<HeaderValue, NoToken> {
        self.memory.token(key(token), now, self.ask(token, caller, now)).await
    }

    async fn ask(&self, token: &str, caller: &Identity, now: SystemTime) -> Result<Token, NoToken> {
        let mut form = vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", token),
            ("subject_token_type", &self.config.subject_token_type),
        ];
        if let Some(requested) = &self.config.requested_token_type {
            form.push(("requested_token_type", requested));
        }
        if let Some((actor, kind)) = &self.config.actor {
            form.extend([("actor_token", actor.expose_text()), ("actor_token_type", &**kind)]);
        }
        let wished = self.config.wish.form();
        form.extend(wished.iter().map(|(name, value)| (*name, &**value)));
        let given = self.endpoint.ask(&form, now, judged).await?;
        // What is no access token has no way to be used (RFC 8693 §2.2.1).
        if !matches!(&*given.kind, "bearer" | "n_a") {
            return Err(NoToken::refused("token/kind"));
        }
        let another = |issued: &String| {
            self.config.requested_token_type.as_ref().is_some_and(|requested| **requested != **issued)
        };
        if given.issued.as_ref().is_some_and(another) {
            return Err(NoToken::refused("token/issued-type"));
        }
        let value =
            self.config.wish.value(&given.token).ok_or_else(|| NoToken::refused("token/malformed-answer"))?;
        Ok(Token::living(value, given.life, now).until(caller.expires_at))
    }
}

fn key(token: &str) -> [u8; 32] {
    fingerprint::of_parts(&[token.as_bytes()])
}

/// What an error says of the caller's token. That nothing is given for it is no reason to come again with another; that
/// it is no longer good is one.
fn judged(error: &str) -> NoToken {
    let reason = |detail: &'static str| Reason::with("token/not-exchanged", detail);
    match error {
        "invalid_grant" => NoToken::Unaccepted(reason("invalid_grant")),
        "invalid_token" => NoToken::Unaccepted(reason("invalid_token")),
        "invalid_request" => NoToken::Denied(reason("invalid_request")),
        "invalid_target" => NoToken::Denied(reason("invalid_target")),
        "invalid_scope" => NoToken::Denied(reason("invalid_scope")),
        "access_denied" => NoToken::Denied(reason("access_denied")),
        _ => refused(error),
    }
}
