use crate::{Diagnostic, Entry, Kind, Node, Report, Span, suggest};

/// The keys of one mapping while they are read.
#[derive(Debug)]
pub struct Fields<'n> {
    what: &'static str,
    span: Span,
    entries: &'n [Entry],
    known: Vec<&'static str>,
    /// Those that were read, have no value, and should have.
    blank: Vec<&'n Entry>,
    lenient: bool,
}

impl<'n> Fields<'n> {
    /// The fields of a mapping. `what` names it in messages: `a route`. Anything but a mapping is reported.
    pub fn of(node: &'n Node, what: &'static str, report: &mut Report) -> Option<Self> {
        let Some(entries) = node.as_map() else {
            report.push(super::wrong_type(node, what, "a mapping"));
            return None;
        };
        let (known, blank) = (Vec::new(), Vec::new());
        Some(Self { what, span: node.span, entries, known, blank, lenient: false })
    }

    /// The same, with keys that have no value taken for absent: what Go's readers of YAML do.
    pub fn lenient(node: &'n Node, what: &'static str, report: &mut Report) -> Option<Self> {
        Some(Self { lenient: true, ..Self::of(node, what, report)? })
    }

    /// The value under a key, if it is there. A key without a value is reported in the end: whoever wrote `tls:` did
    /// not mean a listener without it.
    pub fn optional(&mut self, key: &'static str) -> Option<&'n Node> {
        let again = self.known.contains(&key);
        let found = self.section(key);
        let entry = self.entries.iter().find(|entry| entry.key.value == key);
        self.blank.extend(entry.filter(|_| found.is_none() && !again && !self.lenient));
        found
    }

    /// The value under a key below which everything is extra, so that nothing there is the same as no key.
    pub fn section(&mut self, key: &'static str) -> Option<&'n Node> {
        self.present(key).filter(|node| node.kind != Kind::Null)
    }

    /// The value under a key, also when it is null.
    pub fn present(&mut self, key: &'static str) -> Option<&'n Node> {
        self.known.push(key);
        self.entries.iter().find(|entry| entry.key.value == key).map(|entry| &entry.value)
    }

    /// The value under a key; its absence is reported.
    pub fn required(&mut self, key: &'static str, report: &mut Report) -> Option<&'n Node> {
        let found = self.section(key);
        match self.key_span(key).filter(|_| !self.lenient) {
            _ if found.is_some() => {}
            Some(written) => report.push(blank(key, written)),
            None => {
                let message = format!("{} has no `{key}`", self.what);
                let label = format!("`{key}` is missing");
                report.push(Diagnostic::error("config/missing-key", message).at(self.head(), label));
            }
        }
        found
    }

    /// The place of a key as written, for messages about the key and not its value.
    #[must_use]
    pub fn key_span(&self, key: &str) -> Option<Span> {
        self.entries.iter().find(|entry| entry.key.value == key).map(|entry| entry.key.span)
    }

    /// The place of the mapping's first line, for messages about the whole of it.
    #[must_use]
    pub fn head(&self) -> Span {
        match self.entries.first() {
            Some(first) => Span { end: first.value.span.start.max(first.key.span.end), ..first.key.span },
            None => self.span,
        }
    }

    /// Reports every key that nobody asked for, and every one that has no value and should have.
    pub fn finish(self, report: &mut Report) {
        for Entry { key, .. } in &self.blank {
            report.push(blank(&key.value, key.span));
        }
        for entry in self.entries {
            let key = entry.key.value.as_str();
            if self.known.contains(&key) {
                continue;
            }
            let message = format!("unknown key `{key}` in {}", self.what);
            let diagnostic =
                Diagnostic::error("config/unknown-key", message).at(entry.key.span, "unknown key");
            report.push(match suggest::nearest(key, self.known.iter().copied()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help(format!("known keys are {}", super::list(&self.known))),
            });
        }
    }
}

fn blank(key: &str, written: Span) -> Diagnostic {
    Diagnostic::error("config/no-value", format!("`{key}` is given without a value"))
        .at(written, "nothing after it")
        .help("give it a value, or leave the key out")
}

#[cfg(test)]
mod tests {
    use super::{super::tests::tree, *};

    #[test]
    fn a_key_that_nobody_reads_is_reported_with_the_nearest_known_one() {
        let (bundle, node) = tree("upstrem: app\nhost: a\n");
        let mut report = Report::default();
        let mut fields = Fields::of(&node, "a route", &mut report).unwrap();
        assert!(fields.optional("host").is_some());
        assert!(fields.required("upstream", &mut report).is_none());
        fields.finish(&mut report);
        let said: Vec<_> =
            report.findings.iter().map(|d| (d.code, &*d.message, bundle.text(d.span().unwrap()))).collect();
        assert_eq!(said[1], ("config/unknown-key", "unknown key `upstrem` in a route", Some("upstrem")));
        assert_eq!((said[0].0, said[0].1), ("config/missing-key", "a route has no `upstream`"));
        assert_eq!(report.findings[1].help.as_deref(), Some("did you mean `upstream`?"));
    }

    #[test]
    fn a_key_without_a_value_is_reported_unless_nothing_is_what_it_can_have() {
        let (bundle, node) = tree("tls:\nissuer: null\nlog:\nstored: ~\n");
        let mut report = Report::default();
        let mut fields = Fields::of(&node, "a listener", &mut report).unwrap();
        assert!(fields.optional("tls").is_none());
        assert!(fields.required("issuer", &mut report).is_none());
        assert!(fields.optional("issuer").is_none());
        assert!(fields.section("log").is_none());
        assert!(fields.present("stored").is_some());
        fields.finish(&mut report);
        let said: Vec<_> =
            report.findings.iter().map(|d| (&*d.message, bundle.text(d.span().unwrap()))).collect();
        let expected = [
            ("`issuer` is given without a value", Some("issuer")),
            ("`tls` is given without a value", Some("tls")),
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn where_nothing_is_absent_a_key_without_a_value_is_missing() {
        let (_, node) = tree("tls:\nissuer: null\n");
        let mut report = Report::default();
        let mut fields = Fields::lenient(&node, "a listener", &mut report).unwrap();
        assert!(fields.optional("tls").is_none());
        assert!(fields.required("issuer", &mut report).is_none());
        fields.finish(&mut report);
        let said: Vec<_> = report.findings.iter().map(|d| &*d.message).collect();
        assert_eq!(said, ["a listener has no `issuer`"]);
    }
}
