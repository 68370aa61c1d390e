use portreeve_diagnostics::{Diagnostic, Node, Report, Spanned};

use crate::{
    Encoding,
    value::{Inputs, TargetError, TargetProblem, Value},
};

/// A cookie that the gateway sets for the upstream.
#[derive(Clone, Debug)]
pub struct CookieTemplate {
    /// The name.
    pub name: Box<str>,
    /// The value.
    pub value: Value,
    /// How the value is written.
    pub encoding: Encoding,
}

impl CookieTemplate {
    /// A cookie of a mutator.
    pub fn of_mutator(name: &Spanned<String>, node: &Node, report: &mut Report) -> Option<Self> {
        let value = Value::encoded(node, &format!("`{}`", name.value), report);
        let name = Self::name_of_mutator(name, report)?;
        let (value, encoding) = value?;
        Some(Self { name, value, encoding })
    }

    /// The name of a cookie that a mutator may set or remove.
    pub fn name_of_mutator(name: &Spanned<String>, report: &mut Report) -> Option<Box<str>> {
        if is_token(&name.value) {
            return Some(name.value.as_str().into());
        }
        let message = format!("`{}` is not the name of a cookie", name.value);
        report.push(Diagnostic::error("mutator/cookie-name", message).at(name.span, "not a name"));
        None
    }

    /// `NAME=VALUE` for a request.
    ///
    /// # Errors
    /// When the value is missing, cannot be written in its encoding,
    /// or holds what no cookie can hold (RFC 6265 §4.1.1).
    pub fn read(&self, inputs: &Inputs<'_>) -> Result<String, TargetError> {
        let text = self.encoding.write(&self.value, inputs)?;
        if !text.bytes().all(is_cookie_octet) {
            return Err(self.value.problem(TargetProblem::NotACookie));
        }
        Ok(format!("{}={text}", self.name))
    }
}

fn is_cookie_octet(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e)
}

/// RFC 9110 §5.6.2.
fn is_token(name: &str) -> bool {
    let symbol = |byte| b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || symbol(byte))
}
