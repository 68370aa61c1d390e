//! The pieces of a pattern: single characters, and what stands for several texts.

use crate::import::{expression::Expression, pattern::Part};

/// The most places that one rule becomes.
const MOST: usize = 64;

#[derive(Clone, Copy, Debug)]
pub(super) enum Token<'p> {
    Char(char),
    Dynamic(&'p Expression, usize),
}

/// Every way to write out those parts that stand for a few texts.
pub(super) fn written_out(parts: &[Part]) -> Result<Vec<Vec<Token<'_>>>, String> {
    let mut all: Vec<Vec<Token<'_>>> = vec![Vec::new()];
    for part in parts {
        let texts: Vec<Vec<Token<'_>>> = match part {
            Part::Literal(text) => vec![text.chars().map(Token::Char).collect()],
            Part::Dynamic { expression, group } => match expression.texts() {
                Some(texts) => texts.iter().map(|text| text.chars().map(Token::Char).collect()).collect(),
                None => vec![vec![Token::Dynamic(expression, *group)]],
            },
        };
        let mut longer = Vec::with_capacity(all.len() * texts.len());
        for start in &all {
            longer.extend(texts.iter().map(|end| start.iter().chain(end).copied().collect()));
        }
        all = longer;
        if all.len() > MOST {
            return Err(format!("it stands for more than {MOST} different paths"));
        }
    }
    Ok(all)
}

pub(super) fn text(tokens: &[Token<'_>]) -> Option<String> {
    let char = |token: &Token<'_>| match token {
        Token::Char(c) => Some(*c),
        Token::Dynamic(..) => None,
    };
    tokens.iter().map(char).collect()
}

pub(super) fn regex(tokens: &[Token<'_>]) -> String {
    let one = |token: &Token<'_>| match token {
        Token::Char(c) => regex::escape(c.encode_utf8(&mut [0; 4])),
        Token::Dynamic(one, _) => format!("(?:{})", one.text),
    };
    tokens.iter().map(one).collect()
}
