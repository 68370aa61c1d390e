use std::{borrow::Cow, sync::Arc};

use portreeve_cel::{Env, Program, Type};

use super::Named;
use crate::Flaw;

/// Compiles expressions and collects what is wrong with them.
pub(super) struct Compiler {
    pub(super) env: Arc<Env>,
    pub(super) flaws: Vec<Flaw>,
}

impl Compiler {
    pub(super) fn new(facts: &[&'static str], lets: &[Named]) -> Self {
        let mut names = Env::builder();
        for fact in facts {
            names.declare(fact, Type::Dyn);
        }
        names.declare("params", Type::Dyn);
        let mut flaws = Vec::new();
        for named in lets {
            let taken = facts.contains(&&*named.name) || &*named.name == "params";
            let repeated = lets.iter().filter(|other| other.name == named.name).count() > 1;
            if taken || repeated {
                let message = format!("`{}` already means something", named.name);
                flaws.push(Flaw::new(format!("let.{}", named.name), "principal/name-taken", message));
                continue;
            }
            names.declare(&named.name, Type::Dyn);
        }
        Self { env: names.build(), flaws }
    }

    /// What tokens and sessions usually say. Elsewhere nobody knows who the caller is but who wrote the configuration.
    pub(super) fn compile_default(
        &mut self,
        field: &'static str,
        facts: &[&'static str],
        name: &str,
    ) -> Option<Program> {
        let main = facts.iter().find(|fact| matches!(**fact, "claims" | "session"));
        match (main, name) {
            (Some(main), "sub") => self.compile(field.to_owned(), format!("{main}.sub")),
            (Some(main), _) => self.compile(field.to_owned(), format!("{main}.?{name}.orValue([])")),
            (None, "sub") => {
                self.flaws.push(Flaw::new(
                    field,
                    "principal/no-id-expression",
                    "say who the caller is: `id`",
                ));
                None
            }
            (None, _) => self.compile(field.to_owned(), "[]"),
        }
    }

    pub(super) fn compile<'t>(&mut self, field: String, text: impl Into<Cow<'t, str>>) -> Option<Program> {
        let text = text.into();
        // A place in a text that was rewritten is not one in what was written.
        let as_written = matches!(text, Cow::Borrowed(_));
        match self.env.compile(&text) {
            Ok(program) => Some(program),
            Err(issues) => {
                let flaws = issues.into_iter().map(|issue| {
                    let flaw = Flaw::new(field.clone(), "principal/expression", issue.message);
                    Flaw { range: as_written.then_some((issue.start, issue.end)), ..flaw }
                });
                self.flaws.extend(flaws);
                None
            }
        }
    }
}

/// `claims.a.b` as `claims.?a.?b`; anything but a plain selection as it is.
pub(super) fn lenient(text: &str) -> Cow<'_, str> {
    let name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let text = text.trim();
    match text.contains('.') && text.split('.').all(name) {
        true => Cow::Owned(text.replace('.', ".?")),
        false => Cow::Borrowed(text),
    }
}
