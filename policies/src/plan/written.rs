//! What is left of an expression, in the operators of filters.

use std::sync::Arc;

use portreeve_cel::{Loop, Map, Residual, Value, syntax::Operator};

use super::{filter::Operand, question::Manner};

/// What is left of an expression as an operand.
pub(super) fn written(residual: &Residual, manner: Manner) -> Operand {
    Writer { manner }.part(residual)
}

#[derive(Clone, Copy)]
struct Writer {
    manner: Manner,
}

impl Writer {
    fn part(self, residual: &Residual) -> Operand {
        match residual {
            Residual::Value(known) => value(known),
            // Conditions are settled before; an error that is left holds nowhere.
            Residual::Error(_) => Operand::bool(false),
            Residual::Variable(name) | Residual::Local(name) => Operand::Variable(Arc::clone(name)),
            Residual::Field(operand, field) => self.field(operand, field),
            Residual::Index(operand, index) => match (self.manner, &**index) {
                (Manner::Exact, Residual::Value(Value::String(field))) => self.field(operand, field),
                _ => self.apply("index", [&**operand, index]),
            },
            Residual::Has(operand, field) => match self.manner {
                Manner::AsCerbos => Operand::bool(true),
                Manner::Exact => Operand::expression("has", vec![self.field(operand, field)]),
            },
            Residual::Call(name, parts) => self.call(name, parts),
            Residual::Binary(Operator::In, item, range) => {
                Operand::expression("in", vec![self.part(item), self.range(range)])
            }
            Residual::Binary(operator, a, b) => self.apply(name(*operator), [&**a, b]),
            Residual::And(parts) => self.apply("and", parts),
            Residual::Or(parts) => self.apply("or", parts),
            Residual::Not(operand) => self.apply("not", [&**operand]),
            Residual::Negate(operand) => self.apply("-_", [&**operand]),
            Residual::If(a, b, c) => self.apply("if", [&**a, b, c]),
            Residual::List(parts) => self.listed(parts),
            Residual::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| self.apply("set-field", [key, value]));
                Operand::expression("struct", entries.collect())
            }
            Residual::Loop(each) => self.looped(each),
        }
    }

    fn apply<'r>(self, operator: &str, parts: impl IntoIterator<Item = &'r Residual>) -> Operand {
        Operand::expression(operator, parts.into_iter().map(|part| self.part(part)).collect())
    }

    /// Plain values are one value together.
    fn listed<'r>(self, parts: impl IntoIterator<Item = &'r Residual>) -> Operand {
        let operands: Vec<Operand> = parts.into_iter().map(|part| self.part(part)).collect();
        let plain = operands.iter().map(|operand| match operand {
            Operand::Value(value) if is_plain(value) => Some(value.clone()),
            _ => None,
        });
        match plain.collect::<Option<Box<[Value]>>>() {
            Some(values) => Operand::Value(Value::List(values)),
            None => Operand::expression("list", operands),
        }
    }

    /// `a.b.c` is one variable.
    fn field(self, operand: &Residual, field: &Arc<str>) -> Operand {
        let is_plain = !field.is_empty() && field.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        match self.part(operand) {
            Operand::Variable(name) if is_plain => Operand::Variable(format!("{name}.{field}").into()),
            Operand::Variable(name) => {
                let key = Operand::Value(Value::String(Arc::clone(field)));
                Operand::expression("index", vec![Operand::Variable(name), key])
            }
            operand => Operand::expression("get-field", vec![operand, Operand::Variable(Arc::clone(field))]),
        }
    }

    fn call(self, name: &str, parts: &[Residual]) -> Operand {
        // What cel-go makes of these macros: of more than two numbers, a list.
        let name = match name {
            "math.greatest" => "math.@max",
            "math.least" => "math.@min",
            other => return self.apply(other, parts),
        };
        match parts {
            [_, _, _, ..] => Operand::expression(name, vec![self.part(&Residual::List(parts.to_vec()))]),
            few => self.apply(name, few),
        }
    }

    /// What is gone through or looked into: of a map, its keys.
    fn range(self, range: &Residual) -> Operand {
        match range {
            Residual::Value(Value::Map(map)) => Operand::Value(Value::List(keys(map))),
            Residual::Map(entries) => self.listed(entries.iter().map(|(key, _)| key)),
            other => self.part(other),
        }
    }

    fn looped(self, each: &Loop) -> Operand {
        let operator = match (&*each.function, &each.test) {
            ("existsOne", _) => "exists_one",
            ("map", Some(_)) => "transformList",
            (other, _) => other,
        };
        let sees_keys = each.names.len() == 1 || !matches!(each.range, Residual::Value(_));
        let range = if sees_keys { self.range(&each.range) } else { self.part(&each.range) };
        let mut lambda: Vec<Operand> = each.test.iter().map(|test| self.part(test)).collect();
        lambda.push(self.part(&each.body));
        lambda.extend(each.names.iter().map(|name| Operand::Variable(Arc::clone(name))));
        Operand::expression(operator, vec![range, Operand::expression("lambda", lambda)])
    }
}

const fn name(operator: Operator) -> &'static str {
    match operator {
        Operator::Equal => "eq",
        Operator::NotEqual => "ne",
        Operator::Less => "lt",
        Operator::LessEqual => "le",
        Operator::Greater => "gt",
        Operator::GreaterEqual => "ge",
        Operator::In => "in",
        Operator::Add => "add",
        Operator::Subtract => "sub",
        Operator::Multiply => "mult",
        Operator::Divide => "div",
        Operator::Modulo => "mod",
    }
}

/// The keys, sorted.
fn keys(map: &Map) -> Box<[Value]> {
    let mut keys: Vec<&Arc<str>> = map.iter().map(|(key, _)| key).collect();
    keys.sort();
    keys.into_iter().map(|key| Value::String(Arc::clone(key))).collect()
}

/// Maps, moments and lengths of time are expressions, and so are lists that hold such or lists.
fn value(known: &Value) -> Operand {
    match known {
        Value::List(items) if items.iter().all(is_plain) => Operand::Value(known.clone()),
        Value::List(items) => Operand::expression("list", items.iter().map(value).collect()),
        Value::Map(map) => {
            let mut entries: Vec<(&Arc<str>, &Value)> = map.iter().collect();
            entries.sort_by_key(|(key, _)| Arc::clone(key));
            let entries = entries.into_iter().map(|(key, item)| {
                let key = Operand::Value(Value::String(Arc::clone(key)));
                Operand::expression("set-field", vec![key, value(item)])
            });
            Operand::expression("struct", entries.collect())
        }
        Value::Timestamp(_) => called("timestamp", known),
        Value::Duration(_) => called("duration", known),
        plain => Operand::Value(plain.clone()),
    }
}

const fn is_plain(value: &Value) -> bool {
    !matches!(value, Value::List(_) | Value::Map(_) | Value::Timestamp(_) | Value::Duration(_))
}

/// A value that is written as a text in a call.
fn called(function: &str, known: &Value) -> Operand {
    let text = serde_json::to_value(known).ok().and_then(|json| json.as_str().map(Value::from));
    Operand::expression(function, vec![Operand::Value(text.unwrap_or_default())])
}
