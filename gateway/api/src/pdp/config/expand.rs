//! `${VAR}`, `${VAR:default}`, `$VAR` and `$$` in the values of a configuration.
//!
//! As Cerbos does it: the text is read as YAML first, so comments and keys are left alone, and what a value has become
//! is read as YAML once more, so that `${PORT:3592}` is a number. Messages show what was written and never what a
//! variable holds.

use portreeve_diagnostics::{Bundle, Diagnostic, Kind, Node, Report, SourceFile, Span, yaml};

/// What an environment variable holds.
pub(super) type LookUp<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Puts in what variables stand for. A variable that is neither set nor has a default is reported.
pub(super) fn expand(node: &mut Node, variables: LookUp<'_>, report: &mut Report) {
    match &mut node.kind {
        Kind::Map(entries) => {
            entries.iter_mut().for_each(|entry| expand(&mut entry.value, variables, report));
        }
        Kind::Seq(items) => items.iter_mut().for_each(|item| expand(item, variables, report)),
        Kind::Str { text, .. } if text.contains('$') => match expanded(text, variables) {
            Ok(text) => node.kind = read_again(text, node.span),
            Err(name) => report.push(missing(&name, node.span)),
        },
        _ => {}
    }
}

/// The text with its variables put in; the error is the name of one that has no value.
fn expanded(text: &str, variables: LookUp<'_>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            after
        } else if let Some((inner, after)) = after.strip_prefix('{').and_then(|after| after.split_once('}')) {
            out.push_str(&value(inner, variables)?);
            after
        } else {
            let end = name_end(after);
            let (name, after) = after.split_at_checked(end).unwrap_or((after, ""));
            match name {
                "" => out.push('$'),
                name => out.push_str(&value(name, variables)?),
            }
            after
        };
    }
    out.push_str(rest);
    Ok(out)
}

/// Where the name of a variable ends: letters, digits and `_`, no digit first.
fn name_end(text: &str) -> usize {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

fn value(inner: &str, variables: LookUp<'_>) -> Result<String, String> {
    let (name, default) = inner.split_once(':').unwrap_or((inner, ""));
    match (variables(name), default) {
        (Some(value), _) => Ok(value),
        (None, "") => Err(name.to_owned()),
        (None, "\"\"") => Ok(String::new()),
        (None, default) => Ok(default.to_owned()),
    }
}

/// What the text is as YAML: a number, a list, or the text itself.
fn read_again(text: String, span: Span) -> Kind {
    let file = SourceFile { name: "".into(), text: text.as_str().into() };
    let bundle = Bundle { revision: "".into(), files: vec![file] };
    match yaml::read(&bundle, 0).map(|mut documents| (documents.pop(), documents.is_empty())) {
        Ok((Some(mut node), true)) => {
            place_at(&mut node, span);
            node.kind
        }
        _ => Kind::Str { text, plain: false },
    }
}

fn place_at(node: &mut Node, span: Span) {
    node.span = span;
    match &mut node.kind {
        Kind::Map(entries) => entries.iter_mut().for_each(|entry| {
            entry.key.span = span;
            place_at(&mut entry.value, span);
        }),
        Kind::Seq(items) => items.iter_mut().for_each(|item| place_at(item, span)),
        _ => {}
    }
}

fn missing(name: &str, span: Span) -> Diagnostic {
    let message = format!("the environment variable `{name}` is not set, and there is no default");
    Diagnostic::error("pdp/unset-variable", message).at(span, "needs it").help(format!(
        "set it, or write `${{{name}:default}}` (`${{{name}:\"\"}}` for nothing); a `$` itself is written `$$`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_put_in_and_two_dollars_are_one() {
        let variables = |name: &str| (name == "A").then(|| "one".to_owned());
        for (text, expected) in [
            ("x$A.y", Ok("xone.y")),
            ("${A}", Ok("one")),
            ("${A:two}", Ok("one")),
            ("${B:two:three}", Ok("two:three")),
            ("${B:\"\"}|", Ok("|")),
            ("$$A $$", Ok("$A $")),
            ("a$ $1 ${A", Ok("a$ $1 ${A")),
            ("${B}", Err("B")),
            ("${B:}", Err("B")),
            ("$B", Err("B")),
        ] {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(expanded(text, &variables), expected, "{text}");
        }
    }

    #[test]
    fn what_was_put_in_is_read_as_yaml() {
        for (text, kind) in [
            ("3592", Kind::Int(3592)),
            ("true", Kind::Bool(true)),
            ("a: b: c", Kind::Str { text: "a: b: c".into(), plain: false }),
        ] {
            assert_eq!(read_again(text.into(), Span::default()), kind, "{text}");
        }
    }
}
