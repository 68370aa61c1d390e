//! Where routes are found: a tree of path segments for each host.

use std::sync::Arc;

use http::Method;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::{HostPattern, Methods, escape::byte_at, method::Fit, pattern::Segment};

/// What the placeholders of a pattern stood for, in the order of the pattern, still escaped. Up to eight need no
/// allocation. (A `SmallVec` would be invariant in `'r`, which whoever holds it would feel.)
#[derive(Clone, Debug, Default)]
pub(crate) struct Captured<'r> {
    first: [&'r str; 8],
    count: usize,
    more: Vec<&'r str>,
}

/// The place of a matcher: its route, and which of the route's matchers it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) route: u32,
    pub(crate) matcher: u32,
}

/// All hosts.
#[derive(Debug, Default)]
pub(crate) struct Hosts {
    exact: FxHashMap<Box<str>, Node>,
    under: FxHashMap<Box<str>, Node>,
    any: Node,
}

/// One segment deep.
#[derive(Debug, Default)]
pub(crate) struct Node {
    literals: FxHashMap<Box<str>, Self>,
    capture: Option<Box<Self>>,
    /// Ends here, as written.
    here: Ends,
    /// Ends here if the slash at the end is ignored.
    lax: Ends,
    /// `{rest*}` from here on.
    rest: Ends,
}

/// The routes that end at one place.
#[derive(Debug, Default)]
pub(crate) struct Ends(Vec<(Option<Method>, Place)>);

/// A segment to look a literal up by: decoded, on the stack unless it is long.
type Key = SmallVec<[u8; 128]>;

impl Hosts {
    /// Puts a matcher at its place.
    ///
    /// # Errors
    /// The matcher that is already there for one of the methods.
    pub(crate) fn insert(
        &mut self,
        host: &HostPattern,
        segments: &[Segment],
        methods: &Methods,
        place: Place,
        stated: bool,
    ) -> Result<(), Place> {
        let mut node = match host {
            HostPattern::Exact(name) => self.exact.entry(name.clone()).or_default(),
            HostPattern::Under(suffix) => self.under.entry(suffix.clone()).or_default(),
            HostPattern::Any => &mut self.any,
        };
        for segment in segments {
            node = match segment {
                Segment::Literal(text) => node.literals.entry(text.clone()).or_default(),
                Segment::Capture(_) => node.capture.get_or_insert_default(),
                Segment::Rest(_) => return node.rest.insert(methods, place),
            };
        }
        let ends = if stated { &mut node.here } else { &mut node.lax };
        ends.insert(methods, place)
    }

    /// Visits what matches host and path, the most specific first, until `visit` says it has what it wants.
    /// `path` is without its first slash.
    pub(crate) fn search<'r, R>(
        &self,
        host: &str,
        path: &'r str,
        visit: &mut dyn FnMut(&Ends) -> Option<R>,
    ) -> Option<(R, Captured<'r>)> {
        let mut captured = Captured::default();
        let mut search = |node: &Node| node.search(Some(path), &mut captured, visit);
        let mut found = self.exact.get(host).and_then(&mut search);
        let mut rest = host;
        while found.is_none() && !self.under.is_empty() {
            let Some((_, suffix)) = rest.split_once('.') else { break };
            found = self.under.get(suffix).and_then(&mut search);
            rest = suffix;
        }
        let found = found.or_else(|| search(&self.any))?;
        Some((found, captured))
    }
}

