//! What a line comes to.

use std::fmt;

use portreeve_diagnostics::{Bundle, Diagnostic, Report, SourceFile};

use super::tree::{Branch, Outline};

/// What came of a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Nothing was asked.
    Nothing,
    /// A name has this value, written as an expression; `_` is the last answer.
    Value {
        /// The name.
        name: String,
        /// The value.
        value: String,
    },
    /// The rules of the policy that is loaded.
    Rules(Vec<ListedRule>),
    /// A condition, part by part.
    Tree(Branch),
    /// The rule has no condition.
    Unconditional,
    /// Names and their values.
    Variables(Vec<(String, String)>),
    /// Everything is forgotten.
    Reset,
    /// How it is used.
    Help,
    /// The caller is to read this file and [load](super::Session::load) it.
    Load(String),
    /// The caller is to end.
    Quit,
}

/// A rule with its condition.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedRule {
    /// What it is, for people.
    pub title: String,
    /// What it asks for, if anything.
    pub condition: Option<Outline>,
}

/// What is wrong, and the text it is wrong in.
#[derive(Debug)]
pub struct Failure {
    /// The line, or the policies.
    pub bundle: Bundle,
    /// What is wrong.
    pub report: Report,
}

impl Failure {
    pub(super) fn in_line(line: &str, diagnostic: Diagnostic) -> Self {
        let file = SourceFile { name: "input".into(), text: line.into() };
        let report = Report { findings: vec![diagnostic] };
        Self { bundle: Bundle { revision: "".into(), files: vec![file] }, report }
    }
}

/// As it is shown to people; several lines have no line break at their end.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing | Self::Load(_) | Self::Quit => Ok(()),
            Self::Value { name, value } => write!(f, "{name} = {value}"),
            Self::Rules(rules) if rules.is_empty() => f.write_str("The policy has no rules."),
            Self::Rules(rules) => lines(f, rules.iter().zip(1..), |f, (rule, number)| {
                write!(f, "#{number} {}", rule.title)?;
                rule.condition.as_ref().map_or(Ok(()), |condition| write!(f, "\n{condition}"))
            }),
            Self::Tree(tree) => tree.fmt(f),
            Self::Unconditional => f.write_str("The rule has no condition."),
            Self::Variables(all) if all.is_empty() => f.write_str("Nothing has a value yet."),
            Self::Variables(all) => lines(f, all, |f, (name, value)| write!(f, "{name} = {value}")),
            Self::Reset => f.write_str("Everything is forgotten."),
            Self::Help => f.write_str(HELP),
        }
    }
}

fn lines<T>(
    f: &mut fmt::Formatter<'_>,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut fmt::Formatter<'_>, T) -> fmt::Result,
) -> fmt::Result {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            f.write_str("\n")?;
        }
        write(f, item)?;
    }
    Ok(())
}

const HELP: &str = "\
EXPRESSION          its value, which is called `_` from then on
:let NAME = EXPR    gives a name a value: `x`, `V.x`, `C.x`, `P.id`, `R.attr`, `G`,
                    or all of `request`, `P`, `R`, `V`, `C`
:load FILE          takes a policy: its variables, constants and rules
:rules              lists the rules of the policy
:exec #N            evaluates the condition of a rule, part by part
:vars               lists what has a value
:reset              forgets everything
:quit               ends, as Ctrl-D does
A line goes on while a bracket is open, or when it ends with a backslash.";
