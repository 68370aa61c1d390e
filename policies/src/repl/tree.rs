//! A condition, part by part.

use std::{fmt, sync::Arc};

use portreeve_cel::Val;

use super::{evaluate::because, loaded::Loaded, world::World};
use crate::{PolicySet, set::Condition};

/// A part of a condition, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// What it is.
    pub part: Part,
    /// Whether it holds; an error is in words.
    pub held: Result<bool, String>,
    /// The parts that it is made of; none for an expression.
    pub branches: Vec<Branch>,
}

/// A part of a condition as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// What it is.
    pub part: Part,
    /// The parts that it is made of; none for an expression.
    pub parts: Vec<Outline>,
}

/// What a part of a condition is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// `expr`
    Expression(Arc<str>),
    /// `all`: holds when all of its parts do.
    All,
    /// `any`: holds when one of its parts does.
    Any,
    /// `none`: holds when none of its parts does.
    None,
}

impl Outline {
    pub(super) fn of(id: u32, set: &PolicySet) -> Option<Self> {
        let (part, ids) = match set.conditions.get(id as usize)? {
            Condition::Expr(id) => {
                let text = Arc::clone(&set.expressions.get(*id as usize)?.text);
                return Some(Self { part: Part::Expression(text), parts: Vec::new() });
            }
            Condition::All(ids) => (Part::All, ids),
            Condition::Any(ids) => (Part::Any, ids),
            Condition::None(ids) => (Part::None, ids),
        };
        Some(Self { part, parts: ids.iter().filter_map(|id| Self::of(*id, set)).collect() })
    }

    fn lines(&self, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.part.write(depth, "", f)?;
        self.parts.iter().try_for_each(|part| {
            f.write_str("\n")?;
            part.lines(depth + 1, f)
        })
    }
}

impl Branch {
    /// Evaluates all parts, those too that a decision would not need.
    pub(super) fn grow<'s>(id: u32, loaded: &'s Loaded, world: &World<'s>) -> Option<Self> {
        let (part, ids) = match loaded.set.conditions.get(id as usize)? {
            Condition::Expr(id) => return Self::leaf(*id, loaded, world),
            Condition::All(ids) => (Part::All, ids),
            Condition::Any(ids) => (Part::Any, ids),
            Condition::None(ids) => (Part::None, ids),
        };
        let branches: Vec<Self> = ids.iter().filter_map(|id| Self::grow(*id, loaded, world)).collect();
        let held = part.held(&branches);
        Some(Self { part, held, branches })
    }

    fn leaf<'s>(id: u32, loaded: &'s Loaded, world: &World<'s>) -> Option<Self> {
        let expression = loaded.set.expressions.get(id as usize)?;
        let held = match world.eval(&expression.program) {
            Ok(value) => Ok(matches!(value, Val::Bool(true))),
            Err(error) => {
                let part = expression.text.get(error.start as usize..error.end as usize);
                Err(because(part.unwrap_or_default(), &error, world))
            }
        };
        Some(Self { part: Part::Expression(Arc::clone(&expression.text)), held, branches: Vec::new() })
    }

    fn lines(&self, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.held.as_ref().map_or("error  ", |held| if *held { "true   " } else { "false  " });
        self.part.write(depth, held, f)?;
        if let (Part::Expression(_), Err(error)) = (&self.part, &self.held) {
            write!(f, "\n{:1$}{error}", "", depth * 2 + 2 + held.len())?;
        }
        self.branches.iter().try_for_each(|branch| {
            f.write_str("\n")?;
            branch.lines(depth + 1, f)
        })
    }
}

impl Part {
    /// Decisions stop at the first part that settles the matter, or that has no value.
    fn held(&self, branches: &[Branch]) -> Result<bool, String> {
        let stops_at = !matches!(self, Self::All);
        for branch in branches {
            if branch.held.clone()? == stops_at {
                return Ok(matches!(self, Self::Any));
            }
        }
        Ok(!matches!(self, Self::Any))
    }

    /// One line with what came of it in front, or as many as the expression has.
    fn write(&self, depth: usize, held: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Expression(text) => text.trim(),
            Self::All => "all of",
            Self::Any => "any of",
            Self::None => "none of",
        };
        let room = depth * 2 + 2;
        for (index, line) in text.lines().enumerate() {
            match index {
                0 => write!(f, "{:room$}{held}{line}", "")?,
                _ => write!(f, "\n{:1$}{line}", "", room + held.len())?,
            }
        }
        Ok(())
    }
}

/// A line for each part, those inside another one indented.
impl fmt::Display for Outline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines(0, f)
    }
}

/// A line for each part, those inside another one indented.
impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines(0, f)
    }
}
