//! The way to the provider and back (OpenID Connect Core §3.1, RFC 7636, RFC 9207).

use std::time::SystemTime;

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::BoxFuture;
use http::{
    Method, StatusCode,
    header::{ACCEPT, LOCATION, RETRY_AFTER, SET_COOKIE},
};
use serde_json::{Map, Value};

use super::{
    OidcLogin,
    paths::safe_return,
    seal::Purpose,
    session::{Age, LOGIN_LIFE, Pending, Session, seconds},
};
use crate::{Login, Presented, Rejection, Reply, presented::Found};

impl Login for OidcLogin {
    fn owns(&self, path: &str) -> bool {
        path.strip_prefix(&*self.base)
            .is_some_and(|rest| matches!(rest, "/callback" | "/logout" | "/backchannel-logout"))
    }

    fn answer<'a>(&'a self, presented: &'a Presented<'a>, body: &'a [u8]) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            match presented.path.strip_prefix(&*self.base) {
                Some("/callback") => self.finish(presented).await.unwrap_or_else(|refused| told(&refused)),
                Some("/logout") => self.log_out(presented).await.unwrap_or_else(|refused| told(&refused)),
                Some("/backchannel-logout") => self.log_out_from_behind(presented, body).await,
                _ => Reply::new(StatusCode::NOT_FOUND, "oidc/no-such-path"),
            }
        })
    }

    fn suits(&self, presented: &Presented<'_>) -> bool {
        let reads = [Method::GET, Method::HEAD].contains(presented.method);
        let mode = presented.headers.get("sec-fetch-mode").map(|mode| mode.as_bytes());
        let accepts = presented.headers.get_all(ACCEPT).iter().filter_map(|accept| accept.to_str().ok());
        let wants_page =
            accepts.flat_map(|accept| accept.split(',')).any(|range| range.trim().starts_with("text/html"));
        reads && mode.map_or(wants_page, |mode| mode == b"navigate")
    }

    fn start<'a>(&'a self, presented: &'a Presented<'a>) -> BoxFuture<'a, Reply> {
        Box::pin(async move { self.begin_or_renew(presented).await.unwrap_or_else(|refused| told(&refused)) })
    }
}

impl OidcLogin {
    async fn begin_or_renew(&self, presented: &Presented<'_>) -> Result<Reply, Rejection> {
        let return_to = target(presented);
        if let Some((cookie, session)) = self.session_of(presented).await? {
            match session.age(&self.config, presented.now) {
                // Logged in, and yet refused: the provider would say the same again, and again.
                Age::Fresh(_) => {
                    return Ok(Reply::new(StatusCode::FORBIDDEN, "oidc/refused-though-logged-in"));
                }
                Age::Stale => {
                    if let Some(renewed) = self.renew(cookie, session, presented.now).await? {
                        return Ok(back(&return_to, "oidc/renewed").with(SET_COOKIE, &renewed));
                    }
                }
                Age::Over => {}
            }
        }
        self.send(return_to, presented.now).await
    }

