mod collections;

use std::sync::Arc;

use super::{
    Expr, ExprKind, Issue, Literal, Operator,
    lexer::{self, Token, TokenKind},
};

/// How deep an expression may nest, and how long a chain of operators or members may be. `&&` and `||` chains count as
/// one level, however long.
pub const MAX_DEPTH: u32 = 160;

/// How many bytes an expression may have.
pub const MAX_LENGTH: usize = 100_000;

/// Names that the language keeps for itself; they can only be fields.
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

type Result<T> = std::result::Result<T, Issue>;

/// Reads an expression.
///
/// # Errors
/// The first thing that is wrong, an expression that nests too deep, or one that is too long.
pub fn parse(text: &str) -> Result<Expr> {
    if text.len() > MAX_LENGTH {
        let message = format!("the expression is longer than {MAX_LENGTH} bytes");
        return Err(Issue::new(0, u32::try_from(text.len()).unwrap_or(u32::MAX), message));
    }
    let mut parser = Parser { tokens: lexer::tokens(text)?, at: 0, nesting: 0 };
    let expr = parser.conditional()?;
    match parser.peek() {
        TokenKind::End => Ok(expr),
        _ => Err(parser.unexpected("an operator or the end of the expression")),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    nesting: u32,
}

impl Parser {
    fn peek(&self) -> &TokenKind {
        self.tokens.get(self.at).map_or(&TokenKind::End, |token| &token.kind)
    }

    fn peek_is(&self, symbol: &str) -> bool {
        matches!(self.peek(), TokenKind::Symbol(found) if *found == symbol)
    }

    fn take(&mut self, symbol: &str) -> bool {
        let found = self.peek_is(symbol);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &str) -> Result<()> {
        if self.take(symbol) { Ok(()) } else { Err(self.unexpected(&format!("`{symbol}`"))) }
    }

    fn start(&self) -> u32 {
        self.tokens.get(self.at).map_or(0, |token| token.start)
    }

    /// Where the last token that was taken ends.
    fn end(&self) -> u32 {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |token| token.end)
    }

    fn unexpected(&self, expected: &str) -> Issue {
        let (start, end) = self.tokens.get(self.at).map_or((0, 0), |token| (token.start, token.end));
        let found = match self.peek() {
            TokenKind::End => "the end of the expression".to_owned(),
            TokenKind::Name(name) | TokenKind::QuotedName(name) => format!("`{name}`"),
            TokenKind::Symbol(symbol) => format!("`{symbol}`"),
            TokenKind::Literal(literal) => format!("`{literal}`"),
            TokenKind::IntMagnitude => "a number".to_owned(),
        };
        Issue::new(start, end, format!("expected {expected}, found {found}"))
    }

    fn build(&self, kind: ExprKind, start: u32) -> Result<Expr> {
        let expr = Expr::new(kind, start, self.end());
        if expr.depth > MAX_DEPTH {
            return Err(too_deep(start, self.end()));
        }
        Ok(expr)
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.nesting += 1;
        if self.nesting > MAX_DEPTH {
            return Err(too_deep(self.start(), self.start()));
        }
        let result = parse(self);
        self.nesting -= 1;
        result
    }

    fn conditional(&mut self) -> Result<Expr> {
        self.nested(|parser| {
            let start = parser.start();
            let condition = parser.any_of()?;
            if !parser.take("?") {
                return Ok(condition);
            }
            let yes = parser.any_of()?;
            parser.expect(":")?;
            let no = parser.conditional()?;
            parser.build(ExprKind::Conditional(Box::new(condition), Box::new(yes), Box::new(no)), start)
        })
    }

    fn any_of(&mut self) -> Result<Expr> {
        let start = self.start();
        let mut sides = vec![self.all_of()?];
        while self.take("||") {
            sides.push(self.all_of()?);
        }
        self.joined(sides, ExprKind::Or, start)
    }

    fn all_of(&mut self) -> Result<Expr> {
        let start = self.start();
        let mut sides = vec![self.binary(1)?];
        while self.take("&&") {
            sides.push(self.binary(1)?);
        }
        self.joined(sides, ExprKind::And, start)
    }

    /// One side stands for itself; brackets around a side of the same operator make no difference.
    fn joined(&self, mut sides: Vec<Expr>, kind: fn(Vec<Expr>) -> ExprKind, start: u32) -> Result<Expr> {
        if sides.len() == 1
            && let Some(only) = sides.pop()
        {
            return Ok(only);
        }
        self.build(kind(sides), start)
    }

    fn operator(&self, least: u8) -> Option<Operator> {
        let operator = match self.peek() {
            TokenKind::Symbol("==") => Operator::Equal,
            TokenKind::Symbol("!=") => Operator::NotEqual,
            TokenKind::Symbol("<") => Operator::Less,
            TokenKind::Symbol("<=") => Operator::LessEqual,
            TokenKind::Symbol(">") => Operator::Greater,
            TokenKind::Symbol(">=") => Operator::GreaterEqual,
            TokenKind::Symbol("+") => Operator::Add,
            TokenKind::Symbol("-") => Operator::Subtract,
            TokenKind::Symbol("*") => Operator::Multiply,
            TokenKind::Symbol("/") => Operator::Divide,
            TokenKind::Symbol("%") => Operator::Modulo,
            TokenKind::Name(name) if &**name == "in" => Operator::In,
            _ => return None,
        };
        (operator.precedence() >= least).then_some(operator)
    }

    fn binary(&mut self, least: u8) -> Result<Expr> {
        let start = self.start();
        let mut left = self.unary()?;
        while let Some(operator) = self.operator(least) {
            self.at += 1;
            let right = self.binary(operator.precedence() + 1)?;
            left = self.build(ExprKind::Binary(operator, Box::new(left), Box::new(right)), start)?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr> {
        let start = self.start();
        let symbol = match self.peek() {
            TokenKind::Symbol(symbol @ ("!" | "-")) => *symbol,
            _ => return self.member(),
        };
        let mut signs = 0_usize;
        while self.peek_is(symbol) {
            self.at += 1;
            signs += 1;
        }
        if symbol == "-"
            && let Some(number) = self.negative_number(signs, start)?
        {
            return Ok(number);
        }
        // `!!a` is not `a` when `a` is not a boolean; two signs say all that more would.
        let signs = if signs.is_multiple_of(2) { 2 } else { 1 };
        let mut operand = self.nested(Self::unary)?;
        for _ in 0..signs {
            let kind = if symbol == "!" { ExprKind::Not } else { ExprKind::Negate };
            operand = self.build(kind(Box::new(operand)), start)?;
        }
        Ok(operand)
    }

    /// A sign right before a number is part of it; -9223372036854775808 is written in no other way.
    fn negative_number(&mut self, signs: usize, start: u32) -> Result<Option<Expr>> {
        if signs != 1 {
            return Ok(None);
        }
        let value = match self.peek() {
            TokenKind::IntMagnitude => Literal::Int(i64::MIN),
            // No number says that it was written `-0`.
            TokenKind::Literal(Literal::Int(0)) => return Ok(None),
            TokenKind::Literal(Literal::Int(value)) => Literal::Int(value.wrapping_neg()),
            TokenKind::Literal(Literal::Double(value)) => Literal::Double(-value),
            _ => return Ok(None),
        };
        self.at += 1;
        let number = self.build(ExprKind::Literal(value), start)?;
        self.members(number, start).map(Some)
    }

    fn member(&mut self) -> Result<Expr> {
        let start = self.start();
        let primary = self.primary()?;
        self.members(primary, start)
    }

    fn members(&mut self, mut operand: Expr, start: u32) -> Result<Expr> {
        loop {
            let kind = if self.take(".") {
                let optional = self.take("?");
                let (field, quoted) = self.field()?;
                if !optional && !quoted && self.take("(") {
                    let args = self.arguments(")")?;
                    ExprKind::Call { target: Some(Box::new(operand)), function: field, args }
                } else {
                    ExprKind::Select { operand: Box::new(operand), field, optional }
                }
            } else if self.take("[") {
                let optional = self.take("?");
                let index = Box::new(self.conditional()?);
                self.expect("]")?;
                ExprKind::Index { operand: Box::new(operand), index, optional }
            } else if self.peek_is("{") && operand.qualified_name().is_some() {
                return self.message(&operand, start);
            } else {
                return Ok(operand);
            };
            operand = self.build(kind, start)?;
        }
    }

    fn field(&mut self) -> Result<(Arc<str>, bool)> {
        let (name, quoted) = match self.peek() {
            TokenKind::Name(name) if !is_keyword(name) => (Arc::clone(name), false),
            TokenKind::QuotedName(name) => (Arc::clone(name), true),
            _ => return Err(self.unexpected("the name of a field")),
        };
        self.at += 1;
        Ok((name, quoted))
    }

    fn arguments(&mut self, close: &str) -> Result<Vec<Expr>> {
        let mut args = Vec::new();
        while !self.take(close) {
            args.push(self.conditional()?);
            if !self.take(",") {
                self.expect(close)?;
                break;
            }
            if self.peek_is(close) {
                return Err(self.unexpected("an argument"));
            }
        }
        Ok(args)
    }

    fn primary(&mut self) -> Result<Expr> {
        let start = self.start();
        match self.peek().clone() {
            TokenKind::Literal(literal) => {
                self.at += 1;
                self.build(ExprKind::Literal(literal), start)
            }
            TokenKind::Symbol("(") => {
                self.at += 1;
                let inner = self.conditional()?;
                self.expect(")")?;
                Ok(inner)
            }
            TokenKind::Symbol("[") => self.list(start),
            TokenKind::Symbol("{") => self.map(start),
            TokenKind::Symbol(".") => {
                self.at += 1;
                let TokenKind::Name(name) = self.peek().clone() else {
                    return Err(self.unexpected("a name"));
                };
                self.name(&format!(".{name}"), start)
            }
            TokenKind::Name(name) => self.name(&name, start),
            TokenKind::IntMagnitude => Err(Issue::new(
                start,
                self.tokens.get(self.at).map_or(start, |t| t.end),
                "invalid int literal: out of range",
            )),
            TokenKind::QuotedName(_) | TokenKind::Symbol(_) | TokenKind::End => {
                Err(self.unexpected("a value"))
            }
        }
    }

    fn name(&mut self, name: &str, start: u32) -> Result<Expr> {
        if RESERVED.contains(&name) || name == "in" {
            return Err(Issue::new(
                start,
                start + u32::try_from(name.len()).unwrap_or(0),
                format!("reserved identifier: {name}"),
            ));
        }
        self.at += 1;
        let kind = match name {
            "true" => ExprKind::Literal(Literal::Bool(true)),
            "false" => ExprKind::Literal(Literal::Bool(false)),
            "null" => ExprKind::Literal(Literal::Null),
            _ if self.take("(") => {
                let function = name.strip_prefix('.').unwrap_or(name).into();
                ExprKind::Call { target: None, function, args: self.arguments(")")? }
            }
            _ => ExprKind::Ident(name.into()),
        };
        self.build(kind, start)
    }
}

/// Words that are no names wherever they stand, not even after a dot.
fn is_keyword(name: &str) -> bool {
    matches!(name, "in" | "true" | "false" | "null")
}

fn too_deep(start: u32, end: u32) -> Issue {
    Issue::new(start, end, format!("the expression nests more than {MAX_DEPTH} levels deep"))
}
