use portreeve_diagnostics::{
    Bundle, Diagnostic, Entry, Kind, Node, Report, SourceFile, Span, Spanned,
    read::{text, wrong_type},
    suggest, yaml,
};
use portreeve_identity::presets::{ALL, Preset};
use serde_json::{Map, Value};

/// A preset with its parameters put in: what a person would have written instead. Every place in it is that of the
/// preset's name, so that findings lead to what was written.
pub(super) struct Filled {
    /// The authenticator.
    pub(super) node: Node,
    /// The parameters, for expressions.
    pub(super) params: Map<String, Value>,
}

/// Fills in a preset.
pub(super) fn fill(name: &Node, params: Option<&Node>, report: &mut Report) -> Option<Filled> {
    let name = text(name, "`preset`", report)?;
    let Some(preset) = Preset::named(&name.value) else {
        let message = format!("there is no preset `{}`", name.value);
        let near = suggest::nearest(&name.value, ALL.iter().map(|preset| preset.name));
        let all = ALL.iter().map(|preset| preset.name).collect::<Vec<_>>().join("`, `");
        let help =
            near.map_or_else(|| format!("there are `{all}`"), |near| format!("did you mean `{near}`?"));
        let found = Diagnostic::error("config/unknown-preset", message).at(name.span, "unknown preset");
        report.push(found.help(help));
        return None;
    };
    let node = read(preset, report)?;
    let values = parameters(&node, params, name.span, report)?;
    let parts =
        node.as_map()?.iter().filter(|entry| !matches!(&*entry.key.value, "preset" | "about" | "params"));
    let entries = parts.map(|entry| values.put_in(entry)).collect();
    let params = values.values.iter().map(|(name, node)| (name.clone(), node.to_json())).collect();
    Some(Filled { node: Node { kind: Kind::Map(entries), span: name.span }, params })
}

fn read(preset: Preset, report: &mut Report) -> Option<Node> {
    let file = SourceFile { name: preset.name.into(), text: preset.text.into() };
    match yaml::read(&Bundle { revision: "".into(), files: vec![file] }, 0) {
        Ok(documents) => documents.into_iter().next(),
        Err(diagnostic) => {
            // The texts are shipped and tested, so this is never seen; if it were, the place would not be the user's.
            report.push(Diagnostic::error(diagnostic.code, diagnostic.message));
            None
        }
    }
}

/// The given values, and the defaults of those that were not given; a default may speak of those before it.
fn parameters(preset: &Node, given: Option<&Node>, span: Span, report: &mut Report) -> Option<Parameters> {
    let known = preset.get("params").and_then(Node::as_map).unwrap_or_default();
    let mut all = Parameters { values: Vec::new(), span };
    let mut missing = Vec::new();
    for entry in known {
        let name = &entry.key.value;
        if let Some(node) = given.and_then(|given| given.get(name)) {
            check(entry, node, preset, report);
            all.values.push((name.clone(), node.clone()));
        } else if entry.value.as_str() == Some("required") {
            missing.push(format!("`{name}`"));
        } else {
            let default = all.filled(&entry.value);
            all.values.push((name.clone(), default));
        }
    }
    if let Some(node) = given.filter(|node| node.as_map().is_none()) {
        report.push(wrong_type(node, "`params`", "a mapping from parameters to their values"));
    }
    unknown(known, given, report);
    if !missing.is_empty() {
        let message = format!("the preset needs {}", missing.join(" and "));
        let found = Diagnostic::error("config/missing-key", message).at(span, "this preset");
        report.push(found.help("give it under `params`"));
        return None;
    }
    Some(all)
}

/// A parameter says something, unless nothing is its default, and is text where it is put into a longer text.
fn check(known: &Entry, given: &Node, preset: &Node, report: &mut Report) {
    let what = format!("`{}`", known.key.value);
    let is_text = matches!(given.kind, Kind::Str { .. } | Kind::Int(_));
    let placeholder = format!("${{{}}}", known.key.value);
    if given.kind == Kind::Null
        || !is_text && is_in(preset, &|text| text != placeholder && text.contains(&placeholder))
    {
        report.push(wrong_type(given, &what, "text"));
    } else if is_text && known.value.as_str() != Some("") {
        let _ = text(given, &what, report);
    }
    check_part_of_address(&placeholder, given, preset, report);
}

/// What becomes a part of an address leads to another one, or to none, if it is more than that part.
fn check_part_of_address(placeholder: &str, given: &Node, preset: &Node, report: &mut Report) {
    let value = given.as_str().unwrap_or_default();
    let (host, base) = (format!("https://{placeholder}"), format!("{placeholder}/"));
    if value.contains(['/', '@', '?', '#']) && is_in(preset, &|text| text.starts_with(&host)) {
        let found = Diagnostic::error("config/not-a-host", format!("`{value}` is more than a host"))
            .at(given.span, "must be a host")
            .help("write it without `https://` and without what follows the host");
        report.push(found);
    } else if value.ends_with('/') && is_in(preset, &|text| text.starts_with(&base)) {
        let message = format!("`{value}` ends with a slash, and the preset puts a path behind it");
        let found = Diagnostic::error("config/slash", message).at(given.span, "leads nowhere");
        report.push(found.help("drop the slash"));
    }
}

