use std::sync::Arc;

use super::{Fact, Residual, Unplannable, World, partial};
use crate::syntax::{Expr, parse};
use crate::{
    Arena, Cx, Env, ErrorKind, EvalError, Limits, Map, Program, Timestamp, Type, Val, Value, compile,
};

/// What is known of a declared name before the rest is.
#[derive(Clone, Copy, Debug)]
pub enum Known<'k> {
    /// Its value.
    Value(Val<'k>),
    /// That it has none: using it is an error.
    Unset,
    /// Nothing.
    Unknown,
    /// The values of some of its fields; of the others nothing is known.
    Fields(&'k Map),
    /// What is left of the expression that it stands for.
    Residual(&'k Residual),
}

impl Env {
    /// What is left of an expression when only some names are known. `known` is by slot, as the values of an
    /// evaluation are; slots beyond its end are unknown. Evaluating the known parts may take `limits`, each anew.
    ///
    /// Parts that fail stay as [`Residual::Error`]; [`Residual::settled`] says where a condition with such parts holds.
    ///
    /// # Errors
    /// Optional values of what is not known, and limits.
    pub fn partial(
        &self,
        program: &Program,
        known: &[Known<'_>],
        now: Option<Timestamp>,
        limits: Limits,
    ) -> Result<Residual, Unplannable> {
        let Ok(expr) = parse(program.text()) else { return Err(Unplannable::TooLarge) };
        partial(&expr, &Planned { env: self, known, now, limits })
    }
}

struct Planned<'p> {
    env: &'p Env,
    known: &'p [Known<'p>],
    now: Option<Timestamp>,
    limits: Limits,
}

impl World for Planned<'_> {
    fn fact(&self, path: &str) -> Option<(Arc<str>, Fact<'_>)> {
        let (name, slot) = self.env.named(path)?;
        let fact = match self.known.get(slot.index()) {
            Some(Known::Value(_) | Known::Unset) => Fact::Known,
            Some(Known::Fields(fields)) => Fact::Fields(fields),
            Some(Known::Residual(residual)) => Fact::Residual(residual),
            Some(Known::Unknown) | None => Fact::Unknown,
        };
        Some((name, fact))
    }

    fn value(&self, expr: &Expr) -> Result<Option<Value>, EvalError<'static>> {
        let failed = |kind| EvalError { kind, start: expr.start, end: expr.end };
        let program = compile::program(self.env, "", expr, Type::Dyn).map_err(|issues| {
            let messages: Vec<String> = issues.into_iter().map(|issue| issue.message).collect();
            failed(ErrorKind::message(messages.join("; ")))
        })?;
        let slots: Vec<Option<Val<'_>>> = self
            .known
            .iter()
            .map(|known| match known {
                Known::Value(value) => Some(*value),
                Known::Fields(fields) => Some(Val::from(*fields)),
                _ => None,
            })
            .collect();
        let arena = Arena::new();
        let mut cx = Cx::new(&arena, &slots, self.now, self.limits);
        let value = program.eval(&mut cx).map_err(EvalError::into_owned)?;
        Ok(value.to_value())
    }
}
