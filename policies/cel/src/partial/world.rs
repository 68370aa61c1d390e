use std::sync::Arc;

use super::Residual;
use crate::syntax::Expr;
use crate::{EvalError, Map, Value};

/// What is known of a name.
pub(crate) enum Fact<'w> {
    /// Its value: evaluation finds it.
    Known,
    /// Nothing.
    Unknown,
    /// The values of some of its fields.
    Fields(&'w Map),
    /// What is left of the expression it stands for.
    Residual(&'w Residual),
}

/// What partial evaluation needs to know of names and values.
pub(crate) trait World {
    /// A declared name with a value of its own, such as `P.attr`: how it is written in full, and what is known of it.
    fn fact(&self, path: &str) -> Option<(Arc<str>, Fact<'_>)>;

    /// The value of an expression whose names are all known; `None` if it has no form outside of evaluation.
    fn value(&self, expr: &Expr) -> Result<Option<Value>, EvalError<'static>>;
}
