//! Mechanisms that ask another server: `introspection`, `session`, `bearer-token` and `client-credentials`.

use std::sync::Arc;

use http::{HeaderName, Method};
use portreeve_diagnostics::{
    Diagnostic, Node, Report,
    read::{Fields, boolean, duration, items, positive_duration, some_texts, text, texts},
};
use portreeve_identity::{
    Authenticator, CacheConfig, ClientCredentials, ClientCredentialsConfig, HydrateConfig, Hydrated,
    Introspection, IntrospectionConfig, MappingConfig, RemoteConfig, Secret, Session, SessionConfig,
};

use super::{
    Way, built,
    mapping::{mapping, mapping_over},
    shared::{audience, cache, client, header, headers, places, scopes, secret_field, set_duration, trusted},
};

/// The issuer is asked about every token.
pub(super) fn introspection(way: &Way<'_>, report: &mut Report) -> Option<Arc<dyn Authenticator>> {
    let mut fields = Fields::of(way.node, "`introspection`", report)?;
    let url = url(&mut fields, "url", report);
    let wanted = fields.required("audience", report).and_then(|node| audience(node, report));
    let mut config = IntrospectionConfig::new(way.name(), url?, wanted?);
    if let Some(node) = fields.optional("from") {
        config.from = places(node, report);
    }
    if let Some(node) = fields.optional("client") {
        config.client = client(node, way.folder, report)?;
    }
    if let Some(node) = fields.optional("issuers") {
        let issuers = some_texts(node, "`issuers`", report);
        config.issuers = issuers.into_iter().map(|issuer| issuer.value.into()).collect();
    }
    if let Some(node) = fields.optional("scopes") {
        config.scopes = scopes(node, report)?;
    }
    if let Some(node) = fields.optional("opaque-only") {
        config.opaque_only = boolean(node, "`opaque-only`", report)?;
    }
    set_duration(&mut config.skew, fields.optional("skew"), "`skew`", duration, report);
    config.headers = own_headers(&mut fields, way, report);
    config.remote = remote(&mut fields, report);
    config.cache = remembered(&mut fields, config.cache, report);
    fields.finish(report);
    config.mapping = mapping(way.written, report)?;
    built(Introspection::new(config), way, report)
}

/// Another server is asked what it knows about those who have proven who they are.
pub(super) fn hydrated(
    inner: Arc<dyn Authenticator>,
    node: &Node,
    way: &Way<'_>,
    report: &mut Report,
) -> Option<Arc<dyn Authenticator>> {
    let mut fields = Fields::of(node, "`hydrate`", report)?;
    let url = url(&mut fields, "url", report);
    let mut config = HydrateConfig::new(url?);
    if let Some(node) = fields.optional("as") {
        config.attribute = text(node, "`as`", report)?.value.into();
    }
    config.headers = own_headers(&mut fields, way, report);
    let most = config.remote.max_answer_bytes;
    config.remote = RemoteConfig { max_answer_bytes: most, ..remote(&mut fields, report) };
    config.cache = remembered(&mut fields, config.cache, report);
    fields.finish(report);
    built(Hydrated::new(inner, config), way, report)
}

/// Another server is asked who a cookie belongs to.
pub(super) fn session(way: &Way<'_>, report: &mut Report) -> Option<Arc<dyn Authenticator>> {
    let mut fields = Fields::of(way.node, "`session`", report)?;
    let url = url(&mut fields, "url", report);
    let from = fields.required("from", report).map(|node| places(node, report));
    let config = SessionConfig::new(way.name(), url?, from?);
    asked(config, fields, way, report)
}

/// Another server is asked who a token belongs to.
pub(super) fn bearer_token(way: &Way<'_>, report: &mut Report) -> Option<Arc<dyn Authenticator>> {
    let mut fields = Fields::of(way.node, "`bearer-token`", report)?;
    let url = url(&mut fields, "url", report);
    let from = fields.optional("from").map(|node| places(node, report));
    let mut config = SessionConfig::bearer_token(way.name(), url?);
    config.from = from.unwrap_or(config.from);
    asked(config, fields, way, report)
}

