use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderName, HeaderValue};
use portreeve_cel::Value as Cel;

use crate::value::{Inputs, TargetError, TargetProblem, Value, text_of};

/// A header field that the gateway sets.
#[derive(Clone, Debug)]
pub struct HeaderTemplate {
    /// The name.
    pub name: HeaderName,
    /// The value.
    pub value: Value,
    /// How the value is written.
    pub encoding: Encoding,
}

/// How a value is written where only text can be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Text as it is, numbers and booleans as JSON writes them. A list or a mapping is refused.
    #[default]
    Text,
    /// The items of a list, each as text, with `,` between them. An item that has a comma itself is refused, for it
    /// would be two to whoever reads it.
    List,
    /// JSON, in ASCII: what is not is escaped.
    Json,
    /// JSON, in base64url without padding.
    JsonBase64,
}

impl HeaderTemplate {
    /// The field's value for a request.
    ///
    /// # Errors
    /// When the value is missing, cannot be written in this encoding, holds a control character, or begins or ends with
    /// white space: whoever reads the field takes that off (RFC 9110 §5.5), and `admin ` is not `admin`.
    pub fn read(&self, inputs: &Inputs<'_>) -> Result<HeaderValue, TargetError> {
        let text = self.encoding.write(&self.value, inputs)?;
        if text.trim().len() != text.len() {
            return Err(self.value.problem(TargetProblem::NotAHeader));
        }
        HeaderValue::from_bytes(text.as_bytes()).map_err(|_| self.value.problem(TargetProblem::NotAHeader))
    }
}

impl Encoding {
    /// The encodings, by the names that a person writes.
    pub const NAMES: [(&str, Self); 4] =
        [("text", Self::Text), ("list", Self::List), ("json", Self::Json), ("json-base64", Self::JsonBase64)];

    /// A value in this encoding.
    ///
    /// # Errors
    /// When the value is missing or cannot be written like this.
    pub fn write<'a>(self, value: &'a Value, inputs: &Inputs<'a>) -> Result<Cow<'a, str>, TargetError> {
        match self {
            Self::Text => value.as_text(inputs),
            Self::List => Ok(Cow::Owned(list(value, &*value.read(inputs)?)?)),
            Self::Json => Ok(Cow::Owned(ascii(&json(value, inputs)?))),
            Self::JsonBase64 => Ok(Cow::Owned(URL_SAFE_NO_PAD.encode(json(value, inputs)?))),
        }
    }
}

fn list(value: &Value, found: &Cel) -> Result<String, TargetError> {
    let Cel::List(items) = found else { return Err(value.problem(TargetProblem::NotAList)) };
    let mut line = String::new();
    for (index, item) in items.iter().enumerate() {
        let item = text_of(item).map_err(|what| value.problem(TargetProblem::NotText(what)))?;
        if item.is_empty() || item.contains(',') || item.trim() != item {
            return Err(value.problem(TargetProblem::NotAnItem));
        }
        if index > 0 {
            line.push(',');
        }
        line.push_str(&item);
    }
    Ok(line)
}

fn json(value: &Value, inputs: &Inputs<'_>) -> Result<String, TargetError> {
    serde_json::to_string(&*value.read(inputs)?).map_err(|_| value.problem(TargetProblem::NotJson))
}

/// JSON with everything beyond ASCII escaped, which is the same JSON.
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() && character != '\x7f' {
            out.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    out
}

/// Why a name cannot be that of a field that a route sets.
pub(crate) fn forbidden(name: &HeaderName) -> Option<&'static str> {
    match name.as_str() {
        "host"
        | "content-length"
        | "transfer-encoding"
        | "connection"
        | "te"
        | "trailer"
        | "upgrade"
        | "keep-alive"
        | "proxy-connection"
        | "proxy-authenticate"
        | "proxy-authorization"
        | "expect"
        | "content-encoding"
        | "http2-settings" => Some("it frames or routes the message"),
        _ => None,
    }
}
