use portreeve_diagnostics::{Diagnostic, Node, Report, Spanned, read};

/// The fields of a policy's mapping. Each can be written `likeThis` or `like_this`, and once.
pub(crate) struct Fields<'n> {
    node: &'n Node,
    inner: read::Fields<'n>,
}

impl<'n> Fields<'n> {
    pub(crate) fn of(node: &'n Node, what: &'static str, report: &mut Report) -> Option<Self> {
        Some(Self { node, inner: read::Fields::of(node, what, report)? })
    }

    /// A field with one spelling.
    pub(crate) fn one(&mut self, name: &'static str) -> Option<&'n Node> {
        self.inner.optional(name)
    }

    /// A field with two spellings.
    pub(crate) fn either(
        &mut self,
        camel: &'static str,
        snake: &'static str,
        report: &mut Report,
    ) -> Option<&'n Node> {
        let (one, other) = (self.inner.optional(camel), self.inner.optional(snake));
        if let (Some(_), Some(other)) = (one, other) {
            let message = format!("`{camel}` and `{snake}` are one field");
            report
                .push(Diagnostic::error("policy/field-twice", message).at(other.span, "written again here"));
        }
        one.or(other)
    }

    pub(crate) fn required(&mut self, name: &'static str, report: &mut Report) -> Option<&'n Node> {
        self.inner.required(name, report)
    }

    pub(crate) fn text(&mut self, name: &'static str, report: &mut Report) -> Option<Spanned<String>> {
        self.one(name).and_then(|node| read::text(node, &format!("`{name}`"), report))
    }

    pub(crate) fn required_text(
        &mut self,
        name: &'static str,
        report: &mut Report,
    ) -> Option<Spanned<String>> {
        let text =
            self.required(name, report).and_then(|node| read::text(node, &format!("`{name}`"), report))?;
        if text.value.is_empty() {
            report.push(
                Diagnostic::error("policy/empty", format!("`{name}` is empty"))
                    .at(text.span, "a value is required"),
            );
            return None;
        }
        Some(text)
    }

    pub(crate) fn finish(self, report: &mut Report) {
        self.inner.finish(report);
    }

    pub(crate) const fn node(&self) -> &'n Node {
        self.node
    }
}

/// A list; anything else is reported.
pub(crate) fn list<'n>(node: &'n Node, what: &str, report: &mut Report) -> &'n [Node] {
    if let Some(items) = node.as_seq() {
        return items;
    }
    report.push(read::wrong_type(node, what, "a list"));
    &[]
}

/// A list of texts, each once and none empty.
pub(crate) fn texts(node: &Node, what: &str, report: &mut Report) -> Vec<Spanned<String>> {
    let mut texts: Vec<Spanned<String>> = Vec::new();
    for item in list(node, what, report) {
        let Some(text) = read::text(item, &format!("an item of {what}"), report) else { continue };
        if text.value.is_empty() {
            report.push(
                Diagnostic::error("policy/empty", format!("an item of {what} is empty"))
                    .at(text.span, "empty"),
            );
        } else if let Some(first) = texts.iter().find(|first| first.value == text.value) {
            let message = format!("`{}` is in {what} twice", text.value);
            report.push(
                Diagnostic::error("policy/repeated", message).at(text.span, "again").at(first.span, "first"),
            );
        } else {
            texts.push(text);
        }
    }
    texts
}
