use std::fmt::{self, Write as _};

use super::{Expr, ExprKind, Literal};

/// The expression as CEL text, with no more brackets than it needs.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_at(self, 0, f)
    }
}

/// How tightly an expression binds: conditional, or, and, relation, sum, product, unary, member.
fn strength(expr: &Expr) -> u8 {
    match &expr.kind {
        ExprKind::Conditional(..) => 1,
        ExprKind::Or(_) => 2,
        ExprKind::And(_) => 3,
        ExprKind::Binary(operator, ..) => 3 + operator.precedence(),
        ExprKind::Not(_) | ExprKind::Negate(_) => 7,
        _ => 8,
    }
}

fn write_at(expr: &Expr, least: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let strength = strength(expr);
    if strength < least {
        f.write_char('(')?;
        write_at(expr, 0, f)?;
        return f.write_char(')');
    }
    match &expr.kind {
        ExprKind::Literal(literal) => write!(f, "{literal}"),
        ExprKind::Ident(name) => f.write_str(name),
        ExprKind::Select { operand, field, optional } => {
            write_at(operand, 8, f)?;
            write!(f, "{}{field}", if *optional { ".?" } else { "." })
        }
        ExprKind::Index { operand, index, optional } => {
            write_at(operand, 8, f)?;
            f.write_str(if *optional { "[?" } else { "[" })?;
            write_at(index, 0, f)?;
            f.write_char(']')
        }
        ExprKind::Call { target, function, args } => {
            if let Some(target) = target {
                write_at(target, 8, f)?;
                f.write_char('.')?;
            }
            write!(f, "{function}(")?;
            separated(args, ", ", 0, f)?;
            f.write_char(')')
        }
        ExprKind::List(items) => {
            f.write_char('[')?;
            for (index, item) in items.iter().enumerate() {
                f.write_str(if index > 0 { ", " } else { "" })?;
                f.write_str(if item.optional { "?" } else { "" })?;
                write_at(&item.value, 0, f)?;
            }
            f.write_char(']')
        }
        ExprKind::Map(entries) => {
            f.write_char('{')?;
            for (index, entry) in entries.iter().enumerate() {
                f.write_str(if index > 0 { ", " } else { "" })?;
                f.write_str(if entry.optional { "?" } else { "" })?;
                write_at(&entry.key, 0, f)?;
                f.write_str(": ")?;
                write_at(&entry.value, 0, f)?;
            }
            f.write_char('}')
        }
        ExprKind::Message(name) => write!(f, "{name}{{}}"),
        ExprKind::Or(sides) => separated(sides, " || ", 3, f),
        ExprKind::And(sides) => separated(sides, " && ", 4, f),
        ExprKind::Not(operand) => {
            f.write_char('!')?;
            write_at(operand, 7, f)
        }
        ExprKind::Negate(operand) => {
            f.write_char('-')?;
            write_at(operand, if takes_sign(operand) { 9 } else { 8 }, f)
        }
        ExprKind::Binary(operator, left, right) => {
            write_at(left, strength, f)?;
            write!(f, " {} ", operator.symbol())?;
            write_at(right, strength + 1, f)
        }
        ExprKind::Conditional(condition, yes, no) => {
            write_at(condition, 2, f)?;
            f.write_str(" ? ")?;
            write_at(yes, 2, f)?;
            f.write_str(" : ")?;
            write_at(no, 1, f)
        }
    }
}

/// Whether a sign right before it would be read otherwise: two signs in a row are none, and one before a number is part
/// of the number, whatever is selected from it.
fn takes_sign(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(Literal::Int(value)) => *value < 0,
        ExprKind::Literal(Literal::Double(value)) => value.is_sign_negative(),
        ExprKind::Select { operand, .. } | ExprKind::Index { operand, .. } => begins_with_number(operand),
        ExprKind::Call { target: Some(target), .. } => begins_with_number(target),
        _ => false,
    }
}

fn begins_with_number(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(Literal::Int(_) | Literal::Double(_)) => true,
        ExprKind::Select { operand, .. } | ExprKind::Index { operand, .. } => begins_with_number(operand),
        ExprKind::Call { target: Some(target), .. } => begins_with_number(target),
        _ => false,
    }
}

fn separated(list: &[Expr], separator: &str, least: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, expr) in list.iter().enumerate() {
        f.write_str(if index > 0 { separator } else { "" })?;
        write_at(expr, least, f)?;
    }
    Ok(())
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Uint(value) => write!(f, "{value}u"),
            Self::Double(value) if value.fract() == 0.0 && value.abs() < 1e15 => write!(f, "{value:.1}"),
            Self::Double(value) => write!(f, "{value:e}"),
            Self::String(text) => quote(text, f),
            Self::Bytes(bytes) => {
                f.write_str("b\"")?;
                bytes.iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))?;
                f.write_char('"')
            }
        }
    }
}

fn quote(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}
