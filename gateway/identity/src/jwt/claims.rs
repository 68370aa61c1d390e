//! What a token whose signature is good must say.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::{
    config::{Audience, Issuer, JwtConfig, RequiredClaim, TokenKind, Typ},
    scopes,
};
use crate::{Reason, Rejection};

/// Until when a token may be believed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetime {
    /// What it says itself.
    pub(crate) expires_at: SystemTime,
    /// With skew and maximum age.
    pub(crate) until: SystemTime,
}

/// Checks the claims, in an order that names the plainest fault first.
pub(crate) fn check(
    config: &JwtConfig,
    issuer: &Issuer,
    header: &Map<String, Value>,
    claims: &Map<String, Value>,
    now: SystemTime,
) -> Result<Lifetime, Rejection> {
    check_typ(&config.typ, header)?;
    let lifetime = check_times(config, claims, now)?;
    check_issuer(issuer, claims)?;
    check_audience(&issuer.audience, claims)?;
    check_subject(config.kind, claims)?;
    if config.kind == TokenKind::Access {
        check_is_access_token(claims)?;
    }
    for required in &config.required_claims {
        check_required(required, claims)?;
    }
    let granted = scopes::granted(claims).ok_or_else(|| Rejection::invalid("jwt/malformed-scope"))?;
    match config.scopes.missing(&granted) {
        None => Ok(lifetime),
        Some(scope) => Err(Rejection::Insufficient(Reason::with("jwt/scope", scope.to_owned()))),
    }
}

fn check_typ(typ: &Typ, header: &Map<String, Value>) -> Result<(), Rejection> {
    let fits = match header.get("typ") {
        None => typ.absent,
        Some(Value::String(text)) => {
            let text = match text.split_at_checked(12) {
                Some((media, rest)) if media.eq_ignore_ascii_case("application/") => rest,
                _ => text,
            };
            typ.values.iter().any(|value| value.eq_ignore_ascii_case(text))
        }
        Some(_) => false,
    };
    require(fits, "jwt/typ")
}

fn check_times(
    config: &JwtConfig,
    claims: &Map<String, Value>,
    now: SystemTime,
) -> Result<Lifetime, Rejection> {
    let expires_at = time(claims, "exp")?.ok_or_else(|| Rejection::invalid("jwt/no-expiry"))?;
    let mut until = later(expires_at, config.skew)?;
    require(now < until, "jwt/expired")?;
    if let Some(not_before) = time(claims, "nbf")? {
        require(not_before <= later(now, config.skew)?, "jwt/not-yet-valid")?;
    }
    let issued_at = time(claims, "iat")?;
    if let Some(issued_at) = issued_at {
        require(issued_at <= later(now, config.skew)?, "jwt/issued-in-the-future")?;
    }
    if let Some(max_age) = config.max_age {
        let issued_at = issued_at.ok_or_else(|| Rejection::invalid("jwt/no-issue-time"))?;
        let too_old = later(issued_at, max_age.saturating_add(config.skew))?;
        require(now < too_old, "jwt/too-old")?;
        until = until.min(too_old);
    }
    if let Some(longest) = config.max_lifetime {
        let issued_at = issued_at.ok_or_else(|| Rejection::invalid("jwt/no-issue-time"))?;
        require(expires_at <= later(issued_at, longest)?, "jwt/lives-too-long")?;
    }
    Ok(Lifetime { expires_at, until })
}

/// A NumericDate (RFC 7519 §2): seconds, a fraction allowed. Anything else that stands there is a fault, never absence.
pub(crate) fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<SystemTime>, Rejection> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let seconds = match value {
        Value::Number(number) => number.as_u64().map(Duration::from_secs).or_else(|| {
            let seconds = number.as_f64()?;
            Duration::try_from_secs_f64(seconds).ok()
        }),
        _ => None,
    };
    let at = seconds.and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(seconds));
    at.map(Some).ok_or_else(|| Rejection::Invalid(Reason::with("jwt/malformed-time", name.to_owned())))
}

