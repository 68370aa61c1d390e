//! All rules together: which of them get in each other's way, and the text of route files and policies.

use std::collections::BTreeMap;

use portreeve_diagnostics::Diagnostic;

use super::{
    authenticator::REFUSED,
    notes::comment,
    place::Place,
    route::{KIND, Made, slash},
    yaml::Yaml,
};

/// A place that only one route can have: host, method, and the path without the names in it.
type Spot = (String, String, String);

/// Refuses what cannot be told apart, and says where requests used to be for several rules.
pub(super) fn settle(all: &mut [Made]) {
    drop_slashes(all);
    let mut owners: BTreeMap<Spot, Vec<usize>> = BTreeMap::new();
    for (index, made) in all.iter().enumerate() {
        for spot in spots(made) {
            let owners = owners.entry(spot).or_default();
            if !owners.contains(&index) {
                owners.push(index);
            }
        }
    }
    let tied: Vec<_> = owners.values().filter(|owners| owners.len() > 1).cloned().collect();
    for owners in tied {
        for one in &owners {
            let Some(other) = owners.iter().find(|other| *other != one).and_then(|other| all.get(*other))
            else {
                continue;
            };
            let found = Diagnostic::error(
                "import/same-place",
                format!("this rule and `{}` are for requests that paths do not tell apart", other.title),
            );
            let other = other.span;
            if let Some(made) = all.get_mut(*one) {
                let found = found.at(made.span, "refused until you decide").at(other, "and this one");
                made.notes.push(found.help("write one route for both, or other paths"));
            }
        }
    }
    overlaps(all);
}

/// A pattern with a slash at its end never matched; where another rule has the same without it, that one answers.
fn drop_slashes(all: &mut [Made]) {
    let without: Vec<Spot> = all
        .iter()
        .flat_map(|made| {
            let plain = made.places.iter().filter(|place| !slash(&place.path));
            plain.flat_map(|place| spots_of(place, &made.methods)).collect::<Vec<_>>()
        })
        .collect();
    for made in all.iter_mut() {
        let methods = made.methods.clone();
        let taken = |place: &Place| spots_of(place, &methods).iter().any(|spot| without.contains(spot));
        let several = made.places.len() > 1;
        let gone = |place: &Place| slash(&place.path) && taken(place);
        if several {
            made.places.retain(|place| !gone(place));
        } else if made.places.iter().any(gone) {
            made.places.clear();
            let message = "another rule has this path without the slash at the end, and answers";
            made.notes.differs("import/trailing-slash", made.span, message);
        }
    }
}

fn spots(made: &Made) -> Vec<Spot> {
    made.places.iter().flat_map(|place| spots_of(place, &made.methods)).collect()
}

fn spots_of(place: &Place, methods: &[String]) -> Vec<Spot> {
    let shape = shape(&place.path).join("/");
    methods.iter().map(|method| (place.host.clone(), method.clone(), shape.clone())).collect()
}

/// The segments of a path pattern without the names of placeholders.
fn shape(path: &str) -> Vec<&str> {
    let path = if slash(path) { path.trim_end_matches('/') } else { path };
    let one = |segment: &'_ str| match (segment.starts_with('{'), segment.ends_with("*}")) {
        (true, true) => "{*}",
        (true, false) => "{}",
        _ => "",
    };
    path.split('/')
        .skip(1)
        .map(|segment| if one(segment).is_empty() { segment } else { one(segment) })
        .collect()
}

/// Where two rules were for the same request, it was answered 500.
fn overlaps(all: &mut [Made]) {
    let mut found: Vec<(usize, Diagnostic)> = Vec::new();
    for (index, one) in all.iter().enumerate() {
        let both =
            |other: &&Made| one.placed && other.placed && !(one.notes.refuses() && other.notes.refuses());
        for other in all.iter().skip(index + 1).filter(both).filter(|other| meet(one, other)) {
            let message = format!(
                "requests that this rule and `{}` are for were answered 500; now the more specific route answers",
                other.title
            );
            let overlap = Diagnostic::warning("import/overlap", message);
            found.push((index, overlap.at(one.span, "works differently").at(other.span, "the other one")));
        }
    }
    for (index, overlap) in found {
        if let Some(made) = all.get_mut(index) {
            made.notes.push(overlap);
        }
    }
}

fn meet(one: &Made, other: &Made) -> bool {
    one.methods.iter().any(|method| other.methods.contains(method))
        && one.places.iter().any(|place| other.places.iter().any(|other| places_meet(place, other)))
}

fn places_meet(one: &Place, other: &Place) -> bool {
    let below = |name: &str, suffix: &str| {
        suffix.strip_prefix('*').is_some_and(|suffix| suffix.is_empty() || name.ends_with(suffix))
    };
    let hosts = one.host == other.host || below(&one.host, &other.host) || below(&other.host, &one.host);
    let names = |path: &str| path.split('/').skip(1).map(str::to_owned).collect::<Vec<_>>();
    hosts && paths_meet(&names(&one.path), &names(&other.path), one, other)
}

fn paths_meet(one: &[String], other: &[String], first: &Place, second: &Place) -> bool {
    let rest = |segments: &[String]| segments.first().is_some_and(|segment| segment.ends_with("*}"));
    if rest(one) || rest(other) {
        return true;
    }
    match (one.split_first(), other.split_first()) {
        (Some((a, one)), Some((b, other))) => {
            let meet = match (a.starts_with('{'), b.starts_with('{')) {
                (false, false) => a == b,
                (true, false) => fits(first, a, b),
                (false, true) => fits(second, b, a),
                (true, true) => true,
            };
            meet && paths_meet(one, other, first, second)
        }
        (None, None) => true,
        _ => false,
    }
}

