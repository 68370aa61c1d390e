use http::{HeaderName, HeaderValue};

use crate::value::{Inputs, TargetError, TargetProblem, Value};

/// A header field that the gateway sets.
#[derive(Clone, Debug)]
pub struct HeaderTemplate {
    /// The name.
    pub name: HeaderName,
    /// The value.
    pub value: Value,
}

impl HeaderTemplate {
    /// The field's value for a request.
    ///
    /// # Errors
    /// When the value is missing, is no text, or holds a control character.
    pub fn read(&self, inputs: &Inputs<'_>) -> Result<HeaderValue, TargetError> {
        let text = self.value.as_text(inputs)?;
        HeaderValue::from_bytes(text.as_bytes()).map_err(|_| self.value.problem(TargetProblem::NotAHeader))
    }
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
