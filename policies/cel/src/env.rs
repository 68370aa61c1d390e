use std::{collections::HashMap, sync::Arc};

use crate::{
    Object, Program, Type,
    check::{Names, check},
    compile,
    syntax::{Issue, parse},
};

/// Where the value of a declared name is put for an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub(crate) u32);

impl Slot {
    /// The place in the list of values that [`Cx::new`](crate::Cx::new) takes.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The names that expressions may use, and where their values are put.
#[derive(Clone, Debug, Default)]
pub struct Env {
    nodes: Vec<Declared>,
    slots: u32,
}

/// A name, or the roof over several: `request`, `request.principal`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Declared {
    /// The name in its long form.
    pub(crate) path: Arc<str>,
    /// What findings call the type of what is declared under it.
    type_name: Option<Arc<str>>,
    /// The type of the object that the names under it make, if it is one whose empty fields are not set.
    pub(crate) message: Option<&'static str>,
    pub(crate) value: Option<(Slot, Type)>,
    children: HashMap<Arc<str>, usize>,
    /// The children by their long names, in the order of their declaration.
    order: Vec<(Arc<str>, usize)>,
}

/// Declares names.
#[derive(Debug, Default)]
pub struct EnvBuilder(Env);

impl Env {
    /// An environment without names.
    #[must_use]
    pub fn builder() -> EnvBuilder {
        EnvBuilder(Self { nodes: vec![Declared::default()], slots: 0 })
    }

    /// A copy to which more names can be added. What was declared keeps its slot.
    #[must_use]
    pub fn extend(&self) -> EnvBuilder {
        EnvBuilder(self.clone())
    }

    /// How many values an evaluation needs.
    #[must_use]
    pub const fn slots(&self) -> usize {
        self.slots as usize
    }

    /// The slot of a name.
    #[must_use]
    pub fn slot(&self, path: &str) -> Option<Slot> {
        self.find(path).and_then(|node| node.value.as_ref()).map(|(slot, _)| *slot)
    }

    /// The names right under a roof, in the order of their declaration, aliases left out.
    pub fn names_under(&self, roof: &str) -> impl Iterator<Item = &str> {
        self.find(roof).into_iter().flat_map(|node| node.order.iter().map(|(name, _)| &**name))
    }

    /// A name with a slot, in its long form.
    pub(crate) fn named(&self, path: &str) -> Option<(Arc<str>, Slot)> {
        let node = self.find(path)?;
        node.value.as_ref().map(|(slot, _)| (Arc::clone(&node.path), *slot))
    }

    /// Reads, checks and resolves an expression.
    ///
    /// # Errors
    /// Everything that is wrong with it and can be known without data.
    pub fn compile(&self, text: &str) -> Result<Program, Vec<Issue>> {
        let expr = parse(text).map_err(|issue| vec![issue])?;
        let (ty, issues) = check(&expr, self);
        if !issues.is_empty() {
            return Err(issues);
        }
        compile::program(self, text, &expr, ty)
    }

    pub(crate) fn root(&self) -> Option<&Declared> {
        self.nodes.first()
    }

    pub(crate) fn child(&self, of: &Declared, name: &str) -> Option<&Declared> {
        self.nodes.get(*of.children.get(name)?)
    }

    /// The names under a roof, aliases left out.
    pub(crate) fn children<'e>(
        &'e self,
        of: &'e Declared,
    ) -> impl Iterator<Item = (&'e Arc<str>, &'e Declared)> {
        of.order.iter().filter_map(|(name, index)| Some((name, self.nodes.get(*index)?)))
    }

    fn find(&self, path: &str) -> Option<&Declared> {
        path.split('.').try_fold(self.root()?, |node, name| self.child(node, name))
    }
}

impl Names for Env {
    fn meaning(&self, path: &str) -> Option<Type> {
        let node = self.find(path)?;
        Some(match &node.value {
            Some((_, ty)) => ty.clone(),
            None => {
                let name = node.type_name.as_ref().unwrap_or(&node.path);
                Type::Object(Object { path: Arc::clone(&node.path), name: Arc::clone(name) })
            }
        })
    }
}

impl EnvBuilder {
    /// Declares a name such as `request.principal.id` and gives it a slot. Declaring it again gives the same slot.
    pub fn declare(&mut self, path: &str, ty: Type) -> Slot {
        let index = self.node(path);
        let next = Slot(self.0.slots);
        let Some(node) = self.0.nodes.get_mut(index) else { return next };
        if let Some((slot, _)) = node.value {
            return slot;
        }
        node.value = Some((next, ty));
        self.0.slots += 1;
        next
    }

    /// Gives a name, or the roof over several, a second name: `P` for `request.principal`. Names declared under one of
    /// the two later are under both.
    pub fn alias(&mut self, alias: &str, path: &str) {
        let target = self.node(path);
        let (roof, name) = alias.rsplit_once('.').unwrap_or(("", alias));
        let roof = if roof.is_empty() { 0 } else { self.node(roof) };
        if let Some(node) = self.0.nodes.get_mut(roof) {
            node.children.insert(name.into(), target);
        }
    }

    /// Declares the roof over names, which may have none under it, and what findings call its type.
    pub fn roof(&mut self, path: &str, type_name: &str) {
        let index = self.node(path);
        if let Some(node) = self.0.nodes.get_mut(index) {
            node.type_name = Some(type_name.into());
        }
    }

    /// Makes the names under this one the fields of an object of that type: `has` of a field that is empty is false, and
    /// the object as a whole is shown without it.
    pub fn message(&mut self, path: &str, type_name: &'static str) {
        self.roof(path, type_name);
        let index = self.node(path);
        if let Some(node) = self.0.nodes.get_mut(index) {
            node.message = Some(type_name);
        }
    }

    /// Done.
    #[must_use]
    pub fn build(self) -> Arc<Env> {
        Arc::new(self.0)
    }

    fn node(&mut self, path: &str) -> usize {
        let mut at = 0;
        for name in path.split('.') {
            let known = self.0.nodes.get(at).and_then(|node| node.children.get(name)).copied();
            at = known.unwrap_or_else(|| self.add(at, name));
        }
        at
    }

    fn add(&mut self, to: usize, name: &str) -> usize {
        let index = self.0.nodes.len();
        let name: Arc<str> = name.into();
        let Some(parent) = self.0.nodes.get_mut(to) else { return index };
        let path =
            if parent.path.is_empty() { Arc::clone(&name) } else { format!("{}.{name}", parent.path).into() };
        parent.children.insert(Arc::clone(&name), index);
        parent.order.push((name, index));
        self.0.nodes.push(Declared { path, ..Declared::default() });
        index
    }
}
