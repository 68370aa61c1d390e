//! The configuration apart from handlers: where requests come in, and how the gateway tells what it does.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use base64::Engine;
use portreeve_diagnostics::{Kind, Node};

use super::{
    authenticator::Secrets,
    notes::{Keys, Notes, canonical, is_true, texts},
    pattern::Strategy,
    yaml::Yaml,
};

/// What of the configuration is read elsewhere.
#[derive(Debug)]
pub(super) struct Parts<'n> {
    pub(super) authenticators: Option<&'n Node>,
    pub(super) authorizers: Option<&'n Node>,
    pub(super) mutators: Option<&'n Node>,
    pub(super) strategy: Strategy,
    /// `listeners`, `admin` and `log`.
    pub(super) written: Vec<(&'static str, Yaml)>,
}

/// Reads the configuration.
pub(super) fn parts<'n>(node: Option<&'n Node>, secrets: &mut Secrets, notes: &mut Notes) -> Parts<'n> {
    let mut keys = Keys::of(node);
    let mut serve = Keys::of(keys.get("serve"));
    let listener = listener(serve.get("proxy"), secrets, notes);
    let admin = admin(serve.get("prometheus"), notes);
    if let Some(node) = serve.get("api") {
        let message = "there is no decision API: `serve.api` is left out, and what it served is listed in the documentation";
        notes.differs("import/api", node.span, message);
    }
    serve.rest("`serve`", notes);
    let mut written = vec![("listeners", Yaml::List(vec![listener])), ("admin", admin)];
    written.extend(log(keys.get("log"), notes));
    let strategy = strategy(keys.get("access_rules"), notes);
    if let Some(node) = keys.get("errors").filter(|node| canonical(Some(node)) != r#"{"fallback":["json"]}"#)
    {
        let message =
            "`errors` is not imported: answers follow `Accept`, and browsers can be sent to an `oidc-login`";
        notes.differs("import/error-handler", node.span, message);
    }
    let _ = keys.get("version");
    let parts = Parts {
        authenticators: keys.get("authenticators"),
        authorizers: keys.get("authorizers"),
        mutators: keys.get("mutators"),
        strategy,
        written,
    };
    keys.rest("the configuration", notes);
    parts
}

fn strategy(node: Option<&Node>, notes: &mut Notes) -> Strategy {
    let mut keys = Keys::of(node);
    let glob = keys.get("matching_strategy").and_then(Node::as_str) == Some("glob");
    // Which files have the rules, the command line says.
    let _ = keys.get("repositories");
    keys.rest("`access_rules`", notes);
    if glob { Strategy::Glob } else { Strategy::Regexp }
}

fn listener(node: Option<&Node>, secrets: &mut Secrets, notes: &mut Notes) -> Yaml {
    let mut keys = Keys::of(node);
    let address = address(&mut keys, 4455, IpAddr::V4(Ipv4Addr::UNSPECIFIED), notes);
    let mut all = vec![("address", address)];
    if let Some(node) = keys.get("trust_forwarded_headers")
        && is_true(Some(node)) == Some(true)
    {
        let message = "forwarded headers are believed of named networks only, and not at all until `trusted-proxies` has them";
        notes.differs("import/trusted-proxies", node.span, message);
    }
    if let Some(node) = keys.get("tls") {
        let mut keys = Keys::of(Some(node));
        let certificate = file(keys.get("cert"), "certificate.pem", secrets);
        let key = file(keys.get("key"), "certificate-key.pem", secrets);
        keys.rest("`tls`", notes);
        let pair = certificate.zip(key).map(|(certificate, key)| {
            Yaml::map([("certificate", Yaml::text(certificate)), ("key", Yaml::text(key))])
        });
        all.extend(pair.map(|pair| ("tls", Yaml::map([("certificates", Yaml::List(vec![pair]))]))));
    }
    keys.rest("`serve.proxy`", notes);
    Yaml::map(all)
}

/// `path`, or the text itself in `base64`, which becomes a file.
fn file(node: Option<&Node>, name: &str, secrets: &mut Secrets) -> Option<String> {
    let node = node?;
    if let Some(path) = node.get("path").and_then(Node::as_str) {
        return Some(path.to_owned());
    }
    let engine = base64::engine::general_purpose::STANDARD;
    let bytes = engine.decode(node.get("base64").and_then(Node::as_str)?.trim()).ok()?;
    let Yaml::Text(place) = secrets.keep(name, &String::from_utf8(bytes).ok()?) else { return None };
    place.strip_prefix("file:").map(str::to_owned)
}

fn admin(node: Option<&Node>, notes: &mut Notes) -> Yaml {
    let mut keys = Keys::of(node);
    let address = address(&mut keys, 9000, IpAddr::V4(Ipv4Addr::LOCALHOST), notes);
    keys.rest("`serve.prometheus`", notes);
    Yaml::map([("address", address)])
}

fn address(keys: &mut Keys<'_>, port: u16, otherwise: IpAddr, notes: &mut Notes) -> Yaml {
    let port = match keys.get("port").map(|node| &node.kind) {
        Some(Kind::Int(written)) => u16::try_from(*written).unwrap_or(port),
        _ => port,
    };
    let host = keys.get("host");
    let ip = match host.and_then(Node::as_str) {
        None | Some("") => otherwise,
        Some("localhost") => IpAddr::V4(Ipv4Addr::LOCALHOST),
        Some(text) => text.parse().unwrap_or_else(|_| {
            let message =
                format!("`{text}` is a name, and a listener has an address: loopback until you say which");
            notes.differs("import/address", host.map(|node| node.span).unwrap_or_default(), message);
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        }),
    };
    Yaml::text(SocketAddr::new(ip, port).to_string())
}

fn log(node: Option<&Node>, notes: &mut Notes) -> Option<(&'static str, Yaml)> {
    let mut keys = Keys::of(node);
    let format = texts(keys.get("format")).pop();
    let level = texts(keys.get("level")).pop();
    keys.rest("`log`", notes);
    let mut all = Vec::new();
    if let Some(format) = format {
        let form = if format.starts_with("json") { "json" } else { "text" };
        all.push(("format", Yaml::text(form)));
    }
    if let Some(level) = level {
        let known = ["trace", "debug", "info", "error"].into_iter().find(|known| *known == level);
        let level = known.unwrap_or(if level == "warning" || level == "warn" { "warn" } else { "error" });
        all.push(("level", Yaml::text(level)));
    }
    (!all.is_empty()).then(|| ("log", Yaml::map(all)))
}
