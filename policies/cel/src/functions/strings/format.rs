//! `format`: values put into a text, one per `%` clause.

use super::super::args::Text;
use super::numbers;
use crate::functions::time::go_duration::Seconds;
use crate::{ErrorKind, MapRef, Val, type_names};

/// Digits after the point where the clause does not say.
const PRECISION: usize = 6;
const MAX_PRECISION: usize = 100;
/// Lists and maps deeper than this are refused.
const MAX_DEPTH: usize = 64;

/// Writes `format` with its clauses filled from `args`, in turn.
pub(crate) fn write<'a>(
    format: &str,
    mut args: impl Iterator<Item = Val<'a>>,
    out: &mut Text<'_, 'a>,
) -> Result<(), ErrorKind<'static>> {
    let mut rest = format;
    let mut used = 0;
    while let Some((before, after)) = rest.split_once('%') {
        out.push(before)?;
        let (clause, after) = Clause::parse(after).map_err(ErrorKind::message)?;
        rest = after;
        if clause.verb == '%' {
            out.push("%")?;
            continue;
        }
        let value = args.next().ok_or_else(|| ErrorKind::message(format!("index {used} out of range")))?;
        used += 1;
        clause.write(value, out)?;
    }
    out.push(rest)
}

/// Whether `format` can be read, and takes as many values as there are.
pub(crate) fn check(format: &str, count: usize) -> Result<(), String> {
    let (mut rest, mut taken) = (format, 0);
    while let Some((_, after)) = rest.split_once('%') {
        let (clause, after) = Clause::parse(after)?;
        rest = after;
        taken += usize::from(clause.verb != '%');
    }
    match count {
        count if count < taken => Err(format!("index {count} out of range")),
        count if count > taken => {
            Err(format!("too many arguments supplied to string.format (expected {taken}, got {count})"))
        }
        _ => Ok(()),
    }
}

/// The clauses of a format that take a value, by their letters, as far as it can be read.
pub(crate) fn verbs(format: &str) -> impl Iterator<Item = char> {
    let mut rest = format;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once('%')?;
        let (clause, after) = Clause::parse(after).ok()?;
        rest = after;
        Some(clause.verb)
    })
    .filter(|verb| *verb != '%')
}

/// What is wrong with a value of that type in that clause.
pub(crate) fn refusal(verb: char, given: &str) -> Option<String> {
    let taken = match verb {
        's' => type_names::is_core(given),
        'd' | 'f' | 'e' => matches!(given, "int" | "uint" | "double"),
        'b' => matches!(given, "int" | "uint" | "bool"),
        'o' => matches!(given, "int" | "uint"),
        _ => matches!(given, "int" | "uint" | "string" | "bytes"),
    };
    (!taken).then(|| refused(verb, given))
}

const STRING_CLAUSE: &str = "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, \
                             types, durations, and timestamps";

fn refused(verb: char, given: &str) -> String {
    let takes = match verb {
        'd' => "decimal clause can only be used on ints, uints, and doubles",
        'f' => "fixed-point clause can only be used on ints, uints, and doubles",
        'e' => "scientific clause can only be used on ints, uints, and doubles",
        'o' => "octal clause can only be used on ints and uints",
        'b' => "only ints, uints, and bools can be formatted as binary",
        's' => STRING_CLAUSE,
        _ => "only ints, uints, bytes, and strings can be formatted as hex",
    };
    format!("error during formatting: {takes}, was given {given}")
}

const IN_CLAUSE: &str = "could not parse formatting clause: ";

/// What follows a `%`.
struct Clause {
    verb: char,
    precision: usize,
}

