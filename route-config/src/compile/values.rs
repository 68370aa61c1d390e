//! Expressions, each checked against what there is where it stands.

use std::sync::Arc;

use http::HeaderName;
use portreeve_cel::syntax::operator_meant;
use portreeve_diagnostics::{Diagnostic, Report, Span, Spanned, suggest};

use crate::{
    Encoding, HeaderTemplate, Matcher, Source, Value,
    header_template::forbidden,
    pattern::Segment,
    raw::{RawText, RawValues},
    value::{Use, Wrong},
};

/// What an expression can read where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    /// Placeholders must be in every one of these.
    pub(super) matchers: &'a [Matcher],
    /// Whether someone proved who they are.
    pub(super) caller: bool,
    /// Whether the body is read.
    pub(super) body: bool,
    /// Whether there is a stored resource.
    pub(super) stored: bool,
}

impl Scope<'_> {
    pub(super) fn compile(&self, raw: &RawText, report: &mut Report) -> Option<Value> {
        match Value::compile(&raw.text, raw.span) {
            Ok(value) => {
                let mut wrong =
                    value.uses().into_iter().filter_map(|found| self.check(&found, raw)).peekable();
                let ok = wrong.peek().is_none();
                wrong.for_each(|wrong| report.push(wrong));
                ok.then_some(value)
            }
            Err(wrong) => {
                wrong.iter().for_each(|wrong| report.push(not_an_expression(raw, wrong)));
                None
            }
        }
    }

    /// Header fields with expressions.
    pub(super) fn headers(&self, raw: &RawValues, report: &mut Report) -> Box<[HeaderTemplate]> {
        raw.iter()
            .filter_map(|(name, text)| {
                let value = self.compile(text, report);
                let refuse = |why: &str| {
                    Diagnostic::error(
                        "route/header-name",
                        format!("a route cannot set the header `{}`", name.value),
                    )
                    .at(name.span, why)
                };
                let Ok(parsed) = HeaderName::from_bytes(name.value.as_bytes()) else {
                    report.push(refuse("not the name of a header field"));
                    return None;
                };
                if let Some(why) = forbidden(&parsed) {
                    report.push(refuse(why));
                    return None;
                }
                Some(HeaderTemplate { name: parsed, value: value?, encoding: Encoding::default() })
            })
            .collect()
    }

    fn check(&self, found: &Use, raw: &RawText) -> Option<Diagnostic> {
        let source = found.source;
        if let Some(wrong) = self.check_source(source) {
            let place = raw.part(found.root, found.root + source.name().len());
            return Some(wrong.at(place, format!("there is no `{source}` here")));
        }
        self.check_key(source, found.key.as_deref()?, raw.part(found.start, found.end))
    }

    /// Whether a placeholder can stand for several segments, or for none.
    pub(super) fn is_rest(&self, name: &str) -> bool {
        let rest = |segment: &Segment| matches!(segment, Segment::Rest(known) if **known == *name);
        self.matchers.iter().any(|matcher| matcher.pattern.segments().iter().any(rest))
    }

    fn check_source(&self, source: Source) -> Option<Diagnostic> {
        let wrong = |code, message: &str, help: &str| Some(Diagnostic::error(code, message).help(help));
        match source {
            Source::Principal | Source::Claims if !self.caller => wrong(
                "route/no-caller",
                "nobody is asked who they are on a public route",
                "drop the value, or the `access: public`",
            ),
            Source::Stored if !self.stored => wrong(
                "route/no-stored",
                "there is no stored resource here",
                "`stored` is what `load` fetches; `select` and `attr` can read it",
            ),
            Source::Body if !self.body => {
                wrong("route/no-body", "the body is not read here", "`attr` and `id` can read the body")
            }
            _ => None,
        }
    }

    fn check_key(&self, source: Source, key: &str, place: Span) -> Option<Diagnostic> {
        match source {
            Source::Path => self.check_placeholder(key, place),
            Source::Headers => {
                let name = HeaderName::from_bytes(key.as_bytes()).ok();
                name.is_none_or(|name| name.as_str() != key).then(|| {
                    Diagnostic::error(
                        "route/header-name",
                        format!("`{key}` is not the name of a header field"),
                    )
                    .at(place, "names are in lower case here")
                })
            }
            _ => {
                let fields = source.fields()?;
                (!fields.contains(&key)).then(|| {
                    let wrong =
                        Diagnostic::error("route/unknown-field", format!("`{source}` has no `{key}`"))
                            .at(place, "unknown");
                    suggested(wrong, key, fields.iter().copied())
                })
            }
        }
    }

    pub(super) fn check_placeholder(&self, name: &str, place: Span) -> Option<Diagnostic> {
        let without = self.matchers.iter().find(|m| !m.pattern.names().any(|known| **known == *name))?;
        let message = format!("the path has no placeholder `{name}`");
        let wrong = Diagnostic::error("route/unknown-placeholder", message)
            .at(place, "unknown")
            .at(without.span, "not in this path");
        Some(suggested(wrong, name, without.pattern.names().map(|known| &**known)))
    }
}

/// The nearest name, or all there are.
pub(super) fn suggested<'a>(
    wrong: Diagnostic,
    name: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Diagnostic {
    if let Some(near) = suggest::nearest(name, known.clone()) {
        return wrong.help(format!("did you mean `{near}`?"));
    }
    let all: Vec<_> = known.map(|name| format!("`{name}`")).collect();
    if all.is_empty() { wrong } else { wrong.help(format!("there is {}", all.join(", "))) }
}

fn not_an_expression(raw: &RawText, wrong: &Wrong) -> Diagnostic {
    if raw.text.trim().is_empty() {
        let found = Diagnostic::error("config/empty", "an expression is empty").at(raw.span, "empty");
        return found.help("write `'\"\"'` for an empty text");
    }
    let found = Diagnostic::error("route/expression", wrong.message.as_str())
        .at(raw.part(wrong.start, wrong.end), "in this expression");
    if let Some(index) = with_hyphens(&raw.text) {
        return found.help(format!("write `{index}`: after a dot, `-` is a minus sign"));
    }
    let word = raw.text.get(wrong.start..wrong.end).unwrap_or_default();
    if let Some(meant) = operator_meant(word) {
        return found.help(format!("did you mean `{meant}`?"));
    }
    if let Some(near) = suggest::nearest(word, Source::ALL.map(Source::name)) {
        return found.help(format!("did you mean `{near}`?"));
    }
    if raw.text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
        let text = &raw.text;
        return found.help(format!("write `'\"{text}\"'` for that text, or `path.{text}` for a placeholder"));
    }
    found
}

/// What was meant where a name with hyphens follows a dot, as in `headers.x-region`.
fn with_hyphens(text: &str) -> Option<String> {
    Source::ALL.iter().find_map(|source| {
        let (_, rest) = text.split_once(&format!("{source}."))?;
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_'));
        let name = rest.get(..end.unwrap_or(rest.len()))?;
        let words = || name.split('-');
        let hyphens = words().count() > 1 && words().all(|word| !word.is_empty());
        hyphens.then(|| format!("{source}['{name}']"))
    })
}

/// Shares a text.
pub(super) fn shared(text: &Spanned<String>) -> Spanned<Arc<str>> {
    Spanned::new(text.value.as_str().into(), text.span)
}
