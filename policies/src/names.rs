/// A resource's or principal's name as policies are found by it (Cerbos' rule): in a name that looks like an
/// identifier, runs of other characters than letters, digits, `_` and `.` become one `_`.
pub(crate) fn sanitise(name: &str) -> String {
    if !is_plain(name) {
        return name.to_owned();
    }
    let mut out = String::with_capacity(name.len());
    let mut replaced = false;
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') {
            out.push(c);
            replaced = false;
        } else if !replaced {
            out.push('_');
            replaced = true;
        }
    }
    out
}

/// `^[[:alpha:]][[:word:]@.\-/]*(:[[:alpha:]][[:word:]@.\-/]*)*$`
fn is_plain(name: &str) -> bool {
    name.split(':').all(|part| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '@' | '.' | '-' | '/'))
    })
}

/// Whether two names are one after [`sanitise`], without making either.
pub(crate) fn same(name: &str, sanitised: &str) -> bool {
    if !name.contains(['@', '-', '/', ':']) {
        return name == sanitised;
    }
    sanitise(name) == sanitised
}

/// `acme.hr.uk`, `acme.hr`, `acme`, and the root.
pub(crate) fn scopes(scope: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(scope), |scope| {
        if scope.is_empty() { None } else { Some(scope.rsplit_once('.').map_or("", |(parent, _)| parent)) }
    })
}

/// `.` is another way to write the root.
pub(crate) fn root_alias(scope: &str) -> &str {
    scope.strip_prefix('.').unwrap_or(scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_like_identifiers_are_sanitised() {
        for (name, expected) in [
            ("album:object", "album_object"),
            ("album/object", "album_object"),
            ("album-object", "album_object"),
            ("a--b", "a_b"),
            ("/x", "/x"),
            ("1a", "1a"),
            ("a.b", "a.b"),
        ] {
            assert_eq!(sanitise(name), expected);
            assert!(same(name, expected));
        }
    }

    #[test]
    fn scopes_end_in_the_root() {
        assert_eq!(scopes("a.b").collect::<Vec<_>>(), ["a.b", "a", ""]);
        assert_eq!(scopes("").collect::<Vec<_>>(), [""]);
    }
}
