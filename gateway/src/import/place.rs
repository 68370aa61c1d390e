//! From the parts of a URL pattern to hosts and path patterns, and conditions for what those cannot say.

use portreeve_route_config::{HostPattern, Pattern};

use super::{expression::Expression, pattern::Part};

/// The most places that one rule becomes.
const MOST: usize = 64;

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

#[derive(Clone, Copy, Debug)]
enum Token<'p> {
    Char(char),
    Dynamic(&'p Expression, usize),
}

/// Every way to write out those parts that stand for a few texts.
fn written_out(parts: &[Part]) -> Result<Vec<Vec<Token<'_>>>, String> {
    let mut all: Vec<Vec<Token<'_>>> = vec![Vec::new()];
    for part in parts {
        let texts: Vec<Vec<Token<'_>>> = match part {
            Part::Literal(text) => vec![text.chars().map(Token::Char).collect()],
            Part::Dynamic { expression, group } => match expression.texts() {
                Some(texts) => texts.iter().map(|text| text.chars().map(Token::Char).collect()).collect(),
                None => vec![vec![Token::Dynamic(expression, *group)]],
            },
        };
        let mut longer = Vec::with_capacity(all.len() * texts.len());
        for start in &all {
            longer.extend(texts.iter().map(|end| start.iter().chain(end).copied().collect()));
        }
        all = longer;
        if all.len() > MOST {
            return Err(format!("it stands for more than {MOST} different paths"));
        }
    }
    Ok(all)
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

/// Takes off the scheme, and tells the host from the path.
fn after_scheme<'t, 'p>(
    tokens: &'t [Token<'p>],
    place: &mut Place,
) -> Result<(&'t [Token<'p>], &'t [Token<'p>]), String> {
    let is = |token: &Token<'_>, wanted| matches!(token, Token::Char(c) if *c == wanted);
    let colon = tokens
        .windows(3)
        .position(|three| three.iter().zip([':', '/', '/']).all(|(token, wanted)| is(token, wanted)));
    let rest = match (colon, tokens) {
        (Some(at), _) => {
            let scheme: Option<String> = text(tokens.get(..at).unwrap_or_default());
            let any = matches!(tokens.get(..at), Some([Token::Dynamic(one, _)]) if one.is_anything() || one.is_segment());
            if !any && !scheme.as_deref().is_some_and(|scheme| matches!(scheme, "http" | "https")) {
                return Err("its scheme is neither `http` nor `https`".into());
            }
            tokens.get(at + 3..).unwrap_or_default()
        }
        // `<.*>/path`, `<.*>`: scheme and host are anything.
        (None, [Token::Dynamic(one, _), rest @ ..]) if one.is_anything() => {
            if !rest.is_empty() && !rest.first().is_some_and(|token| is(token, '/')) {
                return Err("it does not say where its host ends".into());
            }
            if !rest.is_empty() {
                place.differs.push(BEFORE);
            }
            tokens
        }
        _ => return Err("it is not the pattern of a URL".into()),
    };
    let slash = rest.iter().position(|token| is(token, '/')).unwrap_or(rest.len());
    Ok(rest.split_at(slash))
}

const BEFORE: &str = "what stands for the host could be a part of the path too, and is the host alone now";
const ONE: &str = "`<.*>` between two slashes could be several segments, and is one now";
const BELOW: &str =
    "`<.*>` after the beginning of a segment could go on in it; now it is that segment and all below it";
const PORT: &str = "the port of its URL plays no part any more";
const AFTER: &str = "`<.*>` after the host could go on in its name; now it is that host alone";

fn text(tokens: &[Token<'_>]) -> Option<String> {
    let char = |token: &Token<'_>| match token {
        Token::Char(c) => Some(*c),
        Token::Dynamic(..) => None,
    };
    tokens.iter().map(char).collect()
}

