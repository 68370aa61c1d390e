//! Authenticators that ask another server.

use portreeve_diagnostics::{Kind, Node, Report, Span, read};

use super::{
    authenticator::{Handler, Secrets, principal},
    notes::{Keys, Notes, is_true, texts},
    yaml::Yaml,
};

/// What is not remembered, since it was not.
fn no_cache() -> Yaml {
    Yaml::map([("ttl", Yaml::text("0s"))])
}

/// `oauth2_introspection`.
pub(super) fn introspection(
    handler: &mut Handler<'_>,
    secrets: &mut Secrets,
    notes: &mut Notes,
) -> Vec<Yaml> {
    let span = handler.span;
    let keys = &mut handler.keys;
    let Some(url) = url(keys.get("introspection_url"), "introspection_url", span, notes) else {
        return Vec::new();
    };
    let mut all = vec![("url", url), ("audience", audience(keys)), ("skew", Yaml::text("0s"))];
    let prefix = texts(keys.get("prefix")).pop();
    all.extend(from(keys.get("token_from"), prefix.as_deref()).map(|from| ("from", from)));
    let issuers = texts(keys.get("trusted_issuers"));
    if !issuers.is_empty() {
        all.push(("issuers", Yaml::texts(issuers)));
    }
    all.extend(scopes(keys, span, notes).map(|scopes| ("scopes", scopes)));
    let headers = own_headers(keys.get("introspection_request_headers"), secrets);
    all.extend(headers.map(|headers| ("headers", headers)));
    if let Some(node) = keys.get("pre_authorization")
        && is_true(node.get("enabled")) != Some(false)
    {
        notes.decide(
            "import/introspection-client",
            node.span,
            "`pre_authorization` gets a token for the introspection endpoint, which the gateway does not do",
            "write `client: { basic: { id, secret } }`, if the endpoint takes that",
        );
    }
    same_host(keys, notes);
    all.push(("cache", cache(keys.get("cache"), notes)));
    all.extend(timeout(keys.get("retry"), notes));
    // What templates know as `.Extra` is `ext`, and these over it.
    let names = ["username", "client_id", "scope", "aud"];
    let extra = names.map(|name| format!("?\"{name}\": claims.?{name}")).join(", ");
    let attr = [("extra", Yaml::text(format!("{{{extra}}}"))), ("ext", Yaml::text("claims.ext"))];
    let who = [("id", Yaml::text("claims.sub")), ("roles", Yaml::text("[]")), ("attr", Yaml::map(attr))];
    vec![Yaml::map([("introspection", Yaml::map(all)), ("principal", Yaml::map(who))])]
}

/// `cookie_session`.
pub(super) fn cookie_session(
    handler: &mut Handler<'_>,
    secrets: &mut Secrets,
    notes: &mut Notes,
) -> Vec<Yaml> {
    let only = texts(handler.keys.get("only"));
    if only.is_empty() {
        notes.decide(
            "import/session-cookie",
            handler.span,
            "`cookie_session` does not say under `only` which cookie is the session",
            "name it there: one credential decides, and no other cookie is shown to the session server",
        );
    }
    let from = Yaml::List(only.into_iter().map(|name| Yaml::map([("cookie", Yaml::text(name))])).collect());
    asked("session", Some(from), ["session.subject", "session.extra"], handler, secrets, notes)
}

/// `bearer_token`.
pub(super) fn bearer_token(handler: &mut Handler<'_>, secrets: &mut Secrets, notes: &mut Notes) -> Vec<Yaml> {
    let prefix = texts(handler.keys.get("prefix")).pop();
    let from = from(handler.keys.get("token_from"), prefix.as_deref());
    asked("bearer-token", from, ["session.sub", "session.extra"], handler, secrets, notes)
}

