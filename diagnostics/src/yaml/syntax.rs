//! What the parser refuses, in words that help the person who wrote it.

use granit_parser::{ErrorKind, ScanError};

use super::MAX_DEPTH;
use crate::{Diagnostic, Span};

/// The finding for a text the parser refuses.
pub(super) fn explain(error: &ScanError, text: &str, file: u32) -> Diagnostic {
    let at = error.marker().byte_offset().unwrap_or_default().min(text.len());
    let here = width(text, at).span(file);
    let rest = rest_of_line(text, at).span(file);
    match error.kind() {
        ErrorKind::InvalidTrailingDoubleQuotedScalar | ErrorKind::InvalidTrailingSingleQuotedScalar => {
            text_after_quotes(quote(error.kind()), text, at, rest)
        }
        ErrorKind::InvalidQuotedScalarIndent | ErrorKind::DocumentIndicatorInQuotedScalar => {
            unclosed_quotes(text, at, file)
        }
        ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabNotAllowed
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => tab(text, at, file),
        ErrorKind::RecursionLimitExceeded => {
            let message = format!("lists and mappings are nested more than {MAX_DEPTH} deep");
            Diagnostic::error("yaml/too-deep", message).at(here, "")
        }
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => {
            syntax("a `:` is not expected here").at(here, "").help(
                "put the value in quotes if the `:` belongs to the text, and check the indentation if not",
            )
        }
        ErrorKind::UnexpectedCharacter { character } => unexpected(*character, here),
        ErrorKind::UnknownQuotedScalarEscape => bad_escape(text, at, file),
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::ExpectedBlockSequenceEntry => {
            let rest = if rest.end > rest.start { rest } else { here };
            syntax("this is neither part of the value before it nor a new entry").at(rest, "").help(
                "check the indentation; a value that starts with `[`, `{` or a quote and goes on after it \
                 has to stand in quotes, or on its own lines after `|-`",
            )
        }
        ErrorKind::SimpleKeyExpected => {
            syntax("a `:` is missing after this key").at(rest, "read as a key").help(
                "write `key: value`, or indent the line more than the key above if it goes on with its value",
            )
        }
        kind => other(kind, here),
    }
}

fn syntax(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error("yaml/syntax", message)
}

const fn quote(kind: &ErrorKind) -> char {
    if matches!(kind, ErrorKind::InvalidTrailingSingleQuotedScalar) { '\'' } else { '"' }
}

fn text_after_quotes(quote: char, text: &str, at: usize, rest: Span) -> Diagnostic {
    let other = if quote == '"' { '\'' } else { '"' };
    let value = text.get(line_start(text, at)..rest.end as usize).unwrap_or_default();
    let value = value.find(quote).and_then(|start| value.get(start..)).unwrap_or_default();
    let way_out = if value.contains([other, '\\']) || value.is_empty() {
        "write all of it on its own line after `|-`".to_owned()
    } else {
        format!("quote all of it: `{other}{value}{other}`")
    };
    Diagnostic::error("yaml/text-after-quotes", "the value starts with a quoted string and goes on after it")
        .at(rest, "not part of the quoted string")
        .help(format!("a value that starts with `{quote}` ends at the closing `{quote}`; {way_out}"))
}

fn unclosed_quotes(text: &str, at: usize, file: u32) -> Diagnostic {
    let finding = syntax("a quoted string does not end before this")
        .at(width(text, at).span(file), "")
        .help("add the closing quote; a string that goes on here has to be indented more than its key");
    let before = text.get(..at).unwrap_or_default();
    // An opening quote stands where a value can start, which a quote inside the string hardly ever does.
    let starts_value = |offset: usize| {
        let above = before.get(..offset).unwrap_or_default();
        above.is_empty() || above.ends_with(['\n', ' ', '[', '{', ','])
    };
    match before.rmatch_indices(['"', '\'']).find(|(offset, _)| starts_value(*offset)) {
        Some((offset, _)) => finding.at(width(text, offset).span(file), "it starts here"),
        None => finding,
    }
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().rfind('\n').map_or(0, |newline| newline + 1)
}

fn tab(text: &str, at: usize, file: u32) -> Diagnostic {
    let line = line_start(text, at);
    let on_line = text.get(line..).unwrap_or_default();
    let tab = on_line.find('\t').map_or(at, |offset| line + offset);
    Diagnostic::error("yaml/tab", "a tab is used for indentation")
        .at(width(text, tab).span(file), "")
        .help("indent with spaces")
}

