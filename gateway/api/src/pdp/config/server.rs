use portreeve_diagnostics::{
    Diagnostic, Kind, Node, Report,
    read::{Fields, wrong_type},
};

use super::{flag, only, unsupported, word, words};

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// A name or an address; empty for all of them.
    pub host: String,
    /// The port; 0 for any that is free.
    pub port: u16,
}

/// How much one request may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `maxActionsPerResource`
    pub actions: usize,
    /// `maxResourcesPerRequest`
    pub resources: usize,
}

impl Default for Limits {
    /// 50 of each.
    fn default() -> Self {
        Self { actions: 50, resources: 50 }
    }
}

/// Which pages of other origins may ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    /// `allowedOrigins`; empty for all.
    pub origins: Vec<String>,
    /// `allowedHeaders`; empty for those that a question needs.
    pub headers: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Server {
    pub(super) listen: Listen,
    pub(super) limits: Limits,
    pub(super) cors: Option<Cors>,
}

impl Default for Server {
    fn default() -> Self {
        let listen = Listen { host: String::new(), port: 3592 };
        Self { listen, limits: Limits::default(), cors: Some(Cors::default()) }
    }
}

pub(super) fn read(node: Option<&Node>, report: &mut Report) -> Server {
    let mut server = Server::default();
    let Some(node) = node else { return server };
    let Some(mut fields) = Fields::lenient(node, "`server`", report) else { return server };
    if let Some(node) = fields.optional("httpListenAddr") {
        match node.as_str().and_then(listen) {
            Some(listen) => server.listen = listen,
            None => report.push(
                wrong_type(node, "`server.httpListenAddr`", "an address and a port")
                    .help("write `127.0.0.1:3592`, or `:3592` for all addresses"),
            ),
        }
    }
    if let Some(node) = fields.optional("grpcListenAddr") {
        let message = "nothing listens at `server.grpcListenAddr`: questions are answered over HTTP only";
        report.push(Diagnostic::warning("pdp/no-grpc", message).at(node.span, "nobody will be here"));
    }
    if let Some(node) = fields.optional("requestLimits") {
        server.limits = limits(node, report);
    }
    if let Some(node) = fields.optional("cors") {
        server.cors = cors(node, report);
    }
    for key in ["metricsEnabled", "apiExplorerEnabled", "playgroundEnabled", "logRequestPayloads"] {
        only(&mut fields, key, false, "server", report);
    }
    if let Some(node) = fields.optional("adminAPI") {
        let off = node.get("enabled").is_none_or(|node| node.kind == Kind::Bool(false));
        if !off {
            report.push(unsupported("server.adminAPI", node));
        }
    }
    for key in ["tls", "advanced", "udsFileMode"] {
        if let Some(node) = fields.optional(key) {
            report.push(unsupported(&format!("server.{key}"), node));
        }
    }
    fields.finish(report);
    server
}

fn listen(text: &str) -> Option<Listen> {
    let (host, port) = text.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.strip_suffix(']')?,
        None if host.contains(':') || host == "unix" => return None,
        None => host,
    };
    Some(Listen { host: host.to_owned(), port: port.parse().ok()? })
}

fn limits(node: &Node, report: &mut Report) -> Limits {
    let mut limits = Limits::default();
    let Some(mut fields) = Fields::lenient(node, "`server.requestLimits`", report) else { return limits };
    for (key, limit) in
        [("maxActionsPerResource", &mut limits.actions), ("maxResourcesPerRequest", &mut limits.resources)]
    {
        let Some(node) = fields.optional(key) else { continue };
        match node.kind {
            Kind::Int(number @ 1..=500) => *limit = usize::try_from(number).unwrap_or(*limit),
            _ => {
                let what = format!("`server.requestLimits.{key}`");
                report.push(wrong_type(node, &what, "a number between 1 and 500"));
            }
        }
    }
    fields.finish(report);
    limits
}

fn cors(node: &Node, report: &mut Report) -> Option<Cors> {
    let mut fields = Fields::lenient(node, "`server.cors`", report)?;
    let disabled = flag(&mut fields, "disabled", "server.cors", report).unwrap_or(false);
    let origins = words(&mut fields, "allowedOrigins", "server.cors", report).unwrap_or_default();
    let headers = words(&mut fields, "allowedHeaders", "server.cors", report).unwrap_or_default();
    // Cerbos reads it and never sends it.
    let _ = word(&mut fields, "maxAge", "server.cors", report);
    if let Some(node) = node.get("maxAge") {
        let message = "`server.cors.maxAge` is passed over, as Cerbos does";
        report.push(Diagnostic::warning("pdp/passed-over", message).at(node.span, "says nothing here"));
    }
    fields.finish(report);
    (!disabled).then_some(Cors { origins, headers })
}
