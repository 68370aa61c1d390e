//! `oidc-login`: browsers log in with an OpenID Connect provider, for services that have no login of their own.

use std::{sync::Arc, time::Duration};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use portreeve_diagnostics::{
    Diagnostic, Node, Report,
    read::{Fields, any_text, choice, items, positive_duration, text, texts},
};
use portreeve_identity::{Authenticator, CookieKey, OidcConfig, OidcLogin, RedisConfig, Secret};

use super::{
    Way, built,
    jwt::algorithms,
    mapping::mapping,
    remote::{remembered, remote},
    shared::{address, client, set_duration, trusted},
};
use crate::config::{Folder, secrets::secret};

/// Browsers are sent to a provider, and known by a cookie afterwards.
pub(super) fn oidc_login(way: &Way<'_>, report: &mut Report) -> Option<Arc<dyn Authenticator>> {
    let mut fields = Fields::of(way.node, "`oidc-login`", report)?;
    let issuer = fields.required("issuer", report).and_then(|node| text(node, "`issuer`", report));
    let client_id = fields.required("client-id", report).and_then(|node| text(node, "`client-id`", report));
    let url = fields.required("external-url", report).and_then(|node| text(node, "`external-url`", report));
    let url = url.and_then(|written| address(&written, report));
    let keys = fields.required("cookie-keys", report).map(|node| keys(node, way.folder, report));
    let client = fields.optional("client").map(|node| client(node, way.folder, report));
    let (Some(issuer), Some(client_id), Some(url), Some(keys)) = (issuer, client_id, url, keys.flatten())
    else {
        return None;
    };
    let mut config = OidcConfig::new(way.name(), &issuer.value, &client_id.value, url, keys);
    if let Some(client) = client {
        config.client = client?;
    }
    if let Some(node) = fields.optional("sessions") {
        config.sessions = sessions(node, way.folder, report)?;
        // What is remembered of a session here outlives a logout at another gateway.
        config.cache.ttl = if config.sessions.is_some() { SHARED } else { config.cache.ttl };
    }
    options(&mut fields, &mut config, report)?;
    fields.finish(report);
    config.mapping = mapping(way.written, report)?;
    built(OidcLogin::new(config), way, report)
}

/// For how long a session that several gateways share is remembered by one of them.
const SHARED: Duration = Duration::from_secs(5);

/// `cookie`, or `{ redis: { url, user, password, prefix, timeout } }`. Nothing comes back for what is wrong.
fn sessions(node: &Node, folder: &Folder, report: &mut Report) -> Option<Option<RedisConfig>> {
    if node.as_map().is_none() {
        return choice(node, "`sessions`", &[("cookie", ())], report).map(|()| None);
    }
    let mut fields = Fields::of(node, "`sessions`", report)?;
    let redis = fields.required("redis", report);
    fields.finish(report);
    let mut fields = Fields::of(redis?, "`redis`", report)?;
    let written = fields.required("url", report);
    let url = written.and_then(|node| text(node, "`url`", report));
    let user = fields.optional("user").and_then(|node| text(node, "`user`", report));
    let password = fields.optional("password").map(|node| secret(node, "`password`", folder, report));
    let prefix = fields.optional("prefix").and_then(|node| any_text(node, "`prefix`", report));
    let timeout = fields.optional("timeout").map(|node| positive_duration(node, "`timeout`", report));
    fields.finish(report);
    let Ok(url) = url?.value.parse() else {
        let found = Diagnostic::error("oidc/redis-url", "this is no address of a Redis");
        report.push(found.at(written?.span, "must be like `redis://127.0.0.1:6379`"));
        return None;
    };
    let mut config = RedisConfig::new(url);
    config.user = user.map(|user| user.value.into());
    config.password = password.map_or(Some(None), |password| password.map(Some))?;
    config.prefix = prefix.map_or(config.prefix, |prefix| prefix.value.into());
    config.timeout = timeout.unwrap_or(Some(config.timeout))?;
    Some(Some(config))
}

fn options(fields: &mut Fields<'_>, config: &mut OidcConfig, report: &mut Report) -> Option<()> {
    if let Some(node) = fields.optional("discovery") {
        let written = text(node, "`discovery`", report)?;
        config.discovery = Some(trusted(&written, report)?);
    }
    if let Some(node) = fields.optional("scopes") {
        let scopes = texts(node, "`scopes`", report);
        config.scopes = scopes.into_iter().map(|scope| scope.value.into()).collect();
    }
    if let Some(node) = fields.optional("algorithms") {
        config.algorithms = algorithms(node, report);
    }
    if let Some(node) = fields.optional("path") {
        config.path = Some(text(node, "`path`", report)?.value.into());
    }
    if let Some(node) = fields.optional("after-logout") {
        config.after_logout = text(node, "`after-logout`", report)?.value.into();
    }
    set_duration(
        &mut config.fresh_for,
        fields.optional("fresh-for"),
        "`fresh-for`",
        positive_duration,
        report,
    );
    set_duration(&mut config.max_age, fields.optional("max-age"), "`max-age`", positive_duration, report);
    config.remote = remote(fields, report);
    config.cache = remembered(fields, config.cache.clone(), report);
    Some(())
}

fn keys(node: &Node, folder: &Folder, report: &mut Report) -> Option<Vec<CookieKey>> {
    let all: Vec<_> = items(node).iter().map(|node| key(node, folder, report)).collect();
    all.into_iter().collect()
}

/// `{ id: NAME, secret: SECRET }`.
fn key(node: &Node, folder: &Folder, report: &mut Report) -> Option<CookieKey> {
    let mut fields = Fields::of(node, "a key for cookies", report)?;
    let id = fields.required("id", report).and_then(|node| text(node, "`id`", report));
    let written = fields.required("secret", report);
    let hidden = written.and_then(|node| secret(node, "`secret`", folder, report));
    fields.finish(report);
    let (id, hidden) = (id?.value.into(), hidden?);
    if let Some(secret) = bytes(hidden.expose()) {
        return Some(CookieKey { id, secret });
    }
    report.push(
        Diagnostic::error("oidc/key-length", "a key for cookies has 32 bytes, in hex or base64")
            .at(written.map_or(node.span, |node| node.span), "has not")
            .help("make one with `openssl rand -hex 32`"),
    );
    None
}

fn bytes(text: &[u8]) -> Option<Secret> {
    let text = text.trim_ascii();
    let found = match text.len() {
        64 => hex(text)?,
        _ => STANDARD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)).ok()?,
    };
    (found.len() == 32).then(|| Secret::new(found))
}

fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}
