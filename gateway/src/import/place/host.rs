//! The beginning of a pattern: scheme, host and port.

use super::{
    Condition, Place,
    token::{Token, regex, text},
};

pub(super) const BEFORE: &str =
    "what stands for the host could be a part of the path too, and is the host alone now";
pub(super) const AFTER: &str = "`<.*>` after the host could go on in its name; now it is that host alone";
const PORT: &str = "the port of its URL plays no part any more";

/// Takes off the scheme, and tells the host from the path.
pub(super) fn after_scheme<'t, 'p>(
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

pub(super) fn read_host(tokens: &[Token<'_>], place: &mut Place) -> Result<(), String> {
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

/// What the host must be: there is no slash in one, whatever the expression could go over.
fn host_condition(tokens: &[Token<'_>], place: &mut Place) -> Condition {
    let crosses = |token: &Token<'_>| matches!(token, Token::Dynamic(one, _) if one.can_cross());
    if tokens.iter().any(crosses) {
        place.differs.push(BEFORE);
    }
    Condition { name: "host".into(), value: "request.host".into(), regex: regex(tokens) }
}