impl Node {
    /// `path` is what is left of it; nothing when its end is reached.
    fn search<'r, R>(
        &self,
        path: Option<&'r str>,
        captured: &mut Captured<'r>,
        visit: &mut dyn FnMut(&Ends) -> Option<R>,
    ) -> Option<R> {
        let Some(path) = path else {
            let found = visit(&self.here).or_else(|| visit(&self.lax));
            return found.or_else(|| self.search_rest("", captured, visit));
        };
        let (segment, rest) = match path.split_once('/') {
            Some((segment, rest)) => (segment, Some(rest)),
            None => (path, None),
        };
        if let Some(found) = self.literal(segment).and_then(|node| node.search(rest, captured, visit)) {
            return Some(found);
        }
        if let Some(node) = self.capture.as_ref().filter(|_| !segment.is_empty()) {
            captured.push(segment);
            if let Some(found) = node.search(rest, captured, visit) {
                return Some(found);
            }
            captured.pop();
        }
        self.search_rest(path, captured, visit)
    }

    fn search_rest<'r, R>(
        &self,
        path: &'r str,
        captured: &mut Captured<'r>,
        visit: &mut dyn FnMut(&Ends) -> Option<R>,
    ) -> Option<R> {
        let found = visit(&self.rest)?;
        captured.push(path);
        Some(found)
    }

    fn literal(&self, segment: &str) -> Option<&Self> {
        if self.literals.is_empty() {
            return None;
        }
        if !segment.contains('%') {
            return self.literals.get(segment);
        }
        let bytes = segment.as_bytes();
        let mut key = Key::new();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            let escape = (byte == b'%').then(|| byte_at(bytes, at)).flatten();
            key.push(escape.unwrap_or(byte));
            at += if escape.is_some() { 3 } else { 1 };
        }
        self.literals.get(std::str::from_utf8(&key).ok()?)
    }
}

impl<'r> Captured<'r> {
    fn push(&mut self, segment: &'r str) {
        match self.first.get_mut(self.count) {
            Some(free) => *free = segment,
            None => self.more.push(segment),
        }
        self.count += 1;
    }

    fn pop(&mut self) {
        self.count = self.count.saturating_sub(1);
        self.more.truncate(self.count.saturating_sub(self.first.len()));
    }

    fn iter(&self) -> impl Iterator<Item = &'r str> {
        self.first.iter().take(self.count).chain(&self.more).copied()
    }
}

impl Ends {
    fn insert(&mut self, methods: &Methods, place: Place) -> Result<(), Place> {
        let all: &[Option<Method>] = match methods {
            Methods::Any => &[None],
            Methods::Some(methods) => &methods.iter().cloned().map(Some).collect::<Vec<_>>(),
        };
        for method in all {
            if let Some((_, taken)) = self.0.iter().find(|(known, _)| known == method) {
                return Err(*taken);
            }
            self.0.push((method.clone(), place));
        }
        Ok(())
    }

    /// The route for a method.
    pub(crate) fn find(&self, method: &Method) -> Option<Place> {
        self.fitting(method).min().map(|(_, place)| place)
    }

    /// All routes for a method, the most specific first.
    pub(crate) fn all(&self, method: &Method) -> impl Iterator<Item = Place> {
        let mut fitting: SmallVec<[_; 3]> = self.fitting(method).collect();
        fitting.sort_unstable();
        fitting.into_iter().map(|(_, place)| place)
    }

    fn fitting(&self, method: &Method) -> impl Iterator<Item = (Fit, Place)> {
        self.0.iter().filter_map(move |(known, place)| {
            let fit = match known {
                None => Fit::Any,
                Some(known) if known == method => Fit::Named,
                Some(known) if *method == Method::HEAD && *known == Method::GET => Fit::HeadByGet,
                Some(_) => return None,
            };
            Some((fit, *place))
        })
    }

    /// The methods that some route is for; nothing stands for every method.
    pub(crate) fn methods(&self) -> impl Iterator<Item = Option<&Method>> {
        self.0.iter().map(|(method, _)| method.as_ref())
    }
}

/// The names of a pattern with what they stood for.
pub(crate) fn named<'a, 'r>(
    names: impl Iterator<Item = &'a Arc<str>>,
    captured: &Captured<'r>,
) -> impl Iterator<Item = (&'a str, &'r str)> {
    names.map(|name| &**name).zip(captured.iter())
}
