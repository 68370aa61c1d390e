use std::sync::Arc;

use super::Compiler;
use crate::{
    Value,
    functions::{self, regex::Pattern},
    node::{Kind, Node, Regex},
    syntax::Expr,
};

impl Compiler<'_> {
    pub(super) fn call(
        &mut self,
        expr: &Expr,
        target: Option<&Expr>,
        name: &Arc<str>,
        args: &[Expr],
    ) -> Kind {
        match target {
            None if &**name == "has" && args.len() == 1 => self.has(expr, args),
            None => self.global(expr, name, args),
            Some(target) => {
                if let Some(kind) = self.macro_call(expr, target, name, args) {
                    return kind;
                }
                match self.qualified(target, name) {
                    Some(name) => self.global(expr, &name, args),
                    None => self.member_call(expr, target, name, args),
                }
            }
        }
    }

    /// `math.abs` is one name, unless `math` is the variable of a macro.
    fn qualified(&self, target: &Expr, name: &str) -> Option<String> {
        let prefix = target.qualified_name()?;
        let root = prefix.split('.').next()?;
        if self.local(root).is_some() {
            return None;
        }
        let qualified = format!("{}.{name}", prefix.strip_prefix('.').unwrap_or(&prefix));
        functions::find(&qualified, false).map(|_| qualified)
    }

    fn global(&mut self, expr: &Expr, name: &str, args: &[Expr]) -> Kind {
        let args = self.nodes(args);
        match functions::find(name, false) {
            Some(function) => Kind::Call { name: function.name, call: function.call, args },
            None => self.issue(expr, format!("undeclared reference to '{name}'")),
        }
    }

    fn member_call(&mut self, expr: &Expr, target: &Expr, name: &str, args: &[Expr]) -> Kind {
        let target = self.node(target);
        let args = self.nodes(args);
        if name == "matches"
            && let [pattern] = &*args
            && let Some(pattern) = known_pattern(pattern)
        {
            return Kind::Matches { text: Box::new(target), pattern };
        }
        let args: Box<[Node]> = std::iter::once(target).chain(args).collect();
        match functions::find(name, true) {
            Some(function) => Kind::Call { name: function.name, call: function.call, args },
            None => self.issue(expr, format!("undeclared reference to '{name}'")),
        }
    }
}

fn known_pattern(node: &Node) -> Option<Regex> {
    let Some(Value::String(text)) = node.constant() else { return None };
    let pattern = Pattern::compile(text).ok()?;
    Some(Regex { pattern: Arc::new(pattern), text: Arc::clone(text) })
}
