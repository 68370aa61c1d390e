//! The terminal: lines that can be edited, completed and found again.

use std::path::{Path, PathBuf};

use portreeve_policies::repl::{DIRECTIVES, is_unfinished};
use rustyline::{
    Context, Editor, Helper,
    completion::{Completer, FilenameCompleter, Pair},
    config::Configurer,
    error::ReadlineError,
    highlight::Highlighter,
    hint::Hinter,
    history::FileHistory,
    validate::{ValidationContext, ValidationResult, Validator},
};

use super::{Next, Talk};

/// Talks with a person until they have enough.
pub(super) fn run(talk: &mut Talk, history: Option<PathBuf>) -> anyhow::Result<()> {
    let mut editor: Editor<Words, FileHistory> = Editor::new()?;
    editor.set_auto_add_history(true);
    editor.set_history_ignore_space(true);
    editor.set_helper(Some(Words { words: talk.session.words(), files: FilenameCompleter::new() }));
    // A history that cannot be read or written is none.
    let _ = history.as_deref().map(|path| editor.load_history(path));
    super::super::print("`:help` says what can be typed; `:quit` or Ctrl-D ends.\n")?;
    loop {
        let text = match editor.readline("> ") {
            Ok(text) => text,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error.into()),
        };
        if talk.answer(&text)? == Next::End {
            break;
        }
        if let Some(helper) = editor.helper_mut() {
            helper.words = talk.session.words();
        }
    }
    if let Some(path) = history {
        let _ = keep(&mut editor, &path);
    }
    Ok(())
}

fn keep(editor: &mut Editor<Words, FileHistory>, path: &Path) -> rustyline::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    editor.save_history(path)
}

/// What is completed: directives, file names after `:load`, and words.
struct Words {
    words: Vec<String>,
    files: FilenameCompleter,
}

impl Completer for Words {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        if line.starts_with(":load ") {
            return self.files.complete(line, position, context);
        }
        Ok(completions(line.get(..position).unwrap_or(line), &self.words))
    }
}

impl Validator for Words {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if is_unfinished(context.input()) {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Valid(None)
        })
    }
}

impl Hinter for Words {
    type Hint = String;
}

impl Highlighter for Words {}

impl Helper for Words {}

/// Where the last word before the cursor begins, and what it can become.
fn completions(before: &str, words: &[String]) -> (usize, Vec<Pair>) {
    let pair = |word: &str| Pair { display: word.to_owned(), replacement: word.to_owned() };
    if before.starts_with(':') && !before.contains(' ') {
        let found = DIRECTIVES.iter().filter(|word| word.starts_with(before));
        return (0, found.map(|word| pair(&format!("{word}{}", after(word)))).collect());
    }
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let start = before.trim_end_matches(is_word).len();
    let word = before.get(start..).unwrap_or_default();
    let found: Vec<Pair> = starting_with(word, words).map(pair).collect();
    if !found.is_empty() || word.is_empty() {
        return (start, found);
    }
    // After a value comes a function: `R.attr.name.starts`.
    let start = start + word.rfind('.').map_or(0, |dot| dot + 1);
    let word = before.get(start..).unwrap_or_default();
    let found = starting_with(word, words).filter(|known| !word.is_empty() && !known.contains('.'));
    (start, found.map(pair).collect())
}

/// What has to come after a directive.
fn after(directive: &str) -> &'static str {
    match directive {
        ":let" | ":load" => " ",
        ":exec" => " #",
        _ => "",
    }
}

fn starting_with<'w>(word: &str, words: &'w [String]) -> impl Iterator<Item = &'w str> {
    words.iter().map(String::as_str).filter(move |known| known.starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_before_the_cursor_is_completed() {
        let words = ["P.id", "R.attr", "math.abs", "startsWith", "string"].map(str::to_owned);
        for (before, start, expected) in [
            (":l", 0, &[":let ", ":load "][..]),
            (":e", 0, &[":exec #"]),
            (":re", 0, &[":reset"]),
            (":let x = ma", 9, &["math.abs"]),
            ("P.", 0, &["P.id"]),
            ("size(R.a", 5, &["R.attr"]),
            ("R.attr.name.sta", 12, &["startsWith"]),
            ("st", 0, &["startsWith", "string"]),
            ("nothing", 0, &[]),
        ] {
            let (at, found) = completions(before, &words);
            let found: Vec<String> = found.into_iter().map(|pair| pair.replacement).collect();
            assert_eq!(
                (at, found),
                (start, expected.iter().map(|word| (*word).to_owned()).collect()),
                "{before}"
            );
        }
    }
}
