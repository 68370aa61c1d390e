//! What Cerbos says of a mistake in an expression.

use portreeve_cel::syntax::{self, Issue};

const VALUE: &str = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, \
                     BYTES, IDENTIFIER}";
/// How often what cannot be read is passed by to see what else there is.
const TRIES: usize = 8;

/// The findings of an expression in Cerbos' words, where those are known.
pub(super) fn of(text: &str, said: &[&str]) -> Vec<String> {
    if syntax::parse(text).is_ok() {
        return said.iter().map(|said| checked(said)).collect();
    }
    let mut found = unparsed(text);
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, said)| said).collect()
}

/// Of an expression that can be parsed and is wrong.
fn checked(said: &str) -> String {
    for (ours, theirs) in [
        ("invalid timestamp", "invalid timestamp argument"),
        ("invalid duration", "invalid duration argument"),
        ("invalid regular expression", "invalid matches argument"),
    ] {
        if said.starts_with(ours) {
            return theirs.to_owned();
        }
    }
    if said.starts_with("undeclared reference to ") {
        return format!("{said} (in container '')");
    }
    said.to_owned()
}

/// Of one that cannot be parsed, each with its place. Cerbos' parser passes by what it cannot read, and goes on.
fn unparsed(text: &str) -> Vec<(usize, String)> {
    let mut text = text.to_owned();
    let mut found = Vec::new();
    for _ in 0..TRIES {
        let Err(issue) = syntax::parse(&text) else { break };
        let Some((start, end)) = unreadable(&text, &issue) else {
            found.push((issue.start as usize, parsed(&text, &issue)));
            break;
        };
        let skipped = text.get(start..end).unwrap_or_default().to_owned();
        text.replace_range(start..end, &" ".repeat(skipped.len()));
        found.push((start, format!("Syntax error: token recognition error at: '{skipped}'")));
    }
    found
}

/// What is no part of any expression: a character, or a text that does not end.
fn unreadable(text: &str, issue: &Issue) -> Option<(usize, usize)> {
    let start = issue.start as usize;
    let rest = text.get(start..)?;
    if issue.message == "the text has no closing quote" {
        let quote = start + rest.find(['"', '\''])?;
        let mark = text.get(quote..=quote)?;
        // Two quotes are a text that holds nothing.
        let from = quote + if text.get(quote..)?.starts_with(&mark.repeat(3)) { 2 } else { 0 };
        let length = text.get(from..)?.find('\n').unwrap_or(text.len() - from);
        return Some((from, from + length));
    }
    if !issue.message.starts_with("token recognition error at: ") {
        return None;
    }
    let mut chars = rest.chars();
    let first = chars.next()?;
    // These are the first of two.
    let second = matches!(first, '=' | '&' | '|').then(|| chars.next()).flatten();
    Some((start, start + first.len_utf8() + second.map_or(0, char::len_utf8)))
}

fn parsed(text: &str, issue: &Issue) -> String {
    let found = text.get(issue.start as usize..issue.end as usize).unwrap_or_default();
    let after = text.get(issue.end as usize..).unwrap_or_default().trim_start();
    let without = |fits: bool| if fits { "extraneous" } else { "mismatched" };
    let said = match issue.message.as_str() {
        "expected a value, found the end of the expression" => {
            format!("mismatched input '<EOF>' expecting {VALUE}")
        }
        said if said.ends_with(", found the end of the expression") => ended(text, said),
        "expected the name of a field, found `.`" => "no viable alternative at input '..'".to_owned(),
        said if said.starts_with("expected an operator or the end of the expression") => {
            format!("{} input '{found}' expecting <EOF>", without(after.is_empty()))
        }
        said if said.starts_with("expected `)`, found ") => {
            format!("{} input '{found}' expecting ')'", without(after.starts_with(')')))
        }
        said if said.starts_with("expected a value, found ") && !matches!(found, "," | "?" | ":" | "]") => {
            let fits = after.starts_with(|c: char| c.is_alphanumeric() || "_\"'([{.-!".contains(c));
            format!("{} input '{found}' expecting {VALUE}", without(fits))
        }
        said => return said.to_owned(),
    };
    format!("Syntax error: {said}")
}

/// Of what is not there at the end.
fn ended(text: &str, said: &str) -> String {
    let missing = match said.split(',').next().unwrap_or_default() {
        "expected `)`" => "missing ')' at '<EOF>'",
        "expected `]`" if is_index(text) => "missing ']' at '<EOF>'",
        "expected `]`" => "mismatched input '<EOF>' expecting {']', ','}",
        "expected `}`" => "mismatched input '<EOF>' expecting {'}', ','}",
        "expected `:`" => "mismatched input '<EOF>' expecting ':'",
        "expected the name of a field" => "no viable alternative at input '.'",
        _ => said,
    };
    missing.to_owned()
}

/// Whether the bracket that is not closed says which item is meant, rather than which items a list has.
fn is_index(text: &str) -> bool {
    let before = text.rfind('[').and_then(|bracket| text.get(..bracket)).unwrap_or_default().trim_end();
    before.ends_with(|c: char| c.is_alphanumeric() || "_)]}\"'`".contains(c)) && !before.ends_with(" in")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_parsed_is_told_as_cerbos_tells_it() {
        let nothing = &*format!("mismatched input '<EOF>' expecting {VALUE}");
        let plus = &*format!("extraneous input '+' expecting {VALUE}");
        let closed = &*format!("mismatched input ')' expecting {VALUE}");
        for (text, expected) in [
            ("a ==", &[nothing][..]),
            ("a = 1", &["token recognition error at: '= '", "extraneous input '1' expecting <EOF>"]),
            ("a === 1", &["token recognition error at: '= '"]),
            ("a & b", &["token recognition error at: '& '", "extraneous input 'b' expecting <EOF>"]),
            ("a => b", &["token recognition error at: '=>'", "extraneous input 'b' expecting <EOF>"]),
            ("@a", &["token recognition error at: '@'"]),
            ("a == 1)", &["extraneous input ')' expecting <EOF>"]),
            ("a and b", &["mismatched input 'and' expecting <EOF>"]),
            ("a b", &["extraneous input 'b' expecting <EOF>"]),
            ("(a == 1", &["missing ')' at '<EOF>'"]),
            ("[1, 2", &["mismatched input '<EOF>' expecting {']', ','}"]),
            ("a in [1, 2", &["mismatched input '<EOF>' expecting {']', ','}"]),
            ("a[1", &["missing ']' at '<EOF>'"]),
            ("{'a': 1", &["mismatched input '<EOF>' expecting {'}', ','}"]),
            ("a ? 1", &["mismatched input '<EOF>' expecting ':'"]),
            ("a.", &["no viable alternative at input '.'"]),
            ("a..b", &["no viable alternative at input '..'"]),
            ("f(1 2)", &["extraneous input '2' expecting ')'"]),
            ("a in (1, 2)", &["mismatched input ',' expecting ')'"]),
            ("1 + + 2", &[plus]),
            ("()", &[closed]),
            ("'abc", &["token recognition error at: ''abc'", nothing]),
            ("'''abc", &["token recognition error at: ''abc'"]),
            ("a == 'it's'", &["extraneous input 's' expecting <EOF>", "token recognition error at: '''"]),
        ] {
            let expected: Vec<String> = expected.iter().map(|said| format!("Syntax error: {said}")).collect();
            assert_eq!(of(text, &["not parsed"]), expected, "{text}");
        }
    }

    #[test]
    fn a_text_of_nothing_but_mistakes_is_soon_done_with() {
        assert_eq!(of(&"#".repeat(10_000), &[]).len(), TRIES);
    }
}
