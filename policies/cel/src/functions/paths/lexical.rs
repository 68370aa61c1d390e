//! Slashed paths, cleaned, taken apart and related without looking at any file.

/// The shortest path that means the same: no empty, `.` or inner `..` elements, no slash at the end. `.` if
/// nothing remains.
pub(super) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for element in path.split('/') {
        match element {
            "" | "." => {}
            ".." if kept.last().is_some_and(|last| *last != "..") => {
                kept.pop();
            }
            ".." if rooted => {}
            _ => kept.push(element),
        }
    }
    let joined = kept.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// The last element of a clean path; `/` for the root.
pub(super) fn base(clean: &str) -> &str {
    match clean.rsplit_once('/') {
        Some((_, "")) => "/",
        Some((_, last)) => last,
        None => clean,
    }
}

/// The parent of a clean path.
pub(super) fn dir(path: &str) -> String {
    match path.rsplit_once('/') {
        Some(("", _)) => "/".to_owned(),
        Some((parent, _)) => clean(parent),
        None => ".".to_owned(),
    }
}

/// The way from one clean path to another. `None` if only one begins at the root, or if the way would lead
/// through elements that are not known.
pub(super) fn relative(base: &str, target: &str) -> Option<String> {
    if base == target {
        return Some(".".to_owned());
    }
    if base.starts_with('/') != target.starts_with('/') {
        return None;
    }
    let (base, target) = (elements(base), elements(target));
    let shared = base.iter().zip(&target).take_while(|(a, b)| a == b).count();
    let (up, down) = (base.get(shared..)?, target.get(shared..)?);
    if up.first() == Some(&"..") {
        return None;
    }
    let way: Vec<&str> = up.iter().map(|_| "..").chain(down.iter().copied()).collect();
    Some(way.join("/"))
}

fn elements(clean: &str) -> Vec<&str> {
    clean.split('/').filter(|element| !matches!(*element, "" | ".")).collect()
}
