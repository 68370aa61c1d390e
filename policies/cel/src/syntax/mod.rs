//! From text to a tree: what is written?

mod ast;
mod lexer;
mod literal;
mod parser;
mod print;

pub use ast::{Entry, Expr, ExprKind, Item, Literal, Operator};
pub use parser::{MAX_DEPTH, MAX_LENGTH, parse};

/// Something wrong with an expression, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// The first byte of the place.
    pub start: u32,
    /// One past its last byte.
    pub end: u32,
    /// What is wrong, lower case, without a full stop.
    pub message: String,
}

impl Issue {
    pub(crate) fn new(start: u32, end: u32, message: impl Into<String>) -> Self {
        Self { start, end, message: message.into() }
    }
}

/// The operator that was meant by one of another language.
#[must_use]
pub fn operator_meant(word: &str) -> Option<&'static str> {
    match word {
        "=" => Some("=="),
        "&" | "and" | "AND" => Some("&&"),
        "|" | "or" | "OR" => Some("||"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
