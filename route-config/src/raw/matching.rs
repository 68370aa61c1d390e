use portreeve_diagnostics::{
    Diagnostic, Node, Report, Span, Spanned,
    read::{self, Fields},
};

use super::RawText;

/// One matcher: `GET /contacts/{id}`, or a mapping.
#[derive(Debug)]
pub(crate) struct RawMatch {
    pub(crate) methods: Vec<Spanned<String>>,
    pub(crate) path: RawText,
    pub(crate) host: Option<Vec<Spanned<String>>>,
    pub(crate) span: Span,
}

impl RawMatch {
    pub(super) fn read_all(node: &Node, report: &mut Report) -> Vec<Self> {
        if node.as_seq().is_some_and(<[Node]>::is_empty) {
            report.push(Diagnostic::error("route/match", "this route matches nothing").at(node.span, ""));
        }
        read::items(node).iter().filter_map(|item| Self::read(item, report)).collect()
    }

    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        if node.as_map().is_some() {
            return Self::read_mapping(node, report);
        }
        let text = RawText::of(node).filter(|_| node.as_str().is_some());
        let Some(text) = text else {
            report.push(read::wrong_type(node, "`match`", "text such as `GET /contacts/{id}`, or a mapping"));
            return None;
        };
        let Some((methods, path)) = text.text.split_once(' ') else {
            report.push(
                Diagnostic::error("route/match", "`match` needs a method and a path")
                    .at(node.span, "one of them is missing")
                    .help("write `GET /contacts/{id}`, or `ANY /contacts/{id}` for every method"),
            );
            return None;
        };
        let mut start = 0;
        let methods = methods
            .split(',')
            .map(|method| {
                let span = text.part(start, start + method.len());
                start += method.len() + 1;
                Spanned::new(method.to_owned(), span)
            })
            .collect();
        let offset = text.text.len() - path.trim_start().len();
        let path = text.tail(offset);
        Some(Self { methods, path, host: None, span: node.span })
    }

    fn read_mapping(node: &Node, report: &mut Report) -> Option<Self> {
        let mut fields = Fields::of(node, "`match`", report)?;
        let methods = fields.required("methods", report);
        let path = fields.required("path", report);
        let host = fields.optional("host").map(|node| read::texts(node, "`host`", report));
        let span = fields.head();
        fields.finish(report);
        let path = path?;
        let text = RawText::of(path).filter(|_| path.as_str().is_some());
        if text.is_none() {
            report.push(read::wrong_type(path, "`path`", "text such as `/contacts/{id}`"));
        }
        Some(Self { methods: read::texts(methods?, "`methods`", report), path: text?, host, span })
    }
}

impl RawText {
    /// The text from an offset on, with its own place.
    pub(super) fn tail(&self, offset: usize) -> Self {
        let span = self.part(offset, self.text.len());
        let inner = self.inner.map(|start| start.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX)));
        Self { text: self.text.get(offset..).unwrap_or_default().to_owned(), span, inner }
    }
}
