use std::fmt::{Display, Write};

/// Writes one JSON object into a buffer, key by key. Keys are literals of ours and stand as they are.
///
/// There is one for each request, and to go through a general serializer took several times as long as to decide.
pub(crate) struct Object<'o> {
    out: &'o mut String,
    is_empty: bool,
}

impl<'o> Object<'o> {
    pub(crate) fn open(out: &'o mut String) -> Self {
        out.push('{');
        Self { out, is_empty: true }
    }

    pub(crate) fn close(self) {
        self.out.push('}');
    }

    pub(crate) fn text(&mut self, key: &str, text: &str) {
        self.key(key);
        self.string(text);
    }

    pub(crate) fn text_if_any(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.text(key, text);
        }
    }

    /// What is displayed must be plain: nothing in it may need an escape.
    pub(crate) fn plain(&mut self, key: &str, shown: impl Display) {
        self.key(key);
        // Adding to a string never fails.
        let _ = write!(self.out, "\"{shown}\"");
    }

    pub(crate) fn number(&mut self, key: &str, number: u64) {
        self.key(key);
        let _ = write!(self.out, "{number}");
    }

    pub(crate) fn texts<'t>(&mut self, key: &str, texts: impl IntoIterator<Item = &'t str>) {
        self.list(key, texts, |list, text| list.string(text));
    }

    pub(crate) fn object(&mut self, key: &str, write: impl FnOnce(&mut Object<'_>)) {
        self.key(key);
        self.nested(write);
    }

    pub(crate) fn objects<T>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = T>,
        write: impl Fn(&mut Object<'_>, T),
    ) {
        self.list(key, items, |list, item| list.nested(|object| write(object, item)));
    }

    fn list<T>(&mut self, key: &str, items: impl IntoIterator<Item = T>, write: impl Fn(&mut Self, T)) {
        self.key(key);
        self.out.push('[');
        for (number, item) in items.into_iter().enumerate() {
            if number > 0 {
                self.out.push(',');
            }
            write(self, item);
        }
        self.out.push(']');
    }

    fn nested(&mut self, write: impl FnOnce(&mut Object<'_>)) {
        let mut object = Object::open(self.out);
        write(&mut object);
        object.close();
    }

    fn key(&mut self, key: &str) {
        self.out.push_str(if self.is_empty { "\"" } else { ",\"" });
        self.out.push_str(key);
        self.out.push_str("\":");
        self.is_empty = false;
    }

    /// A string (RFC 8259 §7). Most need no escape.
    fn string(&mut self, text: &str) {
        // Without a way out of the loop it is done for many bytes at once.
        let plain =
            text.bytes().fold(true, |plain, byte| plain & (byte >= b' ') & (byte != b'"') & (byte != b'\\'));
        if plain {
            self.out.push('"');
            self.out.push_str(text);
            self.out.push('"');
        } else {
            // Displaying a value never fails either.
            let _ = write!(self.out, "{}", serde_json::Value::from(text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_read_back_as_it_was() {
        let all: String = (0..0x300).filter_map(char::from_u32).chain(['\u{2028}', '\u{10ffff}']).collect();
        for text in ["", "plain", "say \"no\"", "back\\slash", "line\nend\r\t\0", &all] {
            let mut out = String::new();
            let mut object = Object::open(&mut out);
            object.text("a", text);
            object.texts("b", [text, "other"]);
            object.objects("c", [text], |object, text| object.text("d", text));
            object.close();
            let read: serde_json::Value = serde_json::from_str(&out).unwrap();
            assert_eq!(
                read,
                serde_json::json!({"a": text, "b": [text, "other"], "c": [{"d": text}]}),
                "{out}"
            );
        }
    }
}
