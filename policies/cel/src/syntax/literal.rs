//! Constants as they are written: numbers, texts, octets.

use super::Literal;

pub(super) struct Written<T> {
    pub(super) length: usize,
    pub(super) value: Result<T, String>,
}

/// A number; `None` when it is a whole number of 2^63, which only a minus sign makes valid.
pub(super) fn number(text: &str) -> Written<Option<Literal>> {
    let (length, shape) = shape(text);
    let digits = text.get(..length).unwrap_or_default();
    let (value, length) = match shape {
        Shape::Double => (double(digits), length),
        Shape::Decimal | Shape::Hex => {
            let unsigned = text.get(length..).is_some_and(|rest| rest.starts_with(['u', 'U']));
            (whole(digits, shape, unsigned), length + usize::from(unsigned))
        }
    };
    let joined = text
        .get(length..)
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'));
    let value = if joined { Err(format!("invalid number `{digits}`: a letter follows it")) } else { value };
    Written { length, value }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Decimal,
    Hex,
    Double,
}

fn shape(text: &str) -> (usize, Shape) {
    let run = |from: usize, radix: u32| {
        text.get(from..).map_or(0, |rest| rest.find(|c: char| !c.is_digit(radix)).unwrap_or(rest.len()))
    };
    if text.starts_with("0x") {
        let digits = run(2, 16);
        if digits > 0 {
            return (2 + digits, Shape::Hex);
        }
    }
    let mut end = run(0, 10);
    let mut shape = Shape::Decimal;
    if text.get(end..).is_some_and(|rest| rest.starts_with('.')) {
        let fraction = run(end + 1, 10);
        if fraction > 0 {
            end += 1 + fraction;
            shape = Shape::Double;
        }
    }
    if text.get(end..).is_some_and(|rest| rest.starts_with(['e', 'E'])) {
        let sign = usize::from(text.get(end + 1..).is_some_and(|rest| rest.starts_with(['+', '-'])));
        let exponent = run(end + 1 + sign, 10);
        if exponent > 0 {
            end += 1 + sign + exponent;
            shape = Shape::Double;
        }
    }
    (end, shape)
}

fn double(digits: &str) -> Result<Option<Literal>, String> {
    let value = digits.parse().ok().filter(|value: &f64| value.is_finite());
    value
        .map(|value| Some(Literal::Double(value)))
        .ok_or_else(|| format!("invalid double literal `{digits}`"))
}

fn whole(digits: &str, shape: Shape, unsigned: bool) -> Result<Option<Literal>, String> {
    let (digits, radix) =
        if shape == Shape::Hex { (digits.get(2..).unwrap_or_default(), 16) } else { (digits, 10) };
    let kind = if unsigned { "uint" } else { "int" };
    let value =
        u64::from_str_radix(digits, radix).map_err(|_| format!("invalid {kind} literal: out of range"))?;
    if unsigned {
        return Ok(Some(Literal::Uint(value)));
    }
    match i64::try_from(value) {
        Ok(value) => Ok(Some(Literal::Int(value))),
        Err(_) if value == i64::MIN.unsigned_abs() => Ok(None),
        Err(_) => Err("invalid int literal: out of range".to_owned()),
    }
}

/// A text or octets between quotes, if that is what the text begins with.
pub(super) fn quoted(text: &str) -> Option<Written<Literal>> {
    // No prefix is longer than two letters; looking further would read the whole text at every token.
    let quote = text.bytes().take(3).position(|byte| matches!(byte, b'"' | b'\''))?;
    let prefix = text.get(..quote)?;
    let (raw, bytes) = match prefix {
        "" => (false, false),
        "r" | "R" => (true, false),
        "b" | "B" => (false, true),
        "br" | "bR" | "Br" | "BR" => (true, true),
        _ => return None,
    };
    let body = text.get(quote..)?;
    let mark = body.get(..1)?;
    let triple = mark.repeat(3);
    let fence = if body.starts_with(&triple) { &*triple } else { mark };
    let inner = body.get(fence.len()..)?;
    let begin = quote + fence.len();
    let Some(end) = closing(inner, fence, raw) else {
        return Some(Written { length: text.len(), value: Err("the text has no closing quote".to_owned()) });
    };
    let value = decode(inner.get(..end)?, raw, bytes);
    Some(Written { length: begin + end + fence.len(), value })
}

fn closing(inner: &str, fence: &str, raw: bool) -> Option<usize> {
    let mut at = 0;
    while let Some(rest) = inner.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(fence) {
            return Some(at);
        }
        let first = rest.chars().next()?;
        if fence.len() == 1 && matches!(first, '\n' | '\r') {
            return None;
        }
        at += first.len_utf8();
        if first == '\\' && !raw {
            at += inner.get(at..)?.chars().next()?.len_utf8();
        }
    }
    None
}

fn decode(inner: &str, raw: bool, bytes: bool) -> Result<Literal, String> {
    let mut out = Vec::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' if !raw => escape(&mut chars, bytes, &mut out)?,
            '\r' => {
                // Line ends are one character, however the file has them.
                let mut ahead = chars.clone();
                if ahead.next() == Some('\n') {
                    chars = ahead;
                }
                out.push(b'\n');
            }
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    if bytes {
        return Ok(Literal::Bytes(out.into()));
    }
    let text = String::from_utf8(out).map_err(|_| "the text is not UTF-8".to_owned())?;
    Ok(Literal::String(text.into()))
}

fn escape(chars: &mut std::str::Chars<'_>, bytes: bool, out: &mut Vec<u8>) -> Result<(), String> {
    let unknown = |c: char| format!("unknown escape `\\{c}`");
    let c = chars.next().ok_or("a backslash ends the text")?;
    let simple = match c {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        'v' => 11,
        '\\' | '"' | '\'' | '`' | '?' => u8::try_from(c).map_err(|_| unknown(c))?,
        'x' | 'X' => return code(chars, 2, 16, bytes, out),
        '0'..='3' => {
            let rest: String = chars.by_ref().take(2).collect();
            let digits = format!("{c}{rest}");
            let value = u32::from_str_radix(&digits, 8).ok().filter(|_| digits.len() == 3);
            return put(value.ok_or("an octal escape has three digits")?, bytes, out);
        }
        'u' if !bytes => return code(chars, 4, 16, bytes, out),
        'U' if !bytes => return code(chars, 8, 16, bytes, out),
        _ => return Err(unknown(c)),
    };
    out.push(simple);
    Ok(())
}

fn code(
    chars: &mut std::str::Chars<'_>,
    length: usize,
    radix: u32,
    bytes: bool,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let digits: String = chars.by_ref().take(length).collect();
    let complete = digits.len() == length && digits.chars().all(|c| c.is_digit(radix));
    let value = complete.then(|| u32::from_str_radix(&digits, radix).ok()).flatten();
    put(value.ok_or_else(|| format!("an escape needs {length} hexadecimal digits"))?, bytes, out)
}

fn put(value: u32, bytes: bool, out: &mut Vec<u8>) -> Result<(), String> {
    if bytes {
        out.push(u8::try_from(value).map_err(|_| "an octet is at most 255".to_owned())?);
        return Ok(());
    }
    let c = char::from_u32(value).ok_or_else(|| format!("U+{value:04X} is not a character"))?;
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    Ok(())
}
