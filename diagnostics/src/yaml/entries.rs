//! The entries of one mapping: unique keys, and merge keys put in.

use std::collections::{HashMap, HashSet};

use crate::{Diagnostic, Entry, Kind, Node, Span};

/// One `<<` and its value.
pub(super) struct Merge {
    /// The `<<` itself.
    pub(super) key: Span,
    /// How many of the mapping's own entries were written before it.
    pub(super) before: usize,
    /// A mapping, or a list of mappings of which earlier ones win.
    pub(super) value: Node,
}

/// The mapping's own entries, which must be unique, and those merged in, which give way to them.
pub(super) fn merged(own: Vec<Entry>, mut merges: Vec<Merge>) -> Result<Vec<Entry>, Diagnostic> {
    refuse_duplicates(&own)?;
    if let [first, second, ..] = merges.as_slice() {
        return Err(duplicate("<<", first.key, second.key).help("give one `<<` a list: `<<: [*a, *b]`"));
    }
    let Some(merge) = merges.pop() else { return Ok(own) };
    let mut before = own;
    let after = before.split_off(merge.before.min(before.len()));
    let mut known: HashSet<String> =
        before.iter().chain(&after).map(|entry| entry.key.value.clone()).collect();
    for entry in sources(merge)? {
        if known.insert(entry.key.value.clone()) {
            before.push(entry);
        }
    }
    before.extend(after);
    Ok(before)
}

fn sources(merge: Merge) -> Result<Vec<Entry>, Diagnostic> {
    let refuse = |node: &Node| {
        Err(Diagnostic::error("yaml/bad-merge", "only mappings can be merged in with `<<`")
            .at(node.span, format!("this is {}", node.describe()))
            .at(merge.key, "merged in here"))
    };
    match merge.value.kind {
        Kind::Map(entries) => Ok(entries),
        Kind::Seq(items) => items.into_iter().try_fold(Vec::new(), |mut all, item| match item.kind {
            Kind::Map(entries) => {
                all.extend(entries);
                Ok(all)
            }
            _ => refuse(&item),
        }),
        _ => refuse(&merge.value),
    }
}

/// Below this a walk over the few keys is cheaper than a hash table.
const FEW: usize = 8;

fn refuse_duplicates(entries: &[Entry]) -> Result<(), Diagnostic> {
    if entries.len() > FEW {
        let mut seen: HashMap<&str, Span> = HashMap::with_capacity(entries.len());
        for Entry { key, .. } in entries {
            if let Some(first) = seen.insert(&key.value, key.span) {
                return Err(duplicate(&key.value, first, key.span));
            }
        }
        return Ok(());
    }
    for (i, Entry { key, .. }) in entries.iter().enumerate() {
        if let Some(first) = entries.iter().take(i).find(|entry| entry.key.value == key.value) {
            return Err(duplicate(&key.value, first.key.span, key.span));
        }
    }
    Ok(())
}

fn duplicate(key: &str, first: Span, second: Span) -> Diagnostic {
    Diagnostic::error("yaml/duplicate-key", format!("the key `{key}` is written twice in one mapping"))
        .at(second, "the second one")
        .at(first, "the first one")
}
