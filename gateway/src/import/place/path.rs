//! The rest of a pattern: segments of a path.

use super::{
    Condition, Place,
    host::{AFTER, BEFORE},
    token::{Token, regex, text},
};

const ONE: &str = "`<.*>` between two slashes could be several segments, and is one now";
const BELOW: &str =
    "`<.*>` after the beginning of a segment could go on in it; now it is that segment and all below it";

pub(super) fn read_path(tokens: &[Token<'_>], place: &mut Place) -> Result<(), String> {
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

/// Literal text as a path pattern has it: percent-encoded wherever it could mean anything else.
pub(super) fn encoded(text: &str) -> String {
    let as_it_is = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@+,=!$&'()".contains(&byte);
    let one = |byte: u8| match as_it_is(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}
