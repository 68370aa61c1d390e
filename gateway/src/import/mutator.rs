//! Mutators: each distinct one with a name, but for those that read what only one route has.

use portreeve_diagnostics::{Kind, Node, Spanned};

use super::{
    authenticator::{is_enabled, slug, unused},
    notes::{Keys, Notes, canonical, merged, texts},
    template::{self, Expression, Scene},
    yaml::Yaml,
};

/// Those that rules use.
#[derive(Debug)]
pub(super) struct Mutators<'n> {
    global: Option<&'n Node>,
    /// By name, with what is written for it.
    made: Vec<(String, Yaml)>,
}

/// Names that only the mint says.
const MINTED: [&str; 6] = ["iss", "iat", "nbf", "exp", "jti", "sub"];

impl<'n> Mutators<'n> {
    /// Over what is configured for all rules.
    pub(super) fn new(global: Option<&'n Node>) -> Self {
        Self { global, made: Vec::new() }
    }

    /// All of them.
    pub(super) fn written(&self) -> &[(String, Yaml)] {
        &self.made
    }

    /// What one handler of a rule is now, as items of a route's `mutate`.
    pub(super) fn items(
        &mut self,
        handler: &Spanned<String>,
        own: Option<&Node>,
        scene: Scene<'_>,
        notes: &mut Notes,
    ) -> Vec<Yaml> {
        if !is_enabled(self.global, handler, notes) {
            return Vec::new();
        }
        let global = self.global.and_then(|all| all.get(&handler.value));
        let config = merged(global.and_then(|global| global.get("config")), own);
        let mut keys = Keys::of(config.as_ref());
        let items = match handler.value.as_str() {
            "noop" => Vec::new(),
            "header" => self.values("headers", keys.get("headers"), scene, notes),
            "cookie" => self.values("cookies", keys.get("cookies"), scene, notes),
            "id_token" => vec![id_token(handler, &mut keys, scene, notes)],
            other => {
                let (message, help) = match other {
                    "hydrator" => (
                        "a `hydrator` is asked and answers in a form of its own".to_owned(),
                        "give the authenticator a `hydrate`, whose server answers with attributes",
                    ),
                    _ => {
                        (format!("there is no mutator `{other}` to import"), "say what the upstream is told")
                    }
                };
                notes.decide("import/handler", handler.span, message, help);
                return Vec::new();
            }
        };
        keys.rest(&format!("`{}`", handler.value), notes);
        items
    }

    /// Names with templates. Those that read the path stand in the route itself.
    fn values(
        &mut self,
        way: &'static str,
        node: Option<&Node>,
        scene: Scene<'_>,
        notes: &mut Notes,
    ) -> Vec<Yaml> {
        let (mut shared, mut own) = (Vec::new(), Vec::new());
        for entry in node.and_then(Node::as_map).unwrap_or_default() {
            let template = match &entry.value.kind {
                Kind::Str { text, .. } => text.clone(),
                _ => canonical(Some(&entry.value)),
            };
            let name = match way {
                "headers" => entry.key.value.to_ascii_lowercase(),
                _ => entry.key.value.clone(),
            };
            match template::text(&template, scene) {
                Ok(found) if !found.of_route => shared.push((name, written(&found))),
                Ok(found) if way == "headers" && found.encode.is_none() => own.push((name, written(&found))),
                Ok(_) => notes.decide(
                    "import/template",
                    entry.value.span,
                    format!("`{name}` reads a part of the path, which only text in `headers` of a route can"),
                    "set a header field to it as it is",
                ),
                Err(why) => notes.decide(
                    "import/template",
                    entry.value.span,
                    format!("the template of `{name}` is not understood: {why}"),
                    "write what it should be as an expression",
                ),
            }
        }
        let mut items = Vec::new();
        if !shared.is_empty() {
            items.push(Yaml::text(self.named(way, Yaml::map([(way, Yaml::map(shared))]))));
        }
        if !own.is_empty() {
            items.push(Yaml::map([(way, Yaml::map(own))]));
        }
        items
    }

    fn named(&mut self, way: &str, body: Yaml) -> String {
        if let Some((name, _)) = self.made.iter().find(|(_, known)| *known == body) {
            return name.clone();
        }
        let name = unused(&slug(way), |name| self.made.iter().any(|(known, _)| known == name));
        self.made.push((name.clone(), body));
        name
    }
}

/// Always to be decided, since the key is somewhere else: this is for the comment.
fn id_token(handler: &Spanned<String>, keys: &mut Keys<'_>, scene: Scene<'_>, notes: &mut Notes) -> Yaml {
    let issuer = texts(keys.get("issuer_url")).pop();
    let jwks = keys.get("jwks_url");
    notes.decide(
        "import/signing-key",
        jwks.map_or(handler.span, |node| node.span),
        "the key that signs has to be there as PEM, and not in a key set",
        "export it with PKCS #8 and say under `key` in which file it is, and its `algorithm`",
    );
    let life = keys.get("ttl").and_then(|node| super::remote::duration(node, notes));
    let mut all = vec![
        ("issuer", Yaml::text(issuer.unwrap_or_default())),
        ("key", Yaml::text("file:keys/signing.pem")),
        ("life", life.unwrap_or_else(|| Yaml::text("15m"))),
    ];
    let claims = keys.get("claims");
    let read = claims.and_then(Node::as_str).filter(|text| !text.trim().is_empty());
    match read.map(|text| template::object(text, scene)) {
        Some(Ok(claims)) => {
            let audience = claims.iter().find(|(name, _)| name == "aud").map(|(_, value)| &value.text);
            all.extend(audience.map(|value| ("audience", Yaml::text(value.trim_matches(['[', ']', '"'])))));
            let own = |(name, _): &&(String, Expression)| name != "aud" && !MINTED.contains(&name.as_str());
            let rest: Vec<_> =
                claims.iter().filter(own).map(|(name, value)| (name.clone(), written(value))).collect();
            if !rest.is_empty() {
                all.push(("claims", Yaml::map(rest)));
            }
        }
        Some(Err(why)) => notes.decide(
            "import/template",
            claims.map(|node| node.span).unwrap_or_default(),
            format!("the template of the claims is not understood: {why}"),
            "write each claim as an expression under `claims`",
        ),
        None => {}
    }
    Yaml::map([("id-token", Yaml::map(all))])
}

/// An expression as it stands in a mutator.
fn written(expression: &Expression) -> Yaml {
    let text = Yaml::text(&expression.text);
    match expression.encode {
        Some(encode) => Yaml::map([("value", text), ("encode", Yaml::text(encode))]),
        None => text,
    }
}
