//! From the parts of a URL pattern to hosts and path patterns, and conditions for what those cannot say.

mod host;
mod path;
mod token;

use portreeve_route_config::{HostPattern, Pattern};

use super::pattern::Part;
use host::{after_scheme, read_host};
use path::{encoded, read_path};
use token::{Token, written_out};

/// Where requests of a rule go to: one host pattern and one path pattern.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// `a.test`, `*.a.test` or `*`.
    pub(super) host: String,
    /// A path pattern.
    pub(super) path: String,
    /// What must hold besides, or the request is refused.
    pub(super) conditions: Vec<Condition>,
    /// What a capture of the rule's pattern is now: an expression.
    pub(super) captures: Vec<(usize, String)>,
    /// How it is not quite what the rule said. It is never for more requests.
    pub(super) differs: Vec<&'static str>,
}

/// A text that a regular expression must fit, from its beginning to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    /// The attribute that policies know the text by.
    pub(super) name: String,
    /// Where a request has it.
    pub(super) value: String,
    /// The expression.
    pub(super) regex: String,
}

/// Everything a pattern is for.
///
/// # Errors
/// Why patterns and conditions cannot say that.
pub(super) fn places(parts: &[Part]) -> Result<Vec<Place>, String> {
    let mut all: Vec<Place> = Vec::new();
    for tokens in written_out(parts)? {
        let place = place(&tokens)?;
        match all.iter_mut().find(|known| known.host == place.host && known.path == place.path) {
            None => all.push(place),
            Some(known) if known.conditions == place.conditions => {}
            Some(known) => match (known.conditions.as_mut_slice(), place.conditions.as_slice()) {
                ([one], [other]) if one.value == other.value => {
                    one.regex = format!("{}|{}", one.regex, other.regex);
                }
                _ => return Err("its alternatives are told apart by more than one thing".into()),
            },
        }
    }
    match all.split_first() {
        Some((first, rest)) if rest.iter().any(|place| place.conditions != first.conditions) => {
            Err("its alternatives have conditions of their own".into())
        }
        _ => Ok(all),
    }
}

/// Where refusing is enough to keep everybody out of what a pattern could be for: its beginning, and all below.
pub(super) fn covering(url: &str) -> (String, String) {
    let literal = url.split(['<', '>']).next().unwrap_or_default();
    let after = literal.split_once("://").map(|(_, rest)| rest);
    let (host, path) = after.and_then(|rest| rest.split_once('/')).unwrap_or(("*", ""));
    // The last segment may go on with something else.
    let path = if literal == url { path } else { path.rsplit_once('/').map_or("", |(path, _)| path) };
    let segments = path.split('/').filter(|segment| !segment.is_empty()).map(encoded);
    let path: String = segments.map(|segment| format!("/{segment}")).collect();
    let path = Some(format!("{path}/{{rest*}}")).filter(|path| Pattern::parse(path).is_ok());
    let host = host.split(':').next().filter(|host| HostPattern::parse(host).is_ok()).unwrap_or("*");
    (host.to_ascii_lowercase(), path.unwrap_or_else(|| "/{rest*}".into()))
}

fn place(tokens: &[Token<'_>]) -> Result<Place, String> {
    let mut place = Place::default();
    let (host, path) = after_scheme(tokens, &mut place)?;
    read_host(host, &mut place)?;
    read_path(path, &mut place)?;
    HostPattern::parse(&place.host).map_err(|error| format!("`{}` is no host: {error}", place.host))?;
    Pattern::parse(&place.path).map_err(|error| format!("`{}` is no path: {error}", place.path))?;
    Ok(place)
}

#[cfg(test)]
mod tests;
