//! What a condition comes to when an error means that it does not hold.

use super::residual::{Loop, Residual};

impl Residual {
    /// The condition without errors: true exactly where this one has the value `true`, and false where it is false
    /// or fails. Conditions without errors in them stay as they are.
    #[must_use]
    pub fn settled(self) -> Self {
        if self.has_error() { self.holds() } else { self }
    }

    pub(super) fn has_error(&self) -> bool {
        let mut found = matches!(self, Self::Error(_));
        self.parts(&mut |part| found = found || part.has_error());
        found
    }

    /// Where it is true.
    fn holds(self) -> Self {
        if !self.has_error() {
            return self;
        }
        match self {
            Self::And(sides) => Self::all(sides.into_iter().map(Self::holds).collect()),
            Self::Or(sides) => Self::any(sides.into_iter().map(Self::holds).collect()),
            Self::Not(operand) => operand.fails(),
            Self::If(condition, yes, no) => choice(*condition, yes.holds(), no.holds()),
            Self::Loop(each) if each.test.is_none() => match &*each.function {
                "all" | "exists" => looped(*each, Self::holds),
                _ => one(*each, |found| found),
            },
            _ => Self::bool(false),
        }
    }

    /// Where it is false, which is not the same as where it is not true.
    fn fails(self) -> Self {
        if !self.has_error() {
            return self.negated();
        }
        match self {
            Self::And(sides) => Self::any(sides.into_iter().map(Self::fails).collect()),
            Self::Or(sides) => Self::all(sides.into_iter().map(Self::fails).collect()),
            Self::Not(operand) => operand.holds(),
            Self::If(condition, yes, no) => choice(*condition, yes.fails(), no.fails()),
            Self::Loop(each) if each.test.is_none() => match &*each.function {
                "all" => looped(Loop { function: "exists".into(), ..*each }, Self::fails),
                "exists" => looped(Loop { function: "all".into(), ..*each }, Self::fails),
                _ => one(*each, Self::negated),
            },
            _ => Self::bool(false),
        }
    }

    /// The residuals this one is made of.
    pub(super) fn parts<'r>(&'r self, visit: &mut dyn FnMut(&'r Self)) {
        match self {
            Self::Value(_) | Self::Error(_) | Self::Variable(_) | Self::Local(_) => {}
            Self::Field(operand, _) | Self::Has(operand, _) | Self::Not(operand) | Self::Negate(operand) => {
                visit(operand);
            }
            Self::Index(a, b) | Self::Binary(_, a, b) => {
                visit(a);
                visit(b);
            }
            Self::Call(_, parts) | Self::And(parts) | Self::Or(parts) | Self::List(parts) => {
                parts.iter().for_each(visit);
            }
            Self::If(a, b, c) => {
                visit(a);
                visit(b);
                visit(c);
            }
            Self::Map(entries) => entries.iter().for_each(|(key, value)| {
                visit(key);
                visit(value);
            }),
            Self::Loop(each) => {
                visit(&each.range);
                each.test.iter().for_each(&mut *visit);
                visit(&each.body);
            }
        }
    }
}

/// Where the condition chooses a side that holds.
fn choice(condition: Residual, yes: Residual, no: Residual) -> Residual {
    if condition.has_error() {
        let when = Residual::all(vec![condition.clone().holds(), yes]);
        return Residual::any(vec![when, Residual::all(vec![condition.fails(), no])]);
    }
    match (yes.as_bool(), no.as_bool()) {
        (Some(true), Some(false)) => condition,
        (Some(false), Some(false)) => Residual::bool(false),
        (_, Some(false)) => Residual::all(vec![condition, yes]),
        (Some(false), _) => Residual::all(vec![condition.negated(), no]),
        _ => Residual::If(Box::new(condition), Box::new(yes), Box::new(no)),
    }
}

fn looped(each: Loop, body: fn(Residual) -> Residual) -> Residual {
    Residual::Loop(Box::new(Loop { body: body(each.body), ..each }))
}

/// `exists_one` asks every item: it has an answer where each of them has one.
fn one(each: Loop, answer: fn(Residual) -> Residual) -> Residual {
    let answered = |body: Residual| Residual::any(vec![body.clone().holds(), body.fails()]);
    let every = Loop { function: "all".into(), ..each.clone() };
    Residual::all(vec![looped(every, answered), answer(looped(each, Residual::holds))])
}