fn read_host(tokens: &[Token<'_>], place: &mut Place) -> Result<(), String> {
    let digits = |from: char, to: char| !(from >= '0' && to <= ':');
    let mut tokens = tokens;
    // A port, or what can only be one.
    let port = tokens.iter().position(|token| match token {
        Token::Char(c) => *c == ':',
        Token::Dynamic(one, _) => !one.can_have(digits),
    });
    if let Some(at) = port.filter(|at| *at > 0) {
        place.differs.push(PORT);
        tokens = tokens.get(..at).unwrap_or_default();
    }
    if let Some(name) = text(tokens) {
        place.host = name.to_ascii_lowercase();
        return if name.is_empty() { Err("it has no host".into()) } else { Ok(()) };
    }
    match tokens {
        [Token::Dynamic(one, _)] if one.is_anything() || one.is_segment() => {
            place.host = "*".into();
            if one.can_cross() && !place.differs.contains(&BEFORE) {
                place.differs.push(BEFORE);
            }
        }
        [Token::Dynamic(one, _), Token::Char('.'), rest @ ..]
            if text(rest).is_some() && (one.is_anything() || one.is_segment()) =>
        {
            place.host = format!("*.{}", text(rest).unwrap_or_default().to_ascii_lowercase());
            if one.can_cross() {
                place.differs.push(BEFORE);
            }
        }
        [start @ .., Token::Dynamic(one, _)] if one.is_anything() && text(start).is_some() => {
            place.host = text(start).unwrap_or_default().to_ascii_lowercase();
            place.differs.push(AFTER);
        }
        [Token::Dynamic(..), Token::Char('.'), rest @ ..] if text(rest).is_some() => {
            place.host = format!("*.{}", text(rest).unwrap_or_default().to_ascii_lowercase());
            let host = host_condition(tokens, place);
            place.conditions.push(host);
        }
        _ => {
            place.host = "*".into();
            let host = host_condition(tokens, place);
            place.conditions.push(host);
        }
    }
    Ok(())
}

fn condition(name: &str, value: &str, tokens: &[Token<'_>]) -> Result<Condition, String> {
    let crosses = tokens.iter().find_map(|token| match token {
        Token::Dynamic(one, _) if one.can_cross() && !one.is_anything() => Some(&one.text),
        _ => None,
    });
    match crosses {
        Some(text) => Err(format!("`<{text}>` goes over several segments")),
        None => Ok(Condition { name: name.into(), value: value.into(), regex: regex(tokens) }),
    }
}

/// What the host must be: there is no slash in one, whatever the expression could go over.
fn host_condition(tokens: &[Token<'_>], place: &mut Place) -> Condition {
    let crosses = |token: &Token<'_>| matches!(token, Token::Dynamic(one, _) if one.can_cross());
    if tokens.iter().any(crosses) {
        place.differs.push(BEFORE);
    }
    Condition { name: "host".into(), value: "request.host".into(), regex: regex(tokens) }
}

fn regex(tokens: &[Token<'_>]) -> String {
    let one = |token: &Token<'_>| match token {
        Token::Char(c) => regex::escape(c.encode_utf8(&mut [0; 4])),
        Token::Dynamic(one, _) => format!("(?:{})", one.text),
    };
    tokens.iter().map(one).collect()
}

fn read_path(tokens: &[Token<'_>], place: &mut Place) -> Result<(), String> {
    let mut segments: Vec<&[Token<'_>]> = tokens.split(|token| matches!(token, Token::Char('/'))).collect();
    if tokens.is_empty() {
        // The host ran to the end of the pattern; where it was anything, so is the path.
        let anything = place.host == "*" || place.differs.contains(&AFTER);
        place.path = if anything { "/{rest*}".into() } else { "/".into() };
        place.differs.retain(|differs| *differs != BEFORE);
        return Ok(());
    }
    segments.remove(0);
    let last = segments.len().saturating_sub(1);
    for (index, segment) in segments.into_iter().enumerate() {
        read_segment(segment, index == last, place)?;
    }
    Ok(())
}

fn read_segment(segment: &[Token<'_>], last: bool, place: &mut Place) -> Result<(), String> {
    if let Some(literal) = text(segment) {
        place.path.push('/');
        place.path.push_str(&encoded(&literal));
        return Ok(());
    }
    match segment {
        [Token::Dynamic(one, group)] if one.is_segment() => place.capture(*group),
        [Token::Dynamic(one, group)] if one.is_anything() && last => {
            if place.path.is_empty() && one.may_be_empty() {
                place.path.push_str(&format!("/{{p{}*}}", group + 1));
                place.captures.push((*group, format!("path.p{}", group + 1)));
                return Ok(());
            }
            // Something must follow the slash, as it must in a path without the slash at its end.
            let name = format!("p{}", group + 1);
            place.path.push_str(&format!("/{{{name}}}/{{{name}_rest*}}"));
            let both =
                format!("path.{name}_rest == \"\" ? path.{name} : path.{name} + \"/\" + path.{name}_rest");
            place.captures.push((*group, both));
        }
        [Token::Dynamic(one, group)] if one.is_anything() => {
            place.capture(*group);
            place.differs.push(ONE);
        }
        [start @ .., Token::Dynamic(one, _)] if last && one.is_below() && text(start).is_some() => {
            place.below(start);
        }
        [start @ .., Token::Dynamic(one, _)]
            if last && one.is_anything() && !start.is_empty() && text(start).is_some() =>
        {
            place.below(start);
            place.differs.push(BELOW);
        }
        _ => place.constrained(segment)?,
    }
    Ok(())
}

impl Place {
    fn capture(&mut self, group: usize) {
        let name = format!("p{}", group + 1);
        self.path.push_str(&format!("/{{{name}}}"));
        self.captures.push((group, format!("path.{name}")));
    }

    /// A segment and all below it.
    fn below(&mut self, start: &[Token<'_>]) {
        self.path.push_str(&format!("/{}/{{rest*}}", encoded(&text(start).unwrap_or_default())));
    }

    /// A segment that a condition is about.
    fn constrained(&mut self, segment: &[Token<'_>]) -> Result<(), String> {
        let group = |token: &Token<'_>| match token {
            Token::Dynamic(_, group) => Some(*group),
            Token::Char(_) => None,
        };
        let first = segment.iter().find_map(group).unwrap_or_default();
        let name = format!("p{}", first + 1);
        let anything = |token: &Token<'_>| matches!(token, Token::Dynamic(one, _) if one.is_anything());
        if segment.iter().any(anything) {
            self.differs.push(ONE);
        }
        self.conditions.push(condition(&name, &format!("path.{name}"), segment)?);
        match segment {
            [Token::Dynamic(..)] => self.capture(first),
            _ => self.path.push_str(&format!("/{{{name}}}")),
        }
        Ok(())
    }
}

/// Literal text as a path pattern has it: percent-encoded wherever it could mean anything else.
fn encoded(text: &str) -> String {
    let as_it_is = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@+,=!$&'()".contains(&byte);
    let one = |byte: u8| match as_it_is(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::pattern::{Strategy, parts};

    fn told(url: &str, strategy: Strategy) -> String {
        let found = parts(url, strategy).and_then(|parts| places(&parts));
        let one = |place: &Place| {
            let conditions: String =
                place.conditions.iter().map(|c| format!(" if {} ~ {}", c.value, c.regex)).collect();
            let differs = if place.differs.is_empty() { "" } else { " differs" };
            format!("{}{}{conditions}{differs}", place.host, place.path)
        };
        match found {
            Ok(found) => found.iter().map(one).collect::<Vec<_>>().join(", "),
            Err(why) => format!("no: {why}"),
        }
    }

    #[test]
    fn a_regular_expression_becomes_a_pattern_that_is_never_for_more() {
        for (url, expected) in [
            ("http://a.test/x", "a.test/x"),
            ("https://A.test/x/y", "a.test/x/y"),
            ("http://a.test:8080/x", "a.test/x differs"),
            ("http://a.test/", "a.test/"),
            ("http://a.test/users/<[^/]+>", "a.test/users/{p1}"),
            ("http://a.test/<[^/]+>/x/<[^/]*>", "a.test/{p1}/x/{p2}"),
            ("http://a.test/<.*>", "a.test/{p1*}"),
            ("http://a.test/<.+>", "a.test/{p1}/{p1_rest*}"),
            ("http://a.test/files/<.*>", "a.test/files/{p1}/{p1_rest*}"),
            ("http://a.test/files<(/.*)?>", "a.test/files/{rest*}"),
            ("http://a.test/files<.*>", "a.test/files/{rest*} differs"),
            ("http://a.test/<.*>/x", "a.test/{p1}/x differs"),
            ("http://a.test/<users|groups>/x", "a.test/users/x, a.test/groups/x"),
            ("<https|http>://a.test/x", "a.test/x"),
            ("http<s?>://a.test/x", "a.test/x"),
            (r"<https?>://<a\.test|b\.test>/x", "a.test/x, b.test/x"),
            ("http://<a.test|b.test>/x", "*/x if request.host ~ (?:a.test|b.test) differs"),
            ("http://a.test/x<|y>", "a.test/x, a.test/xy"),
            ("http://a.test/items/<[0-9]+>", "a.test/items/{p1} if path.p1 ~ (?:[0-9]+)"),
            ("http://a.test/v<[0-9]+>/x", "a.test/{p1}/x if path.p1 ~ v(?:[0-9]+)"),
            ("http://a.test/<a|b><[0-9]>", "a.test/{p2} if path.p2 ~ a(?:[0-9])|b(?:[0-9])"),
            ("http://<.*>/x", "*/x differs"),
            ("http://<[^/]+>/x", "*/x"),
            ("<.*>://<.*>/x", "*/x differs"),
            ("<.*>/x", "*/x differs"),
            ("<.*>", "*/{rest*}"),
            ("http://<.*>", "*/{rest*}"),
            ("http://a.test<.*>", "a.test/{rest*} differs"),
            ("http://<.+>.a.test/x", "*.a.test/x differs"),
            ("http://<[^.]+>.a.test/x", "*.a.test/x if request.host ~ (?:[^.]+)\\.a\\.test differs"),
            ("http://<[a-z]+>/x", "*/x if request.host ~ (?:[a-z]+)"),
            ("http://a.test<:[0-9]+>/x", "a.test/x differs"),
            ("http://a.test/a b/{x}", "a.test/a%20b/%7Bx%7D"),
            ("http://a.test/*", "a.test/%2A"),
            (
                "http://a.test/<(?!admin).*>",
                "no: `<(?!admin).*>` is more than patterns and conditions can say",
            ),
            ("http://a.test/<a/.*>", "no: `<a/.*>` goes over several segments"),
            (
                "http://a.test/<[0-9]+|new>/<a|b>x<[0-9]>",
                "no: its alternatives are told apart by more than one thing",
            ),
            ("http://a.test/<.*", "no: the `<` and `>` of the pattern are not balanced"),
            ("ftp://a.test/x", "no: its scheme is neither `http` nor `https`"),
            ("/x", "no: it is not the pattern of a URL"),
            ("http:///x", "no: it has no host"),
            (
                "http://a.test//x",
                "no: `//x` is no path: no request is let in with such a path: the path has an empty segment",
            ),
        ] {
            assert_eq!(told(url, Strategy::Regexp), expected, "{url}");
        }
    }

    #[test]
    fn a_glob_becomes_a_pattern_that_is_never_for_more() {
        for (url, expected) in [
            ("http://a.test/<{users,groups}>/x", "a.test/users/x, a.test/groups/x"),
            ("http://a.test/<**>", "a.test/{p1*}"),
            ("http://a.test/files/<**>", "a.test/files/{p1}/{p1_rest*}"),
            ("http://a.test/items/<*>", "a.test/items/{p1} if path.p1 ~ (?:[^./]*)"),
            ("<{http,https}>://a.test/x", "a.test/x"),
            ("http://<*>.a.test/x", "*.a.test/x if request.host ~ (?:[^./]*)\\.a\\.test"),
        ] {
            assert_eq!(told(url, Strategy::Glob), expected, "{url}");
        }
    }

    #[test]
    fn what_is_refused_covers_what_a_pattern_could_be_for() {
        for (url, expected) in [
            ("http://a.test/admin/<(?!x).*>", "a.test/admin/{rest*}"),
            ("http://a.test/admin<a/.*>", "a.test/{rest*}"),
            ("http://a.test/admin", "a.test/admin/{rest*}"),
            ("http://<a/b|c>/admin", "*/{rest*}"),
            ("<a/.*>", "*/{rest*}"),
        ] {
            let (host, path) = covering(url);
            assert_eq!(format!("{host}{path}"), expected, "{url}");
        }
    }
}
