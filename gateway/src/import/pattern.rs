//! The `url` of a rule, taken apart: literals, and what stands between `<` and `>`.

use super::expression::Expression;

/// How the rules of a configuration are matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strategy {
    /// Regular expressions.
    Regexp,
    /// Globs, whose separators are `/` and `.`.
    Glob,
}

/// A part of a URL pattern.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// This very text.
    Literal(String),
    /// What an expression stands for; `group` counts the captures of the whole pattern.
    Dynamic { expression: Expression, group: usize },
}

/// The parts of a pattern.
///
/// # Errors
/// Why it cannot be said in any other way: what is between the brackets, or that they are not balanced.
pub(super) fn parts(url: &str, strategy: Strategy) -> Result<Vec<Part>, String> {
    let mut all = Vec::new();
    let mut group = 0;
    for (dynamic, text) in delimited(url).ok_or("the `<` and `>` of the pattern are not balanced")? {
        if !dynamic {
            all.push(Part::Literal(text.to_owned()));
            continue;
        }
        let expression = match strategy {
            Strategy::Regexp => Expression::read(text),
            Strategy::Glob => regex_of_glob(text).and_then(|regex| Expression::read(&regex)),
        };
        let expression =
            expression.ok_or_else(|| format!("`<{text}>` is more than patterns and conditions can say"))?;
        let own = expression.groups;
        all.push(Part::Dynamic { expression, group });
        group += 1 + own;
    }
    Ok(all)
}

/// What is outside and inside of brackets. Inner brackets belong to what is between the outer ones.
fn delimited(url: &str) -> Option<Vec<(bool, &str)>> {
    let mut all = Vec::new();
    let (mut depth, mut start) = (0_u32, 0);
    for (at, c) in url.char_indices().filter(|(_, c)| matches!(c, '<' | '>')) {
        let outer = match c {
            '<' => depth == 0,
            _ => depth == 1,
        };
        if outer {
            all.push((depth == 1, url.get(start..at)?));
            start = at + 1;
        }
        depth = if c == '<' { depth + 1 } else { depth.checked_sub(1)? };
    }
    all.push((false, url.get(start..)?));
    all.retain(|(dynamic, text)| *dynamic || !text.is_empty());
    (depth == 0).then_some(all)
}

/// A glob as a regular expression. Nothing comes back for what is not one.
fn regex_of_glob(glob: &str) -> Option<String> {
    let mut regex = String::new();
    let mut rest = glob.chars().peekable();
    let mut depth = 0_u32;
    while let Some(c) = rest.next() {
        match c {
            '*' if rest.next_if_eq(&'*').is_some() => regex.push_str(".*"),
            '*' => regex.push_str("[^./]*"),
            '?' => regex.push_str("[^./]"),
            '{' => {
                depth += 1;
                regex.push_str("(?:");
            }
            '}' => {
                depth = depth.checked_sub(1)?;
                regex.push(')');
            }
            ',' if depth > 0 => regex.push('|'),
            '[' => {
                let negated = rest.next_if_eq(&'!').is_some();
                regex.push_str(if negated { "[^" } else { "[" });
                let mut empty = true;
                loop {
                    match rest.next()? {
                        ']' if !empty => break,
                        '-' if !empty => regex.push('-'),
                        inner => regex.push_str(&regex::escape(inner.encode_utf8(&mut [0; 4]))),
                    }
                    empty = false;
                }
                regex.push(']');
            }
            '\\' => regex.push_str(&regex::escape(rest.next()?.encode_utf8(&mut [0; 4]))),
            other => regex.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    (depth == 0).then_some(regex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_set_apart_what_is_dynamic() {
        for (url, expected) in [
            ("http://a/b", Some("http://a/b")),
            ("http://a/<.*>", Some("http://a/|<.*>")),
            ("<a>/<b>", Some("<a>|/|<b>")),
            ("a<b<c>d>e", Some("a|<b<c>d>|e")),
            ("<>", Some("<>")),
            ("a<b", None),
            ("a>b", None),
            ("a<<b>", None),
            ("a>b<", None),
        ] {
            let told = delimited(url).map(|all| {
                let show = |(dynamic, text): &(bool, &str)| {
                    if *dynamic { format!("<{text}>") } else { (*text).into() }
                };
                all.iter().map(show).collect::<Vec<_>>().join("|")
            });
            assert_eq!(told.as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn a_glob_goes_over_separators_only_where_it_says_so() {
        for (glob, text, expected) in [
            ("*", "abc", true),
            ("*", "a/b", false),
            ("*", "a.b", false),
            ("*", "", true),
            ("**", "a/b.c", true),
            ("?", "a", true),
            ("?", "/", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[!a-c]x", "dx", true),
            ("{cat,[bf]at}", "fat", true),
            ("{cat,[bf]at}", "mat", false),
            ("a+b", "a+b", true),
            ("a+b", "aab", false),
            (r"\*", "*", true),
            (r"\*", "a", false),
        ] {
            let regex = regex::Regex::new(&format!("^(?:{})$", regex_of_glob(glob).unwrap())).unwrap();
            assert_eq!(regex.is_match(text), expected, "{glob} {text}");
        }
        for glob in ["{a", "a}", "[a", "\\"] {
            assert_eq!(regex_of_glob(glob), None, "{glob}");
        }
    }

    #[test]
    fn groups_are_counted_over_the_whole_pattern() {
        let groups = |url| {
            let parts = parts(url, Strategy::Regexp).unwrap();
            let group = |part: &Part| match part {
                Part::Dynamic { group, .. } => Some(*group),
                Part::Literal(_) => None,
            };
            parts.iter().filter_map(group).collect::<Vec<_>>()
        };
        assert_eq!(groups("http://<a>/<(b|c)>/<d>"), [0, 1, 3]);
    }
}
