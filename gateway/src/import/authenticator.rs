//! Authenticators: the configuration of all rules under that of one rule, each distinct one with a name.

use portreeve_diagnostics::{Node, Span, Spanned};

use super::{
    notes::{Keys, Notes, canonical, is_true, merged, texts},
    remote,
    yaml::Yaml,
};

/// Whom a rule lets in that cannot be imported: nobody.
pub(super) const REFUSED: &str = "refused";

/// Text that must not be in the configuration, in files of its own.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets(pub(super) Vec<(String, String)>);

impl Secrets {
    /// Where a secret is from now on.
    pub(super) fn keep(&mut self, name: &str, text: &str) -> Yaml {
        let known = self.0.iter().find(|(_, kept)| kept == text).map(|(path, _)| path.clone());
        let path = known.unwrap_or_else(|| {
            let path = format!("secrets/{}-{}", slug(name), self.0.len() + 1);
            self.0.push((path.clone(), text.to_owned()));
            path
        });
        Yaml::text(format!("file:{path}"))
    }
}

/// Those that rules use.
#[derive(Debug)]
pub(super) struct Authenticators<'n> {
    global: Option<&'n Node>,
    /// The files that are written beside the configuration.
    pub(super) secrets: Secrets,
    made: Vec<Made>,
}

#[derive(Debug)]
struct Made {
    key: String,
    authenticators: Vec<(String, Yaml)>,
    notes: Notes,
}

/// One handler with its configuration, while it is read.
pub(super) struct Handler<'n> {
    pub(super) name: &'n str,
    pub(super) span: Span,
    pub(super) keys: Keys<'n>,
}

impl<'n> Authenticators<'n> {
    /// Over what is configured for all rules.
    pub(super) fn new(global: Option<&'n Node>, secrets: Secrets) -> Self {
        Self { global, secrets, made: Vec::new() }
    }

