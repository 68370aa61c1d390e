//! Where a body stops being JSON, in the words of Go's reader of JSON. Only bodies that could not be read come here.

/// What is wrong with the first value of a body: the first character that cannot stand where it does, or that there is
/// no end. What follows the value is not looked at.
pub(super) fn fault(body: &[u8]) -> Option<String> {
    Scan { rest: body, inside: Vec::new() }.value().err().map(|fault| match fault {
        Fault::End => "unexpected EOF".to_owned(),
        Fault::Character(found, place) => format!("invalid character {} {place}", quoted(found)),
    })
}

enum Fault {
    /// The value has no end.
    End,
    /// An octet, and where it cannot stand.
    Character(u8, String),
}

/// What may come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    /// A comma or an end.
    More,
}

#[derive(Clone, Copy)]
enum Container {
    Object,
    List,
}

struct Scan<'b> {
    rest: &'b [u8],
    inside: Vec<Container>,
}

impl Scan<'_> {
    fn value(&mut self) -> Result<(), Fault> {
        let mut next = Next::Value;
        while !(next == Next::More && self.inside.is_empty()) {
            self.rest = self.rest.trim_ascii_start();
            let found = self.take()?;
            next = match next {
                Next::Value | Next::ValueOrEnd => self.begins(found, next == Next::ValueOrEnd)?,
                Next::KeyOrEnd if found == b'}' => self.ends(),
                Next::Key | Next::KeyOrEnd if found == b'"' => {
                    self.text()?;
                    Next::Colon
                }
                Next::Key | Next::KeyOrEnd => {
                    return bad(found, "looking for beginning of object key string");
                }
                Next::Colon if found == b':' => Next::Value,
                Next::Colon => return bad(found, "after object key"),
                Next::More => match (self.inside.last(), found) {
                    (Some(Container::Object), b',') => Next::Key,
                    (Some(Container::List), b',') => Next::Value,
                    (Some(Container::Object), b'}') | (Some(Container::List), b']') => self.ends(),
                    (Some(Container::List), _) => return bad(found, "after array element"),
                    _ => return bad(found, "after object key:value pair"),
                },
            };
        }
        Ok(())
    }

    /// A value that begins with this octet, or the end of a list that has none.
    fn begins(&mut self, found: u8, may_end: bool) -> Result<Next, Fault> {
        match found {
            b'{' => {
                self.inside.push(Container::Object);
                return Ok(Next::KeyOrEnd);
            }
            b'[' => {
                self.inside.push(Container::List);
                return Ok(Next::ValueOrEnd);
            }
            b']' if may_end => return Ok(self.ends()),
            b'"' => self.text()?,
            b't' => self.literal("true")?,
            b'f' => self.literal("false")?,
            b'n' => self.literal("null")?,
            b'-' => match self.take()? {
                digit @ b'0'..=b'9' => self.number(digit)?,
                other => return bad(other, "in numeric literal"),
            },
            b'0'..=b'9' => self.number(found)?,
            _ => return bad(found, "looking for beginning of value"),
        }
        Ok(Next::More)
    }

    fn ends(&mut self) -> Next {
        self.inside.pop();
        Next::More
    }

    fn take(&mut self) -> Result<u8, Fault> {
        let (first, rest) = self.rest.split_first().ok_or(Fault::End)?;
        self.rest = rest;
        Ok(*first)
    }

    /// Takes the next octet if it is one of these.
    fn takes(&mut self, wanted: impl Fn(u8) -> bool) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if wanted(*first) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn literal(&mut self, word: &str) -> Result<(), Fault> {
        for wanted in word.bytes().skip(1) {
            let found = self.take()?;
            if found != wanted {
                return bad(found, &format!("in literal {word} (expecting '{}')", char::from(wanted)));
            }
        }
        Ok(())
    }

    /// A number after its first digit.
    fn number(&mut self, first: u8) -> Result<(), Fault> {
        while first != b'0' && self.takes(|octet| octet.is_ascii_digit()) {}
        if self.takes(|octet| octet == b'.') {
            self.digits("after decimal point in numeric literal")?;
        }
        if self.takes(|octet| matches!(octet, b'e' | b'E')) {
            self.takes(|octet| matches!(octet, b'+' | b'-'));
            self.digits("in exponent of numeric literal")?;
        }
        Ok(())
    }

    fn digits(&mut self, place: &str) -> Result<(), Fault> {
        let first = self.take()?;
        if !first.is_ascii_digit() {
            return bad(first, place);
        }
        while self.takes(|octet| octet.is_ascii_digit()) {}
        Ok(())
    }

    /// A text after its quotation mark.
    fn text(&mut self) -> Result<(), Fault> {
        loop {
            match self.take()? {
                b'"' => return Ok(()),
                b'\\' => self.escape()?,
                control @ 0..0x20 => return bad(control, "in string literal"),
                _ => {}
            }
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        match self.take()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => (0..4).try_for_each(|_| match self.take()? {
                digit if digit.is_ascii_hexdigit() => Ok(()),
                other => bad(other, "in \\u hexadecimal character escape"),
            }),
            other => bad(other, "in string escape code"),
        }
    }
}

