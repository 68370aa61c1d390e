use std::sync::Arc;

use super::Compiler;
use crate::{
    node::{Kind, Macro, MacroKind},
    syntax::{Expr, ExprKind},
};

impl Compiler<'_> {
    /// A call of a macro, if that is what this is.
    pub(super) fn macro_call(
        &mut self,
        expr: &Expr,
        target: &Expr,
        name: &str,
        args: &[Expr],
    ) -> Option<Kind> {
        use MacroKind as M;
        if name == "bind" && target.qualified_name().as_deref() == Some("cel") && self.local("cel").is_none()
        {
            let [variable, value, body] = args else { return None };
            return Some(self.shape(expr, M::Bind, value, &[variable], None, body));
        }
        Some(match (name, args) {
            ("all", [v, body]) => self.shape(expr, M::All, target, &[v], None, body),
            ("exists", [v, body]) => self.shape(expr, M::Exists, target, &[v], None, body),
            ("exists_one", [v, body]) => self.shape(expr, M::ExistsOne, target, &[v], None, body),
            ("filter", [v, body]) => self.shape(expr, M::Filter, target, &[v], None, body),
            ("map", [v, body]) => self.shape(expr, M::Map, target, &[v], None, body),
            ("map", [v, filter, body]) => self.shape(expr, M::Map, target, &[v], Some(filter), body),
            ("sortBy", [v, body]) => self.shape(expr, M::SortBy, target, &[v], None, body),
            ("optMap", [v, body]) => self.shape(expr, M::OptMap, target, &[v], None, body),
            ("optFlatMap", [v, body]) => self.shape(expr, M::OptFlatMap, target, &[v], None, body),
            // These are functions, but one that need not look at its argument.
            ("or", [other]) => self.shape(expr, M::Or, target, &[], None, other),
            ("orValue", [other]) => self.shape(expr, M::OrValue, target, &[], None, other),
            ("all", [k, v, body]) => self.shape(expr, M::All, target, &[k, v], None, body),
            ("exists", [k, v, body]) => self.shape(expr, M::Exists, target, &[k, v], None, body),
            ("existsOne" | "exists_one", [k, v, body]) => {
                self.shape(expr, M::ExistsOne, target, &[k, v], None, body)
            }
            ("transformList", [k, v, body]) => self.shape(expr, M::Map, target, &[k, v], None, body),
            ("transformList", [k, v, f, body]) => self.shape(expr, M::Map, target, &[k, v], Some(f), body),
            ("transformMap", [k, v, body]) => self.shape(expr, M::TransformMap, target, &[k, v], None, body),
            ("transformMap", [k, v, f, body]) => {
                self.shape(expr, M::TransformMap, target, &[k, v], Some(f), body)
            }
            ("transformMapEntry", [k, v, body]) => {
                self.shape(expr, M::TransformMapEntry, target, &[k, v], None, body)
            }
            ("transformMapEntry", [k, v, f, body]) => {
                self.shape(expr, M::TransformMapEntry, target, &[k, v], Some(f), body)
            }
            _ => return None,
        })
    }

    fn shape(
        &mut self,
        expr: &Expr,
        kind: MacroKind,
        range: &Expr,
        variables: &[&Expr],
        filter: Option<&Expr>,
        body: &Expr,
    ) -> Kind {
        let range = self.node(range);
        let first = self.locals.len();
        let mut names: [Arc<str>; 2] = ["".into(), "".into()];
        for (variable, name) in variables.iter().zip(&mut names) {
            match &variable.kind {
                ExprKind::Ident(written) if !written.starts_with('.') => *name = Arc::clone(written),
                _ => return self.issue(expr, "argument must be a simple name"),
            }
        }
        let two = variables.len() == 2;
        if two && names.first() == names.last() {
            return self.issue(expr, "the two variables must have different names");
        }
        self.locals.extend(names.iter().take(variables.len()).cloned());
        let filter = filter.map(|filter| self.node(filter));
        let body = self.node(body);
        self.locals.truncate(first);
        Kind::Macro(Box::new(Macro { kind, range, two, first, filter, body }))
    }
}
