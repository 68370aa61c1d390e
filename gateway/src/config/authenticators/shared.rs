//! What several mechanisms are configured with.

use std::time::{Duration, SystemTime};

use http::HeaderName;
use ipnet::IpNet;
use portreeve_diagnostics::{
    Diagnostic, Node, Report, Spanned,
    read::{Fields, choice, count, duration, items, some_items, some_texts, text, texts, wrong_type},
};
use portreeve_identity::{
    CacheConfig, ClientProof, Place, Places, Profile, Secret, TrustedPeers,
    jwt::{Audience, ScopeStrategy, Scopes},
};
use serde_json::{Map, Value};
use url::Url;

use crate::config::{Folder, secrets::secret};

/// A URL.
pub(in crate::config) fn address(written: &Spanned<String>, report: &mut Report) -> Option<Url> {
    let url = Url::parse(&written.value).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    if url.is_none() {
        let message = format!("`{}` is not a URL of `http` or `https`", written.value);
        report.push(Diagnostic::error("config/bad-url", message).at(written.span, "not such a URL"));
    }
    let url = url?;
    if !url.username().is_empty() || url.password().is_some() {
        let found = Diagnostic::error("config/bad-url", "a URL must not hold a name or a password");
        report.push(found.at(written.span, "has one"));
        return None;
    }
    Some(url)
}

/// The URL of a server that the gateway trusts or tells secrets. Inside a host or a private network plain HTTP is usual.
pub(in crate::config) fn trusted(written: &Spanned<String>, report: &mut Report) -> Option<Url> {
    let url = address(written, report)?;
    let public = |host: url::Host<&str>| match host {
        url::Host::Domain(name) => is_public(name),
        url::Host::Ipv4(ip) => !ip.is_loopback() && !ip.is_private() && !ip.is_link_local(),
        url::Host::Ipv6(ip) => !ip.is_loopback() && !ip.is_unique_local() && !ip.is_unicast_link_local(),
    };
    if url.scheme() == "http" && url.host().is_some_and(public) {
        let message = format!("`{}` is asked without TLS", written.value);
        let found = Diagnostic::warning("config/insecure-url", message);
        let label = "whoever is on the way can read this and answer in its place";
        report.push(found.at(written.span, label).help("use `https`"));
    }
    Some(url)
}

/// Names without a dot are known to one network only, and so are those below domains that are set apart for that.
fn is_public(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let last = name.rsplit_once('.').map(|(_, last)| last);
    last.is_some_and(|last| !matches!(last, "localhost" | "local" | "internal" | "svc" | "test"))
}

/// `from`: where credentials are.
pub(super) fn places(node: &Node, report: &mut Report) -> Places {
    Places::new(some_items(node, "`from`", report).iter().filter_map(|node| place(node, report)))
}

/// `{ header, scheme, prefix }`, `{ cookie }` or `{ query }`.
fn place(node: &Node, report: &mut Report) -> Option<Place> {
    let mut fields = Fields::of(node, "a place for credentials", report)?;
    let header = fields.optional("header").and_then(|node| header(node, report));
    let scheme = fields.optional("scheme").and_then(|node| text(node, "`scheme`", report));
    let prefix = fields.optional("prefix").and_then(|node| text(node, "`prefix`", report));
    let before = scheme.as_ref().or(prefix.as_ref()).map(|text| text.span);
    let cookie = fields.optional("cookie").and_then(|node| text(node, "`cookie`", report));
    let query = fields.optional("query").and_then(|node| text(node, "`query`", report));
    fields.finish(report);
    // Names of cookies are tokens, as those of header fields are.
    if let Some(name) = cookie.as_ref().filter(|name| HeaderName::try_from(&*name.value).is_err()) {
        let message = format!("`{}` is not the name of a cookie", name.value);
        report.push(Diagnostic::error("config/bad-cookie", message).at(name.span, "not a name"));
    }
    if let (Some(span), true) = (before, cookie.is_some() || query.is_some()) {
        let message = "`scheme` and `prefix` stand before the credential in a `header`";
        report.push(Diagnostic::error("config/unused-scheme", message).at(span, "says nothing"));
    }
    match (header, cookie, query) {
        (Some(name), None, None) => {
            let (scheme, prefix) =
                (scheme.map(|text| text.value.into()), prefix.map(|text| text.value.into()));
            Some(Place::Header { name, scheme, prefix })
        }
        (None, Some(cookie), None) => Some(Place::Cookie(cookie.value.into())),
        (None, None, Some(query)) => Some(Place::Query(query.value.into())),
        _ => {
            report.push(wrong_type(node, "a place for credentials", "one of `header`, `cookie` and `query`"));
            None
        }
    }
}

