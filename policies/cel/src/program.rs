use std::sync::Arc;

use crate::{Cx, EvalError, Type, Val, eval, node::Node};

/// An expression that is ready to be evaluated, again and again, by any number of threads.
#[derive(Clone, Debug)]
pub struct Program {
    pub(crate) root: Node,
    pub(crate) text: Arc<str>,
    pub(crate) ty: Type,
    pub(crate) reads: Arc<[Arc<str>]>,
}

impl Program {
    /// The expression's value.
    ///
    /// # Errors
    /// It has none, and which part of it is to blame.
    #[inline]
    pub fn eval<'a>(&'a self, cx: &mut Cx<'a>) -> Result<Val<'a>, EvalError<'a>> {
        eval::value(&self.root, cx)
    }

    /// Whether the expression holds: a value other than `true` does not.
    ///
    /// # Errors
    /// It has no value, and which part of it is to blame.
    #[inline]
    pub fn condition<'a>(&'a self, cx: &mut Cx<'a>) -> Result<bool, EvalError<'a>> {
        Ok(matches!(self.eval(cx)?, Val::Bool(true)))
    }

    /// The expression as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is known of the type of its value.
    #[must_use]
    pub const fn ty(&self) -> &Type {
        &self.ty
    }

    /// What it reads, in long form and as far as the names are known: `request.resource.attr.owner`. Each once.
    pub fn reads(&self) -> impl Iterator<Item = &str> {
        self.reads.iter().map(|path| &**path)
    }
}
