use crate::{Bundle, Node, Span, Spanned};

/// The place in the file of the bytes `start..end` of a text node's text.
///
/// Folding, indentation and quoting only change space and escapes, so what was written and what it means are matched
/// character by character; that is exact for every way to write text, but for places inside folded space. A node that
/// is not text, or was not read from this bundle, gives its whole span.
#[must_use]
pub fn place_in(node: &Node, bundle: &Bundle, start: usize, end: usize) -> Span {
    node.as_str().map_or(node.span, |text| place(text, node.span, bundle, start, end))
}

/// As [`place_in`], for a text that has left its node.
#[must_use]
pub fn place_of(text: &Spanned<String>, bundle: &Bundle, start: usize, end: usize) -> Span {
    place(&text.value, text.span, bundle, start, end)
}

fn place(text: &str, span: Span, bundle: &Bundle, start: usize, end: usize) -> Span {
    let Some(written) = bundle.text(span) else { return span };
    let matched = match_up(text, unescaped_none(written))
        .or_else(|| match_up(text, unescaped_single(written)))
        .or_else(|| match_up(text, unescaped_double(written)));
    let Some(pairs) = matched else { return span };
    let from = start_in(&pairs, start, written);
    let to = if end > start { end_in(&pairs, end, written).max(from) } else { from };
    span.part(to_u32(from), to_u32(to))
}

/// A character that is not space, and the bytes it was written with.
type Written = (char, usize, usize);

/// One character: where it stands in the text, and where in what was written.
struct Pair {
    text: (usize, usize),
    written: (usize, usize),
}

fn match_up(text: &str, written: Vec<Written>) -> Option<Vec<Pair>> {
    let mut written = written.into_iter();
    let mut pairs = Vec::new();
    for (at, c) in text.char_indices().filter(|(_, c)| !is_space(*c)) {
        let (_, start, end) = written.next().filter(|(same, ..)| *same == c)?;
        pairs.push(Pair { text: (at, at + c.len_utf8()), written: (start, end) });
    }
    written.next().is_none().then_some(pairs)
}

fn start_in(pairs: &[Pair], offset: usize, written: &str) -> usize {
    let index = pairs.partition_point(|pair| pair.text.1 <= offset);
    match pairs.get(index) {
        Some(pair) if pair.text.0 <= offset => pair.written.0,
        next => in_space(pairs, index, next, offset, written),
    }
}

fn end_in(pairs: &[Pair], offset: usize, written: &str) -> usize {
    let index = pairs.partition_point(|pair| pair.text.0 < offset);
    match index.checked_sub(1).and_then(|last| pairs.get(last)) {
        Some(pair) if pair.text.1 >= offset => pair.written.1,
        _ => in_space(pairs, index, pairs.get(index), offset, written),
    }
}

/// As far behind the character before as in the text, and not past the next one.
fn in_space(pairs: &[Pair], index: usize, next: Option<&Pair>, offset: usize, written: &str) -> usize {
    let before = index.checked_sub(1).and_then(|last| pairs.get(last));
    let (text, place) = before.map_or((0, 0), |pair| (pair.text.1, pair.written.1));
    (place + offset.saturating_sub(text)).min(next.map_or(written.len(), |pair| pair.written.0))
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

fn unescaped_none(written: &str) -> Vec<Written> {
    let all = written.char_indices().map(|(at, c)| (c, at, at + c.len_utf8()));
    all.filter(|(c, ..)| !is_space(*c)).collect()
}

fn unescaped_single(written: &str) -> Vec<Written> {
    let Some(inner) = written.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) else {
        return Vec::new();
    };
    let mut found = unescaped_none(inner).into_iter().peekable();
    let mut out = Vec::new();
    while let Some((c, start, end)) = found.next() {
        let twice = c == '\'' && found.next_if(|(next, at, _)| *next == '\'' && *at == end).is_some();
        out.push((c, start + 1, end + 1 + usize::from(twice)));
    }
    out
}

fn unescaped_double(written: &str) -> Vec<Written> {
    let Some(inner) = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(rest) = inner.get(at..).filter(|rest| !rest.is_empty()) {
        let (c, length) = first(rest);
        // The opening quote stands before every place.
        if !is_space(c) {
            out.push((c, at + 1, at + 1 + length));
        }
        at += length;
    }
    out
}

