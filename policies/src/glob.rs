//! Patterns over actions, roles and kinds, `:` between the parts.

use std::sync::Arc;

use regex::Regex;

/// A pattern, compiled. `*` is any text without `:`, `**` any text, `?` one character that is not `:`; `[abc]`,
/// `[!a-z]`, `{a,b}` and `\` are what they are elsewhere. `*` alone matches everything.
#[derive(Clone, Debug)]
pub(crate) enum Glob {
    /// Everything.
    Any,
    /// This text.
    Literal(Arc<str>),
    /// Text and stars.
    Stars(Box<[Part]>),
    /// Anything else.
    Regex(Regex),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part {
    Text(char),
    Star,
    Stars,
}

impl Glob {
    /// A name in a rule: it is a pattern only if it holds a `*`.
    pub(crate) fn in_rule(text: &str) -> Option<Self> {
        if text.contains('*') { Self::pattern(text) } else { Some(Self::Literal(text.into())) }
    }

    /// A pattern in any case. `None` if it is not one.
    pub(crate) fn pattern(text: &str) -> Option<Self> {
        if text == "*" || text == "**" {
            return Some(Self::Any);
        }
        if text.contains(['?', '[', ']', '{', '}', '\\', '!']) {
            return Regex::new(&to_regex(text)?).ok().map(Self::Regex);
        }
        if !text.contains('*') {
            return Some(Self::Literal(text.into()));
        }
        let mut parts = Vec::new();
        for c in text.chars() {
            match (c, parts.last()) {
                ('*', Some(Part::Star | Part::Stars)) => {
                    parts.pop();
                    parts.push(Part::Stars);
                }
                ('*', _) => parts.push(Part::Star),
                (c, _) => parts.push(Part::Text(c)),
            }
        }
        Some(Self::Stars(parts.into()))
    }

    /// Whether the text matches.
    #[inline]
    pub(crate) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Literal(literal) => **literal == *text,
            Self::Stars(parts) => stars(parts, text),
            Self::Regex(regex) => regex.is_match(text),
        }
    }

    /// The text, if only one text can match.
    pub(crate) fn literal(&self) -> Option<&Arc<str>> {
        match self {
            Self::Literal(text) => Some(text),
            _ => None,
        }
    }
}

/// Two places to go back to suffice: a `*` ends with its part, so that only the last one matters, and a `**` can take
/// over whatever came before it.
fn stars(parts: &[Part], text: &str) -> bool {
    let (mut part, mut rest) = (0, text);
    let mut star: Option<(usize, &str)> = None;
    let mut any: Option<(usize, &str)> = None;
    loop {
        match (parts.get(part), rest.chars().next()) {
            (Some(Part::Star), _) => {
                star = Some((part, rest));
                part += 1;
            }
            (Some(Part::Stars), _) => {
                (any, star) = (Some((part, rest)), None);
                part += 1;
            }
            (Some(Part::Text(want)), Some(c)) if *want == c => {
                rest = after(rest, c);
                part += 1;
            }
            (None, None) => return true,
            _ => {
                let longer = star.and_then(|(at, from)| {
                    from.chars().next().filter(|c| *c != ':').map(|c| (at, after(from, c)))
                });
                if let Some((at, from)) = longer {
                    (star, part, rest) = (Some((at, from)), at + 1, from);
                } else if let Some((at, from, c)) =
                    any.and_then(|(at, f)| f.chars().next().map(|c| (at, f, c)))
                {
                    let from = after(from, c);
                    (any, star, part, rest) = (Some((at, from)), None, at + 1, from);
                } else {
                    return false;
                }
            }
        }
    }
}

fn after(text: &str, c: char) -> &str {
    text.get(c.len_utf8()..).unwrap_or_default()
}

fn to_regex(glob: &str) -> Option<String> {
    let mut out = String::from(r"(?s)\A(?:");
    let mut depth = 0_usize;
    let mut chars = glob.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' => {
                let mut all = false;
                while chars.next_if_eq(&'*').is_some() {
                    all = true;
                }
                out.push_str(if all { ".*" } else { "[^:]*" });
            }
            '?' => out.push_str("[^:]"),
            '[' => class(&mut chars, &mut out)?,
            '{' => {
                depth += 1;
                out.push_str("(?:");
            }
            '}' if depth > 0 => {
                depth -= 1;
                out.push(')');
            }
            ',' if depth > 0 => out.push('|'),
            '\\' => out.push_str(&regex::escape(&chars.next()?.to_string())),
            c => out.push_str(&regex::escape(&c.to_string())),
        }
    }
    out.push_str(r")\z");
    (depth == 0).then_some(out)
}

fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) -> Option<()> {
    out.push('[');
    if chars.next_if_eq(&'!').is_some() {
        out.push('^');
    }
    let mut empty = true;
    loop {
        match chars.next()? {
            ']' if !empty => break,
            '-' if !empty && chars.peek() != Some(&']') => out.push('-'),
            '\\' => out.push_str(&regex::escape(&chars.next()?.to_string())),
            c if c.is_alphanumeric() => out.push(c),
            c => {
                out.push('\\');
                out.push(c);
            }
        }
        empty = false;
    }
    out.push(']');
    Some(())
}

#[cfg(test)]
mod tests {
    use super::Glob;

    #[test]
    fn a_star_ends_with_its_part_and_two_do_not() {
        for (pattern, yes, no) in [
            ("*", &["", "a", "a:b:c"][..], &[][..]),
            ("view:*", &["view:x", "view:"], &["view", "view:x:y"]),
            ("view:**", &["view:x", "view:x:y"], &["view"]),
            ("*:view", &["a:view"], &["a:b:view", "view"]),
            ("sys*", &["system", "sys"], &["sys:tem"]),
            ("a*b*c:d", &["abc:d", "axbxbxc:d"], &["ab:c:d", "abc:dd"]),
            ("**:x:*", &["a:b:x:y", "a:x:x:y", ":x:"], &["x:y", "a:x:y:z"]),
            ("a?c*", &["abc", "abcd"], &["a:c", "ac"]),
            ("{view,edit}:*", &["view:a", "edit:b"], &["del:a"]),
            ("[!a]*", &["b", "bc"], &["a", "ab"]),
            (r"a\*b", &["a*b"], &["axb"]),
        ] {
            let glob = Glob::in_rule(pattern).unwrap();
            for text in yes {
                assert!(glob.matches(text), "{pattern} {text}");
            }
            for text in no {
                assert!(!glob.matches(text), "{pattern} {text}");
            }
        }
    }

    #[test]
    fn q4_braces_without_a_star_are_literal_in_rules_and_a_pattern_elsewhere() {
        assert!(!Glob::in_rule("{a,b}").unwrap().matches("a"));
        assert!(Glob::in_rule("{a,b}").unwrap().matches("{a,b}"));
        assert!(Glob::pattern("{a,b}").unwrap().matches("a"));
        assert!(Glob::pattern("{a").is_none());
    }
}