fn asked(
    way: &'static str,
    from: Option<Yaml>,
    defaults: [&str; 2],
    handler: &mut Handler<'_>,
    secrets: &mut Secrets,
    notes: &mut Notes,
) -> Vec<Yaml> {
    let span = handler.span;
    let keys = &mut handler.keys;
    let written = keys.get("check_session_url");
    let Some(url) = url(written, "check_session_url", span, notes) else { return Vec::new() };
    let mut all = vec![("url", url)];
    all.extend(from.map(|from| ("from", from)));
    let method = texts(keys.get("force_method")).pop();
    all.push(("method", Yaml::text(method.unwrap_or_else(|| "same".into()))));
    if is_true(keys.get("preserve_path")) != Some(true) {
        let bare = written.and_then(Node::as_str).and_then(|text| url::Url::parse(text).ok());
        match bare.is_some_and(|url| url.path() == "/") {
            true => all.push(("forward-path", Yaml::Word("true".into()))),
            false => notes.decide(
                "import/session-path",
                written.map_or(span, |node| node.span),
                "without `preserve_path` the path of this URL is replaced by that of the request",
                "say `preserve_path: true` if the URL is meant as it is",
            ),
        }
    }
    if is_true(keys.get("preserve_query")) == Some(false) {
        all.push(("forward-query", Yaml::Word("true".into())));
    }
    same_host(keys, notes);
    let forwarded = texts(keys.get("forward_http_headers"));
    let own = |name: &&String| !["cookie", "authorization"].contains(&name.to_ascii_lowercase().as_str());
    let forwarded: Vec<_> = forwarded.iter().filter(own).cloned().collect();
    if !forwarded.is_empty() {
        all.push(("forward-headers", Yaml::texts(forwarded)));
    }
    all.extend(own_headers(keys.get("additional_headers"), secrets).map(|headers| ("headers", headers)));
    all.push(("insufficient", Yaml::List(Vec::new())));
    all.push(("cache", no_cache()));
    let [subject, extra] = defaults;
    let id = path(keys.get("subject_from"), subject, notes);
    let extra = path(keys.get("extra_from"), extra, notes);
    vec![Yaml::map([(way, Yaml::map(all)), ("principal", principal(&id, Some(&extra)))])]
}

/// `oauth2_client_credentials`.
pub(super) fn client_credentials(handler: &mut Handler<'_>, notes: &mut Notes) -> Vec<Yaml> {
    let keys = &mut handler.keys;
    let Some(url) = url(keys.get("token_url"), "token_url", handler.span, notes) else { return Vec::new() };
    let mut all = vec![("token-url", url)];
    let scopes = texts(keys.get("required_scope"));
    if !scopes.is_empty() {
        all.push(("scopes", Yaml::texts(scopes)));
    }
    all.push(("cache", cache(keys.get("cache"), notes)));
    all.extend(timeout(keys.get("retry"), notes));
    vec![Yaml::map([("client-credentials", Yaml::map(all)), ("principal", principal("claims.sub", None))])]
}

/// Where a token is; nothing for the usual place.
pub(super) fn from(node: Option<&Node>, prefix: Option<&str>) -> Option<Yaml> {
    let mut keys = Keys::of(node);
    let [header, query, cookie] =
        ["header", "query_parameter", "cookie"].map(|key| texts(keys.get(key)).pop());
    let mut place = match (header, query, cookie) {
        (Some(header), ..) if header == "Authorization" => {
            vec![("header", Yaml::text("authorization")), bearer()]
        }
        (Some(header), ..) => vec![("header", Yaml::text(header.to_ascii_lowercase()))],
        (_, Some(query), _) => return Some(Yaml::map([("query", Yaml::text(query))])),
        (.., Some(cookie)) => return Some(Yaml::map([("cookie", Yaml::text(cookie))])),
        _ if prefix.is_some() => vec![("header", Yaml::text("authorization")), bearer()],
        _ => return None,
    };
    place.extend(prefix.map(|prefix| ("prefix", Yaml::text(prefix))));
    Some(Yaml::map(place))
}

fn bearer() -> (&'static str, Yaml) {
    ("scheme", Yaml::text("Bearer"))
}

/// `target_audience`: all of them must be named.
pub(super) fn audience(keys: &mut Keys<'_>) -> Yaml {
    match texts(keys.get("target_audience")) {
        none if none.is_empty() => Yaml::text("none"),
        all => Yaml::map([("all-of", Yaml::texts(all))]),
    }
}