/// The first character a double quoted text means, and how many bytes it was written with.
fn first(rest: &str) -> (char, usize) {
    let mut chars = rest.chars();
    let c = chars.next().unwrap_or(' ');
    if c != '\\' {
        return (c, c.len_utf8());
    }
    let escape = chars.next().unwrap_or('\\');
    let digits = match escape {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => return (meaning(escape), 1 + escape.len_utf8()),
    };
    let code = |at: usize| u32::from_str_radix(rest.get(at..at + digits)?, 16).ok();
    match code(2) {
        Some(high @ 0xD800..=0xDBFF) => {
            let low = code(8).unwrap_or_default();
            let code = 0x10000 + ((high - 0xD800) << 10) + (low.wrapping_sub(0xDC00) & 0x3FF);
            (char::from_u32(code).unwrap_or(' '), 12)
        }
        code => (code.and_then(char::from_u32).unwrap_or(' '), 2 + digits),
    }
}

/// YAML 1.2.2, section 5.7. Space and line breaks are all the same here.
const fn meaning(escape: char) -> char {
    match escape {
        '0' => '\0',
        'a' => '\x07',
        'b' => '\x08',
        't' | 'n' | 'r' => ' ',
        'v' => '\x0b',
        'f' => '\x0c',
        'e' => '\x1b',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        other => other,
    }
}

fn to_u32(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{place_in, place_of};
    use crate::{Bundle, Node, SourceFile, Spanned, yaml};

    fn read(text: &str) -> (Bundle, Node) {
        let file = SourceFile { name: "a.yaml".into(), text: text.into() };
        let bundle = Bundle { revision: "r".into(), files: vec![file] };
        let node = yaml::read(&bundle, 0).unwrap().remove(0);
        (bundle, node)
    }

    #[test]
    fn a_part_of_a_text_is_found_where_it_was_written() {
        for (text, part, line, column) in [
            ("expr: P.id == R.wat\n", "R.wat", 1, 15),
            ("expr: \"P.id == R.wat\"\n", "R.wat", 1, 16),
            ("expr: |\n  P.id ==\n    R.wat\n", "R.wat", 3, 5),
            ("expr: |\n\n  \"é\" ==\n\n    R.wat\n", "R.wat", 5, 5),
            ("expr: |\n  \"P.id\" == \"R.wat\"\n", "R.wat", 2, 14),
            ("expr: >-\n  P.id == 1\n  && R.wat\n", "P.id", 2, 3),
            ("expr: >-\n  P.id == 1\n  && R.wat\n", "R.wat", 3, 6),
            ("expr: P.id == 1\n  && R.wat\n", "R.wat", 2, 6),
            ("expr: 'P.id == ''x'' && R.wat'\n", "R.wat", 1, 25),
            ("expr: \"\\u00e9 \\\"\\\\ \\t \\ud83d\\ude00 R.wat\"\n", "R.wat", 1, 36),
            ("expr: \"P.id == \\\n  R.wat\"\n", "R.wat", 2, 3),
        ] {
            let (bundle, node) = read(text);
            let expr = node.get("expr").unwrap();
            let start = expr.as_str().unwrap().find(part).unwrap();
            let span = place_in(expr, &bundle, start, start + part.len());
            let place = bundle.files[0].place(span.start);
            assert_eq!((place.line, place.column), (line, column), "{text:?}");
            assert_eq!(bundle.text(span), Some(part), "{text:?}");
        }
    }

    #[test]
    fn ends_and_space_stay_inside_what_was_written() {
        let (bundle, node) = read("expr: 'a  b'\n");
        let expr = node.get("expr").unwrap();
        let shown = |start, end| bundle.text(place_in(expr, &bundle, start, end)).unwrap();
        assert_eq!(shown(0, 4), "a  b");
        assert_eq!(shown(1, 3), "  ");
        assert_eq!(shown(2, 4), " b");
        assert_eq!(shown(4, 4), "");
        assert_eq!(place_in(expr, &bundle, 4, 4).start, 11);
        assert_eq!(shown(9, 90), "");
    }

    #[test]
    fn a_text_of_another_origin_gives_its_whole_span() {
        let (bundle, node) = read("expr: a + b\n");
        let expr = node.get("expr").unwrap();
        let other = Spanned::new("something else".to_owned(), expr.span);
        assert_eq!(place_of(&other, &bundle, 0, 4), expr.span);
    }
}
