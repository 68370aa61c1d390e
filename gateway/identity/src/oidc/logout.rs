//! Logging out: here, at the provider, and by the provider (OpenID Connect RP-Initiated and Back-Channel Logout).

use std::time::SystemTime;

use http::{
    Method, StatusCode,
    header::{LOCATION, ORIGIN, SET_COOKIE},
};
use serde_json::Value;

use super::{
    OidcLogin,
    flow::back,
    session::{Session, seconds},
};
use crate::{Presented, Rejection, Reply};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

impl OidcLogin {
    /// Ends this browser's session, and then the provider's.
    pub(super) async fn log_out(&self, presented: &Presented<'_>) -> Result<Reply, Rejection> {
        if !self.is_the_users_own(presented) {
            return Ok(Reply::new(StatusCode::FORBIDDEN, "oidc/cross-origin"));
        }
        if let Some((cookie, session)) = self.session_of(presented).await? {
            self.ended.insert(format!("id {}", session.id), presented.now);
            self.left(cookie, &session).await?;
            self.verdicts.drop(&self.key(cookie));
        }
        let clear = self.cookies.clear(self.cookies.session());
        let end =
            self.provider.metadata(presented.now).await.ok().and_then(|known| known.end_session.clone());
        let Some(mut url) = end else {
            return Ok(back(&self.config.after_logout, "oidc/logged-out").with(SET_COOKIE, &clear));
        };
        let after = format!(
            "{}{}",
            self.config.external_url.origin().ascii_serialization(),
            self.config.after_logout
        );
        url.query_pairs_mut()
            .append_pair("client_id", &self.config.client_id)
            .append_pair("post_logout_redirect_uri", &after);
        let reply = Reply::new(StatusCode::SEE_OTHER, "oidc/logged-out");
        Ok(reply.with(LOCATION, url.as_str()).with(SET_COOKIE, &clear))
    }

    /// Another site can make a browser come here, but not look like the user's own click.
    fn is_the_users_own(&self, presented: &Presented<'_>) -> bool {
        let site = presented.headers.get("sec-fetch-site").map(|site| site.as_bytes());
        let origin = presented.headers.get(ORIGIN).map(|origin| origin.as_bytes());
        let ours = self.config.external_url.origin().ascii_serialization();
        match (site, origin) {
            (Some(site), _) => matches!(site, b"same-origin" | b"none"),
            (None, Some(origin)) => origin == ours.as_bytes(),
            (None, None) => presented.method == Method::POST,
        }
    }

    /// The provider says that a session, or all of a user's, are over.
    pub(super) async fn log_out_from_behind(&self, presented: &Presented<'_>, body: &[u8]) -> Reply {
        let refused = |code| Reply::new(StatusCode::BAD_REQUEST, code);
        let mut tokens = url::form_urlencoded::parse(body).filter(|(name, _)| name == "logout_token");
        let (Some((_, token)), None, &Method::POST) = (tokens.next(), tokens.next(), presented.method) else {
            return refused("oidc/no-logout-token");
        };
        let claims = match self.logout_tokens.genuine(&token, presented.now).await {
            Ok(genuine) => genuine.claims,
            Err(rejection) => {
                let code = rejection.reason().map_or(rejection.code(), |reason| reason.code);
                return refused(code);
            }
        };
        let is_logout =
            claims.get("events").and_then(|events| events.get(EVENT)).is_some_and(Value::is_object);
        if !is_logout || claims.contains_key("nonce") {
            return refused("oidc/not-a-logout-token");
        }
        let named = ["sid", "sub"].into_iter().find_map(|kind| Some((kind, claims.get(kind)?.as_str()?)));
        let Some((kind, name)) = named else { return refused("oidc/logout-of-nobody") };
        if self.end_all(kind, name, presented.now).await.is_err() {
            return Reply::new(StatusCode::SERVICE_UNAVAILABLE, "oidc/sessions");
        }
        Reply::new(StatusCode::OK, "oidc/logged-out-by-provider")
    }

    /// Ends the session of an id (`sid`), or those of a user (`sub`) that began by now.
    async fn end_all(&self, kind: &str, name: &str, now: SystemTime) -> Result<(), Rejection> {
        self.ended.insert(format!("{kind} {name}"), now);
        self.verdicts.forget(|identity| match &identity.claims {
            portreeve_cel::Value::Map(claims) => {
                matches!(claims.get(kind), Some(portreeve_cel::Value::String(said)) if **said == *name)
            }
            _ => false,
        });
        match &self.store {
            Some(store) => store.end_all(kind, name).await,
            None => Ok(()),
        }
    }

    /// Whether the session, or all of its user's up to a moment after it began, were ended.
    pub(super) fn has_ended(&self, session: &Session) -> bool {
        let ended = |kind: &str| self.ended.get(&format!("{kind} {}", session.text(kind)?));
        let own = self.ended.get(&format!("id {}", session.id));
        own.is_some() || ended("sid").is_some() || ended("sub").is_some_and(|at| session.began <= seconds(at))
    }
}
