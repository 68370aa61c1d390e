use portreeve_diagnostics::{Diagnostic, Entry, Kind, Node, Report, Severity, Span, read};

/// What is to be said about something that is imported. An error refuses until somebody decides; a warning is about
/// what works, differently.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes(Vec<Diagnostic>);

impl Notes {
    /// There is no saying what was meant, or no way to say it: nothing gets through here until somebody has decided.
    pub(super) fn decide(&mut self, code: &'static str, span: Span, message: impl Into<String>, help: &str) {
        self.0.push(Diagnostic::error(code, message).at(span, "refused until you decide").help(help));
    }

    /// It works, and not quite as before.
    pub(super) fn differs(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.0.push(Diagnostic::warning(code, message).at(span, "works differently"));
    }

    /// Adds a finding that has places of its own.
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds those of something that this depends on.
    pub(super) fn extend(&mut self, other: &Self) {
        self.0.extend(other.0.iter().cloned());
    }

    /// Whether somebody has to decide.
    pub(super) fn refuses(&self) -> bool {
        self.0.iter().any(|found| found.severity == Severity::Error)
    }

    /// For the file that is written, a line each.
    pub(super) fn comments(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|found| {
            let word = if found.severity == Severity::Error { "decide" } else { "differs" };
            let help = found.help.iter().map(|help| format!(" ({help})")).collect::<String>();
            comment(&format!("{word}: {}{help}", found.message))
        })
    }

    /// For the person.
    pub(super) fn tell(&self, report: &mut Report) {
        for found in &self.0 {
            report.push(found.clone());
        }
    }
}

/// A line that says something and does nothing, whatever is in the text.
pub(super) fn comment(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() || is_break(c) { ' ' } else { c }).collect();
    format!("# {}\n", line.trim_end())
}

/// Line ends that are no control characters.
const fn is_break(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// The keys of a mapping while they are read, so that what nobody reads is said.
#[derive(Debug)]
pub(super) struct Keys<'n> {
    entries: &'n [Entry],
    known: Vec<&'static str>,
}

impl<'n> Keys<'n> {
    /// Those of a mapping; none of anything else.
    pub(super) fn of(node: Option<&'n Node>) -> Self {
        Self { entries: node.and_then(Node::as_map).unwrap_or_default(), known: Vec::new() }
    }

    /// The value under a key, unless it is null.
    pub(super) fn get(&mut self, key: &'static str) -> Option<&'n Node> {
        self.known.push(key);
        let found = self.entries.iter().find(|entry| entry.key.value == key)?;
        Some(&found.value).filter(|node| node.kind != Kind::Null)
    }

    /// Says what nobody has read.
    pub(super) fn rest(self, what: &str, notes: &mut Notes) {
        for entry in self.entries.iter().filter(|entry| !self.known.contains(&entry.key.value.as_str())) {
            let message = format!("`{}` of {what} is not imported", entry.key.value);
            notes.differs("import/left-out", entry.key.span, message);
        }
    }
}

/// The text of a node, or of each of its items.
pub(super) fn texts(node: Option<&Node>) -> Vec<String> {
    let items = node.map(read::items).unwrap_or_default();
    items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// Whether `true` is written.
pub(super) fn is_true(node: Option<&Node>) -> Option<bool> {
    match node?.kind {
        Kind::Bool(value) => Some(value),
        _ => None,
    }
}

/// One mapping over another, deeply; lists are replaced.
pub(super) fn merged(below: Option<&Node>, above: Option<&Node>) -> Option<Node> {
    let (Some(below), Some(above)) = (below, above) else { return above.or(below).cloned() };
    let (Some(old), Some(new)) = (below.as_map(), above.as_map()) else { return Some(above.clone()) };
    let mut all = old.to_vec();
    for entry in new {
        match all.iter_mut().find(|known| known.key.value == entry.key.value) {
            Some(known) => {
                let value =
                    merged(Some(&known.value), Some(&entry.value)).unwrap_or_else(|| entry.value.clone());
                *known = Entry { key: entry.key.clone(), value };
            }
            None => all.push(entry.clone()),
        }
    }
    Some(Node { kind: Kind::Map(all), span: above.span })
}

/// What a node says, wherever it says so: equal for equal values.
pub(super) fn canonical(node: Option<&Node>) -> String {
    match node.map(|node| &node.kind) {
        None | Some(Kind::Null) => "null".into(),
        Some(Kind::Bool(value)) => value.to_string(),
        Some(Kind::Int(value)) => value.to_string(),
        Some(Kind::Float(value)) => value.to_string(),
        Some(Kind::Str { text, .. }) => format!("{text:?}"),
        Some(Kind::Seq(items)) => {
            format!("[{}]", items.iter().map(|item| canonical(Some(item))).collect::<Vec<_>>().join(","))
        }
        Some(Kind::Map(entries)) => {
            let entry = |entry: &Entry| format!("{:?}:{}", entry.key.value, canonical(Some(&entry.value)));
            let mut all: Vec<_> = entries.iter().map(entry).collect();
            all.sort();
            format!("{{{}}}", all.join(","))
        }
    }
}
