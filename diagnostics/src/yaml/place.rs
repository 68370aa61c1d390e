use crate::{Bundle, Node, Span};

/// The place in the file of the bytes `start..end` of a text node's text: exact for text written on one line without
/// escapes and for literal blocks; the whole node's place where the two cannot be matched.
#[must_use]
pub fn place_in(node: &Node, bundle: &Bundle, start: usize, end: usize) -> Span {
    exact(node, bundle, start, end).unwrap_or(node.span)
}

fn exact(node: &Node, bundle: &Bundle, start: usize, end: usize) -> Option<Span> {
    let text = node.as_str()?;
    let written = bundle.text(node.span)?;
    if let Some(offset) = inner(written, text) {
        return Some(node.span.part(to_u32(offset + start), to_u32(offset + end)));
    }
    let from = in_block(written, text, start)?;
    let to = in_block(written, text, end).filter(|to| *to >= from).unwrap_or(from);
    Some(node.span.part(to_u32(from), to_u32(to)))
}

/// Where the text stands in what was written, if it stands there as it is.
fn inner(written: &str, text: &str) -> Option<usize> {
    let quote = usize::from(written.starts_with(['"', '\'']));
    written.get(quote..)?.starts_with(text).then_some(quote)
}

/// The offset in a block scalar as written that belongs to an offset in its text, line by line.
fn in_block(written: &str, text: &str, offset: usize) -> Option<usize> {
    let before = text.get(..offset)?;
    let line_number = before.matches('\n').count();
    let column = offset - before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text.split('\n').nth(line_number)?;
    let mut at = 0;
    let mut lines = written.split_inclusive('\n');
    if written.starts_with(['|', '>']) {
        at += lines.next()?.len();
    }
    for (number, candidate) in lines.enumerate() {
        if number == line_number {
            // Whatever indentation the block has stands before the line as the text has it.
            let candidate = candidate.trim_end_matches(['\n', '\r']);
            return candidate.strip_suffix(line).map(|indent| at + indent.len() + column);
        }
        at += candidate.len();
    }
    None
}

fn to_u32(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
