//! Go templates of mutators, those that most people write, as expressions.

use super::{capture::Captures, claims};

/// What a template can speak of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene<'s> {
    /// Whether there is a caller; without one, templates were given empty text.
    pub(super) caller: bool,
    /// Whether what else is known of a caller may be in the `ext` of an introspected token.
    pub(super) ext: bool,
    /// What the captures of the rule's URL are now.
    pub(super) captures: &'s Captures,
}

/// What a template is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expression {
    /// The expression.
    pub(super) text: String,
    /// How its value is written, unless as text.
    pub(super) encode: Option<&'static str>,
    /// Whether it reads the path, which only a route can.
    pub(super) of_route: bool,
}

/// One part of a template's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// As it is.
    Literal(String),
    /// Between `{{` and `}}`.
    Action(String),
}

/// A template whose result is text.
///
/// # Errors
/// What of it there is no expression for.
pub(super) fn text(template: &str, scene: Scene<'_>) -> Result<Expression, String> {
    let pieces = pieces(template)?;
    if let [Piece::Action(action)] = pieces.as_slice() {
        return expression(action, scene);
    }
    joined(&pieces, scene)
}

/// A template whose result is an object of JSON: the names in it, each with its expression.
///
/// # Errors
/// What of it there is no expression for.
pub(super) fn object(template: &str, scene: Scene<'_>) -> Result<Vec<(String, Expression)>, String> {
    claims::object(&pieces(template)?, scene)
}

/// Texts and values one after the other, as text.
pub(super) fn joined(pieces: &[Piece], scene: Scene<'_>) -> Result<Expression, String> {
    let mut all = Expression { text: String::new(), encode: None, of_route: false };
    for piece in pieces {
        let part = match piece {
            Piece::Literal(text) => quoted(text),
            Piece::Action(action) => {
                let one = expression(action, scene)?;
                if one.encode.is_some() {
                    return Err(format!("`{{{{{action}}}}}` is a list or an object in the middle of text"));
                }
                all.of_route |= one.of_route;
                format!("string({})", one.text)
            }
        };
        if !all.text.is_empty() {
            all.text.push_str(" + ");
        }
        all.text.push_str(&part);
    }
    if all.text.is_empty() {
        all.text = quoted("");
    }
    Ok(all)
}

/// Text as a constant of an expression.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// What is between `{{` and `}}`, and what is not; `{{-` and `-}}` take the blanks around them away.
fn pieces(template: &str) -> Result<Vec<Piece>, String> {
    let mut all = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (inner, next) = after.split_once("}}").ok_or("it has a `{{` without an end")?;
        let (inner, before) = match inner.strip_prefix("- ") {
            Some(inner) => (inner, before.trim_end()),
            None => (inner, before),
        };
        let (inner, next) = match inner.strip_suffix(" -") {
            Some(inner) => (inner, next.trim_start()),
            None => (inner, next),
        };
        all.push(Piece::Literal(before.to_owned()));
        if !inner.trim_start().starts_with("/*") {
            all.push(Piece::Action(inner.trim().to_owned()));
        }
        rest = next;
    }
    all.push(Piece::Literal(rest.to_owned()));
    all.retain(|piece| *piece != Piece::Literal(String::new()));
    Ok(all)
}

/// One action.
pub(super) fn expression(action: &str, scene: Scene<'_>) -> Result<Expression, String> {
    let unknown = || format!("there is no expression for `{{{{ {action} }}}}`");
    let words = words(action).ok_or_else(unknown)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let of = |operand: &[&str], encode| {
        let (text, of_route) = operand_of(operand, encode, scene).ok_or_else(unknown)?;
        Ok(Expression { text, encode, of_route })
    };
    match words.as_slice() {
        ["print", operand @ ..] | [operand @ .., "|", "print" | "toString"] | ["toString", operand @ ..] => {
            of(operand, None)
        }
        ["toJson", operand @ ..] | [operand @ .., "|", "toJson"] => of(operand, Some("json")),
        ["join", "\",\"", operand @ ..] | [operand @ .., "|", "join", "\",\""] => of(operand, Some("list")),
        operand => of(operand, None),
    }
}

/// The words of an action: fields, names, numbers, constants, and `|`.
fn words(action: &str) -> Option<Vec<String>> {
    let mut all = Vec::new();
    let mut rest = action.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' => rest.get(1..)?.find('"')? + 2,
            '|' => 1,
            _ => rest.find([' ', '\t', '\n', '|']).unwrap_or(rest.len()),
        };
        let (word, next) = rest.split_at_checked(end)?;
        // Escapes, calls in brackets and assignments are more than is understood here.
        if word.contains(['\\', '(', ')', '$', '`', '\'']) || word.contains(":=") {
            return None;
        }
        all.push(word.to_owned());
        rest = next.trim_start();
    }
    Some(all)
}

