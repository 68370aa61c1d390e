use crate::{
    Arena, Cx, Limits, Value, eval,
    node::{Kind, Node},
};

/// What a constant may take to be worked out, and how large it may be.
const LIMITS: Limits = Limits { steps: 10_000, memory: 64 << 10 };

/// Works out what depends on nothing but constants. What has no value, or one that only lives in an evaluation, is left
/// as it is and says so when it is evaluated.
pub(super) fn fold(node: Node) -> Node {
    if !is_constant(&node.kind) {
        return node;
    }
    match worked_out(&node) {
        Some(value) => Node { kind: Kind::Const(value), ..node },
        None => node,
    }
}

fn worked_out(node: &Node) -> Option<Value> {
    let arena = Arena::new();
    let mut cx = Cx::new(&arena, &[], None, LIMITS);
    eval::value(node, &mut cx).ok().and_then(|value| value.to_value())
}

fn is_constant(kind: &Kind) -> bool {
    let known = |nodes: &[Node]| nodes.iter().all(|node| node.constant().is_some());
    match kind {
        // `id` is there to keep what is in it from being worked out; the clock is not known yet.
        Kind::Call { name: "now" | "timeSince" | "id", .. } => false,
        Kind::Call { args, .. } => known(args),
        Kind::List(items) => items.iter().all(|item| !item.optional && item.value.constant().is_some()),
        Kind::Map(entries) => {
            let text = |entry: &crate::node::Entry| matches!(entry.key.constant(), Some(Value::String(_)));
            entries.iter().all(|entry| !entry.optional && text(entry) && entry.value.constant().is_some())
        }
        Kind::Negate(operand) | Kind::Not(operand) => operand.constant().is_some(),
        Kind::Arithmetic { sides, .. }
        | Kind::Compare { sides, .. }
        | Kind::Equal { sides, .. }
        | Kind::In(sides) => known(&**sides),
        _ => false,
    }
}
