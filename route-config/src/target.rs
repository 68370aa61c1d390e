use std::{borrow::Cow, sync::Arc, time::Duration};

use portreeve_cel::{Map, Value as Cel};
use portreeve_diagnostics::{Span, Spanned};

use crate::{
    load::Load,
    value::{Inputs, Source, TargetError, TargetProblem, Value, text_of},
};

/// How a route turns a request into a resource.
#[derive(Clone, Debug)]
pub struct TargetTemplate {
    /// The resource's kind: a plain name.
    pub kind: Spanned<Arc<str>>,
    /// The actions, all of which must be allowed; never empty, each once.
    pub actions: Box<[Spanned<Arc<str>>]>,
    /// The resource's id.
    pub id: Value,
    /// The attributes that the route states, each with where its value comes from.
    pub attr: Box<[(Spanned<Arc<str>>, Value)]>,
    /// The scope of the policies, where the route states one.
    pub scope: Option<Value>,
    /// The version of the policies, where the route states one.
    pub version: Option<Value>,
    /// The stored resource to fetch before the decision.
    pub load: Option<Load>,
    /// The most bytes of the body that are read for `body`.
    pub max_body: u64,
    /// Where the route states the resource.
    pub span: Span,
    pub(crate) action_names: Box<[Arc<str>]>,
}

/// What the request speaks of.
#[derive(Clone, Debug, PartialEq)]
pub struct Target<'a> {
    /// The resource's kind.
    pub kind: &'a Arc<str>,
    /// The resource's id; never empty.
    pub id: Cow<'a, str>,
    /// The actions; never empty.
    pub actions: &'a [Arc<str>],
    /// The resource's attributes.
    pub attr: Map,
    /// The scope of the policies.
    pub scope: Option<Cow<'a, str>>,
    /// The version of the policies.
    pub version: Option<Cow<'a, str>>,
}

/// The most bytes of a body that are read for `body`, unless the route says otherwise.
pub const DEFAULT_MAX_BODY: u64 = 64 * 1024;

impl TargetTemplate {
    /// Describes the request in the policies' words. Attributes that are read from the stored resource are left out
    /// until [`complete`](Self::complete).
    ///
    /// # Errors
    /// When the request lacks what the route asks for, or has it twice.
    pub fn describe<'a>(&'a self, inputs: &Inputs<'a>) -> Result<Target<'a>, TargetError> {
        let id = self.id.as_text(inputs)?;
        if id.is_empty() {
            return Err(self.id.problem(TargetProblem::Empty));
        }
        let text = |value: &'a Option<Value>| value.as_ref().map(|value| value.as_text(inputs)).transpose();
        Ok(Target {
            kind: &self.kind.value,
            id,
            actions: &self.action_names,
            attr: self.stated(inputs, false)?.into_iter().collect(),
            scope: text(&self.scope)?,
            version: text(&self.version)?,
        })
    }

    /// Adds what the stored resource says: the fields that `select` names, or all of them, and then the attributes
    /// that the route reads from it. An attribute that the route states goes before a stored one of the same name.
    ///
    /// # Errors
    /// When `inputs` has no stored resource, it is no mapping, or lacks what the route asks for.
    pub fn complete<'a>(&'a self, target: &mut Target<'a>, inputs: &Inputs<'a>) -> Result<(), TargetError> {
        let Some(load) = &self.load else { return Ok(()) };
        let fields = load.fields(inputs)?;
        let copy = |(name, value): (&Arc<str>, &Cel)| (Arc::clone(name), value.clone());
        let stored = fields.iter().map(copy);
        let stated = target.attr.iter().map(copy);
        // Of entries with one name the last one stays.
        target.attr = stored.chain(stated).chain(self.stated(inputs, true)?).collect();
        Ok(())
    }

    /// Whether some value reads the request's body.
    #[must_use]
    pub fn needs_body(&self) -> bool {
        self.values().any(|value| value.reads(Source::Body))
    }

    /// Whether some value reads from a source.
    #[must_use]
    pub fn reads(&self, source: Source) -> bool {
        self.values().any(|value| value.reads(source))
    }

    /// The attributes that the route states, each with its expression.
    pub fn supplied(&self) -> impl Iterator<Item = (&Spanned<Arc<str>>, &Value)> {
        self.attr.iter().map(|(name, value)| (name, value))
    }

    /// Whether attributes beyond [`supplied`](Self::supplied) come from the stored resource, whose fields are not
    /// known beforehand.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.load.is_some()
    }

    /// The version of the policies that every request is judged by, empty for the usual one; `None` where the request
    /// decides it.
    #[must_use]
    pub fn fixed_version(&self) -> Option<String> {
        self.version.as_ref().map_or(Some(String::new()), |value| text_of(value.constant()?).ok())
    }

    /// Every value of the template.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        let loaded = self.load.iter().flat_map(Load::values);
        [&self.id]
            .into_iter()
            .chain(self.attr.iter().map(|(_, value)| value))
            .chain(&self.scope)
            .chain(&self.version)
            .chain(loaded)
    }

    /// The attributes that the route states and that are, or are not, read from the stored resource.
    fn stated(&self, inputs: &Inputs<'_>, stored: bool) -> Result<Vec<(Arc<str>, Cel)>, TargetError> {
        let chosen = || self.attr.iter().filter(|(_, value)| value.reads(Source::Stored) == stored);
        // As long as it will be: the map that it becomes takes it over as it is.
        let mut read = Vec::with_capacity(chosen().count());
        for (name, value) in chosen() {
            read.push((Arc::clone(&name.value), value.read(inputs)?.into_owned()));
        }
        Ok(read)
    }
}

/// A duration that must be short, since a request waits for it.
pub(crate) const DEFAULT_LOAD_TIMEOUT: Duration = Duration::from_secs(2);
