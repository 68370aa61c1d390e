//! Why a body is no question, in the words of Cerbos' reader of JSON and with its places.
//!
//! Only bodies that could not be read come here, so this takes its time: the JSON is walked once more beside the
//! fields that it should have.

use serde_json::{Deserializer, value::RawValue};

/// The fields of a message, by both of their spellings.
pub(super) type Message = &'static [Field];

/// A field: its name in JSON, its other spelling, and what it holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field(pub(super) &'static str, pub(super) &'static str, pub(super) Holds);

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Holds {
    /// Text.
    Text,
    /// Several texts.
    Texts,
    /// `true` or `false`.
    Flag,
    /// A message.
    One(Message),
    /// Several messages.
    Many(Message),
    /// Messages by name.
    Named(Message),
    /// Values by name.
    Values,
}

/// Larger bodies are not looked at again: parts of parts are read several times.
const MAX_BODY: usize = 64 << 10;

/// The first thing that is wrong, if it is one that is known here.
pub(super) fn explain(body: &[u8], message: Message) -> Option<String> {
    if body.len() > MAX_BODY {
        return None;
    }
    match std::str::from_utf8(body) {
        Ok(text) => explain_text(text, message),
        Err(error) => {
            let text = String::from_utf8_lossy(body);
            explain_text(&text, message).or_else(|| no_text(body.get(..error.valid_up_to())?))
        }
    }
}

fn explain_text(text: &str, message: Message) -> Option<String> {
    let whole = first_value(text)?;
    let walk = Walk { text };
    walk.message(whole, message).err()
}

/// What is wrong with the text in which a body stops being UTF-8.
fn no_text(before: &[u8]) -> Option<String> {
    let before = std::str::from_utf8(before).ok()?;
    let (mut start, mut escaped) = (None, false);
    for (index, character) in before.char_indices() {
        match (start, character) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(_), '"') => start = None,
            (None, '"') => start = Some(index),
            _ => {}
        }
    }
    let place = Walk { text: before }.place(before.get(start?..)?);
    Some(format!("proto: syntax error {place}: invalid UTF-8 in string"))
}

/// The text of the first JSON value, if it is well formed.
fn first_value(text: &str) -> Option<&str> {
    let mut values = Deserializer::from_str(text).into_iter::<&RawValue>();
    values.next()?.ok().map(RawValue::get)
}

struct Walk<'t> {
    text: &'t str,
}

impl<'t> Walk<'t> {
    /// `(line 1:14)`: lines and columns from 1, columns in characters.
    fn place(&self, part: &str) -> String {
        let offset = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let before = self.text.get(..offset).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        format!("(line {line}:{column})")
    }

    fn unexpected(&self, part: &str) -> String {
        // Of lists and objects the bracket.
        let token = match part.chars().next() {
            Some(bracket @ ('[' | '{')) => bracket.to_string(),
            _ => part.to_owned(),
        };
        format!("proto: syntax error {}: unexpected token {token}", self.place(part))
    }

    fn message(&self, part: &'t str, message: Message) -> Result<(), String> {
        let mut seen: Vec<&str> = Vec::new();
        for (written, name, value) in self.entries(part)? {
            let Some(Field(known, _, holds)) =
                message.iter().find(|Field(camel, snake, _)| *camel == name || *snake == name)
            else {
                return Err(format!("proto: {}: unknown field {written}", self.place(written)));
            };
            if seen.contains(known) {
                return Err(format!("proto: {}: duplicate field {written}", self.place(written)));
            }
            seen.push(known);
            if value != "null" {
                self.field(value, known, *holds)?;
            }
        }
        Ok(())
    }

    fn field(&self, value: &'t str, name: &str, holds: Holds) -> Result<(), String> {
        let wrong = |kind: &str, value: &str| {
            // Of lists and objects there is only the beginning.
            let shown =
                if value.starts_with(['{', '[']) { value.get(..1).unwrap_or_default() } else { value };
            format!("proto: {}: invalid value for {kind} field {name}: {shown}", self.place(value))
        };
        match holds {
            Holds::Text if !value.starts_with('"') => Err(wrong("string", value)),
            Holds::Flag if value != "true" && value != "false" => Err(wrong("bool", value)),
            Holds::Text | Holds::Flag => Ok(()),
            Holds::Texts => match self.items(value)?.into_iter().find(|item| !item.starts_with('"')) {
                Some(item) => Err(wrong("string", item)),
                None => Ok(()),
            },
            Holds::One(message) => self.message(value, message),
            Holds::Many(message) => {
                self.items(value)?.into_iter().try_for_each(|item| self.message(item, message))
            }
            Holds::Named(message) => {
                self.entries(value)?.into_iter().try_for_each(|(_, _, value)| self.message(value, message))
            }
            Holds::Values => self.values(value),
        }
    }

