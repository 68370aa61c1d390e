//! Paths that are the gateway's own: where browsers come back to from a login, and where upstreams find the keys that
//! tokens are signed with. They go before every route.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use http::{
    HeaderValue, Method, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use portreeve_identity::{Authenticator, Presented, Reply, mint};

use crate::{Body, body::BodyError};

/// Where the public keys are that tokens for upstreams are signed with.
pub const KEYS_PATH: &str = "/.portreeve/jwks.json";

/// The longest body that is read: a logout token of a provider, or a form of one field.
const MAX_BODY: u64 = 64 * 1024;

/// Who answers at such a path.
#[derive(Clone, Debug)]
pub(crate) enum Own {
    Login(Arc<dyn Authenticator>),
    Keys(Arc<[Arc<mint::Mint>]>),
}

impl Own {
    pub(crate) fn owns(&self, path: &str) -> bool {
        match self {
            Self::Login(authenticator) => authenticator.login().is_some_and(|login| login.owns(path)),
            Self::Keys(_) => path == KEYS_PATH,
        }
    }

    /// Whether some request at such a path has a body that means something.
    pub(crate) const fn reads_bodies(&self) -> bool {
        matches!(self, Self::Login(_))
    }

    pub(crate) async fn answer(
        &self,
        presented: &Presented<'_>,
        body: &mut dyn Body,
    ) -> Result<Reply, BodyError> {
        match self {
            Self::Login(authenticator) => {
                let read = match *presented.method == Method::POST {
                    true => body.read(MAX_BODY).await?,
                    false => Bytes::new(),
                };
                match authenticator.login() {
                    Some(login) => Ok(login.answer(presented, &read).await),
                    None => Ok(empty(StatusCode::NOT_FOUND, "route/none")),
                }
            }
            Self::Keys(mints) => Ok(keys(mints, presented.method)),
        }
    }
}

fn keys(mints: &[Arc<mint::Mint>], method: &Method) -> Reply {
    if ![Method::GET, Method::HEAD].contains(method) {
        return empty(StatusCode::METHOD_NOT_ALLOWED, "gateway/method");
    }
    Reply {
        status: StatusCode::OK,
        headers: vec![
            (CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json")),
            (CACHE_CONTROL, HeaderValue::from_static("public, max-age=60")),
        ],
        body: Cow::Owned(mint::published(mints).to_string()),
        code: "gateway/keys",
    }
}

fn empty(status: StatusCode, code: &'static str) -> Reply {
    Reply { status, headers: Vec::new(), body: Cow::Borrowed(""), code }
}
