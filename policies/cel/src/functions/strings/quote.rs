//! A string as a literal.

/// `text` in double quotes, piece by piece, with the escapes that have a letter; everything else stays as it is.
pub(crate) fn write<E>(text: &str, mut push: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
    push("\"")?;
    let mut rest = text;
    while let Some((at, escaped)) = rest.char_indices().find_map(|(at, c)| Some((at, escape(c)?))) {
        let (plain, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        push(plain)?;
        push(escaped)?;
        // Every character that is escaped is a single byte.
        rest = from.get(1..).unwrap_or_default();
    }
    push(rest)?;
    push("\"")
}

fn escape(c: char) -> Option<&'static str> {
    Some(match c {
        '\x07' => r"\a",
        '\x08' => r"\b",
        '\x0c' => r"\f",
        '\n' => r"\n",
        '\r' => r"\r",
        '\t' => r"\t",
        '\x0b' => r"\v",
        '\\' => r"\\",
        '"' => "\\\"",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(text: &str) -> String {
        let mut out = String::new();
        let _: Result<(), ()> = write(text, |piece| {
            out.push_str(piece);
            Ok(())
        });
        out
    }

    #[test]
    fn only_what_needs_it_is_escaped() {
        assert_eq!(quote("a\x07\x08\x0c\n\r\t\x0b\\\"'é\u{1}"), "\"a\\a\\b\\f\\n\\r\\t\\v\\\\\\\"'é\u{1}\"");
        assert_eq!(quote(""), "\"\"");
    }
}
