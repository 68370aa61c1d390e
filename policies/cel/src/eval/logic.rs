use super::{Result, at, value};
use crate::{Cx, ErrorKind, EvalError, Val, node::Node};

/// False if any side is, whatever the others are; else the first error; else true.
pub(super) fn all<'a>(sides: &'a [Node], cx: &mut Cx<'a>) -> Result<'a> {
    decided_by(false, sides, cx)
}

/// True if any side is, whatever the others are; else the first error; else false.
pub(super) fn any<'a>(sides: &'a [Node], cx: &mut Cx<'a>) -> Result<'a> {
    decided_by(true, sides, cx)
}

#[inline]
fn decided_by<'a>(deciding: bool, sides: &'a [Node], cx: &mut Cx<'a>) -> Result<'a> {
    let mut failed: Option<EvalError<'a>> = None;
    for side in sides {
        if absorb(truth(side, cx), deciding, &mut failed)? {
            return Ok(Val::Bool(deciding));
        }
    }
    failed.map_or(Ok(Val::Bool(!deciding)), Err)
}

/// Whether this outcome decides. Errors wait to see whether something else does.
#[inline]
pub(super) fn absorb<'a>(
    outcome: Result<'a, bool>,
    deciding: bool,
    failed: &mut Option<EvalError<'a>>,
) -> Result<'a, bool> {
    match outcome {
        Ok(value) => Ok(value == deciding),
        Err(error) => put_off(error, failed).map(|()| false),
    }
}

fn put_off<'a>(error: EvalError<'a>, failed: &mut Option<EvalError<'a>>) -> Result<'a, ()> {
    if error.kind.is_limit() {
        return Err(error);
    }
    failed.get_or_insert(error);
    Ok(())
}

/// A boolean, or an error at the part that should have been one.
#[inline]
pub(super) fn truth<'a>(node: &'a Node, cx: &mut Cx<'a>) -> Result<'a, bool> {
    match value(node, cx)? {
        Val::Bool(value) => Ok(value),
        _ => Err(at(node, ErrorKind::NotBool)),
    }
}

pub(super) fn conditional<'a>(node: &'a Node, parts: &'a [Node; 3], cx: &mut Cx<'a>) -> Result<'a> {
    let [condition, yes, no] = parts;
    match value(condition, cx)? {
        Val::Bool(true) => value(yes, cx),
        Val::Bool(false) => value(no, cx),
        _ => Err(at(node, ErrorKind::NotBool)),
    }
}
