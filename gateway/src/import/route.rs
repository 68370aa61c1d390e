//! One rule as a route: what it can say exactly, and what has to be decided.

use portreeve_diagnostics::{Bundle, Node, Span};

use super::{
    authenticator::{Authenticators, is_enabled, slug, unused},
    capture::Captures,
    mutator::Mutators,
    notes::Notes,
    pattern::{self, Strategy},
    place::{self, Condition, Place},
    rule::Rule,
    template::Scene,
    upstream::Upstreams,
    yaml::Yaml,
};

/// The kind of resource that conditions of rules are asked about.
pub(super) const KIND: &str = "oathkeeper_rule";

/// What rules need from each other.
#[derive(Debug)]
pub(super) struct Workshop<'n> {
    pub(super) strategy: Strategy,
    pub(super) authenticators: Authenticators<'n>,
    pub(super) authorizers: Option<&'n Node>,
    pub(super) mutators: Mutators<'n>,
    pub(super) upstreams: Upstreams,
    pub(super) names: Vec<String>,
}

/// A route in the making.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) span: Span,
    /// The name of the route.
    pub(super) name: String,
    /// What people know the rule by.
    pub(super) title: String,
    pub(super) methods: Vec<String>,
    /// Where it is; where nothing gets through, if it is refused.
    pub(super) places: Vec<Place>,
    /// Whether those say what the rule said.
    pub(super) placed: bool,
    /// Everything but `name` and `match`.
    pub(super) body: Vec<(String, Yaml)>,
    pub(super) upstream: String,
    /// What a policy has to say: nothing, if nobody asks it.
    pub(super) policy: Option<Policy>,
    pub(super) notes: Notes,
}

/// What the policy says about one route.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    pub(super) allow: bool,
    pub(super) conditions: Vec<Condition>,
}

impl Workshop<'_> {
    /// Makes a route of a rule.
    pub(super) fn make(&mut self, rule: &Rule<'_>) -> Made {
        let mut notes = Notes::default();
        for key in &rule.unknown {
            notes.differs("import/left-out", key.span, format!("`{}` of a rule is not imported", key.value));
        }
        let name = unused(&slug(&rule.id), |name| self.names.iter().any(|known| known == name));
        self.names.push(name.clone());
        let (places, placed) = self.places(rule, &mut notes);
        let conditions = places.first().filter(|_| placed).map(|place| place.conditions.clone());
        let upstream = self.upstreams.named(rule.upstream, rule.span, &mut notes);
        let (mut body, policy) = self.access(rule, &name, conditions.unwrap_or_default(), &mut notes);
        body.push(("upstream".into(), Yaml::text(&upstream)));
        let captures = Captures::of(places.iter().map(|place| &place.captures));
        let mutate = self.mutate(rule, &captures, &mut notes);
        if !mutate.is_empty() {
            body.push(("mutate".into(), Yaml::List(mutate)));
        }
        answers(rule, &mut notes);
        let about = rule.description.map(|text| format!(": {text}")).unwrap_or_default();
        Made {
            span: rule.span,
            title: format!("{}{about}", rule.id),
            methods: rule.methods.clone(),
            name,
            places,
            placed,
            body,
            upstream,
            policy,
            notes,
        }
    }

    fn places(&self, rule: &Rule<'_>, notes: &mut Notes) -> (Vec<Place>, bool) {
        let Some(url) = &rule.url else {
            let message = "the rule is about procedures of gRPC, which a library of Oathkeeper's matches";
            notes.decide(
                "import/procedure",
                rule.span,
                message,
                "write a route for the path of the procedure",
            );
            return (Vec::new(), false);
        };
        if rule.methods.is_empty() {
            let message = "the rule has no methods, so it is for nothing";
            notes.decide("import/methods", rule.span, message, "name them, or drop the rule");
        }
        let found = pattern::parts(&url.value, self.strategy).and_then(|parts| place::places(&parts));
        match found {
            Ok(places) => {
                let mut said: Vec<&str> = Vec::new();
                for differs in places.iter().flat_map(|place| &place.differs) {
                    if !said.contains(differs) {
                        said.push(differs);
                        notes.differs("import/pattern", url.span, *differs);
                    }
                }
                if places.iter().any(|place| slash(&place.path)) {
                    let message = "a pattern with a slash at its end has matched nothing since v26.2; now it is for both";
                    notes.differs("import/trailing-slash", url.span, message);
                }
                (places, true)
            }
            Err(why) => {
                let message = format!("the pattern cannot be said exactly: {why}");
                notes.decide(
                    "import/pattern",
                    url.span,
                    message,
                    "write the paths that are meant, each as a route",
                );
                let (host, path) = place::covering(&url.value);
                (vec![Place { host, path, ..Place::default() }], false)
            }
        }
    }

    /// `access` and `authenticate`, or a resource that policies are asked about.
    fn access(
        &mut self,
        rule: &Rule<'_>,
        name: &str,
        conditions: Vec<Condition>,
        notes: &mut Notes,
    ) -> (Vec<(String, Yaml)>, Option<Policy>) {
        let allow = self.authorizer(rule, notes);
        let public = allow && asks_nobody(rule);
        if public && conditions.is_empty() {
            if let Some(first) = rule.authenticators.first() {
                self.authenticators.is_enabled(&first.handler, notes);
            }
            unasked(rule, notes);
            return (vec![("access".into(), Yaml::text("public"))], None);
        }
        if public {
            let span = rule.url.as_ref().map_or(rule.span, |url| url.span);
            notes.decide(
                "import/public-condition",
                span,
                "the pattern is narrower than a path pattern can be, and nobody is asked who they are",
                "write `access: public` for the wider pattern, if that may be seen by everybody",
            );
        }
        let chain = ("authenticate".to_owned(), Yaml::texts(self.authenticate(rule, notes)));
        if allow && conditions.is_empty() {
            return (vec![("access".into(), Yaml::text("authenticated")), chain], None);
        }
        let mut body = vec![
            ("resource".to_owned(), Yaml::text(KIND)),
            ("action".to_owned(), Yaml::text(name)),
            ("id".to_owned(), Yaml::text(format!("\"{name}\""))),
        ];
        if !conditions.is_empty() {
            let attr = conditions.iter().map(|one| (one.name.clone(), Yaml::text(&one.value)));
            body.push(("attr".into(), Yaml::map(attr)));
        }
        body.push(chain);
        (body, Some(Policy { allow, conditions }))
    }

    /// Whether the rule lets in whoever has proven who they are.
    fn authorizer(&self, rule: &Rule<'_>, notes: &mut Notes) -> bool {
        let Some(authorizer) = &rule.authorizer else {
            let message = "the rule has no authorizer, so it answers 500";
            notes.decide("import/no-authorizer", rule.span, message, "say `allow`, or write a policy");
            return false;
        };
        let handler = &authorizer.handler;
        if !is_enabled(self.authorizers, handler, notes) {
            return false;
        }
        match handler.value.as_str() {
            "allow" => true,
            "deny" => false,
            other => {
                let message = format!("`{other}` asks another server, and here policies decide");
                let help =
                    "write what it decides as a policy, and the route with a `resource` and an `action`";
                notes.decide("import/authorizer", handler.span, message, help);
                false
            }
        }
    }

    fn authenticate(&mut self, rule: &Rule<'_>, notes: &mut Notes) -> Vec<String> {
        if rule.authenticators.is_empty() {
            let message = "the rule has no authenticator, so it answers 500";
            notes.decide("import/no-authenticator", rule.span, message, "name one");
        }
        let mut names = Vec::new();
        for (index, one) in rule.authenticators.iter().enumerate() {
            if index > 0 && one.handler.value == "noop" {
                let message = "`noop` after another authenticator is `anonymous` now: not for who has an `Authorization` field";
                notes.differs("import/noop", one.handler.span, message);
            }
            names.extend(self.authenticators.named(&one.handler, one.config, notes));
        }
        unasked(rule, notes);
        if asks_nobody(rule) { names.into_iter().take(1).collect() } else { names }
    }

    fn mutate(&mut self, rule: &Rule<'_>, captures: &Captures, notes: &mut Notes) -> Vec<Yaml> {
        if rule.mutators.is_empty() {
            let message = "the rule has no mutator, so it answers 500";
            notes.decide("import/no-mutator", rule.span, message, "say `noop`");
        }
        let ext = rule.authenticators.iter().any(|one| one.handler.value == "oauth2_introspection");
        let scene = Scene { caller: !asks_nobody(rule), ext, captures };
        let mut all = Vec::new();
        for one in &rule.mutators {
            all.extend(self.mutators.items(&one.handler, one.config, scene, notes));
        }
        all
    }
}

