//! How policies are called.

use std::borrow::Cow;

/// What a kind, principal or role is known by: a name made of words has every run of characters that are neither word
/// characters nor dots replaced with `_`; any other name stays as it is.
pub(crate) fn sanitise(name: &str) -> String {
    if !is_words(name) {
        return name.to_owned();
    }
    let mut out = String::with_capacity(name.len());
    let mut in_run = false;
    for c in name.chars() {
        let kept = is_word(c) || c == '.';
        if kept {
            out.push(c);
        } else if !in_run {
            out.push('_');
        }
        in_run = !kept;
    }
    out
}

/// Whether [`sanitise`] would change nothing. Costs no memory.
pub(crate) fn is_clean(name: &str) -> bool {
    name.chars().all(|c| is_word(c) || c == '.') || !is_words(name)
}

/// `^[[:alpha:]][[:word:]@.\-/]*(:[[:alpha:]][[:word:]@.\-/]*)*$`
fn is_words(name: &str) -> bool {
    name.split(':').all(|part| {
        let mut chars = part.chars();
        chars.next().is_some_and(|c| c.is_ascii_alphabetic())
            && chars.all(|c| is_word(c) || matches!(c, '@' | '.' | '-' | '/'))
    })
}

pub(crate) const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The key of a policy: `resource.leave_request.v20210210/acme.hr`.
pub(crate) fn key(family: &str, name: &str, version: &str, scope: &str) -> String {
    let (name, version) = (known(name), known(version));
    let slash = if scope.is_empty() { "" } else { "/" };
    [family, ".", &name, ".v", &version, slash, scope].concat()
}

/// The form that a name is known by.
pub(crate) fn known(name: &str) -> Cow<'_, str> {
    if is_clean(name) { Cow::Borrowed(name) } else { Cow::Owned(sanitise(name)) }
}

/// The scopes above one, nearest first, ending with the root.
pub(crate) fn parents(scope: &str) -> impl Iterator<Item = &str> {
    let mut rest = (!scope.is_empty()).then_some(scope);
    std::iter::from_fn(move || {
        let current = rest?;
        let parent = current.rsplit_once('.').map_or("", |(parent, _)| parent);
        rest = (!current.is_empty() && !parent.is_empty()).then_some(parent);
        Some(parent)
    })
}

/// `^[^!*?\[\]{}]+$`
pub(crate) fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains(['!', '*', '?', '[', ']', '{', '}'])
}

/// `^\w*$`
pub(crate) fn is_version(text: &str) -> bool {
    text.chars().all(is_word)
}

/// `^[\w\-\.]+$`
pub(crate) fn is_set_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| is_word(c) || c == '-' || c == '.')
}

/// `^(^$|\.|[0-9a-zA-Z][\w\-]*(\.\w[\w\-]*)*)$`
pub(crate) fn is_scope(text: &str) -> bool {
    let part = |part: &str, first: bool| {
        let mut chars = part.chars();
        chars.next().is_some_and(|c| c.is_ascii_alphanumeric() || (!first && c == '_'))
            && chars.all(|c| is_word(c) || c == '-')
    };
    text.is_empty() || text == "." || text.split('.').enumerate().all(|(i, p)| part(p, i == 0))
}

/// `^([a-zA-Z][\w\@\.\-]*)*$`
pub(crate) fn is_rule_name(text: &str) -> bool {
    text.chars().next().is_none_or(|c| c.is_ascii_alphabetic())
        && text.chars().all(|c| is_word(c) || matches!(c, '@' | '.' | '-'))
}

/// What is wrong with a name as an identifier of an expression, in Cerbos' words.
pub(crate) fn bad_identifier(name: &str) -> Option<String> {
    const RESERVED: [&str; 4] = ["false", "in", "null", "true"];
    if RESERVED.contains(&name) {
        return Some(format!("\"{name}\" is a reserved keyword and can't be used as an identifier"));
    }
    let mut chars = name.chars();
    let good = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_') && chars.all(is_word);
    (!good).then(|| format!("\"{name}\" is not a valid identifier"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_made_of_words_are_known_by_their_words() {
        for (name, known) in [
            ("album:object", "album_object"),
            ("album/object", "album_object"),
            ("a--b", "a_b"),
            ("a@b.c", "a_b.c"),
            ("/x", "/x"),
            ("1a", "1a"),
            ("a b", "a b"),
            ("a:1", "a:1"),
        ] {
            assert_eq!(sanitise(name), known);
            assert_eq!(is_clean(name), name == known, "{name}");
        }
    }

    #[test]
    fn the_scopes_above_a_scope_end_with_the_root() {
        assert_eq!(parents("a.b.c").collect::<Vec<_>>(), ["a.b", "a", ""]);
        assert_eq!(parents("a").collect::<Vec<_>>(), [""]);
        assert_eq!(parents("").count(), 0);
    }

    #[test]
    fn scopes_and_rule_names_follow_their_patterns() {
        for (scope, good) in [
            ("", true),
            (".", true),
            ("a.b", true),
            ("a._b", true),
            ("_a", false),
            ("a..b", false),
            ("-a", false),
        ] {
            assert_eq!(is_scope(scope), good, "{scope}");
        }
        for (name, good) in [("", true), ("a-1", true), ("1a", false), ("a b", false)] {
            assert_eq!(is_rule_name(name), good, "{name}");
        }
    }
}