    /// The names of those that one handler of a rule is now.
    pub(super) fn named(
        &mut self,
        handler: &Spanned<String>,
        own: Option<&Node>,
        notes: &mut Notes,
    ) -> Vec<String> {
        if !self.is_enabled(handler, notes) {
            return Vec::new();
        }
        let global = self.global.and_then(|all| all.get(&handler.value));
        let config = merged(global.and_then(|global| global.get("config")), own);
        let key = format!("{} {}", handler.value, canonical(config.as_ref()));
        if !self.made.iter().any(|made| made.key == key) {
            let made = self.make(handler, config.as_ref(), key.clone());
            self.made.push(made);
        }
        let Some(made) = self.made.iter().find(|made| made.key == key) else { return Vec::new() };
        notes.extend(&made.notes);
        made.authenticators.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Whether the configuration turns a handler on; says so where it does not.
    pub(super) fn is_enabled(&self, handler: &Spanned<String>, notes: &mut Notes) -> bool {
        is_enabled(self.global, handler, notes)
    }

    fn make(&mut self, handler: &Spanned<String>, config: Option<&Node>, key: String) -> Made {
        let mut notes = Notes::default();
        let mut read = Handler { name: &handler.value, span: handler.span, keys: Keys::of(config) };
        let bodies = bodies(&mut read, &mut self.secrets, &mut notes);
        read.keys.rest(&format!("`{}`", handler.value), &mut notes);
        let bodies = if notes.refuses() { Vec::new() } else { bodies };
        let base = slug(&handler.value);
        let mut authenticators: Vec<(String, Yaml)> = Vec::new();
        for body in bodies {
            let taken = |name: &str| {
                let earlier = self.made.iter().flat_map(|made| &made.authenticators);
                earlier.chain(&authenticators).any(|(known, _)| known == name) || name == REFUSED
            };
            let name = unused(&base, taken);
            authenticators.push((name, body));
        }
        Made { key, authenticators, notes }
    }

    /// All of them.
    pub(super) fn written(&self) -> Vec<(String, Yaml)> {
        self.made.iter().flat_map(|made| made.authenticators.clone()).collect()
    }
}

/// Whether a handler is turned on. One that is not fails every request of a rule that names it.
pub(super) fn is_enabled(all: Option<&Node>, handler: &Spanned<String>, notes: &mut Notes) -> bool {
    let global = all.and_then(|all| all.get(&handler.value));
    if is_true(global.and_then(|global| global.get("enabled"))) == Some(true) {
        return true;
    }
    notes.decide(
        "import/not-enabled",
        handler.span,
        format!("`{}` is not enabled in the configuration, so the rule answers 500", handler.value),
        "enable it there, or drop the rule",
    );
    false
}

fn bodies(handler: &mut Handler<'_>, secrets: &mut Secrets, notes: &mut Notes) -> Vec<Yaml> {
    match handler.name {
        // A rule whose first authenticator this is asks nobody; after others it is for those who show nothing.
        "noop" => vec![Yaml::map([("anonymous", Yaml::Map(Vec::new()))])],
        "unauthorized" => vec![Yaml::map([("deny", Yaml::text("all"))])],
        "anonymous" => {
            let subject = texts(handler.keys.get("subject")).pop().unwrap_or_else(|| "anonymous".into());
            vec![Yaml::map([("anonymous", Yaml::map([("id", Yaml::text(subject))]))])]
        }
        "jwt" => jwt(handler, notes),
        "oauth2_introspection" => remote::introspection(handler, secrets, notes),
        "cookie_session" => remote::cookie_session(handler, secrets, notes),
        "bearer_token" => remote::bearer_token(handler, secrets, notes),
        "oauth2_client_credentials" => remote::client_credentials(handler, notes),
        other => {
            let message = format!("there is no authenticator `{other}` to import");
            notes.decide("import/handler", handler.span, message, "name one that proves who the caller is");
            Vec::new()
        }
    }
}

fn jwt(handler: &mut Handler<'_>, notes: &mut Notes) -> Vec<Yaml> {
    let span = handler.span;
    let keys = &mut handler.keys;
    let from = remote::from(keys.get("token_from"), None);
    let urls = texts(keys.get("jwks_urls"));
    let issuers = texts(keys.get("trusted_issuers"));
    let [url] = urls.as_slice() else {
        notes.decide(
            "import/jwt-keys",
            span,
            format!(
                "`jwt` has {} `jwks_urls`, and tokens of one issuer are verified by one key set",
                urls.len()
            ),
            "write an authenticator for each issuer with its own `jwks`",
        );
        return Vec::new();
    };
    let jwks = match url.split_once("://") {
        Some(("file", path)) => path.to_owned(),
        Some(("http" | "https", _)) => url.clone(),
        _ => {
            let message = format!("keys cannot be fetched from `{url}`");
            notes.decide("import/jwt-keys", span, message, "name a file, or a URL of `http` or `https`");
            return Vec::new();
        }
    };
    let algorithms = match texts(keys.get("allowed_algorithms")) {
        none if none.is_empty() => vec!["RS256".to_owned()],
        some => some,
    };
    if let Some(unfit) = algorithms.iter().find(|name| name.starts_with("HS") || *name == "none") {
        notes.decide(
            "import/jwt-algorithm",
            span,
            format!("`{unfit}` is not trusted together with a key set"),
            "write `secret: ${NAME}` and no `jwks` for tokens that are signed with a shared secret",
        );
    }
    if let Some(node) = keys.get("jwks_max_wait") {
        notes.differs(
            "import/jwt-keys",
            node.span,
            "`jwks_max_wait` has no match: 5 s is the longest that keys may take",
        );
    }
    let refresh = keys.get("jwks_ttl").and_then(|node| remote::duration(node, notes));
    let audience = remote::audience(keys);
    let scopes = remote::scopes(keys, span, notes);
    let one = |issuer: &str| {
        let mut jwt = vec![
            ("issuer", Yaml::text(issuer)),
            ("audience", audience.clone()),
            ("jwks", Yaml::text(&jwks)),
            ("algorithms", Yaml::texts(algorithms.clone())),
            ("kind", Yaml::text("any")),
            ("skew", Yaml::text("0s")),
        ];
        jwt.extend(from.clone().map(|from| ("from", from)));
        jwt.extend(scopes.clone().map(|scopes| ("scopes", scopes)));
        jwt.extend(refresh.clone().map(|refresh| ("refresh", refresh)));
        Yaml::map([("jwt", Yaml::map(jwt)), ("principal", principal("claims.sub", Some("claims")))])
    };
    match issuers.is_empty() {
        true => vec![one("none")],
        false => issuers.iter().map(|issuer| one(issuer)).collect(),
    }
}

/// Who a credential makes the caller: the subject, and all that templates know as `.Extra`.
pub(super) fn principal(id: &str, extra: Option<&str>) -> Yaml {
    let mut all = vec![("id", Yaml::text(id)), ("roles", Yaml::text("[]"))];
    all.extend(extra.map(|extra| ("attr", Yaml::map([("extra", Yaml::text(extra))]))));
    Yaml::map(all)
}

/// Text as a name: letters, digits and `-`.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        match c.is_ascii_alphanumeric() {
            true => slug.push(c.to_ascii_lowercase()),
            false if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            false => {}
        }
    }
    let slug = slug.trim_end_matches('-');
    match slug.starts_with(|c: char| c.is_ascii_alphabetic()) {
        true => slug.to_owned(),
        false => format!("x-{slug}").trim_end_matches('-').to_owned(),
    }
}

/// A name, with a number where it is taken.
pub(super) fn unused(base: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut name = base.to_owned();
    let mut number = 1_u32;
    while taken(&name) {
        number += 1;
        name = format!("{base}-{number}");
    }
    name
}