/// `required_scope` and `scope_strategy`.
pub(super) fn scopes(keys: &mut Keys<'_>, span: Span, notes: &mut Notes) -> Option<Yaml> {
    let strategy = keys.get("scope_strategy");
    let required = texts(keys.get("required_scope"));
    if required.is_empty() {
        return None;
    }
    let name = strategy.and_then(Node::as_str).unwrap_or("none");
    if !["exact", "hierarchic", "wildcard"].contains(&name) {
        notes.decide(
            "import/scope-strategy",
            strategy.map_or(span, |node| node.span),
            format!("scopes are required, and with the strategy `{name}` nobody compares them here"),
            "say `scope_strategy: exact`, `hierarchic` or `wildcard`",
        );
    }
    Some(Yaml::map([("required", Yaml::texts(required)), ("strategy", Yaml::text(name))]))
}

fn url(node: Option<&Node>, key: &str, span: Span, notes: &mut Notes) -> Option<Yaml> {
    let written = node.and_then(Node::as_str);
    let sound = written.and_then(|text| url::Url::parse(text).ok());
    if !sound.is_some_and(|url| matches!(url.scheme(), "http" | "https")) {
        let message = format!("`{key}` is not a URL of `http` or `https`");
        notes.decide("import/url", node.map_or(span, |node| node.span), message, "name the server to ask");
        return None;
    }
    written.map(Yaml::text)
}

/// Header fields for the other server. Their values may be secrets, and are kept as such.
fn own_headers(node: Option<&Node>, secrets: &mut Secrets) -> Option<Yaml> {
    let entries = node.and_then(Node::as_map).unwrap_or_default();
    let field = |entry: &portreeve_diagnostics::Entry, secrets: &mut Secrets| {
        let value = entry.value.as_str().unwrap_or_default();
        let name = entry.key.value.to_ascii_lowercase();
        let kept = secrets.keep(&name, value);
        Yaml::map([("header", Yaml::text(name)), ("value", kept)])
    };
    let all: Vec<_> = entries.iter().map(|entry| field(entry, secrets)).collect();
    (!all.is_empty()).then_some(Yaml::List(all))
}

fn same_host(keys: &mut Keys<'_>, notes: &mut Notes) {
    if let Some(node) = keys.get("preserve_host")
        && is_true(Some(node)) == Some(true)
    {
        let message = "the other server is not told in `X-Forwarded-Host` which host the client asked for";
        notes.differs("import/preserve-host", node.span, message);
    }
}

/// What is remembered: only what was.
fn cache(node: Option<&Node>, notes: &mut Notes) -> Yaml {
    let mut keys = Keys::of(node);
    if is_true(keys.get("enabled")) != Some(true) {
        return no_cache();
    }
    let mut all = Vec::new();
    match keys.get("ttl") {
        Some(node) => all.extend(duration(node, notes).map(|ttl| ("ttl", ttl))),
        None => {
            let span = node.map_or_else(Span::default, |node| node.span);
            notes.differs(
                "import/cache",
                span,
                "without a `ttl` an answer is remembered for 10 s, not until the token expires",
            );
        }
    }
    if let Some(Kind::Int(most)) = keys.get("max_tokens").map(|node| &node.kind) {
        all.push(("capacity", Yaml::Word(most.to_string())));
    }
    let _ = keys.get("max_cost");
    keys.rest("a cache", notes);
    Yaml::map(all)
}

/// How long another server may take.
fn timeout(node: Option<&Node>, notes: &mut Notes) -> Option<(&'static str, Yaml)> {
    let mut keys = Keys::of(node);
    let given_up = keys.get("give_up_after");
    keys.rest("`retry`", notes);
    Some(("timeout", duration(given_up?, notes)?))
}

/// A duration, if it can be written here too.
pub(super) fn duration(node: &Node, notes: &mut Notes) -> Option<Yaml> {
    if read::duration(node, "", &mut Report::default()).is_none() {
        let message = format!("`{}` is no duration here", node.as_str().unwrap_or_default());
        notes.decide(
            "import/duration",
            node.span,
            message,
            "write whole numbers with units: `1m30s`, `250ms`",
        );
    }
    node.as_str().map(Yaml::text)
}

/// A path in the answer as an expression.
fn path(node: Option<&Node>, default: &str, notes: &mut Notes) -> String {
    let Some(node) = node else { return default.to_owned() };
    let written = node.as_str().unwrap_or_default();
    let name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    if written == "@this" {
        return "session".into();
    }
    if !written.split('.').all(name) {
        notes.decide(
            "import/session-answer",
            node.span,
            format!("`{written}` is more than a path of names into the answer"),
            "write it as an expression over `session` under `principal`",
        );
    }
    format!("session.{written}")
}