    /// The entries of an object: each name as it is written and as it is meant, and its value.
    fn entries(&self, part: &'t str) -> Result<Vec<(&'t str, String, &'t str)>, String> {
        if !part.starts_with('{') {
            return Err(self.unexpected(part));
        }
        let mut found = Vec::new();
        let mut rest = part.get(1..).unwrap_or_default();
        loop {
            rest = rest.trim_start_matches([' ', '\t', '\r', '\n', ',']);
            if rest.starts_with('}') || rest.is_empty() {
                return Ok(found);
            }
            let (written, after) = split_value(rest).ok_or_else(|| self.unexpected(rest))?;
            let name = serde_json::from_str(written).map_err(|_| self.unexpected(written))?;
            let after = after.trim_start();
            let after = after.strip_prefix(':').unwrap_or(after).trim_start();
            let (value, after) = split_value(after).ok_or_else(|| self.unexpected(after))?;
            found.push((written, name, value));
            rest = after;
        }
    }

    fn items(&self, part: &'t str) -> Result<Vec<&'t str>, String> {
        if !part.starts_with('[') {
            return Err(self.unexpected(part));
        }
        let mut found = Vec::new();
        let mut rest = part.get(1..).unwrap_or_default();
        loop {
            rest = rest.trim_start_matches([' ', '\t', '\r', '\n', ',']);
            if rest.starts_with(']') || rest.is_empty() {
                return Ok(found);
            }
            let (value, after) = split_value(rest).ok_or_else(|| self.unexpected(rest))?;
            found.push(value);
            rest = after;
        }
    }

    /// An object of any values; what can be wrong is a name that comes twice.
    fn values(&self, part: &'t str) -> Result<(), String> {
        let mut seen: Vec<String> = Vec::new();
        for (written, name, value) in self.entries(part)? {
            if seen.contains(&name) {
                return Err(format!("proto: {}: duplicate map key {written}", self.place(written)));
            }
            seen.push(name);
            if value.starts_with('{') {
                self.values(value)?;
            }
        }
        Ok(())
    }
}

/// The first value of a text, and what follows it.
fn split_value(text: &str) -> Option<(&str, &str)> {
    let mut values = Deserializer::from_str(text).into_iter::<&RawValue>();
    let value = values.next()?.ok()?.get();
    Some((value, text.get(value.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pdp::fields::CHECK_RESOURCES;

    #[test]
    fn a_text_that_is_no_text_is_told_with_the_place_where_it_begins() {
        for (body, said) in [
            (
                &b"{\"requestId\":\"a\\\"\xff\"}"[..],
                "proto: syntax error (line 1:14): invalid UTF-8 in string",
            ),
            (b"{\"foo\":\"\xff\"}", "proto: (line 1:2): unknown field \"foo\""),
        ] {
            assert_eq!(explain(body, CHECK_RESOURCES).as_deref(), Some(said));
        }
    }

    #[test]
    fn mistakes_are_told_as_cerbos_tells_them() {
        for (body, said) in [
            ("[]", "proto: syntax error (line 1:1): unexpected token ["),
            ("null", "proto: syntax error (line 1:1): unexpected token null"),
            (r#"{"foo":1}"#, r#"proto: (line 1:2): unknown field "foo""#),
            (r#"{"principal":{"foo":1}}"#, r#"proto: (line 1:15): unknown field "foo""#),
            (r#"{"requestId":1}"#, "proto: (line 1:14): invalid value for string field requestId: 1"),
            (r#"{"requestId":{}}"#, "proto: (line 1:14): invalid value for string field requestId: {"),
            (r#"{"principal":"x"}"#, r#"proto: syntax error (line 1:14): unexpected token "x""#),
            (
                r#"{"includeMeta":"true"}"#,
                r#"proto: (line 1:16): invalid value for bool field includeMeta: "true""#,
            ),
            (r#"{"resources":{}}"#, "proto: syntax error (line 1:14): unexpected token {"),
            (r#"{"resources":[1]}"#, "proto: syntax error (line 1:15): unexpected token 1"),
            (r#"{"principal":{"roles":[1]}}"#, "proto: (line 1:24): invalid value for string field roles: 1"),
            (r#"{"principal":{"attr":[]}}"#, "proto: syntax error (line 1:22): unexpected token ["),
            (r#"{"requestId":"a","request_id":"b"}"#, r#"proto: (line 1:18): duplicate field "request_id""#),
            (r#"{"principal":{"attr":{"a":1,"a":2}}}"#, r#"proto: (line 1:29): duplicate map key "a""#),
            (
                "{\n  \"requestId\": true}",
                "proto: (line 2:16): invalid value for string field requestId: true",
            ),
        ] {
            assert_eq!(explain(body.as_bytes(), CHECK_RESOURCES).as_deref(), Some(said), "{body}");
        }
        assert_eq!(explain(br#"{"requestId":"a"} and more"#, CHECK_RESOURCES), None);
    }
}
