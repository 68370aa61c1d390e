//! Go's `path.Match`: `*` and `?` do not cross a slash, `[…]` is a class, everything else stands for itself.
//! Nothing is escaped: a backslash has become a slash before a pattern comes here.

/// Does the whole of `name` match? `None` if the pattern is broken in a place that had to be read to know.
pub(super) fn matches(pattern: &str, name: &str) -> Option<bool> {
    let (mut pattern, mut name) = (pattern, name);
    while !pattern.is_empty() {
        let (star, chunk, rest) = next_chunk(pattern);
        pattern = rest;
        if star && chunk.is_empty() {
            return Some(!name.contains('/'));
        }
        match after_chunk(chunk, name, star, rest.is_empty())? {
            Some(left) => name = left,
            None => return Some(false),
        }
    }
    Some(name.is_empty())
}

/// The stars at the start, the text up to the next star that is not in brackets, and the rest.
fn next_chunk(pattern: &str) -> (bool, &str, &str) {
    let body = pattern.trim_start_matches('*');
    let mut in_class = false;
    let end = body.find(|c| {
        in_class = (in_class || c == '[') && c != ']';
        c == '*' && !in_class
    });
    let (chunk, rest) = body.split_at_checked(end.unwrap_or(body.len())).unwrap_or((body, ""));
    (body.len() < pattern.len(), chunk, rest)
}

/// What is left of `name` after `chunk`. With a star before it the chunk may begin further on in the same
/// element; the last chunk has to reach the end.
fn after_chunk<'n>(chunk: &str, name: &'n str, star: bool, last: bool) -> Option<Option<&'n str>> {
    let mut at = name;
    loop {
        if let Some(left) = match_chunk(chunk, at)?
            && (left.is_empty() || !last)
        {
            return Some(Some(left));
        }
        let mut chars = at.chars();
        match chars.next() {
            Some(c) if star && c != '/' => at = chars.as_str(),
            _ => return Some(None),
        }
    }
}

/// What is left of `name` after a chunk without stars, or `Some(None)` if it does not match. The chunk is read
/// to its end in any case, to find what is wrong with it.
fn match_chunk<'n>(chunk: &str, name: &'n str) -> Option<Option<&'n str>> {
    let mut left = Some(name);
    let mut pattern = chunk.chars();
    while let Some(c) = pattern.next() {
        let mut ahead = left.unwrap_or_default().chars();
        let found = ahead.next();
        let fits = match c {
            '[' => class(&mut pattern, found)?,
            '?' => found.is_some_and(|f| f != '/'),
            _ => found == Some(c),
        };
        left = left.filter(|_| fits).map(|_| ahead.as_str());
    }
    Some(left)
}

/// After a `[`: is `found` in the class?
fn class(pattern: &mut std::str::Chars<'_>, found: Option<char>) -> Option<bool> {
    let mut ahead = pattern.clone();
    let negated = ahead.next() == Some('^');
    if negated {
        *pattern = ahead;
    }
    let (mut matched, mut ranges) = (false, 0);
    loop {
        let mut ahead = pattern.clone();
        if ahead.next() == Some(']') && ranges > 0 {
            *pattern = ahead;
            return Some(found.is_some() && matched != negated);
        }
        let low = class_char(pattern)?;
        let mut ahead = pattern.clone();
        let mut high = low;
        if ahead.next() == Some('-') {
            *pattern = ahead;
            high = class_char(pattern)?;
        }
        matched |= found.is_some_and(|f| low <= f && f <= high);
        ranges += 1;
    }
}

/// A character of a class; something has to follow it.
fn class_char(pattern: &mut std::str::Chars<'_>) -> Option<char> {
    let c = pattern.next().filter(|c| !matches!(c, '-' | ']'))?;
    (!pattern.as_str().is_empty()).then_some(c)
}
