use bumpalo::Bump;

use crate::{
    ErrorKind, EvalError, List, Opaque, Pairs, Timestamp, Val,
    val::{TooMuch, Work},
};

/// Memory for what evaluations make. Clear it between uses; a cleared arena allocates no more until it outgrows itself.
#[derive(Debug, Default)]
pub struct Arena(Bump);

impl Arena {
    /// An empty arena.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets everything, keeping the memory for the next use.
    #[inline]
    pub fn clear(&mut self) {
        self.0.reset();
    }

    pub(crate) fn bump(&self) -> &Bump {
        &self.0
    }

    /// Keeps a copy of text.
    pub fn text(&self, text: &str) -> &str {
        self.0.alloc_str(text)
    }

    /// Keeps a copy of a list of values.
    pub fn values<'a>(&'a self, values: &[Val<'a>]) -> &'a [Val<'a>] {
        self.0.alloc_slice_copy(values)
    }

    /// Keeps a copy of the values of an environment's slots.
    pub fn slots<'a>(&'a self, slots: &[Option<Val<'a>>]) -> &'a [Option<Val<'a>>] {
        self.0.alloc_slice_copy(slots)
    }

    /// Keeps a copy of a list of keys and values.
    pub fn pairs<'a>(&'a self, pairs: &[(Val<'a>, Val<'a>)]) -> &'a Pairs<'a> {
        self.0.alloc(Pairs(self.0.alloc_slice_copy(pairs)))
    }
}

/// How much one evaluation may take. Over a limit is an error that nothing absorbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Steps: one for each part of an expression evaluated, and for each item, character or byte that a function goes
    /// through.
    pub steps: u64,
    /// Bytes of memory.
    pub memory: usize,
}

impl Default for Limits {
    /// A million steps, 16 MiB.
    fn default() -> Self {
        Self { steps: 1_000_000, memory: 16 << 20 }
    }
}

/// What functions are given besides their arguments: memory, the clock, and what is left of the limits.
#[derive(Debug)]
pub struct Cx<'a> {
    pub(crate) arena: &'a Arena,
    pub(crate) slots: &'a [Option<Val<'a>>],
    pub(crate) locals: bumpalo::collections::Vec<'a, Val<'a>>,
    pub(crate) failed: Option<Box<Failed<'a>>>,
    now: Option<Timestamp>,
    steps: u64,
    memory: usize,
}

/// A macro's variable that has no value, and those around it. Few evaluations have one.
#[derive(Debug)]
pub(crate) struct Failed<'a> {
    pub(crate) place: usize,
    pub(crate) why: EvalError<'a>,
    pub(crate) around: Option<Box<Failed<'a>>>,
}

