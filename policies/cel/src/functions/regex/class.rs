//! Escapes and bracketed classes of RE2, written out as the `regex` crate reads them.

use std::fmt::Write as _;

use super::cursor::Cursor;
use super::translate::BadPattern;

const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];

/// Writes `c` so that it stands for itself, in and outside of brackets.
pub(super) fn push_literal(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() || (!c.is_ascii() && !c.is_whitespace() && !c.is_control()) {
        out.push(c);
    } else {
        // Writing to a `String` cannot fail.
        let _ = write!(out, r"\x{{{:X}}}", u32::from(c));
    }
}

/// After a backslash: `\d \w \s` and their opposites (ASCII only, in RE2), `\pN`, `\p{Greek}`. `false`, and
/// nothing read, if it is another escape.
pub(super) fn shorthand(input: &mut Cursor<'_>, out: &mut String) -> Result<bool, BadPattern> {
    let written = match input.peek() {
        Some('d') => "[0-9]",
        Some('D') => "[^0-9]",
        Some('w') => "[0-9A-Za-z_]",
        Some('W') => "[^0-9A-Za-z_]",
        Some('s') => r"[\t\n\f\r\x20]",
        Some('S') => r"[^\t\n\f\r\x20]",
        Some(c @ ('p' | 'P')) => {
            input.bump();
            unicode(input, out, c == 'P')?;
            return Ok(true);
        }
        _ => return Ok(false),
    };
    input.bump();
    out.push_str(written);
    Ok(true)
}

/// `\pN`, `\p{Lu}`, `\p{^Greek}`: a general category by its short name, or a script.
fn unicode(input: &mut Cursor<'_>, out: &mut String, mut negated: bool) -> Result<(), BadPattern> {
    let bad = || BadPattern::new("invalid character class range");
    let mut short = [0; 4];
    let name = if input.eat("{") {
        let name = input.until("}").ok_or_else(bad)?;
        name.strip_prefix('^').map_or(name, |rest| {
            negated = !negated;
            rest
        })
    } else {
        let c = input.bump().ok_or_else(bad)?;
        &*c.encode_utf8(&mut short)
    };
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphabetic() || c == '_') {
        return Err(bad());
    }
    let letter = if negated { 'P' } else { 'p' };
    let property = if name == "Any" || name.len() <= 2 { "gc" } else { "sc" };
    let _ = write!(out, r"\{letter}{{{property}={name}}}");
    Ok(())
}

/// After a backslash: the one character meant.
pub(super) fn escaped_char(input: &mut Cursor<'_>) -> Result<char, BadPattern> {
    let Some(c) = input.bump() else {
        return Err(BadPattern::new(r"trailing backslash at the end of the expression"));
    };
    let unknown = || BadPattern::new(format!(r"invalid escape sequence `\{c}`"));
    match c {
        // A single digit would refer back to a group, which a linear engine cannot do.
        '1'..='7' if !matches!(input.peek(), Some('0'..='7')) => Err(unknown()),
        '0'..='7' => octal(input, c).ok_or_else(unknown),
        'x' => hexadecimal(input).ok_or_else(unknown),
        'a' => Ok('\x07'),
        'f' => Ok('\x0c'),
        'n' => Ok('\n'),
        'r' => Ok('\r'),
        't' => Ok('\t'),
        'v' => Ok('\x0b'),
        _ if c.is_ascii() && !c.is_ascii_alphanumeric() => Ok(c),
        _ => Err(unknown()),
    }
}

/// Up to three octal digits in all.
fn octal(input: &mut Cursor<'_>, first: char) -> Option<char> {
    let mut value = first.to_digit(8)?;
    for _ in 0..2 {
        let Some(digit) = input.peek().and_then(|c| c.to_digit(8)) else { break };
        input.bump();
        value = value * 8 + digit;
    }
    char::from_u32(value)
}

/// `\x7F` or `\x{10FFFF}`.
fn hexadecimal(input: &mut Cursor<'_>) -> Option<char> {
    if input.eat("{") {
        let digits = input.until("}")?;
        let valid = !digits.is_empty() && digits.len() <= 8 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        return valid.then(|| u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)).flatten();
    }
    let high = input.bump()?.to_digit(16)?;
    let low = input.bump()?.to_digit(16)?;
    char::from_u32(high * 16 + low)
}

/// After a `[`: the rest of a class. `]` first is literal, `[` and `&&` inside are literal, `-` anywhere is
/// allowed.
pub(super) fn bracketed(input: &mut Cursor<'_>, out: &mut String) -> Result<(), BadPattern> {
    out.push('[');
    if input.eat("^") {
        out.push('^');
    }
    let mut first = true;
    while first || input.peek() != Some(']') {
        first = false;
        if input.peek().is_none() {
            return Err(BadPattern::new("missing closing ]"));
        }
        if posix(input, out)? || (starts_shorthand(input) && input.eat(r"\") && shorthand(input, out)?) {
            continue;
        }
        range(input, out)?;
    }
    input.bump();
    out.push(']');
    Ok(())
}

fn starts_shorthand(input: &Cursor<'_>) -> bool {
    let mut ahead = input.clone();
    ahead.eat(r"\") && matches!(ahead.peek(), Some('d' | 'D' | 'w' | 'W' | 's' | 'S' | 'p' | 'P'))
}

/// `[:alpha:]` or `[:^alpha:]`; a `[:` that is never closed is two characters.
fn posix(input: &mut Cursor<'_>, out: &mut String) -> Result<bool, BadPattern> {
    let mut ahead = input.clone();
    if !ahead.eat("[:") {
        return Ok(false);
    }
    let Some(name) = ahead.until(":]") else { return Ok(false) };
    if !POSIX.contains(&name.strip_prefix('^').unwrap_or(name)) {
        return Err(BadPattern::new(format!("invalid character class range `[:{name}:]`")));
    }
    let _ = write!(out, "[:{name}:]");
    *input = ahead;
    Ok(true)
}

fn range(input: &mut Cursor<'_>, out: &mut String) -> Result<(), BadPattern> {
    let low = class_char(input)?;
    let mut ahead = input.clone();
    if ahead.eat("-") && ahead.peek().is_some_and(|c| c != ']') {
        *input = ahead;
        let high = class_char(input)?;
        if high < low {
            return Err(BadPattern::new(format!("invalid character class range `{low}-{high}`")));
        }
        push_literal(out, low);
        out.push('-');
        push_literal(out, high);
    } else {
        push_literal(out, low);
    }
    Ok(())
}

fn class_char(input: &mut Cursor<'_>) -> Result<char, BadPattern> {
    match input.bump() {
        None => Err(BadPattern::new("missing closing ]")),
        Some('\\') => escaped_char(input),
        Some(c) => Ok(c),
    }
}
