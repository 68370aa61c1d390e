use std::sync::Arc;

use portreeve_cel::{Env, Program};
use portreeve_diagnostics::{Bundle, Diagnostic, Report, Spanned, yaml};
use rustc_hash::FxHashMap;

use crate::{raw::RawMatch, set::Condition};

/// Compiles expressions, equal ones in equal environments once.
#[derive(Default)]
pub(super) struct Expressions {
    known: FxHashMap<(usize, String), Arc<Program>>,
}

impl Expressions {
    /// An expression. What is wrong with it is reported where it is written.
    pub(super) fn compile(
        &mut self,
        env: &Env,
        space: usize,
        text: &Spanned<String>,
        bundle: &Bundle,
        report: &mut Report,
    ) -> Option<Arc<Program>> {
        // Two policies without names of their own have the same environment.
        let key = (space, text.value.clone());
        if let Some(program) = self.known.get(&key) {
            return Some(Arc::clone(program));
        }
        match env.compile(&text.value) {
            Ok(program) => {
                let program = Arc::new(program);
                self.known.insert(key, Arc::clone(&program));
                Some(program)
            }
            Err(issues) => {
                for issue in issues {
                    let span = yaml::place_of(text, bundle, issue.start as usize, issue.end as usize);
                    let message = format!("invalid expression: {}", issue.message);
                    report.push(Diagnostic::error("policy/expression", message).at(span, "here"));
                }
                None
            }
        }
    }

    /// A condition. One that cannot be compiled is reported and holds always; the set it is in is never used.
    pub(super) fn condition(
        &mut self,
        env: &Env,
        space: usize,
        raw: Option<&RawMatch>,
        bundle: &Bundle,
        report: &mut Report,
    ) -> Condition {
        let Some(raw) = raw else { return Condition::Always };
        let mut parts = |parts: &[RawMatch], report: &mut Report| -> Box<[Condition]> {
            parts.iter().map(|part| self.condition(env, space, Some(part), bundle, report)).collect()
        };
        match raw {
            RawMatch::All(of) => Condition::All(parts(of, report)),
            RawMatch::Any(of) => Condition::Any(parts(of, report)),
            RawMatch::None(of) => Condition::None(parts(of, report)),
            RawMatch::Expr(text) => {
                self.compile(env, space, text, bundle, report).map_or(Condition::Always, Condition::Expr)
            }
        }
    }
}

/// A condition as people read it.
pub(super) fn shown(raw: Option<&RawMatch>) -> Option<Arc<str>> {
    fn write(raw: &RawMatch, out: &mut String) {
        let group = |name: &str, of: &[RawMatch], out: &mut String| {
            out.push_str(name);
            out.push('(');
            for (index, part) in of.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write(part, out);
            }
            out.push(')');
        };
        match raw {
            RawMatch::Expr(text) => out.push_str(text.value.trim()),
            RawMatch::All(of) => group("all", of, out),
            RawMatch::Any(of) => group("any", of, out),
            RawMatch::None(of) => group("none", of, out),
        }
    }
    let mut out = String::new();
    write(raw?, &mut out);
    Some(out.into())
}