pub(crate) fn later(time: SystemTime, by: Duration) -> Result<SystemTime, Rejection> {
    time.checked_add(by).ok_or_else(|| Rejection::invalid("jwt/malformed-time"))
}

fn check_issuer(issuer: &Issuer, claims: &Map<String, Value>) -> Result<(), Rejection> {
    match &issuer.issuer {
        None => Ok(()),
        Some(name) => require(claims.get("iss").and_then(Value::as_str) == Some(name), "jwt/issuer"),
    }
}

pub(crate) fn check_audience(audience: &Audience, claims: &Map<String, Value>) -> Result<(), Rejection> {
    let named: Vec<&str> = match claims.get("aud") {
        None => Vec::new(),
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => {
            let named: Option<Vec<&str>> = many.iter().map(Value::as_str).collect();
            named.ok_or_else(|| Rejection::invalid("jwt/malformed-audience"))?
        }
        Some(_) => return Err(Rejection::invalid("jwt/malformed-audience")),
    };
    match audience {
        Audience::Unchecked => Ok(()),
        Audience::AnyOf(wanted) => {
            require(wanted.iter().any(|wanted| named.contains(&&**wanted)), "jwt/audience")
        }
        Audience::AllOf(wanted) => require(
            !wanted.is_empty() && wanted.iter().all(|wanted| named.contains(&&**wanted)),
            "jwt/audience",
        ),
    }
}

/// A machine's token may have no subject; one that is there is text and not empty. What vouches for machines beside
/// users (Cloudflare Access) says an empty one; the mapping gives such a caller another name or refuses it.
fn check_subject(kind: TokenKind, claims: &Map<String, Value>) -> Result<(), Rejection> {
    match claims.get("sub") {
        None => Ok(()),
        Some(Value::String(subject)) => require(!subject.is_empty() || kind == TokenKind::Any, "jwt/subject"),
        Some(_) => Err(Rejection::invalid("jwt/subject")),
    }
}

/// Providers mark other tokens in their own ways: Cognito and Hydra by `token_use`, Keycloak by a claim `typ`, and
/// OpenID Connect's ID tokens by the hashes that bind them to a login.
pub(crate) fn check_is_access_token(claims: &Map<String, Value>) -> Result<(), Rejection> {
    let use_fits = match claims.get("token_use") {
        None => true,
        Some(token_use) => matches!(token_use.as_str(), Some("access" | "access_token")),
    };
    let typ_fits = match claims.get("typ").and_then(Value::as_str) {
        None => true,
        Some(typ) => {
            !["ID", "Refresh", "Offline", "Logout"].iter().any(|other| typ.eq_ignore_ascii_case(other))
        }
    };
    let of_a_login = claims.contains_key("at_hash") || claims.contains_key("c_hash");
    require(use_fits && typ_fits && !of_a_login, "jwt/not-an-access-token")
}

fn check_required(required: &RequiredClaim, claims: &Map<String, Value>) -> Result<(), Rejection> {
    let allowed = |value: &Value| match value {
        Value::String(text) => required.any_of.iter().any(|any| **any == **text),
        Value::Bool(_) | Value::Number(_) => {
            let text = value.to_string();
            required.any_of.iter().any(|any| **any == *text)
        }
        _ => false,
    };
    let fits = match claims.get(&*required.name) {
        None | Some(Value::Null) => false,
        Some(_) if required.any_of.is_empty() => true,
        Some(Value::Array(values)) => values.iter().any(allowed),
        Some(value) => allowed(value),
    };
    if fits {
        return Ok(());
    }
    Err(Rejection::Invalid(Reason::with("jwt/claim", required.name.to_string())))
}

pub(crate) fn require(holds: bool, code: &'static str) -> Result<(), Rejection> {
    if holds { Ok(()) } else { Err(Rejection::invalid(code)) }
}
