use http::{HeaderName, HeaderValue, header::AUTHORIZATION};
use portreeve_identity::{
    Chain,
    grant::{Exchange, NoToken, OwnGrant},
};

use super::Scene;
use crate::{Edit, Edits};

/// A token of an authorization server's, in a header field.
#[derive(Debug)]
pub struct GrantedToken {
    /// Whose token, and who gives it.
    pub grant: Grant,
    /// The header field.
    pub header: HeaderName,
    /// Whether the caller's own `Authorization` goes on beside it. Without meaning where that is the field itself.
    pub keeps_authorization: bool,
}

/// Whose token it is.
#[derive(Debug)]
pub enum Grant {
    /// The gateway's own.
    Own(Box<OwnGrant>),
    /// One in place of the caller's.
    Exchanged(Box<Exchange>),
}

impl Grant {
    /// Whether it takes a token of the caller's.
    pub(crate) const fn exchanges(&self) -> bool {
        matches!(self, Self::Exchanged(_))
    }

    /// The value of the header field. One that is known costs no allocation.
    pub(crate) async fn value(&self, scene: &Scene<'_>, chain: &Chain) -> Result<HeaderValue, NoToken> {
        let now = scene.shown.now;
        match self {
            Self::Own(grant) => match grant.known(now) {
                Some(value) => Ok(value),
                None => Box::pin(grant.value(now)).await,
            },
            Self::Exchanged(exchange) => {
                let caller = scene.caller.ok_or_else(NoToken::nothing_to_exchange)?;
                let token = chain.token(caller, scene.shown).ok_or_else(NoToken::nothing_to_exchange)?;
                match exchange.known(&token, now) {
                    Some(value) => Ok(value),
                    None => Box::pin(exchange.value(&token, caller, now)).await,
                }
            }
        }
    }
}

impl GrantedToken {
    /// What the caller sent as `Authorization` goes, what the gateway itself says there stays.
    pub(super) fn edit(&self, value: HeaderValue, edits: &mut Edits) {
        let said = |edit: &Edit| matches!(edit, Edit::Set(name, _) if *name == AUTHORIZATION);
        if !self.keeps_authorization && self.header != AUTHORIZATION && !edits.iter().any(said) {
            edits.push(Edit::Remove(AUTHORIZATION));
        }
        edits.push(Edit::Set(self.header.clone(), value));
    }
}
