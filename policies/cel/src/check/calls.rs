use super::{Checker, Type, members::list_of, overloads};
use crate::functions::{self, Function};
use crate::syntax::{Expr, ExprKind};

impl Checker<'_> {
    pub(super) fn call(&mut self, expr: &Expr, target: Option<&Expr>, function: &str, args: &[Expr]) -> Type {
        if let Some(found) = self.macro_call(expr, target, function, args) {
            return found;
        }
        if let Some((name, known)) = target.and_then(|target| self.namespaced(target, function)) {
            let found: Vec<Type> = args.iter().map(|arg| self.type_of(arg)).collect();
            self.constants(&name, &args.iter().collect::<Vec<_>>());
            return self.overload(expr, known, &name, &found, false);
        }
        let mut types = Vec::with_capacity(args.len() + 1);
        types.extend(target.map(|target| self.type_of(target)));
        let mut items = Vec::new();
        match args {
            [Expr { kind: ExprKind::List(written), .. }] if function == "format" => {
                items = self.items(written);
                types.push(list_of(&items));
            }
            _ => types.extend(args.iter().map(|arg| self.type_of(arg))),
        }
        let name = function.strip_prefix('.').unwrap_or(function);
        let Some(known) = functions::find(name, target.is_some()) else {
            return self.report(expr, format!("undeclared reference to '{function}'"));
        };
        self.constants(name, &target.into_iter().chain(args).collect::<Vec<_>>());
        if name == "format" {
            self.formatted(target, args, &items);
        }
        self.overload(expr, known, name, &types, target.is_some())
    }

    /// `math.abs`: the dotted name of a function, rather than a member of something called `math`.
    fn namespaced(&self, target: &Expr, function: &str) -> Option<(String, &'static Function)> {
        let prefix = self.free_name(target)?;
        let name = format!("{}.{function}", prefix.strip_prefix('.').unwrap_or(&prefix));
        functions::find(&name, false).map(|known| (name, known))
    }

    fn overload(&mut self, expr: &Expr, known: &Function, name: &str, types: &[Type], member: bool) -> Type {
        let signatures = known.signatures().filter(|signature| signature.member == member);
        if let Some(found) = overloads::result(signatures, types) {
            return found;
        }
        match types.split_first() {
            Some((target, args)) if member => {
                let args: Vec<String> = args.iter().map(Type::to_string).collect();
                let applied = format!("{target}.({})", args.join(", "));
                self.report(expr, format!("found no matching overload for '{name}' applied to '{applied}'"))
            }
            _ => self.no_overload(expr, name, types),
        }
    }
}
