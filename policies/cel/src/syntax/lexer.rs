use std::sync::Arc;

use super::{Issue, Literal, literal};

/// A token and its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: u32,
    pub(super) end: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    Literal(Literal),
    /// A whole number that only fits behind a minus sign: 9223372036854775808.
    IntMagnitude,
    /// A name. Reserved words are names here: they are fields after a dot.
    Name(Arc<str>),
    /// A name between backticks, which can only be a field.
    QuotedName(Arc<str>),
    Symbol(&'static str),
    End,
}

/// Longer ones first.
const SYMBOLS: [&str; 26] = [
    "==", "!=", "<=", ">=", "&&", "||", "(", ")", "[", "]", "{", "}", ".", ",", ":", "?", "+", "-", "*", "/",
    "%", "!", "<", ">", "=", ";",
];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Issue> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.token()?;
        let last = token.kind == TokenKind::End;
        tokens.push(token);
        if last {
            return Ok(tokens);
        }
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn token(&mut self) -> Result<Token, Issue> {
        self.skip();
        let start = self.at;
        let kind = self.kind()?;
        Ok(Token { kind, start: to_u32(start), end: to_u32(self.at) })
    }

    fn skip(&mut self) {
        loop {
            let rest = self.rest();
            let blank = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']);
            self.at += rest.len() - blank.len();
            if !blank.starts_with("//") {
                return;
            }
            self.at += blank.find('\n').unwrap_or(blank.len());
        }
    }

    fn kind(&mut self) -> Result<TokenKind, Issue> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(TokenKind::End) };
        if let Some(written) = literal::quoted(rest) {
            let start = to_u32(self.at);
            self.at += written.length;
            let value = written.value.map_err(|why| Issue::new(start, to_u32(self.at), why))?;
            return Ok(TokenKind::Literal(value));
        }
        let number_after_dot =
            first == '.' && rest.get(1..).is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit()));
        if first.is_ascii_digit() || number_after_dot {
            return self.number();
        }
        if first.is_ascii_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            self.at += end;
            return Ok(TokenKind::Name(rest.get(..end).unwrap_or_default().into()));
        }
        if first == '`' {
            return self.quoted_name();
        }
        match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            Some(symbol) if !matches!(*symbol, "=" | ";") => {
                self.at += symbol.len();
                Ok(TokenKind::Symbol(symbol))
            }
            _ => Err(self.issue(first.len_utf8(), format!("token recognition error at: '{first}'"))),
        }
    }

    fn number(&mut self) -> Result<TokenKind, Issue> {
        let written = literal::number(self.rest());
        let value = written.value.map_err(|why| self.issue(written.length, why))?;
        self.at += written.length;
        Ok(value.map_or(TokenKind::IntMagnitude, TokenKind::Literal))
    }

    fn quoted_name(&mut self) -> Result<TokenKind, Issue> {
        let rest = self.rest().get(1..).unwrap_or_default();
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/' | ' ');
        let end = rest
            .find('`')
            .filter(|end| *end > 0 && rest.get(..*end).is_some_and(|name| name.chars().all(allowed)));
        let Some(end) = end else { return Err(self.issue(1, "token recognition error at: '`'".to_owned())) };
        self.at += end + 2;
        Ok(TokenKind::QuotedName(rest.get(..end).unwrap_or_default().into()))
    }

    fn issue(&self, length: usize, message: String) -> Issue {
        Issue::new(to_u32(self.at), to_u32(self.at + length), message)
    }
}

fn to_u32(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
