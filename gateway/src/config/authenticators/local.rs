//! Mechanisms that ask nobody else: `api-key`, `basic`, `headers`, `client-certificate`, `anonymous` and `deny`.

use std::{sync::Arc, time::SystemTime};

use portreeve_diagnostics::{
    Diagnostic, Kind, Node, Report,
    read::{Fields, choice, items, text, wrong_type},
};
use portreeve_identity::{
    Anonymous, ApiKey, ApiKeyConfig, ApiKeyEntry, Authenticator, Basic, BasicConfig, BasicUser, CacheConfig,
    Certificate, CertificateConfig, CertificateSource, Deny, Headers, HeadersConfig, Place, Places, Profile,
    ThrottleConfig, TrustedPeers,
};

use super::{
    Way, built,
    mapping::mapping,
    shared::{cache, header, headers, moment, peers, places, profile},
};
use crate::config::secrets::secret;

/// Keys of which only digests are known.
pub(super) fn api_key(way: &Way<'_>, report: &mut Report) -> Option<Arc<dyn Authenticator>> {
    let mut fields = Fields::of(way.node, "`api-key`", report)?;
    let from = match fields.optional("from") {
        Some(node) => places(node, report),
        None => Places::new([Place::header(http::HeaderName::from_static("x-api-key"))]),
    };
    let keys = fields.required("keys", report);
    fields.finish(report);
    way.refuse_mapping(report);
    let keys = items(keys?).iter().filter_map(|node| key(node, report)).collect();
    built(ApiKey::new(ApiKeyConfig { name: way.name(), from, keys }), way, report)
}

fn key(node: &Node, report: &mut Report) -> Option<ApiKeyEntry> {
    let mut fields = Fields::of(node, "a key", report)?;
    let digest = fields.required("sha256", report).and_then(|node| text(node, "`sha256`", report));
    let expires = fields.optional("expires-at");
    let expires_at = expires.and_then(|node| moment(node, report));
    if let (Some(node), true) = (expires, expires_at.is_some_and(|at| at <= SystemTime::now())) {
        let message = "this key has expired, so nobody can call with it";
        report.push(Diagnostic::warning("config/expired", message).at(node.span, "is over"));
    }
    let has_id = fields.required("id", report).is_some();
    let owner = profile(&mut fields, None, report);
    fields.finish(report);
    let digest = digest?;
    let Some(sha256) = hexadecimal(&digest.value) else {
        let message = "`sha256` must be 64 hexadecimal digits: the SHA-256 of the key";
        report.push(Diagnostic::error("config/bad-digest", message).at(digest.span, "not a digest"));
        return None;
    };
    has_id.then_some(ApiKeyEntry { sha256, owner: owner?, expires_at })
}

fn hexadecimal(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let bytes = (0..32).map(|index| u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok());
    bytes.collect::<Option<Vec<u8>>>()?.try_into().ok()
}

/// Names and passwords.
pub(super) fn basic(way: &Way<'_>, report: &mut Report) -> Option<Arc<dyn Authenticator>> {
    let mut fields = Fields::of(way.node, "`basic`", report)?;
    let users = fields.required("users", report);
    let realm = fields.optional("realm").and_then(|node| text(node, "`realm`", report));
    let remembered = fields.optional("cache").and_then(|node| cache(node, CacheConfig::default(), report));
    fields.finish(report);
    way.refuse_mapping(report);
    let users = items(users?).iter().filter_map(|node| user(node, way, report)).collect();
    let name = way.name();
    let realm = realm.map_or_else(|| (*name).into(), |realm| realm.value.into());
    let config = BasicConfig {
        name,
        users,
        realm,
        throttle: ThrottleConfig::default(),
        cache: remembered.unwrap_or_default(),
    };
    built(Basic::new(config), way, report)
}

fn user(node: &Node, way: &Way<'_>, report: &mut Report) -> Option<BasicUser> {
    let mut fields = Fields::of(node, "a user", report)?;
    let name = fields.required("name", report).and_then(|node| text(node, "`name`", report));
    let hash = fields.required("hash", report).and_then(|node| secret(node, "`hash`", way.folder, report));
    let profile = profile(&mut fields, name.as_ref().map(|name| name.value.as_str()), report);
    fields.finish(report);
    Some(BasicUser { name: name?.value.into(), hash: hash?, profile: profile? })
}

/// What a trusted proxy in front says.
pub(super) fn fields_of_a_proxy(way: &Way<'_>, report: &mut Report) -> Option<Arc<dyn Authenticator>> {
    let mut fields = Fields::of(way.node, "`headers`", report)?;
    let trusted = peers(&mut fields, way.folder, report);
    let read = fields.required("fields", report).map(|node| headers(node, report));
    let json = fields.optional("json").map(|node| headers(node, report)).unwrap_or_default();
    fields.finish(report);
    let mapping = mapping(way.written, report)?;
    let config = HeadersConfig { name: way.name(), trusted: trusted?, fields: read?, json, mapping };
    built(Headers::new(config), way, report)
}

/// Client certificates: of the connection, or forwarded by a trusted proxy.
pub(super) fn certificate(way: &Way<'_>, report: &mut Report) -> Option<Arc<dyn Authenticator>> {
    let mut fields = Fields::of(way.node, "`client-certificate`", report)?;
    let forwarded = fields.optional("forwarded").map(|node| header(node, report));
    let trusted = peers(&mut fields, way.folder, report)?;
    let hops = fields.optional("trusted-hops").and_then(|node| hops(node, report));
    let remembered = fields.optional("cache").and_then(|node| cache(node, CacheConfig::default(), report));
    fields.finish(report);
    let source = match forwarded {
        Some(field) => CertificateSource::Forwarded { field: field?, trusted, hops: hops.unwrap_or(1) },
        None if trusted == TrustedPeers::default() && hops.is_none() => CertificateSource::Connection,
        None => {
            let message =
                "`trusted-peers`, `secret` and `trusted-hops` are about certificates that are `forwarded`";
            report.push(
                Diagnostic::error("config/not-forwarded", message).at(way.node.span, "no `forwarded` here"),
            );
            return None;
        }
    };
    let mapping = mapping(way.written, report)?;
    let config =
        CertificateConfig { name: way.name(), source, mapping, cache: remembered.unwrap_or_default() };
    built(Certificate::new(config), way, report)
}

/// A number, also as text: parameters of presets are text.
fn hops(node: &Node, report: &mut Report) -> Option<usize> {
    let written = text(node, "`trusted-hops`", report)?;
    let read = written.value.parse().ok().filter(|hops| *hops > 0);
    if read.is_none() {
        report.push(wrong_type(node, "`trusted-hops`", "a whole number from 1"));
    }
    read
}

/// Everybody.
pub(super) fn anonymous(way: &Way<'_>, report: &mut Report) -> Option<Arc<dyn Authenticator>> {
    way.refuse_mapping(report);
    let profile = match way.node.kind {
        Kind::Null => Profile::named("anonymous"),
        _ => {
            let mut fields = Fields::of(way.node, "`anonymous`", report)?;
            let profile = profile(&mut fields, Some("anonymous"), report);
            fields.finish(report);
            profile?
        }
    };
    Some(Arc::new(Anonymous::new(way.name(), &profile)))
}

/// Nobody: `deny: all`, or nothing after the key.
pub(super) fn deny(way: &Way<'_>, report: &mut Report) -> Option<Arc<dyn Authenticator>> {
    way.refuse_mapping(report);
    if way.node.kind != Kind::Null {
        choice(way.node, "`deny`", &[("all", ())], report)?;
    }
    Some(Arc::new(Deny::new(way.name())))
}