    /// Sends the browser to the provider.
    async fn send(&self, return_to: String, now: SystemTime) -> Result<Reply, Rejection> {
        let metadata = self.provider.metadata(now).await?;
        let unlucky = || Rejection::unavailable("oidc/no-randomness");
        let [state, nonce, verifier] = [random(), random(), random()];
        let (state, nonce, verifier) =
            (state.ok_or_else(unlucky)?, nonce.ok_or_else(unlucky)?, verifier.ok_or_else(unlucky)?);
        let mut url = metadata.authorization.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.config.client_id)
            .append_pair("redirect_uri", &self.redirect_uri())
            .append_pair("scope", &self.config.scopes.join(" "))
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())))
            .append_pair("code_challenge_method", "S256");
        let name = self.cookies.login(&state);
        let pending = Pending { state, nonce, verifier, return_to, began: seconds(now) };
        let sealed =
            serde_json::to_vec(&pending).ok().and_then(|text| self.seals.seal(Purpose::Login, &text));
        let cookie =
            sealed.and_then(|sealed| self.cookies.set(&name, &sealed, LOGIN_LIFE)).ok_or_else(unlucky)?;
        let reply = Reply::new(StatusCode::SEE_OTHER, "oidc/login");
        Ok(reply.with(LOCATION, url.as_str()).with(SET_COOKIE, &cookie))
    }

    /// The browser is back from the provider.
    async fn finish(&self, presented: &Presented<'_>) -> Result<Reply, Rejection> {
        let parameter = |name: &str| match presented.query_parameter(name) {
            Found::Nothing => Ok(None),
            Found::One(value) => Ok(Some(value)),
            Found::Many => Err(Rejection::Ambiguous),
        };
        let state = parameter("state")?.ok_or_else(|| Rejection::invalid("oidc/state"))?;
        let name = self.cookies.login(&state);
        let pending = self.pending(&name, &state, presented)?;
        let metadata = self.provider.metadata(presented.now).await?;
        let issuer = parameter("iss")?;
        let mixed_up = match &issuer {
            Some(issuer) => **issuer != *self.config.issuer,
            None => metadata.names_itself,
        };
        if mixed_up {
            return Err(Rejection::invalid("oidc/another-issuer"));
        }
        if parameter("error")?.is_some() {
            return Err(Rejection::invalid("oidc/provider-refused"));
        }
        let code = parameter("code")?.ok_or_else(|| Rejection::invalid("oidc/no-code"))?;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("redirect_uri", &*self.redirect_uri()),
            ("code_verifier", &*pending.verifier),
        ];
        let tokens = self.provider.tokens(&form, presented.now).await?;
        let id_token = tokens.id_token.ok_or_else(|| Rejection::unavailable("oidc/no-id-token"))?;
        let claims = self.believed(&id_token, Some(&pending.nonce), presented.now).await?;
        let id = random().ok_or_else(|| Rejection::unavailable("oidc/no-randomness"))?;
        let session = Session::begin(id, claims, tokens.refresh_token, presented.now);
        let cookie = self.kept(&session, presented.now).await?;
        let cookie = cookie.ok_or_else(|| Rejection::unavailable("oidc/session-too-large"))?;
        Ok(back(&pending.return_to, "oidc/logged-in")
            .with(SET_COOKIE, &cookie)
            .with(SET_COOKIE, &self.cookies.clear(&name)))
    }

    /// The login that this browser began, and that this state belongs to.
    fn pending(&self, name: &str, state: &str, presented: &Presented<'_>) -> Result<Pending, Rejection> {
        let refused = || Rejection::invalid("oidc/state");
        let Found::One(cookie) = presented.cookie(name) else { return Err(refused()) };
        let text = self.seals.open(Purpose::Login, cookie).ok_or_else(refused)?;
        let pending: Pending = serde_json::from_slice(&text).map_err(|_| refused())?;
        verify_slices_are_equal(pending.state.as_bytes(), state.as_bytes()).map_err(|_| refused())?;
        let age = seconds(presented.now).checked_sub(pending.began).ok_or_else(refused)?;
        if age >= LOGIN_LIFE.as_secs() { Err(refused()) } else { Ok(pending) }
    }

    /// What an ID token says, if it is for this login.
    async fn believed(
        &self,
        token: &str,
        nonce: Option<&str>,
        now: SystemTime,
    ) -> Result<Map<String, Value>, Rejection> {
        let claims = self.id_tokens.genuine(token, now).await?.claims;
        if nonce.is_some() && claims.get("nonce").and_then(Value::as_str) != nonce {
            return Err(Rejection::invalid("oidc/nonce"));
        }
        let several =
            claims.get("aud").and_then(Value::as_array).is_some_and(|audiences| audiences.len() > 1);
        let party = claims.get("azp").map(|party| party.as_str() == Some(&*self.config.client_id));
        if party.map_or(several, |ours| !ours) {
            return Err(Rejection::invalid("oidc/authorized-party"));
        }
        if !claims.contains_key("sub") {
            return Err(Rejection::invalid("oidc/subject"));
        }
        Ok(claims)
    }

    /// A session cookie with what the provider says now; `None` when the user has to be sent there.
    async fn renew(
        &self,
        cookie: &str,
        session: Session,
        now: SystemTime,
    ) -> Result<Option<String>, Rejection> {
        let Some(renewed) = self.said_again(&session, now).await else { return Ok(None) };
        // Whoever logged out meanwhile stays out.
        if !self.left(cookie, &session).await? {
            return Ok(None);
        }
        self.kept(&renewed, now).await
    }

    /// The session with what the provider says now.
    async fn said_again(&self, session: &Session, now: SystemTime) -> Option<Session> {
        let refresh_token = session.refresh_token.as_deref()?;
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        let tokens = self.provider.tokens(&form, now).await.ok()?;
        let claims = self.believed(&tokens.id_token?, None, now).await.ok()?;
        // OpenID Connect Core §12.2: the same user.
        if claims.get("sub").and_then(Value::as_str) != session.text("sub") {
            return None;
        }
        let refresh_token = tokens.refresh_token.or_else(|| session.refresh_token.clone());
        let mut renewed = Session::begin(session.id.clone(), claims, refresh_token, now);
        renewed.began = session.began;
        if let (false, Some(sid)) = (renewed.claims.contains_key("sid"), session.claims.get("sid")) {
            renewed.claims.insert("sid".to_owned(), sid.clone());
        }
        Some(renewed)
    }

    fn redirect_uri(&self) -> String {
        format!("{}{}/callback", self.config.external_url.origin().ascii_serialization(), self.base)
    }
}

/// Where the browser wanted to go; `/` when that is nowhere to come back to.
fn target(presented: &Presented<'_>) -> String {
    let wanted = match presented.query {
        "" => presented.path.to_owned(),
        query => format!("{}?{query}", presented.path),
    };
    safe_return(&wanted).unwrap_or("/").to_owned()
}

pub(super) fn back(target: &str, code: &'static str) -> Reply {
    Reply::new(StatusCode::SEE_OTHER, code).with(LOCATION, safe_return(target).unwrap_or("/"))
}

/// A failure, as far as the browser is concerned.
fn told(refused: &Rejection) -> Reply {
    let status = match refused {
        Rejection::Missing | Rejection::Invalid(_) | Rejection::Ambiguous => StatusCode::BAD_REQUEST,
        other => other.status(),
    };
    let code = refused.reason().map_or(refused.code(), |reason| reason.code);
    let reply = Reply::new(status, code);
    match refused {
        Rejection::Throttled { retry_after: Some(wait) } => {
            reply.with(RETRY_AFTER, &wait.as_secs().to_string())
        }
        _ => reply,
    }
}

/// 256 random bits.
pub(super) fn random() -> Option<String> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}
