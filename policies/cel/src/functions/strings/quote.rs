//! A string as a literal.

/// `text` in double quotes, with the escapes that have a letter; everything else stays as it is.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match escape(c) {
            Some(letter) => {
                out.push('\\');
                out.push(letter);
            }
            None => out.push(c),
        }
    }
    out.push('"');
    out
}

fn escape(c: char) -> Option<char> {
    Some(match c {
        '\x07' => 'a',
        '\x08' => 'b',
        '\x0c' => 'f',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\x0b' => 'v',
        '\\' | '"' => c,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_it_is_escaped() {
        assert_eq!(quote("a\x07\x08\x0c\n\r\t\x0b\\\"'é\u{1}"), "\"a\\a\\b\\f\\n\\r\\t\\v\\\\\\\"'é\u{1}\"");
        assert_eq!(quote(""), "\"\"");
    }
}