fn unexpected(character: char, here: Span) -> Diagnostic {
    let shown = match character {
        '`' => "a backquote".to_owned(),
        c if c.is_control() => format!("the character U+{:04X}", u32::from(c)),
        c => format!("`{c}`"),
    };
    let diagnostic = syntax(format!("{shown} cannot stand here")).at(here, "");
    if character.is_control() { diagnostic } else { diagnostic.help("put the value in quotes") }
}

/// The parser points at the opening quote; the escape is what has to be shown.
fn bad_escape(text: &str, at: usize, file: u32) -> Diagnostic {
    let known = "0abtnvfre \"/\\N_LPxuU\t\n\r";
    let mut chars = text.get(at..).unwrap_or_default().char_indices();
    let mut found = None;
    while let Some((offset, c)) = chars.next() {
        if c == '\\'
            && let Some((_, escaped)) = chars.next()
            && !known.contains(escaped)
        {
            found = Some((offset, escaped));
            break;
        }
    }
    let Some((offset, escaped)) = found else {
        return other(&ErrorKind::UnknownQuotedScalarEscape, width(text, at).span(file));
    };
    let range = Range { start: at + offset, end: at + offset + 1 + escaped.len_utf8() };
    syntax(format!("`\\{escaped}` is not an escape that YAML knows"))
        .at(range.span(file), "")
        .help("write `\\\\` for a backslash, or use single quotes, in which nothing is an escape")
}

fn other(kind: &ErrorKind, here: Span) -> Diagnostic {
    let (message, help) = match kind {
        ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping => {
            ("a `[` or `{` is not closed before this", Some("add the closing `]` or `}`"))
        }
        ErrorKind::UnclosedQuotedScalar => ("this quoted string does not end", Some("add the closing quote")),
        ErrorKind::UnclosedFlowCollection { .. } => {
            ("this is not closed", Some("add the closing `]` or `}`, or put the value in quotes"))
        }
        ErrorKind::ExpectedFlowSequenceSeparator => ("`,` or `]` is expected here", None),
        ErrorKind::ExpectedFlowMappingSeparator => ("`,` or `}` is expected here", None),
        ErrorKind::MisplacedFlowCollectionEnd | ErrorKind::MismatchedFlowCollectionEnd { .. } => {
            ("this closes nothing that was opened", Some("put the value in quotes if it belongs to the text"))
        }
        ErrorKind::BlockSequenceEntryNotAllowed | ErrorKind::BlockEntryInFlowCollection => {
            ("a list entry cannot stand here", Some("start the list on a line of its own"))
        }
        ErrorKind::InvalidIndentation
        | ErrorKind::InvalidFlowScalarIndent
        | ErrorKind::InvalidBlockScalarIndent => ("the indentation fits nothing above", None),
        ErrorKind::ExpectedDocumentStart => (
            "this fits nothing above",
            Some("indent it as the other keys of its mapping, or start a new document with `---`"),
        ),
        ErrorKind::MissingAnchorOrAliasName => {
            ("a name is missing after `&` or `*`", Some("put the value in quotes"))
        }
        ErrorKind::UndeclaredTagHandle | ErrorKind::InvalidTagTerminator | ErrorKind::ExpectedTagBang => (
            "this is read as a tag and is not one",
            Some("an unquoted `!` starts a tag: put the value in quotes if the `!` belongs to the text"),
        ),
        ErrorKind::BomInsideDocument => ("a byte order mark can only stand at the start of a file", None),
        kind => return syntax(format!("this is not YAML: {}", words(kind))).at(here, ""),
    };
    let diagnostic = syntax(message).at(here, "");
    match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// `InvalidTagUtf8` as `invalid tag utf8`: the kinds that are too rare for a sentence of their own.
fn words(kind: &ErrorKind) -> String {
    let name = format!("{kind:?}");
    let mut words = String::new();
    for c in name.chars().take_while(|c| c.is_alphanumeric()) {
        if c.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    words
}

struct Range {
    start: usize,
    end: usize,
}

impl Range {
    fn span(&self, file: u32) -> Span {
        let byte = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
        Span { file, start: byte(self.start), end: byte(self.end) }
    }
}

/// The character at a place; nothing at the end of a line.
fn width(text: &str, at: usize) -> Range {
    let next = text.get(at..).and_then(|rest| rest.chars().next()).filter(|c| !matches!(c, '\n' | '\r'));
    Range { start: at, end: at + next.map_or(0, char::len_utf8) }
}

/// From a place to the end of its line, without the space and the comment there.
fn rest_of_line(text: &str, at: usize) -> Range {
    let line = text.get(at..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let code = line.split_once(" #").map_or(line, |(code, _)| code);
    Range { start: at, end: at + code.trim_end().len() }
}