impl<'a> Cx<'a> {
    /// A context for one evaluation or several that share their limits. `slots` holds the values of the environment's
    /// slots; `None` is a name without a value. Without `now`, `now()` is an error.
    #[must_use]
    #[inline]
    pub fn new(
        arena: &'a Arena,
        slots: &'a [Option<Val<'a>>],
        now: Option<Timestamp>,
        limits: Limits,
    ) -> Self {
        Self {
            arena,
            slots,
            locals: bumpalo::collections::Vec::new_in(&arena.0),
            failed: None,
            now,
            steps: limits.steps,
            memory: limits.memory,
        }
    }

    /// The one moment that this evaluation calls now.
    pub(crate) fn now(&self) -> Result<Val<'a>, ErrorKind<'static>> {
        self.now.map(Val::Timestamp).ok_or(ErrorKind::NoClock)
    }

    /// Takes this many steps.
    #[inline]
    pub(crate) fn charge(&mut self, steps: usize) -> Result<(), ErrorKind<'static>> {
        self.steps = self.steps.checked_sub(steps as u64).ok_or(ErrorKind::StepLimit)?;
        Ok(())
    }

    /// Takes the steps of going through a text: one for each 16 bytes.
    pub(crate) fn charge_text(&mut self, text: &str) -> Result<(), ErrorKind<'static>> {
        self.charge(text.len() / 16 + 1)
    }

    /// Whether two values are equal, at the price of their size.
    #[inline]
    pub(crate) fn equal(&mut self, a: Val<'_>, b: Val<'_>) -> Result<bool, ErrorKind<'static>> {
        let mut work = Work::new(self.steps);
        let equal = a.equals_within(b, &mut work);
        self.steps = work.left();
        equal.map_err(|TooMuch| ErrorKind::StepLimit)
    }

    /// Whether a list has an item that equals this value, at the price of looking.
    #[inline]
    pub(crate) fn contains(&mut self, list: &List<'_>, wanted: Val<'_>) -> Result<bool, ErrorKind<'static>> {
        match (list, wanted) {
            (List::Values(items), Val::Str(wanted)) => {
                self.found(items.iter().position(|item| item.as_str() == Some(wanted)), items.len(), wanted)
            }
            (List::Texts(items), Val::Str(wanted)) => {
                self.found(items.iter().position(|item| **item == *wanted), items.len(), wanted)
            }
            _ => self.among(*list, wanted),
        }
    }

    /// What looking for a text among so many items has cost.
    fn found(
        &mut self,
        place: Option<usize>,
        items: usize,
        wanted: &str,
    ) -> Result<bool, ErrorKind<'static>> {
        let looked_at = place.map_or(items, |place| place + 1);
        self.charge(looked_at * (wanted.len() / 64 + 1))?;
        Ok(place.is_some())
    }

    fn among(&mut self, list: List<'_>, wanted: Val<'_>) -> Result<bool, ErrorKind<'static>> {
        for item in list.iter() {
            self.charge(1)?;
            if self.equal(item, wanted)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes this many bytes of memory.
    pub(crate) fn reserve(&mut self, bytes: usize) -> Result<(), ErrorKind<'static>> {
        self.memory = self.memory.checked_sub(bytes).ok_or(ErrorKind::MemoryLimit)?;
        Ok(())
    }

    /// Octets made by the evaluation.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<Val<'a>, ErrorKind<'static>> {
        self.reserve(bytes.len())?;
        Ok(Val::Bytes(self.arena.0.alloc_slice_copy(bytes)))
    }

    /// A list made by the evaluation. The items are counted as they come, so that an endless iterator ends.
    pub(crate) fn list(
        &mut self,
        items: impl Iterator<Item = Val<'a>>,
    ) -> Result<Val<'a>, ErrorKind<'static>> {
        let mut list = bumpalo::collections::Vec::new_in(&self.arena.0);
        for item in items {
            self.reserve(size_of::<Val<'_>>())?;
            self.charge(1)?;
            list.push(item);
        }
        Ok(Val::List(List::Vals(list.into_bump_slice())))
    }

    /// An optional value.
    pub(crate) fn optional(&mut self, value: Option<Val<'a>>) -> Result<Val<'a>, ErrorKind<'static>> {
        let Some(value) = value else { return Ok(Val::Optional(None)) };
        self.reserve(size_of::<Val<'_>>())?;
        Ok(Val::Optional(Some(self.arena.0.alloc(value))))
    }

    /// A value of a type that only functions know the inside of.
    pub(crate) fn opaque(&mut self, value: Opaque<'a>) -> Result<Val<'a>, ErrorKind<'static>> {
        self.keep(value).map(Val::Opaque)
    }

    /// A slice that lives as long as the evaluation's results.
    pub(crate) fn slice<T: Copy>(&mut self, items: &[T]) -> Result<&'a [T], ErrorKind<'static>> {
        self.reserve(size_of_val(items))?;
        Ok(self.arena.0.alloc_slice_copy(items))
    }

    /// A value that lives as long as the evaluation's results.
    pub(crate) fn keep<T: Copy>(&mut self, value: T) -> Result<&'a T, ErrorKind<'static>> {
        self.reserve(size_of::<T>())?;
        Ok(self.arena.0.alloc(value))
    }
}