/// The name of a header field.
pub(super) fn header(node: &Node, report: &mut Report) -> Option<HeaderName> {
    let written = text(node, "the name of a header field", report)?;
    let name = HeaderName::try_from(written.value.as_str()).ok();
    if name.is_none() {
        let message = format!("`{}` is not the name of a header field", written.value);
        report.push(Diagnostic::error("config/bad-header", message).at(written.span, "not a name"));
    }
    name
}

/// Several of them.
pub(super) fn headers(node: &Node, report: &mut Report) -> Vec<HeaderName> {
    items(node).iter().filter_map(|node| header(node, report)).collect()
}

/// `none`, one name, or several of which one must fit; `{ all-of: […] }` where all must.
pub(super) fn audience(node: &Node, report: &mut Report) -> Option<Audience> {
    let boxed = |names: Vec<Spanned<String>>| names.into_iter().map(|name| name.value.into()).collect();
    if node.as_map().is_some() {
        let mut fields = Fields::of(node, "`audience`", report)?;
        let all = fields.required("all-of", report).map(|node| some_texts(node, "`all-of`", report));
        fields.finish(report);
        return Some(Audience::AllOf(boxed(all?)));
    }
    if node.as_str() == Some("none") {
        return Some(Audience::Unchecked);
    }
    Some(Audience::AnyOf(boxed(some_texts(node, "`audience`", report))))
}

/// A list of scopes that are compared exactly, or `{ required, strategy }`.
pub(super) fn scopes(node: &Node, report: &mut Report) -> Option<Scopes> {
    let boxed = |node: &Node, report: &mut Report| {
        texts(node, "`scopes`", report).into_iter().map(|scope| scope.value.into()).collect()
    };
    if node.as_map().is_none() {
        return Some(Scopes { required: boxed(node, report), strategy: ScopeStrategy::Exact });
    }
    let mut fields = Fields::of(node, "`scopes`", report)?;
    let required = fields.required("required", report).map(|node| boxed(node, report));
    let strategy = fields.optional("strategy").map(|node| {
        let strategies = [
            ("exact", ScopeStrategy::Exact),
            ("hierarchic", ScopeStrategy::Hierarchic),
            ("wildcard", ScopeStrategy::Wildcard),
        ];
        choice(node, "`strategy`", &strategies, report)
    });
    fields.finish(report);
    Some(Scopes { required: required?, strategy: strategy.flatten().unwrap_or_default() })
}

/// What is remembered: over the mechanism's own defaults.
pub(super) fn cache(node: &Node, defaults: CacheConfig, report: &mut Report) -> Option<CacheConfig> {
    let mut fields = Fields::of(node, "`cache`", report)?;
    let mut cache = defaults;
    for (key, slot) in
        [("capacity", &mut cache.capacity), ("negative-capacity", &mut cache.negative_capacity)]
    {
        if let Some(node) = fields.optional(key) {
            *slot = usize::try_from(count(node, "a capacity", report)?).unwrap_or(usize::MAX);
        }
    }
    for (key, slot) in [("ttl", &mut cache.ttl), ("negative-ttl", &mut cache.negative_ttl)] {
        if let Some(node) = fields.optional(key) {
            *slot = duration(node, "a time to live", report)?;
        }
    }
    fields.finish(report);
    Some(cache)
}

/// Whom somebody is taken for: `id`, `roles` and `attr` among the fields of a mapping.
pub(super) fn profile(fields: &mut Fields<'_>, id: Option<&str>, report: &mut Report) -> Option<Profile> {
    let written = fields.optional("id").and_then(|node| text(node, "`id`", report));
    let roles = fields.optional("roles").map(|node| texts(node, "`roles`", report)).unwrap_or_default();
    let attributes = fields.optional("attr").map(|node| constants(node, report));
    let subject = written.as_ref().map(|id| id.value.as_str()).or(id)?;
    Some(Profile {
        roles: roles.into_iter().map(|role| role.value.into()).collect(),
        attributes: attributes.flatten().unwrap_or_default(),
        ..Profile::named(subject)
    })
}