fn bad<T>(found: u8, place: &str) -> Result<T, Fault> {
    Err(Fault::Character(found, place.to_owned()))
}

/// As Go quotes an octet, taken for a character of Latin-1.
fn quoted(octet: u8) -> String {
    match octet {
        b'\'' => r"'\''".to_owned(),
        b'\\' => r"'\\'".to_owned(),
        7 => r"'\a'".to_owned(),
        8 => r"'\b'".to_owned(),
        9 => r"'\t'".to_owned(),
        10 => r"'\n'".to_owned(),
        11 => r"'\v'".to_owned(),
        12 => r"'\f'".to_owned(),
        13 => r"'\r'".to_owned(),
        0..0x20 | 0x7f => format!("'\\x{octet:02x}'"),
        0x80..=0xa0 | 0xad => format!("'\\u{octet:04x}'"),
        _ => format!("'{}'", char::from(octet)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_is_told_as_go_tells_it() {
        for (body, said) in [
            (&b"{"[..], "unexpected EOF"),
            (b"{\"a\": 1.", "unexpected EOF"),
            (b"tru", "unexpected EOF"),
            (b"x", "invalid character 'x' looking for beginning of value"),
            (b"[1,]", "invalid character ']' looking for beginning of value"),
            (b"{\"a\"x", "invalid character 'x' after object key"),
            (b"{\"a\":1 2}", "invalid character '2' after object key:value pair"),
            (b"{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
            (b"[1 2]", "invalid character '2' after array element"),
            (b"{\"a\":01}", "invalid character '1' after object key:value pair"),
            (b"falsy", "invalid character 'y' in literal false (expecting 'e')"),
            (b"-x", "invalid character 'x' in numeric literal"),
            (b"1.x", "invalid character 'x' after decimal point in numeric literal"),
            (b"1e+x", "invalid character 'x' in exponent of numeric literal"),
            (b"\"\x01\"", r"invalid character '\x01' in string literal"),
            (b"\"a\nb\"", r"invalid character '\n' in string literal"),
            (b"\"\\x\"", "invalid character 'x' in string escape code"),
            (b"\"\\u12\"", "invalid character '\"' in \\u hexadecimal character escape"),
            (b"'a'", r"invalid character '\'' looking for beginning of value"),
            (b"\xef\xbb\xbf{}", "invalid character 'ï' looking for beginning of value"),
            (b"\x85", r"invalid character '\u0085' looking for beginning of value"),
        ] {
            assert_eq!(fault(body).as_deref(), Some(said), "{}", body.escape_ascii());
        }
    }

    #[test]
    fn one_value_is_enough_and_may_be_deep() {
        for body in ["{} x", "01", "[[], {}, -0.5e-3, \"\\u00e9\\n\", {\"a\": [null, true]}]", " 1"] {
            assert_eq!(fault(body.as_bytes()), None, "{body}");
        }
        assert_eq!(fault("[".repeat(1_000_000).as_bytes()).as_deref(), Some("unexpected EOF"));
    }
}