/// Whether a literal meets the condition of a placeholder.
fn fits(place: &Place, placeholder: &str, literal: &str) -> bool {
    let name = placeholder.trim_matches(['{', '}']);
    let condition = place.conditions.iter().find(|condition| condition.name == name);
    let regex = condition.map(|condition| regex::Regex::new(&format!("^(?:{})$", condition.regex)));
    !matches!(regex, Some(Ok(regex)) if !regex.is_match(literal))
}

/// The text of a route file.
pub(super) fn text(source: &str, all: &[Made], refused: &mut Vec<Spot>) -> String {
    let mut text = comment(&format!("Imported from {source}."));
    text.push_str("defaults: { trailing_slash: ignore }\nroutes:\n");
    let before = text.len();
    for made in all {
        text.push_str(&one(made, refused));
    }
    let written = text.get(before..).unwrap_or_default();
    if !written.lines().any(|line| line.starts_with("  - ")) {
        return text.replacen("routes:\n", "routes: []\n", 1);
    }
    text
}

fn one(made: &Made, refused: &mut Vec<Spot>) -> String {
    let mut text = format!("  {}", comment(&made.title));
    for line in made.notes.comments() {
        text.push_str(&format!("  {line}"));
    }
    let route = |body: &[(String, Yaml)], mut matchers: Vec<Yaml>| {
        let matched = if matchers.len() == 1 { matchers.remove(0) } else { Yaml::List(matchers) };
        let head = [("name".to_owned(), Yaml::text(&made.name)), ("match".to_owned(), matched)];
        let route = Yaml::List(vec![Yaml::map(head.into_iter().chain(body.iter().cloned()))]);
        spread(&route)
    };
    if made.places.is_empty() || made.methods.is_empty() {
        return text;
    }
    let whole = || made.places.iter().map(|place| matcher(&made.methods, place)).collect();
    if !made.notes.refuses() {
        text.push_str(&route(&made.body, whole()));
        return text;
    }
    if made.placed {
        text.push_str("  # What it could be:\n");
        for line in route(&made.body, whole()).lines() {
            text.push_str(&format!("  #   {}\n", line.strip_prefix("  ").unwrap_or(line)));
        }
    }
    let left = unrefused(made, refused);
    if !left.is_empty() {
        let body = [
            ("access".to_owned(), Yaml::text("authenticated")),
            ("authenticate".to_owned(), Yaml::texts([REFUSED])),
            ("upstream".to_owned(), Yaml::text(&made.upstream)),
        ];
        text.push_str(&route(&body, left));
    }
    text
}

/// The places of a rule, with the methods that no other rule refuses there already.
fn unrefused(made: &Made, refused: &mut Vec<Spot>) -> Vec<Yaml> {
    let mut all = Vec::new();
    for place in &made.places {
        let free = |method: &&String| {
            let spots = spots_of(place, std::slice::from_ref(*method));
            !spots.iter().any(|spot| refused.contains(spot))
        };
        let methods: Vec<String> = made.methods.iter().filter(free).cloned().collect();
        refused.extend(spots_of(place, &methods));
        if !methods.is_empty() {
            all.push(matcher(&methods, place));
        }
    }
    all
}

/// A list with one mapping, its keys in lines of their own.
fn spread(route: &Yaml) -> String {
    let Yaml::List(items) = route else { return String::new() };
    let lines: String = items.iter().map(|item| item.block(4)).collect();
    lines.replacen("    ", "  - ", 1)
}

fn matcher(methods: &[String], place: &Place) -> Yaml {
    Yaml::map([
        ("methods", Yaml::texts(methods.iter().cloned())),
        ("path", Yaml::text(&place.path)),
        ("host", Yaml::text(&place.host)),
    ])
}

/// The policy that conditions of rules are in; nothing where there are none.
pub(super) fn policy(all: &[Made]) -> Option<String> {
    let mut rules = Vec::new();
    for made in all.iter().filter(|made| !made.notes.refuses() && !made.places.is_empty()) {
        let Some(policy) = &made.policy else { continue };
        // No authenticator that is imported gives a role, so nobody has this one.
        let role = if policy.allow { "*" } else { "nobody" };
        let mut rule = vec![
            ("actions", Yaml::texts([&made.name])),
            ("effect", Yaml::text("EFFECT_ALLOW")),
            ("roles", Yaml::texts([role])),
        ];
        if !policy.conditions.is_empty() {
            let test = |one: &super::place::Condition| {
                let regex = serde_json::Value::from(format!("^(?:{})$", one.regex));
                Yaml::map([("expr", Yaml::text(format!("R.attr.{}.matches({regex})", one.name)))])
            };
            let tests = policy.conditions.iter().map(test).collect();
            let all = Yaml::map([("all", Yaml::map([("of", Yaml::List(tests))]))]);
            rule.push(("condition", Yaml::map([("match", all)])));
        }
        rules.push(Yaml::map(rule));
    }
    if rules.is_empty() {
        return None;
    }
    let policy = Yaml::map([
        ("resource", Yaml::text(KIND)),
        ("version", Yaml::text("default")),
        ("rules", Yaml::List(rules)),
    ]);
    let document = Yaml::map([("apiVersion", Yaml::text("api.cerbos.dev/v1")), ("resourcePolicy", policy)]);
    Some(format!(
        "# What the paths of rules must be where a path pattern cannot say it, and what is for nobody.\n{}",
        document.block(0)
    ))
}
