use http::{HeaderName, HeaderValue, header::AUTHORIZATION};
use portreeve_identity::grant::{NoToken, OwnGrant};

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
    Own(OwnGrant),
}

impl Grant {
    pub(super) const fn needs_caller(&self) -> bool {
        match self {
            Self::Own(_) => false,
        }
    }

    /// The value of the header field. One that is known costs no allocation.
    pub(crate) async fn value(&self, scene: &Scene<'_>) -> Result<HeaderValue, NoToken> {
        let now = scene.shown.now;
        match self {
            Self::Own(grant) => match grant.known(now) {
                Some(value) => Ok(value),
                None => Box::pin(grant.value(now)).await,
            },
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
