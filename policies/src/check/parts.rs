//! The values of the parts of an expression, for people who ask why it does not hold.

use portreeve_cel::{
    Cx, Limits,
    syntax::{Expr, ExprKind, parse},
};

use super::Engine;
use crate::{Trace, set::Expression};

/// More than these are not told.
const MOST: usize = 24;

impl<T: Trace> Engine<'_, '_, T> {
    /// Tells the trace the values of an expression's parts, where it wants them.
    pub(super) fn parts(&mut self, expression: &Expression, names: u32, frame: usize) {
        if !T::VALUES {
            return;
        }
        let Some(env) = self.set.names.get(names as usize).map(|names| &names.env) else { return };
        let text = &*expression.text;
        let Ok(expr) = parse(text) else { return };
        let mut places = Vec::new();
        inside(&expr, &mut places);
        let mut told: Vec<&str> = Vec::new();
        for (start, end) in places {
            let Some(part) = text.get(start as usize..end as usize) else { continue };
            if told.len() == MOST || told.contains(&part) {
                continue;
            }
            told.push(part);
            let Ok(program) = env.compile(part) else { continue };
            let slots = self.arena.slots(self.slots(frame));
            let mut cx = Cx::new(self.arena, slots, self.now, Limits::default());
            let value = program.eval(&mut cx);
            self.trace.value(part, value.as_ref().copied());
        }
    }
}

/// The places of the parts that an expression's value comes of. What is inside a macro depends on its variables and has
/// no value of its own.
fn inside(expr: &Expr, places: &mut Vec<(u32, u32)>) {
    match &expr.kind {
        ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().for_each(|part| part_of(part, places)),
        ExprKind::Not(part) | ExprKind::Negate(part) => part_of(part, places),
        ExprKind::Binary(_, left, right) => [left, right].into_iter().for_each(|part| part_of(part, places)),
        ExprKind::Conditional(test, yes, no) => {
            [test, yes, no].into_iter().for_each(|part| part_of(part, places));
        }
        ExprKind::Index { operand, index, .. } => {
            [operand, index].into_iter().for_each(|part| part_of(part, places));
        }
        ExprKind::Call { target, function, args } => {
            if let Some(target) = target.as_deref().filter(|target| !is_namespace(target)) {
                part_of(target, places);
            }
            if !binds(function) {
                args.iter().for_each(|part| part_of(part, places));
            }
        }
        ExprKind::Literal(_)
        | ExprKind::Ident(_)
        | ExprKind::Select { .. }
        | ExprKind::List(_)
        | ExprKind::Map(_)
        | ExprKind::Message(_) => {}
    }
}

fn part_of(part: &Expr, places: &mut Vec<(u32, u32)>) {
    let constant = matches!(part.kind, ExprKind::Literal(_))
        || matches!(&part.kind, ExprKind::List(items) if items.iter().all(|item| matches!(item.value.kind, ExprKind::Literal(_))));
    if !constant {
        places.push((part.start, part.end));
    }
    inside(part, places);
}

/// `math` of `math.abs(1)`; names of values begin otherwise.
fn is_namespace(target: &Expr) -> bool {
    matches!(&target.kind, ExprKind::Ident(name) if matches!(&**name, "math" | "base64" | "sets" | "lists" | "strings" | "optional" | "cel"))
}

/// Whether a call's arguments are not evaluated where they stand.
fn binds(function: &str) -> bool {
    matches!(
        function,
        "has"
            | "all"
            | "exists"
            | "exists_one"
            | "existsOne"
            | "filter"
            | "map"
            | "bind"
            | "optMap"
            | "optFlatMap"
            | "transformList"
            | "transformMap"
            | "transformMapEntry"
            | "sortBy"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_of_the_parts_outside_macros_that_are_no_constants() {
        for (text, expected) in [
            ("R.attr.owner == P.id", &["R.attr.owner", "P.id"][..]),
            ("a == 1 && (b > 2 || !c)", &["a == 1", "a", "b > 2 || !c", "b > 2", "b", "!c", "c"]),
            ("R.attr.tags.exists(t, t == \"x\")", &["R.attr.tags"]),
            ("has(R.attr.owner)", &[]),
            ("math.abs(x) in [1, 2]", &["math.abs(x)", "x"]),
            ("a.b", &[]),
        ] {
            let mut places = Vec::new();
            inside(&parse(text).unwrap(), &mut places);
            let parts: Vec<&str> =
                places.iter().map(|(start, end)| text.get(*start as usize..*end as usize).unwrap()).collect();
            assert_eq!(parts, expected, "{text}");
        }
    }
}
