//! What an expression reads, seen in its text.

use std::sync::Arc;

use portreeve_cel::syntax::{Expr, ExprKind, Literal, Operator};

use super::Source;

/// A source that an expression reads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Use {
    pub(crate) source: Source,
    /// What in it; nothing when all of it is, or when it cannot be told.
    pub(crate) key: Option<Arc<str>>,
    /// Where the source's name begins in the expression's text.
    pub(crate) root: usize,
    /// Where the key is, or the name if there is none.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Everything that an expression reads. A macro's variable that is called like a source counts as that source.
pub(crate) fn of(expr: &Expr) -> Vec<Use> {
    let mut uses = Vec::new();
    collect(expr, &mut uses);
    uses
}

fn collect(expr: &Expr, uses: &mut Vec<Use>) {
    if let Some(found) = keyed(expr).or_else(|| whole(expr)) {
        uses.push(found);
        return;
    }
    expr.children(&mut |child| collect(child, uses));
}

/// `query.a`, `query.?a`, `query["a"]`, `"a" in query`.
fn keyed(expr: &Expr) -> Option<Use> {
    let (root, key, at) = match &expr.kind {
        ExprKind::Select { operand, field, .. } => {
            (operand, field, expr.end.saturating_sub(u32::try_from(field.len()).ok()?))
        }
        ExprKind::Index { operand, index, .. } => (operand, text(index)?, index.start),
        ExprKind::Binary(Operator::In, key, operand) => (operand, text(key)?, key.start),
        _ => return None,
    };
    let found = whole(root)?;
    let end = if at > root.start { expr.end } else { root.start };
    Some(Use { key: Some(Arc::clone(key)), start: at as usize, end: end as usize, ..found })
}

fn whole(expr: &Expr) -> Option<Use> {
    let ExprKind::Ident(name) = &expr.kind else { return None };
    let source = Source::named(name.strip_prefix('.').unwrap_or(name))?;
    Some(Use {
        source,
        key: None,
        root: expr.start as usize,
        start: expr.start as usize,
        end: expr.end as usize,
    })
}

const fn text(expr: &Expr) -> Option<&Arc<str>> {
    match &expr.kind {
        ExprKind::Literal(Literal::String(text)) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use portreeve_cel::syntax::parse;

    use super::{Source, of};

    #[test]
    fn keys_are_seen_however_they_are_asked_for() {
        let uses = |text: &str| -> Vec<_> {
            let uses = of(&parse(text).unwrap());
            uses.into_iter().map(|found| (found.source, found.key.map(|key| key.to_string()))).collect()
        };
        let key = |source, key: &str| (source, Some(key.to_owned()));
        for (text, expected) in [
            ("query.?region.orValue('EU')", vec![key(Source::Query, "region")]),
            (
                "has(query.a) ? query['b'] : query[?'c'].value()",
                ["a", "b", "c"].map(|k| key(Source::Query, k)).to_vec(),
            ),
            ("'a' in query && path.id == 'x'", vec![key(Source::Query, "a"), key(Source::Path, "id")]),
            ("query.exists(k, k == 'x')", vec![(Source::Query, None)]),
            ("query[path.id]", vec![(Source::Query, None), key(Source::Path, "id")]),
            ("{'a': body.items.map(i, i.id)}", vec![key(Source::Body, "items")]),
            ("stored", vec![(Source::Stored, None)]),
        ] {
            assert_eq!(uses(text), expected, "{text}");
        }
    }
}
