use std::sync::Arc;

use super::Compiler;
use crate::{
    env::Declared,
    node::{Key, Kind, Node},
    syntax::{Expr, ExprKind, Literal},
    type_names,
};

impl Compiler<'_> {
    pub(super) fn name(&mut self, expr: &Expr) -> Kind {
        let Some(path) = Dotted::of(expr) else { return self.issue(expr, "not a name") };
        self.dotted(expr, &path).unwrap_or_else(|| {
            let message = format!("undeclared reference to '{}'", path.root.trim_start_matches('.'));
            self.issue(expr, message)
        })
    }

    pub(super) fn select(&mut self, expr: &Expr, operand: &Expr, field: &Arc<str>, optional: bool) -> Kind {
        if optional {
            return Kind::OptionalField { operand: self.boxed(operand), key: Key::new(field) };
        }
        if let Some(path) = Dotted::of(expr)
            && let Some(kind) = self.dotted(expr, &path)
        {
            return kind;
        }
        if Dotted::of(expr).is_some() {
            return self.name(expr);
        }
        self.member(operand, field)
    }

    /// Selections from the same value become one path.
    fn member(&mut self, operand: &Expr, field: &Arc<str>) -> Kind {
        let operand = self.node(operand);
        match operand.kind {
            Kind::Path { operand, keys } => {
                Kind::Path { operand, keys: keys.into_iter().chain([Key::new(field)]).collect() }
            }
            _ => Kind::Path { operand: Box::new(operand), keys: Box::new([Key::new(field)]) },
        }
    }

    /// `has(operand.field)`
    pub(super) fn has(&mut self, expr: &Expr, args: &[Expr]) -> Kind {
        let [Expr { kind: ExprKind::Select { operand, field, .. }, .. }] = args else {
            return self.issue(expr, "invalid argument to has() macro");
        };
        if let [arg] = args
            && let Some(path) = Dotted::of(arg)
            && self.local(&path.root).is_none()
        {
            let declared =
                self.walk(&path).filter(|(_, rest)| rest.is_empty()).map(|(node, _)| node.value.is_some());
            if declared == Some(true) {
                let (slot, name) = match self.dotted(arg, &path) {
                    Some(Kind::Slot { slot, name }) => (slot, name),
                    _ => return self.issue(expr, "invalid argument to has() macro"),
                };
                self.reads.push(name);
                let message = Dotted::of(operand).and_then(|path| self.walk(&path)?.0.message);
                return if message.is_some() { Kind::HasField(slot) } else { Kind::HasSlot(slot) };
            }
        }
        Kind::Has { operand: self.boxed(operand), key: Key::new(field) }
    }

    /// `R.attr["owner"]` reads what `R.attr.owner` reads.
    pub(super) fn read_at(&mut self, operand: &Expr, index: &Expr) {
        let ExprKind::Literal(Literal::String(field)) = &index.kind else { return };
        let Some(path) = Dotted::of(operand).filter(|path| self.local(&path.root).is_none()) else { return };
        if is_field(field)
            && let Some((declared, rest)) = self.walk(&path)
        {
            let found = read(&declared.path, &[rest, &[Arc::clone(field)]].concat());
            self.reads.push(found);
        }
    }

    /// The place of a macro's variable, the innermost first.
    pub(super) fn local(&self, name: &str) -> Option<usize> {
        self.locals.iter().rposition(|local| **local == *name)
    }

    fn dotted(&mut self, expr: &Expr, path: &Dotted) -> Option<Kind> {
        if let Some(place) = self.local(&path.root) {
            let operand = Node { kind: Kind::Local(place), start: expr.start, end: expr.end };
            return Some(with_keys(operand, &path.fields));
        }
        let Some((declared, rest)) = self.walk(path) else {
            let name = path.name();
            return is_type(&name).then(|| Kind::Type(name.into()));
        };
        let (declared, rest) = (declared.clone(), rest.to_vec());
        self.reads.push(read(&declared.path, &rest));
        let operand = self.declared(&declared, expr)?;
        Some(with_keys(operand, &rest))
    }

    /// As far as a dotted name is declared, and the fields that are left.
    fn walk<'p>(&self, path: &'p Dotted) -> Option<(&Declared, &'p [Arc<str>])> {
        let root = path.root.strip_prefix('.').unwrap_or(&path.root);
        let mut node = self.env.child(self.env.root()?, root)?;
        let mut rest = &*path.fields;
        while let Some((field, after)) = rest.split_first() {
            if node.value.is_some() {
                break;
            }
            node = self.env.child(node, field)?;
            rest = after;
        }
        Some((node, rest))
    }

    fn declared(&self, declared: &Declared, expr: &Expr) -> Option<Node> {
        let at = |kind| Node { kind, start: expr.start, end: expr.end };
        if let Some((slot, _)) = &declared.value {
            return Some(at(Kind::Slot { slot: slot.0, name: Arc::clone(&declared.path) }));
        }
        let fields: Option<Vec<_>> = self
            .env
            .children(declared)
            .map(|(name, child)| Some((Arc::clone(name), self.declared(child, expr)?)))
            .collect();
        Some(at(Kind::Object { fields: fields?.into(), message: declared.message }))
    }
}

fn with_keys(operand: Node, fields: &[Arc<str>]) -> Kind {
    if fields.is_empty() {
        return operand.kind;
    }
    Kind::Path { operand: Box::new(operand), keys: fields.iter().map(Key::new).collect() }
}

fn is_type(name: &str) -> bool {
    type_names::is_known(name) || matches!(name, "cerbos.lib.spiffeID" | "cerbos.lib.spiffeTrustDomain")
}

/// Whether it could stand behind a dot.
fn is_field(text: &str) -> bool {
    !text.starts_with(|first: char| first.is_ascii_digit())
        && !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn read(path: &Arc<str>, rest: &[Arc<str>]) -> Arc<str> {
    if rest.is_empty() { Arc::clone(path) } else { format!("{path}.{}", rest.join(".")).into() }
}

/// `root.field.field`
struct Dotted {
    root: Arc<str>,
    fields: Vec<Arc<str>>,
}

impl Dotted {
    fn of(expr: &Expr) -> Option<Self> {
        match &expr.kind {
            ExprKind::Ident(name) => Some(Self { root: Arc::clone(name), fields: Vec::new() }),
            ExprKind::Select { operand, field, optional: false } => {
                let mut path = Self::of(operand)?;
                path.fields.push(Arc::clone(field));
                Some(path)
            }
            _ => None,
        }
    }

    fn name(&self) -> String {
        let root = self.root.strip_prefix('.').unwrap_or(&self.root);
        std::iter::once(root).chain(self.fields.iter().map(|field| &**field)).collect::<Vec<_>>().join(".")
    }
}
