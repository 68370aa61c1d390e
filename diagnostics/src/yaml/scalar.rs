//! The core schema: what a scalar's text means.
//! Source: YAML 1.2.2, section 10.3.2.

use granit_parser::Tag;

use crate::{Diagnostic, Kind, Span};

/// What a scalar means. `tag` is the tag in front of it and where that stands.
pub(super) fn resolve(
    value: &str,
    plain: bool,
    tag: Option<(&Tag, Span)>,
    span: Span,
) -> Result<Kind, Diagnostic> {
    let text = || Kind::Str { text: value.to_owned(), plain };
    let Some((tag, tag_span)) = tag else {
        return if plain { Ok(core(value, span)?.unwrap_or_else(text)) } else { Ok(text()) };
    };
    let mismatch = |what: &str| {
        Diagnostic::error("yaml/bad-tag", format!("`{value}` is not {what}"))
            .at(span, "")
            .at(tag_span, "this tag asks for it")
    };
    let resolved = match tag.core_suffix() {
        Some("str") => return Ok(text()),
        Some("null" | "bool" | "int" | "float") => core(value, span)?,
        _ => return Err(unknown_tag(&tag.original(), tag_span)),
    };
    match (tag.core_suffix(), resolved) {
        (Some("null"), Some(kind @ Kind::Null))
        | (Some("bool"), Some(kind @ Kind::Bool(_)))
        | (Some("int"), Some(kind @ Kind::Int(_)))
        | (Some("float"), Some(kind @ Kind::Float(_))) => Ok(kind),
        #[expect(clippy::cast_precision_loss, reason = "the tag asks for a float")]
        (Some("float"), Some(Kind::Int(int))) => Ok(Kind::Float(int as f64)),
        (Some("null"), _) => Err(mismatch("null")),
        (Some("bool"), _) => Err(mismatch("a boolean")),
        (Some("int"), _) => Err(mismatch("an integer")),
        _ => Err(mismatch("a number")),
    }
}

/// The finding for a tag that means nothing here.
pub(super) fn unknown_tag(tag: &str, span: Span) -> Diagnostic {
    Diagnostic::error("yaml/unknown-tag", format!("the tag `{tag}` is not supported"))
        .at(span, "this is read as a tag")
        .help("an unquoted `!` starts a tag: put the value in quotes if the `!` belongs to the text")
}

/// Anything but text, if the unquoted text means that.
fn core(value: &str, span: Span) -> Result<Option<Kind>, Diagnostic> {
    Ok(Some(match value {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        _ => match number(value) {
            Some(Kind::Float(float)) if !float.is_finite() => {
                return Err(Diagnostic::error(
                    "yaml/number-not-finite",
                    format!("`{value}` is not a number that can be used"),
                )
                .at(span, "not a finite number")
                .help("put it in quotes if text is meant"));
            }
            Some(number) => number,
            None => return Ok(None),
        },
    }))
}

fn number(value: &str) -> Option<Kind> {
    if let Some(digits) = value.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = value.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let unsigned = value.strip_prefix(['-', '+']).unwrap_or(value);
    match unsigned {
        ".inf" | ".Inf" | ".INF" => return Some(Kind::Float(f64::INFINITY)),
        ".nan" | ".NaN" | ".NAN" if unsigned.len() == value.len() => return Some(Kind::Float(f64::NAN)),
        _ => {}
    }
    if !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return value.parse().map(Kind::Int).or_else(|_| value.parse().map(Kind::Float)).ok();
    }
    is_float(unsigned).then(|| value.parse().map(Kind::Float).ok()).flatten()
}

fn radix(digits: &str, radix: u32) -> Option<Kind> {
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let float = || {
        let digit = |c: char| f64::from(c.to_digit(radix).unwrap_or_default());
        digits.chars().fold(0.0, |sum: f64, c| sum.mul_add(f64::from(radix), digit(c)))
    };
    Some(i64::from_str_radix(digits, radix).map_or_else(|_| Kind::Float(float()), Kind::Int))
}

/// `(\.[0-9]+ | [0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let some_digits = |part: &str| !part.is_empty() && digits(part);
    let mantissa = match mantissa.split_once('.') {
        Some(("", fraction)) => some_digits(fraction),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => some_digits(mantissa),
    };
    mantissa && exponent.is_none_or(|e| some_digits(e.strip_prefix(['-', '+']).unwrap_or(e)))
}

#[cfg(test)]
mod tests {
    use super::{Kind, Span, resolve};

    fn plain(value: &str) -> Option<Kind> {
        resolve(value, true, None, Span::default()).ok()
    }

    #[test]
    fn the_core_schema_decides_what_unquoted_text_means() {
        for (text, kind) in [
            ("", Kind::Null),
            ("~", Kind::Null),
            ("TRUE", Kind::Bool(true)),
            ("false", Kind::Bool(false)),
            ("0", Kind::Int(0)),
            ("-12", Kind::Int(-12)),
            ("+12", Kind::Int(12)),
            ("0o17", Kind::Int(15)),
            ("0xFF", Kind::Int(255)),
            ("20210210", Kind::Int(20_210_210)),
            ("1.", Kind::Float(1.0)),
            (".5", Kind::Float(0.5)),
            ("-1.5e3", Kind::Float(-1500.0)),
            ("12e03", Kind::Float(12000.0)),
            ("9223372036854775808", Kind::Float(9_223_372_036_854_775_808.0)),
            ("0xFFFFFFFFFFFFFFFF", Kind::Float(18_446_744_073_709_551_615.0)),
        ] {
            assert_eq!(plain(text), Some(kind), "{text}");
        }
        for text in [
            "yes", "no", "on", "Off", "tRUE", "1_000", "0b1", "1e", "e1", ".", "-", "+", "0x", "1.2.3", "nan",
        ] {
            assert_eq!(plain(text), Some(Kind::Str { text: text.to_owned(), plain: true }), "{text}");
        }
    }

    #[test]
    fn numbers_that_are_not_finite_are_refused() {
        for text in [".nan", ".inf", "-.INF", "1e999", "-1e999"] {
            assert_eq!(plain(text), None, "{text}");
        }
        assert_eq!(plain("-.nan"), Some(Kind::Str { text: "-.nan".to_owned(), plain: true }));
    }
}
