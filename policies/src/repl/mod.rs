//! Expressions tried out: what is the value of this, and why does that condition not hold?
//!
//! A [`Session`] knows no terminal and reads no files: it takes lines and gives [`Answer`]s.

mod answer;
mod evaluate;
mod given;
mod input;
mod loaded;
mod tree;
mod world;

use portreeve_cel::{Timestamp, function_names};
use portreeve_diagnostics::{Bundle, Diagnostic, Span, suggest};

pub use answer::{Answer, Failure, ListedRule};
use given::Given;
pub use input::{Command, DIRECTIVES, is_unfinished, joined};
use loaded::Loaded;
pub use tree::{Branch, Outline, Part};

/// What a person has typed so far.
#[derive(Debug, Default)]
pub struct Session {
    given: Given,
    loaded: Option<Loaded>,
}

impl Session {
    /// Does what a line asks for. `now` is what `now()` gives.
    ///
    /// # Errors
    /// What is wrong with the line, and where in it.
    pub fn run(&mut self, line: &str, now: Timestamp) -> Result<Answer, Failure> {
        let answer = match Command::read(line) {
            Command::Nothing => Ok(Answer::Nothing),
            Command::Evaluate(text) => self.evaluate(line, text, now),
            Command::Let(name, text) => self.define(line, name, text, now),
            Command::BadLet(text) => Err(Diagnostic::error("repl/let", "this is no definition")
                .at(place(line, text), "expected `NAME = EXPRESSION`")
                .help("as in `:let limit = 100` or `:let P = {\"id\": \"ann\"}`")),
            Command::Load("") => Err(Diagnostic::error("repl/load", "which policy?")
                .at(place(line, line.trim()), "expected a file")),
            Command::Load(file) => Ok(Answer::Load(file.to_owned())),
            Command::Rules => self.rules(line),
            Command::Execute(number) => self.execute(line, number, now),
            Command::Variables => Ok(Answer::Variables(self.variables(now))),
            Command::Reset => {
                *self = Self::default();
                Ok(Answer::Reset)
            }
            Command::Help => Ok(Answer::Help),
            Command::Quit => Ok(Answer::Quit),
            Command::Unknown(word) => Err(unknown(line, word)),
        };
        answer.map_err(|diagnostic| Failure::in_line(line, diagnostic))
    }

    /// Takes the policy in a file of the bundle; what it imports is looked for in the other files. Answers with its
    /// rules.
    ///
    /// # Errors
    /// What is wrong with the policy, or with what it imports.
    pub fn load(&mut self, bundle: Bundle, file: u32) -> Result<Answer, Failure> {
        match Loaded::read(&bundle, file) {
            Ok(loaded) => {
                let rules = loaded.list();
                self.loaded = Some(loaded);
                Ok(Answer::Rules(rules))
            }
            Err(report) => Err(Failure { bundle, report }),
        }
    }

    /// The words that can be completed: functions, names of requests and what has been defined.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = function_names().into_iter().map(str::to_owned).collect();
        words.extend(NAMES.map(str::to_owned));
        words.extend(self.given.iter().map(|(name, _)| given::short(name)));
        words.extend(self.loaded.iter().flat_map(Loaded::words));
        words.sort();
        words.dedup();
        words
    }
}

/// What every expression may name.
const NAMES: [&str; 18] = [
    "request",
    "request.principal",
    "request.resource",
    "request.auxData.jwt",
    "request.auxData.jwts",
    "P.id",
    "P.roles",
    "P.attr",
    "P.policyVersion",
    "P.scope",
    "R.kind",
    "R.id",
    "R.attr",
    "R.policyVersion",
    "R.scope",
    "runtime.effectiveDerivedRoles",
    "globals",
    "G",
];

/// Where a part of the line is.
fn place(line: &str, part: &str) -> Span {
    let start = (part.as_ptr() as usize).saturating_sub(line.as_ptr() as usize);
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span { file: 0, start: offset(start), end: offset(start + part.len()) }
}

fn unknown(line: &str, word: &str) -> Diagnostic {
    let found = Diagnostic::error("repl/unknown-directive", format!("there is no `{word}`"));
    let help = suggest::nearest(word, DIRECTIVES).map(|near| format!("did you mean `{near}`?"));
    found
        .at(place(line, word), "unknown directive")
        .help(help.unwrap_or_else(|| "`:help` lists them".to_owned()))
}

#[cfg(test)]
mod tests;
