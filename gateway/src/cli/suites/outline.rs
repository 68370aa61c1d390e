//! Lines under lines, drawn as a tree or as a list.

/// A line and what stands under it.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) under: Vec<Line>,
}

impl Line {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), under: Vec::new() }
    }

    pub(super) fn with(text: impl Into<String>, under: Vec<Self>) -> Self {
        Self { text: text.into(), under }
    }
}

/// With branches.
pub(super) fn tree(lines: &[Line]) -> String {
    let mut out = String::new();
    branches(lines, "", &mut out);
    out
}

fn branches(lines: &[Line], before: &str, out: &mut String) {
    for (index, line) in lines.iter().enumerate() {
        let last = index + 1 == lines.len();
        let (corner, beside) = if last { ("└─", "  ") } else { ("├─", "│ ") };
        let fork = if line.under.is_empty() { "─" } else { "┬" };
        out.push_str(&format!("{before}{corner}{fork}{}\n", line.text));
        branches(&line.under, &format!("{before}{beside}"), out);
    }
}

/// Indented.
pub(super) fn list(lines: &[Line]) -> String {
    let mut out = String::new();
    indented(lines, 0, &mut out);
    out
}

fn indented(lines: &[Line], depth: usize, out: &mut String) {
    for line in lines {
        out.push_str(&format!("{:indent$}{}\n", "", line.text, indent = depth * 2));
        indented(&line.under, depth + 1, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_drawn_under_lines() {
        let lines =
            [Line::with("a", vec![Line::new("b"), Line::with("c", vec![Line::new("d")])]), Line::new("e")];
        assert_eq!(tree(&lines), "├─┬a\n│ ├──b\n│ └─┬c\n│   └──d\n└──e\n");
        assert_eq!(list(&lines), "a\n  b\n  c\n    d\ne\n");
    }
}
