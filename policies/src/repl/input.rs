//! What is typed.

/// What a line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command<'l> {
    /// Nothing: it is empty or a comment.
    Nothing,
    /// An expression's value.
    Evaluate(&'l str),
    /// `:let NAME = EXPRESSION`
    Let(&'l str, &'l str),
    /// `:let` of anything else.
    BadLet(&'l str),
    /// `:load FILE`
    Load(&'l str),
    /// `:rules`
    Rules,
    /// `:exec #1`
    Execute(&'l str),
    /// `:vars`
    Variables,
    /// `:reset`
    Reset,
    /// `:help`
    Help,
    /// `:quit`
    Quit,
    /// Something else that begins with a colon.
    Unknown(&'l str),
}

/// The directives.
pub const DIRECTIVES: [&str; 8] = [":let", ":load", ":rules", ":exec", ":vars", ":reset", ":help", ":quit"];

impl<'l> Command<'l> {
    /// Reads a line, or several that belong together.
    #[must_use]
    pub fn read(line: &'l str) -> Self {
        let line = line.trim();
        if line.is_empty() || line.starts_with("//") {
            return Self::Nothing;
        }
        if !line.starts_with(':') {
            return Self::Evaluate(line);
        }
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match word {
            ":let" => match rest.split_once('=') {
                Some((name, text)) if is_name(name.trim()) => Self::Let(name.trim(), text.trim()),
                _ => Self::BadLet(if rest.is_empty() { line } else { rest }),
            },
            ":load" => Self::Load(rest),
            ":rules" => Self::Rules,
            ":exec" => Self::Execute(if rest.is_empty() { line } else { rest }),
            ":vars" => Self::Variables,
            ":reset" => Self::Reset,
            ":help" | ":h" => Self::Help,
            ":quit" | ":q" | ":exit" => Self::Quit,
            _ => Self::Unknown(word),
        }
    }
}

/// `a`, `a.b`
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| crate::names::is_word(c) || c == '.')
}

/// Whether more has to come: a bracket or a text is open, or the last line ends with a backslash.
#[must_use]
pub fn is_unfinished(text: &str) -> bool {
    if text.trim_start().starts_with(':') && !text.trim_start().starts_with(":let") {
        return false;
    }
    text.ends_with('\\') || open_brackets(text) > 0
}

/// Takes the backslashes away with which lines say that they go on.
#[must_use]
pub fn joined(text: &str) -> String {
    text.replace("\\\n", " \n")
}

/// How many brackets are open at the end; a text over several lines counts as one.
fn open_brackets(text: &str) -> usize {
    let mut open = 0_usize;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            '(' | '[' | '{' => {
                open += 1;
                after
            }
            ')' | ']' | '}' => {
                open = open.saturating_sub(1);
                after
            }
            '/' if after.starts_with('/') => after.find('\n').and_then(|end| after.get(end..)).unwrap_or(""),
            '"' | '\'' => match after_text(rest, c) {
                Some(after) => after,
                None => return open + 1,
            },
            _ => after,
        };
    }
    open
}

/// What comes after a quoted text. `None` if it goes on at the end; a text of one line ends with it.
fn after_text(text: &str, quote: char) -> Option<&str> {
    let three: String = std::iter::repeat_n(quote, 3).collect();
    let long = text.starts_with(&three);
    let end = if long { three.as_str() } else { three.get(..1)? };
    let mut rest = text.get(end.len()..)?;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix(end) {
            return Some(after);
        }
        if c == '\n' && !long {
            return Some(rest);
        }
        let escaped = if c == '\\' { rest.chars().nth(1).map_or(0, char::len_utf8) } else { 0 };
        rest = rest.get(c.len_utf8() + escaped..)?;
    }
    if long { None } else { Some("") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_expression_unless_it_begins_with_a_colon() {
        for (line, expected) in [
            ("  ", Command::Nothing),
            ("// said", Command::Nothing),
            (" 1 + 1 ", Command::Evaluate("1 + 1")),
            (":let x = y == 1", Command::Let("x", "y == 1")),
            (":let P.id=\"a\"", Command::Let("P.id", "\"a\"")),
            (":let x", Command::BadLet("x")),
            (":let", Command::BadLet(":let")),
            (":let [x] = 1", Command::BadLet("[x] = 1")),
            (":load a b.yaml", Command::Load("a b.yaml")),
            (":exec #2", Command::Execute("#2")),
            (":q", Command::Quit),
            (":h", Command::Help),
            (":lod x", Command::Unknown(":lod")),
        ] {
            assert_eq!(Command::read(line), expected, "{line}");
        }
    }

    #[test]
    fn an_open_bracket_or_text_wants_more() {
        for (text, more) in [
            ("1 + 1", false),
            ("[1, (2)]", false),
            ("[1, (2)", true),
            (":let x = {", true),
            (":load (", false),
            ("'('", false),
            ("'\\'('", false),
            ("\"(", false),
            ("'''a'", true),
            ("'''a(\n'''", false),
            ("1 // (", false),
            ("( // )\n)", false),
            ("1 +\\", true),
            ("1 +\\\n1", false),
            ("))(", true),
        ] {
            assert_eq!(is_unfinished(text), more, "{text}");
        }
        assert_eq!(joined("1 +\\\n1"), "1 + \n1");
    }
}