/// Whether such a text is anywhere in it.
fn is_in(node: &Node, such: &dyn Fn(&str) -> bool) -> bool {
    match &node.kind {
        Kind::Str { text, .. } => such(text),
        Kind::Seq(items) => items.iter().any(|item| is_in(item, such)),
        Kind::Map(entries) => entries.iter().any(|entry| is_in(&entry.value, such)),
        _ => false,
    }
}

fn unknown(known: &[Entry], given: Option<&Node>, report: &mut Report) {
    for entry in given.and_then(Node::as_map).unwrap_or_default() {
        let key = &entry.key.value;
        if known.iter().any(|known| known.key.value == *key) {
            continue;
        }
        let message = format!("this preset has no parameter `{key}`");
        let found = Diagnostic::error("config/unknown-key", message).at(entry.key.span, "unknown parameter");
        report.push(match suggest::nearest(key, known.iter().map(|known| known.key.value.as_str())) {
            Some(near) => found.help(format!("did you mean `{near}`?")),
            None => found,
        });
    }
}

/// The parameters' values, and the place that everything in the preset gets.
struct Parameters {
    values: Vec<(String, Node)>,
    span: Span,
}

impl Parameters {
    fn put_in(&self, entry: &Entry) -> Entry {
        Entry { key: Spanned::new(entry.key.value.clone(), self.span), value: self.filled(&entry.value) }
    }

    /// A text that is a parameter and nothing else becomes its value, be it a list; within a text it becomes text.
    fn filled(&self, node: &Node) -> Node {
        let kind = match &node.kind {
            Kind::Str { text, plain } => {
                let whole = self.values.iter().find(|(name, _)| *text == format!("${{{name}}}"));
                match whole {
                    Some((_, value)) => return value.clone(),
                    None => Kind::Str { text: self.replaced(text), plain: *plain },
                }
            }
            Kind::Seq(items) => Kind::Seq(items.iter().map(|item| self.filled(item)).collect()),
            Kind::Map(entries) => Kind::Map(entries.iter().map(|entry| self.put_in(entry)).collect()),
            other => other.clone(),
        };
        Node { kind, span: self.span }
    }

    fn replaced(&self, text: &str) -> String {
        self.values.iter().fold(text.to_owned(), |text, (name, value)| {
            let written = match &value.kind {
                Kind::Str { text, .. } => text.clone(),
                Kind::Int(number) => number.to_string(),
                _ => return text,
            };
            text.replace(&format!("${{{name}}}"), &written)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> Node {
        let file = SourceFile { name: "a.yaml".into(), text: text.into() };
        yaml::read(&Bundle { revision: "".into(), files: vec![file] }, 0).unwrap().remove(0)
    }

    #[test]
    fn every_preset_can_be_read() {
        for preset in ALL {
            let mut report = Report::default();
            assert!(read(*preset, &mut report).is_some(), "{}: {report:?}", preset.name);
        }
    }

    #[test]
    fn parameters_are_put_in_and_defaults_speak_of_those_before_them() {
        let written = node("preset: kinde\nparams: { domain: acme.kinde.com, audience: api }\n");
        let mut report = Report::default();
        let filled = fill(written.get("preset").unwrap(), written.get("params"), &mut report).unwrap();
        assert!(report.is_empty());
        let jwt = filled.node.get("jwt").unwrap();
        assert_eq!(jwt.get("issuer").and_then(Node::as_str), Some("https://acme.kinde.com"));
        assert_eq!(jwt.get("jwks").and_then(Node::as_str), Some("https://acme.kinde.com/.well-known/jwks"));
        assert_eq!(filled.params["audience"], "api");
    }

    #[test]
    fn what_is_missing_or_unknown_is_said() {
        for (text, expected) in [
            ("preset: kind", "there is no preset `kind`"),
            ("preset: kinde", "the preset needs `domain` and `audience`"),
            (
                "preset: kinde\nparams: { domain: a, audience: b, domian: c }",
                "this preset has no parameter `domian`",
            ),
            (
                "preset: kinde\nparams: { domain: , audience: b }",
                "`domain` must be text, and this is nothing",
            ),
            ("preset: kinde\nparams: { domain: '', audience: b }", "`domain` is empty"),
            (
                "preset: kinde\nparams: { domain: [a], audience: b }",
                "`domain` must be text, and this is a list",
            ),
            (
                "preset: kinde\nparams: [domain, audience]",
                "`params` must be a mapping from parameters to their values, and this is a list",
            ),
        ] {
            let written = node(text);
            let mut report = Report::default();
            let _ = fill(written.get("preset").unwrap(), written.get("params"), &mut report);
            assert_eq!(report.findings[0].message, expected);
        }
    }
}
