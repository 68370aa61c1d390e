use crate::Kind;

/// What an unquoted scalar is, by YAML 1.2's core schema. Numbers that `f64` cannot hold are no numbers.
pub(super) fn plain(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        _ => number(text).unwrap_or_else(|| Kind::Str { text: text.to_owned(), plain: true }),
    }
}

fn number(text: &str) -> Option<Kind> {
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return float(text, unsigned);
    }
    text.parse().map(Kind::Int).ok().or_else(|| finite(text))
}

fn radix(digits: &str, radix: u32) -> Option<Kind> {
    let plain = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    plain.then(|| i64::from_str_radix(digits, radix).ok().map(Kind::Int))?
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn float(text: &str, unsigned: &str) -> Option<Kind> {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let whole = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    let scaled = exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent));
    (whole && scaled).then(|| finite(text))?
}

fn finite(text: &str) -> Option<Kind> {
    text.parse::<f64>().ok().filter(|value| value.is_finite()).map(Kind::Float)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_core_schema_makes_something_else_than_text() {
        let text = |text: &str| Kind::Str { text: text.to_owned(), plain: true };
        for (written, expected) in [
            ("", Kind::Null),
            ("~", Kind::Null),
            ("true", Kind::Bool(true)),
            ("yes", text("yes")),
            ("no", text("no")),
            ("on", text("on")),
            ("12", Kind::Int(12)),
            ("-12", Kind::Int(-12)),
            ("007", Kind::Int(7)),
            ("0x1F", Kind::Int(31)),
            ("0o17", Kind::Int(15)),
            ("20210210", Kind::Int(20_210_210)),
            ("18446744073709551616", Kind::Float(18_446_744_073_709_551_616.0)),
            ("1.5", Kind::Float(1.5)),
            (".5", Kind::Float(0.5)),
            ("1.", Kind::Float(1.0)),
            ("1e3", Kind::Float(1000.0)),
            ("1e999", text("1e999")),
            (".nan", text(".nan")),
            (".inf", text(".inf")),
            ("1_000", text("1_000")),
            ("12:30", text("12:30")),
            ("2020-01-01", text("2020-01-01")),
            ("+", text("+")),
            ("1.2.3", text("1.2.3")),
            ("e3", text("e3")),
        ] {
            assert_eq!(plain(written), expected, "{written}");
        }
    }
}