/// The expression for what an action prints, and whether only a route can have it.
fn operand_of(words: &[&str], encode: Option<&str>, scene: Scene<'_>) -> Option<(String, bool)> {
    match words {
        [".Subject"] if scene.caller => Some(("principal.id".into(), false)),
        [".Subject"] => Some((quoted(""), false)),
        [".MatchContext.Method"] => Some(("request.method".into(), false)),
        [".MatchContext.URL.Path"] => Some(("request.path".into(), false)),
        [".MatchContext.URL.Host"] => Some(("request.host".into(), false)),
        ["printIndex", ".MatchContext.RegexpCaptureGroups", index] => {
            Some((scene.captures.expression(index.parse().ok()?)?, true))
        }
        [field] if *field == ".Extra" || field.starts_with(".Extra.") => {
            let names: Vec<&str> = field.split('.').skip(2).collect();
            extra(&names, encode, scene)
        }
        ["index", ".Extra", names @ ..] if !names.is_empty() => {
            let names = names.iter().map(|name| name.strip_prefix('"')?.strip_suffix('"'));
            extra(&names.collect::<Option<Vec<_>>>()?, encode, scene)
        }
        [text] if text.starts_with('"') && text.len() >= 2 => Some(((*text).to_owned(), false)),
        _ => None,
    }
}

/// What else is known of the caller. What is not there was printed as empty text.
fn extra(names: &[&str], encode: Option<&str>, scene: Scene<'_>) -> Option<(String, bool)> {
    let empty = match encode {
        Some("list") => "[]",
        Some(_) if names.is_empty() => "{}",
        Some(_) => "null",
        None if names.is_empty() => return None,
        None => "\"\"",
    };
    if !scene.caller {
        return Some((empty.into(), false));
    }
    let path: String = names.iter().map(|name| step(name)).collect();
    match scene.ext {
        false => Some((format!("principal.attr.?extra{path}.orValue({empty})"), false)),
        // Two objects cannot be made one.
        true if names.is_empty() => None,
        true => {
            let both = format!("principal.attr.?extra{path}.or(principal.attr.?ext{path})");
            Some((format!("{both}.orValue({empty})"), false))
        }
    }
}

/// One name further into a value that may not have it.
fn step(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if plain { format!(".?{name}") } else { format!("[?{}]", quoted(name)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(template: &str, caller: bool) -> String {
        let captures = Captures::of([vec![(0, "path.p1".to_owned())]].iter());
        match text(template, Scene { caller, ext: false, captures: &captures }) {
            Ok(one) => {
                let encode = one.encode.map(|encode| format!(" as {encode}")).unwrap_or_default();
                format!("{}{encode}{}", one.text, if one.of_route { " of a route" } else { "" })
            }
            Err(why) => format!("no: {why}"),
        }
    }

    #[test]
    fn what_most_people_write_becomes_an_expression() {
        for (template, expected) in [
            ("", r#""""#),
            ("staff", r#""staff""#),
            ("a\"b", r#""a\"b""#),
            ("{{ print .Subject }}", "principal.id"),
            ("{{ .Subject }}", "principal.id"),
            ("{{.Subject}}", "principal.id"),
            ("{{- .Subject -}}", "principal.id"),
            (" {{- print .Subject }}", "principal.id"),
            ("{{ .Extra.email }}", r#"principal.attr.?extra.?email.orValue("")"#),
            ("{{ print .Extra.a.b }}", r#"principal.attr.?extra.?a.?b.orValue("")"#),
            (r#"{{ index .Extra "a-b" }}"#, r#"principal.attr.?extra[?"a-b"].orValue("")"#),
            ("user:{{ print .Subject }}", r#""user:" + string(principal.id)"#),
            ("{{ toJson .Extra }}", "principal.attr.?extra.orValue({}) as json"),
            ("{{ .Extra.roles | toJson }}", "principal.attr.?extra.?roles.orValue(null) as json"),
            (r#"{{ .Extra.roles | join "," }}"#, "principal.attr.?extra.?roles.orValue([]) as list"),
            (r#"{{ join "," .Extra.roles }}"#, "principal.attr.?extra.?roles.orValue([]) as list"),
            ("{{ printIndex .MatchContext.RegexpCaptureGroups 0 }}", "path.p1 of a route"),
            ("{{ .MatchContext.Method }}", "request.method"),
            ("{{ .MatchContext.URL.Path }}", "request.path"),
            ("a{{/* said to people */}}b", r#""a" + "b""#),
            (r#"{{ "x" }}"#, r#""x""#),
        ] {
            assert_eq!(told(template, true), expected, "{template}");
        }
    }

    #[test]
    fn blanks_are_trimmed_where_the_template_says_so() {
        assert_eq!(told("a {{- \" b\" -}} c", true), r#""a" + string(" b") + "c""#);
    }

    #[test]
    fn where_nobody_is_asked_who_they_are_a_template_was_given_empty_text() {
        for (template, expected) in [
            ("{{ print .Subject }}", r#""""#),
            ("x{{ .Extra.a }}", r#""x" + string("")"#),
            ("{{ toJson .Extra.a }}", "null as json"),
        ] {
            assert_eq!(told(template, false), expected, "{template}");
        }
    }

    #[test]
    fn what_is_not_understood_is_said_and_never_guessed() {
        for template in [
            "{{ .Extra.a | b64enc }}",
            "{{ if .Subject }}a{{ end }}",
            "{{ range .Extra.roles }}{{ . }}{{ end }}",
            "{{ env \"HOME\" }}",
            "{{ (index .Extra \"a\") }}",
            "{{ $x := .Subject }}",
            "{{ .Header }}",
            "{{ .Extra }}",
            "{{ .Other }}",
            "{{ printIndex .MatchContext.RegexpCaptureGroups 7 }}",
            "{{ printf \"%s\" .Subject }}",
            "{{ .Subject",
            "a{{ toJson .Extra }}",
        ] {
            assert!(told(template, true).starts_with("no: "), "{template}: {}", told(template, true));
        }
    }
}
