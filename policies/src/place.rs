//! Where Cerbos says that something is, which is not always where it is.

use portreeve_diagnostics::{Bundle, Span};

/// The place of a mapping: its bracket, or the colon after its first key where it has none.
pub(crate) fn mapping(bundle: &Bundle, mapping: Span) -> Span {
    if bundle.text(mapping).is_some_and(|text| text.starts_with('{')) {
        return mapping;
    }
    let colon = bundle.text(mapping).and_then(|text| text.find(':')).unwrap_or_default();
    mapping.part(u32::try_from(colon).unwrap_or_default(), u32::MAX)
}

/// The place of a field: its key, which stands in front of its value. The value's own place if there is none.
pub(crate) fn field(bundle: &Bundle, value: Span) -> Span {
    key(bundle, value).unwrap_or(value)
}

/// The place of a value that is not written: behind the colon of its key.
pub(crate) fn nothing(bundle: &Bundle, value: Span) -> Span {
    let rest = bundle.file(value).and_then(|file| file.text.get(value.start as usize..));
    match rest {
        Some(rest) if rest.starts_with(':') => Span { start: value.start + 1, end: value.start + 1, ..value },
        _ => value,
    }
}

fn key(bundle: &Bundle, value: Span) -> Option<Span> {
    let text = &bundle.file(value)?.text;
    // A value that is not written stands at the colon.
    let unwritten = u32::from(text.get(value.start as usize..).is_some_and(|rest| rest.starts_with(':')));
    let before = text.get(..(value.start + unwritten) as usize)?;
    let before = before.trim_end();
    let block = before.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+'));
    let before = block.strip_suffix(['|', '>']).unwrap_or(before).trim_end();
    let before = before.strip_suffix(':')?;
    let key = before.trim_end_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '"' | '\''));
    if key.len() == before.len() {
        return None;
    }
    let start = u32::try_from(key.len()).ok()?;
    Some(Span { start, end: u32::try_from(before.len()).ok()?, ..value })
}

#[cfg(test)]
mod tests {
    use portreeve_diagnostics::SourceFile;

    use super::*;

    #[test]
    fn a_field_is_where_its_key_is_and_a_mapping_where_its_first_colon_is() {
        for (text, value, expected) in [
            ("a:\n  expr: x == y\n", "x == y", "expr"),
            ("a:\n  expr: |-\n    x == y\n", "x == y", "expr"),
            ("a:\n  expr: >2+\n    x == y\n", "x == y", "expr"),
            ("{\"expr\": \"x == y\"}", "\"x == y\"", "\"expr\""),
            ("- x == y\n", "x == y", "x == y"),
        ] {
            let file = SourceFile { name: "a".into(), text: text.into() };
            let bundle = Bundle { revision: "r".into(), files: vec![file] };
            let start = u32::try_from(text.find(value).unwrap()).unwrap();
            let end = start + u32::try_from(value.len()).unwrap();
            assert_eq!(bundle.text(field(&bundle, Span { file: 0, start, end })), Some(expected), "{text}");
        }
        let file = SourceFile { name: "a".into(), text: "- name: x\n  b: y\n".into() };
        let bundle = Bundle { revision: "r".into(), files: vec![file] };
        assert_eq!(mapping(&bundle, Span { file: 0, start: 2, end: 16 }).start, 6);
    }
}
