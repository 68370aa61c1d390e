//! The plain expressions, which are most of them: a constant, or names one after the other.

use portreeve_cel::Value as Cel;

use super::Source;

/// An expression that needs no evaluator.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Plain {
    Constant(Cel),
    Selection(Source, Box<[Box<str>]>),
}

/// Reads a plain expression; nothing when it is not one, whatever else it may be.
pub(crate) fn plain(text: &str) -> Option<Plain> {
    let text = text.trim();
    constant(text).map(Plain::Constant).or_else(|| selection(text))
}

fn constant(text: &str) -> Option<Cel> {
    match text {
        "true" => return Some(Cel::Bool(true)),
        "false" => return Some(Cel::Bool(false)),
        "null" => return Some(Cel::Null),
        _ => {}
    }
    if let Some(text) = quoted(text) {
        return Some(Cel::from(text));
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit())
        || !digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        || (digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0."))
        || digits.ends_with('.')
    {
        return None;
    }
    // Every number in a policy's attributes is a double.
    text.parse().map(Cel::Double).ok()
}

/// The inside of a string literal without escapes.
fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inside = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inside.contains([quote, '\\', '\n'])).then_some(inside)
}

fn selection(text: &str) -> Option<Plain> {
    let (root, mut rest) = name(text)?;
    let source = Source::named(root)?;
    let mut keys = Vec::new();
    while !rest.is_empty() {
        let (key, after) = match rest.strip_prefix('.') {
            Some(after) => name(after)?,
            None => {
                let (inside, after) = rest.strip_prefix('[')?.split_once(']')?;
                (quoted(inside)?, after)
            }
        };
        keys.push(key.into());
        rest = after;
    }
    (!keys.is_empty()).then(|| Plain::Selection(source, keys.into()))
}

fn name(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end)?;
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins_well.then_some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::{Cel, Plain, Source, plain};

    #[test]
    fn constants_and_selections_need_no_evaluator() {
        let selection = |source, keys: &[&str]| {
            Some(Plain::Selection(source, keys.iter().map(|k| Box::from(*k)).collect()))
        };
        for (text, expected) in [
            ("path.id", selection(Source::Path, &["id"])),
            ("headers['x-region']", selection(Source::Headers, &["x-region"])),
            ("claims[\"https://a.test/roles\"].x", selection(Source::Claims, &["https://a.test/roles", "x"])),
            ("body.a.b", selection(Source::Body, &["a", "b"])),
            ("\"new\"", Some(Plain::Constant("new".into()))),
            ("'new'", Some(Plain::Constant("new".into()))),
            ("12", Some(Plain::Constant(Cel::Double(12.0)))),
            ("-1.5", Some(Plain::Constant(Cel::Double(-1.5)))),
            ("true", Some(Plain::Constant(Cel::Bool(true)))),
            ("body", None),
            ("path.id + 'x'", None),
            ("query.?region.orValue('EU')", None),
            ("'a' + 'b'", None),
            ("'it\\'s'", None),
            ("012", None),
            ("1.2.3", None),
            ("-", None),
            ("body.items[0]", None),
            ("principal.roles.join(',')", None),
            ("unknown.id", None),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }
}
