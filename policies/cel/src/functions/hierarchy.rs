//! Hierarchies such as `a.b.c`: who is above, below or beside whom. Each is given by its elements.

/// Is `h` a proper prefix of `other`?
pub(crate) fn is_ancestor(h: &[&str], other: &[&str]) -> bool {
    h.len() < other.len() && other.starts_with(h)
}

/// Is `h` exactly one element above `other`?
pub(crate) fn is_parent(h: &[&str], other: &[&str]) -> bool {
    is_ancestor(h, other) && other.len() == h.len() + 1
}

/// Have the two the same parent? A hierarchy is its own sibling.
pub(crate) fn are_siblings(h: &[&str], other: &[&str]) -> bool {
    h.len() == other.len() && h.split_last().map(|(_, up)| up) == other.split_last().map(|(_, up)| up)
}

/// Is one a prefix of the other?
pub(crate) fn overlap(h: &[&str], other: &[&str]) -> bool {
    h.starts_with(other) || other.starts_with(h)
}

/// How many elements the two share from the top. Hierarchies of the same length are not their own ancestors,
/// so their last elements do not count.
pub(crate) fn shared(h: &[&str], other: &[&str]) -> usize {
    let most = if h.len() == other.len() { h.len().saturating_sub(1) } else { h.len() };
    h.iter().zip(other).take(most).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_follow_the_elements() {
        let rows: [(&str, &str, [bool; 4], usize); 9] = [
            ("a.b", "a.b.c.d", [true, false, false, true], 2),
            ("a.b", "a.b.c", [true, true, false, true], 2),
            ("a.b", "a.b", [false, false, true, true], 1),
            ("a.b.c", "a.b.d", [false, false, true, false], 2),
            ("a.b.c", "x.b.c", [false, false, false, false], 0),
            ("x.y.c.d", "a.b.c.d.e", [false, false, false, false], 0),
            ("a.b.c.d", "a.b", [false, false, false, true], 2),
            ("a", "b", [false, false, true, false], 0),
            ("a.b.c", "a.b.x.y", [false, false, false, false], 2),
        ];
        for (left, right, [ancestor, parent, siblings, overlapping], common) in rows {
            let (l, r): (Vec<_>, Vec<_>) = (left.split('.').collect(), right.split('.').collect());
            assert_eq!(is_ancestor(&l, &r), ancestor, "{left} {right}");
            assert_eq!(is_parent(&l, &r), parent, "{left} {right}");
            assert_eq!(are_siblings(&l, &r), siblings, "{left} {right}");
            assert_eq!(overlap(&l, &r), overlapping, "{left} {right}");
            assert_eq!(shared(&l, &r), common, "{left} {right}");
        }
    }

    #[test]
    fn an_empty_hierarchy_is_above_everything() {
        assert!(is_ancestor(&[], &["a"]) && are_siblings(&[], &[]) && overlap(&[], &[]));
        assert_eq!(shared(&[], &[]), 0);
    }
}