/// Says which authenticators nobody ever got to.
fn unasked(rule: &Rule<'_>, notes: &mut Notes) {
    if let (true, Some(second)) = (asks_nobody(rule), rule.authenticators.get(1)) {
        let message =
            "`noop` answers for everybody, so the authenticators after it were never asked, and are left out";
        notes.differs("import/noop", second.handler.span, message);
    }
}

/// Whether the rule takes everybody as they come.
fn asks_nobody(rule: &Rule<'_>) -> bool {
    rule.authenticators.first().is_some_and(|first| first.handler.value == "noop")
}

/// What a rule says of answers to those who are refused: nobody more gets in by it.
fn answers(rule: &Rule<'_>, notes: &mut Notes) {
    for node in rule.errors.map(portreeve_diagnostics::read::items).unwrap_or_default() {
        let handler = node.get("handler").and_then(Node::as_str).unwrap_or_default();
        if handler == "json" && node.get("config").is_none() {
            continue;
        }
        let message = format!("the error handler `{handler}` is not imported: answers follow `Accept`");
        notes.differs("import/error-handler", node.span, message);
    }
}

/// Whether a path pattern ends with a slash, and is more than that.
pub(super) fn slash(path: &str) -> bool {
    path.len() > 1 && path.ends_with('/')
}

/// The name of a file that routes of this file are written into.
pub(super) fn file_name(bundle: &Bundle, file: u32, taken: &[String]) -> String {
    let name = bundle.files.get(file as usize).map(|file| file.name.to_string()).unwrap_or_default();
    let stem = std::path::Path::new(&name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let base = slug(&stem.unwrap_or_default());
    // `*_routes_test.yaml` would be tests; a slug has no `_`.
    format!("routes/{}.yaml", unused(&base, |name| taken.contains(&format!("routes/{name}.yaml"))))
}
