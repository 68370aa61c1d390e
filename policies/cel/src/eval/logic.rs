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

fn decided_by<'a>(deciding: bool, sides: &'a [Node], cx: &mut Cx<'a>) -> Result<'a> {
    let mut failed: Option<EvalError> = None;
    for side in sides {
        let outcome = truth(side, cx);
        if absorb(outcome, deciding, &mut failed)? {
            return Ok(Val::Bool(deciding));
        }
    }
    failed.map_or(Ok(Val::Bool(!deciding)), Err)
}

/// Whether this outcome decides. Errors wait to see whether something else does.
pub(super) fn absorb(
    outcome: std::result::Result<bool, EvalError>,
    deciding: bool,
    failed: &mut Option<EvalError>,
) -> std::result::Result<bool, EvalError> {
    match outcome {
        Ok(value) => Ok(value == deciding),
        Err(error) if error.kind.is_limit() => Err(error),
        Err(error) => {
            failed.get_or_insert(error);
            Ok(false)
        }
    }
}

/// A boolean, or an error at the part that should have been one.
pub(super) fn truth<'a>(node: &'a Node, cx: &mut Cx<'a>) -> std::result::Result<bool, EvalError> {
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
