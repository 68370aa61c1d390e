//! Values of mutators, which the configuration names and many routes use: they read what every request has.

use http::HeaderName;
use portreeve_diagnostics::{
    Diagnostic, Node, Report, Spanned,
    read::{self, Fields},
};

use super::values::Scope;
use crate::{Encoding, HeaderTemplate, Source, Value, header_template::forbidden, raw::RawText};

/// A caller there may be: a route that has none is found when its names are linked.
const SCOPE: Scope<'static> = Scope { matchers: &[], caller: true, body: false, stored: false };

impl Value {
    /// An expression of a mutator, which reads the caller and the request, but no placeholder of a route's path.
    pub fn of_mutator(node: &Node, what: &str, report: &mut Report) -> Option<Self> {
        let Some(raw) = RawText::of(node) else {
            report.push(read::wrong_type(node, what, "an expression such as `principal.id`"));
            return None;
        };
        let value = SCOPE.compile(&raw, report)?;
        if value.reads(Source::Path) {
            report.push(
                Diagnostic::error(
                    "mutator/no-path",
                    "a mutator serves many routes, and this reads one's path",
                )
                .at(raw.span, "reads `path`")
                .help("write `headers` in the route itself, or read `request.path`"),
            );
            return None;
        }
        Some(value)
    }

    /// An expression, or `{ value: EXPRESSION, encode: text | list | json | json-base64 }`.
    pub fn encoded(node: &Node, what: &str, report: &mut Report) -> Option<(Self, Encoding)> {
        if node.as_map().is_none() {
            return Some((Self::of_mutator(node, what, report)?, Encoding::default()));
        }
        let mut fields = Fields::of(node, "a value of a mutator", report)?;
        let value =
            fields.required("value", report).and_then(|node| Self::of_mutator(node, "`value`", report));
        let encoding = match fields.optional("encode") {
            Some(node) => read::choice(node, "`encode`", &Encoding::NAMES, report),
            None => Some(Encoding::default()),
        };
        fields.finish(report);
        Some((value?, encoding?))
    }
}

impl HeaderTemplate {
    /// A header field of a mutator.
    pub fn of_mutator(name: &Spanned<String>, node: &Node, report: &mut Report) -> Option<Self> {
        let value = Value::encoded(node, &format!("`{}`", name.value), report);
        let name = Self::name_of_mutator(name, report)?;
        let (value, encoding) = value?;
        Some(Self { name, value, encoding })
    }

    /// The name of a header field that a mutator may set or remove.
    pub fn name_of_mutator(name: &Spanned<String>, report: &mut Report) -> Option<HeaderName> {
        let refuse = |why: &str| {
            let message = format!("a mutator cannot change the header `{}`", name.value);
            Diagnostic::error("mutator/header-name", message).at(name.span, why)
        };
        match HeaderName::from_bytes(name.value.as_bytes()) {
            Ok(parsed) => match forbidden(&parsed) {
                Some(why) => {
                    report.push(refuse(why));
                    None
                }
                None => Some(parsed),
            },
            Err(_) => {
                report.push(refuse("not the name of a header field"));
                None
            }
        }
    }
}