impl Clause {
    fn parse(text: &str) -> Result<(Self, &str), String> {
        let said = text.starts_with('.');
        let (precision, text) = match text.strip_prefix('.') {
            Some(rest) => {
                let end = rest
                    .find(|c: char| !c.is_ascii_digit())
                    .ok_or("could not find end of precision specifier")?;
                let (digits, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
                let precision = digits.parse().map_err(|_| {
                    format!("{IN_CLAUSE}error while parsing precision: invalid precision `{digits}`")
                })?;
                (precision, rest)
            }
            None => (PRECISION, text),
        };
        if precision > MAX_PRECISION {
            return Err(format!(
                "{IN_CLAUSE}error while parsing precision: precision {precision} exceeds maximum allowed precision \
                 {MAX_PRECISION}"
            ));
        }
        let mut chars = text.chars();
        match chars.next() {
            Some('%') if said => Err(format!("{IN_CLAUSE}unrecognized formatting clause \"%\"")),
            Some(verb @ ('%' | 's' | 'd' | 'f' | 'e' | 'x' | 'X' | 'o' | 'b')) => {
                Ok((Self { verb, precision }, chars.as_str()))
            }
            Some(other) => Err(format!("{IN_CLAUSE}unrecognized formatting clause \"{other}\"")),
            None => Err("unexpected end of string".to_owned()),
        }
    }

    fn write<'a>(&self, value: Val<'a>, out: &mut Text<'_, 'a>) -> Result<(), ErrorKind<'static>> {
        let text = match (self.verb, value) {
            ('s', _) => return string(value, out, 0),
            ('d', Val::Int(n)) => n.to_string(),
            ('d', Val::Uint(n)) => n.to_string(),
            ('d', Val::Double(n)) => numbers::plain(n),
            ('f' | 'e', _) => self.real(value)?,
            ('x' | 'X', Val::Str(text)) => return self.hex(text.as_bytes(), out),
            ('x' | 'X', Val::Bytes(bytes)) => return self.hex(bytes, out),
            ('b', Val::Bool(yes)) => u8::from(yes).to_string(),
            ('x' | 'X' | 'o' | 'b', Val::Int(n)) => {
                let sign = if n < 0 { "-" } else { "" };
                format!("{sign}{}", self.radix(n.unsigned_abs()))
            }
            ('x' | 'X' | 'o' | 'b', Val::Uint(n)) => self.radix(n),
            _ => return Err(self.refuse(value)),
        };
        out.push(&text)
    }

    #[expect(clippy::cast_precision_loss, reason = "the clause asks for a double")]
    fn real(&self, value: Val<'_>) -> Result<String, ErrorKind<'static>> {
        let number = match value {
            Val::Int(n) => n as f64,
            Val::Uint(n) => n as f64,
            Val::Double(n) => n,
            _ => return Err(self.refuse(value)),
        };
        Ok(if self.verb == 'f' {
            numbers::fixed(number, self.precision)
        } else {
            numbers::scientific(number, self.precision)
        })
    }

    fn hex<'a>(&self, bytes: &[u8], out: &mut Text<'_, 'a>) -> Result<(), ErrorKind<'static>> {
        bytes.iter().try_for_each(|byte| match self.verb {
            'x' => out.display(format_args!("{byte:02x}")),
            _ => out.display(format_args!("{byte:02X}")),
        })
    }

    fn radix(&self, number: u64) -> String {
        match self.verb {
            'x' => format!("{number:x}"),
            'X' => format!("{number:X}"),
            'o' => format!("{number:o}"),
            _ => format!("{number:b}"),
        }
    }

    fn refuse(&self, value: Val<'_>) -> ErrorKind<'static> {
        ErrorKind::message(refused(self.verb, value.type_name()))
    }
}

/// `%s`: any value as text. Maps are in the order of their keys' texts.
fn string<'a>(value: Val<'a>, out: &mut Text<'_, 'a>, depth: usize) -> Result<(), ErrorKind<'static>> {
    if depth > MAX_DEPTH {
        return Err(ErrorKind::message("error during formatting: value is nested too deeply"));
    }
    match value {
        Val::Null => out.push("null"),
        Val::Bool(yes) => out.push(if yes { "true" } else { "false" }),
        Val::Int(n) => out.display(n),
        Val::Uint(n) => out.display(n),
        Val::Double(n) => out.display(numbers::plain(n)),
        Val::Str(text) => out.push(text),
        Val::Bytes(bytes) => out.push(&String::from_utf8_lossy(bytes)),
        Val::Duration(nanos) => out.display(Seconds(nanos)),
        Val::Timestamp(moment) => out.display(moment.in_utc()),
        Val::Type(name) => out.push(name),
        Val::List(list) => {
            out.push("[")?;
            for (i, item) in list.iter().enumerate() {
                out.push(if i == 0 { "" } else { ", " })?;
                string(item, out, depth + 1)?;
            }
            out.push("]")
        }
        Val::Map(map) if !matches!(map, MapRef::Message(_)) => entries(map, out, depth),
        _ => Err(ErrorKind::message(refused('s', value.type_name()))),
    }
}

fn entries<'a>(map: MapRef<'a>, out: &mut Text<'_, 'a>, depth: usize) -> Result<(), ErrorKind<'static>> {
    let mut written: Vec<(&'a str, Val<'a>)> = Vec::with_capacity(map.len());
    for (key, value) in map.iter() {
        written.push((out.apart(|key_out| string(key, key_out, depth + 1))?, value));
    }
    written.sort_by_key(|(key, _)| *key);
    out.push("{")?;
    for (i, (key, value)) in written.iter().enumerate() {
        out.push(if i == 0 { "" } else { ", " })?;
        out.push(key)?;
        out.push(": ")?;
        string(*value, out, depth + 1)?;
    }
    out.push("}")
}