/// Values as they are written: nothing here is an expression.
fn constants(node: &Node, report: &mut Report) -> Option<Map<String, Value>> {
    match node.to_json() {
        Value::Object(map) => Some(map),
        _ => {
            report.push(wrong_type(node, "`attr`", "a mapping from names to values"));
            None
        }
    }
}

/// `trusted-peers` and `secret: { header, value }`.
pub(super) fn peers(fields: &mut Fields<'_>, folder: &Folder, report: &mut Report) -> Option<TrustedPeers> {
    let networks = fields.optional("trusted-peers").map(|node| networks(node, report)).unwrap_or_default();
    let secret = match fields.optional("secret") {
        Some(node) => Some(secret_field(node, folder, report)?),
        None => None,
    };
    Some(TrustedPeers { networks, secret })
}

fn networks(node: &Node, report: &mut Report) -> Vec<IpNet> {
    let mut all = Vec::new();
    for written in texts(node, "`trusted-peers`", report) {
        let single = || written.value.parse::<std::net::IpAddr>().ok().map(IpNet::from);
        match written.value.parse().ok().or_else(single) {
            Some(net) => all.push(net),
            None => {
                let message = format!("`{}` is not a network", written.value);
                let label = "must be like `10.0.0.0/8` or `192.0.2.7`";
                report.push(Diagnostic::error("config/bad-network", message).at(written.span, label));
            }
        }
    }
    all
}

/// `{ header: NAME, value: SECRET }`.
pub(super) fn secret_field(
    node: &Node,
    folder: &Folder,
    report: &mut Report,
) -> Option<(HeaderName, Secret)> {
    let mut fields = Fields::of(node, "a secret field", report)?;
    let name = fields.required("header", report).and_then(|node| header(node, report));
    let value = fields.required("value", report).and_then(|node| secret(node, "`value`", folder, report));
    fields.finish(report);
    Some((name?, value?))
}

/// `client: { basic | post: { id, secret } }` or `client: { bearer: SECRET }`.
pub(in crate::config) fn client(node: &Node, folder: &Folder, report: &mut Report) -> Option<ClientProof> {
    let mut fields = Fields::of(node, "`client`", report)?;
    let basic = fields.optional("basic");
    let post = fields.optional("post");
    let bearer = fields.optional("bearer");
    fields.finish(report);
    match (basic, post, bearer) {
        (Some(node), None, None) => {
            credentials(node, folder, report).map(|(id, secret)| ClientProof::Basic { id, secret })
        }
        (None, Some(node), None) => {
            credentials(node, folder, report).map(|(id, secret)| ClientProof::Post { id, secret })
        }
        (None, None, Some(node)) => secret(node, "`bearer`", folder, report).map(ClientProof::Bearer),
        _ => {
            report.push(wrong_type(node, "`client`", "one of `basic`, `post` and `bearer`"));
            None
        }
    }
}

fn credentials(node: &Node, folder: &Folder, report: &mut Report) -> Option<(Box<str>, Secret)> {
    let mut fields = Fields::of(node, "the client", report)?;
    let id = fields.required("id", report).and_then(|node| text(node, "`id`", report));
    let hidden = fields.required("secret", report).and_then(|node| secret(node, "`secret`", folder, report));
    fields.finish(report);
    Some((id?.value.into(), hidden?))
}

/// A moment of RFC 3339.
pub(super) fn moment(node: &Node, report: &mut Report) -> Option<SystemTime> {
    let written = text(node, "a time", report)?;
    let read = humantime::parse_rfc3339(&written.value).ok();
    if read.is_none() {
        let message = format!("`{}` is not a time", written.value);
        report.push(
            Diagnostic::error("config/bad-time", message)
                .at(written.span, "must be like `2030-01-31T00:00:00Z`"),
        );
    }
    read
}

/// A duration that may be set, as `read` takes it.
pub(in crate::config) fn set_duration(
    slot: &mut Duration,
    node: Option<&Node>,
    what: &str,
    read: fn(&Node, &str, &mut Report) -> Option<Duration>,
    report: &mut Report,
) {
    if let Some(value) = node.and_then(|node| read(node, what, report)) {
        *slot = value;
    }
}