fn asked(
    mut config: SessionConfig,
    mut fields: Fields<'_>,
    way: &Way<'_>,
    report: &mut Report,
) -> Option<Arc<dyn Authenticator>> {
    if let Some(node) = fields.optional("method") {
        config.method = method(node, report)?;
    }
    for (key, slot) in
        [("forward-path", &mut config.forward_path), ("forward-query", &mut config.forward_query)]
    {
        if let Some(node) = fields.optional(key) {
            *slot = boolean(node, "it", report)?;
        }
    }
    if let Some(node) = fields.optional("forward-headers") {
        config.forward_headers = headers(node, report);
    }
    if let Some(node) = fields.optional("insufficient") {
        let codes = items(node).iter().filter_map(|node| status(node, report));
        config.insufficient = codes.collect();
    }
    if let Some(node) = fields.optional("expires-at") {
        config.expires_at = Some(text(node, "`expires-at`", report)?.value.into());
    }
    if let Some(node) = fields.optional("cache-for") {
        config.cache_for = Some(header(node, report)?);
    }
    config.headers = own_headers(&mut fields, way, report);
    config.remote = remote(&mut fields, report);
    config.cache = remembered(&mut fields, config.cache, report);
    fields.finish(report);
    let defaults: MappingConfig = config.mapping;
    config.mapping = mapping_over(defaults, way.written, report)?;
    built(Session::new(config), way, report)
}

/// A machine's client id and secret, which the token endpoint judges.
pub(super) fn client_credentials(way: &Way<'_>, report: &mut Report) -> Option<Arc<dyn Authenticator>> {
    let mut fields = Fields::of(way.node, "`client-credentials`", report)?;
    let token_url = url(&mut fields, "token-url", report);
    let scopes = fields.optional("scopes").map(|node| texts(node, "`scopes`", report)).unwrap_or_default();
    let remote = remote(&mut fields, report);
    let cache = remembered(&mut fields, CacheConfig::default(), report);
    fields.finish(report);
    let config = ClientCredentialsConfig {
        name: way.name(),
        token_url: token_url?,
        scopes: scopes.into_iter().map(|scope| scope.value.into()).collect(),
        mapping: mapping(way.written, report)?,
        remote,
        cache,
    };
    built(ClientCredentials::new(config), way, report)
}

fn url(fields: &mut Fields<'_>, key: &'static str, report: &mut Report) -> Option<url::Url> {
    let written = fields.required(key, report).and_then(|node| text(node, "a URL", report))?;
    trusted(&written, report)
}

fn own_headers(fields: &mut Fields<'_>, way: &Way<'_>, report: &mut Report) -> Vec<(HeaderName, Secret)> {
    let written = fields.optional("headers").map(items).unwrap_or_default();
    written.iter().filter_map(|node| secret_field(node, way.folder, report)).collect()
}

pub(in crate::config) fn remote(fields: &mut Fields<'_>, report: &mut Report) -> RemoteConfig {
    let mut remote = RemoteConfig::default();
    set_duration(&mut remote.timeout, fields.optional("timeout"), "`timeout`", positive_duration, report);
    remote
}

pub(super) fn remembered(fields: &mut Fields<'_>, defaults: CacheConfig, report: &mut Report) -> CacheConfig {
    let kept = defaults.clone();
    fields.optional("cache").and_then(|node| cache(node, defaults, report)).unwrap_or(kept)
}

/// A method, or `same` for that of the request.
fn method(node: &Node, report: &mut Report) -> Option<Option<Method>> {
    let written = text(node, "`method`", report)?;
    if written.value == "same" {
        return Some(None);
    }
    let method =
        written.value.parse().ok().filter(|_| !written.value.bytes().any(|byte| byte.is_ascii_lowercase()));
    if method.is_none() {
        let message = format!("`{}` is not a method", written.value);
        report.push(
            Diagnostic::error("config/bad-method", message).at(written.span, "must be like `GET`, or `same`"),
        );
    }
    method.map(Some)
}

fn status(node: &Node, report: &mut Report) -> Option<u16> {
    let code = portreeve_diagnostics::read::count(node, "a status", report)?;
    let sound = u16::try_from(code).ok().filter(|code| (400..500).contains(code));
    if sound.is_none() {
        let message = format!("{code} is not a status that refuses");
        report.push(Diagnostic::error("config/bad-status", message).at(node.span, "must be from 400 to 499"));
    }
    sound
}
