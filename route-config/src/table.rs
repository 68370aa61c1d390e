use std::{borrow::Cow, cmp::Ordering, sync::Arc};

use http::Method;
use portreeve_diagnostics::Span;

use crate::{
    Head, Matcher, Route, RouteId, TrailingSlash,
    path::decoded,
    pattern::precedence,
    trie::{Captured, Hosts, Place, named},
};

/// All routes of one revision, compiled and immutable.
///
/// What [`find`](Self::find) costs depends on the request's path and not on the number of routes.
#[derive(Debug, Default)]
pub struct RouteTable {
    routes: Vec<Arc<Route>>,
    hosts: Hosts,
}

/// A route, and how a request matched it.
#[derive(Clone, Debug)]
pub struct Match<'t, 'r> {
    /// The route.
    pub route: &'t Arc<Route>,
    /// Which of the route's matchers.
    pub matcher: &'t Matcher,
    /// What the placeholders stood for.
    pub captures: Captures<'t, 'r>,
}

/// What the placeholders of a pattern stood for.
#[derive(Clone, Debug)]
pub struct Captures<'t, 'r> {
    matcher: &'t Matcher,
    captured: Captured<'r>,
}

/// Which methods a place is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Every one.
    pub any: bool,
    /// These, each once, `HEAD` with `GET`.
    pub methods: Vec<Method>,
}

/// Two routes that no rule of precedence tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tie {
    pub(crate) first: Span,
    pub(crate) second: Span,
}

impl RouteTable {
    /// Puts routes in their order of precedence, and finds those that tie.
    pub(crate) fn of(mut routes: Vec<Route>) -> (Self, Vec<Tie>) {
        for route in &mut routes {
            route.matchers.sort_by(compare);
        }
        routes.sort_by(|one, other| match (one.matchers.first(), other.matchers.first()) {
            (Some(a), Some(b)) => compare(a, b),
            (a, b) => a.is_none().cmp(&b.is_none()),
        });
        let mut table = Self::default();
        let mut ties = Vec::new();
        for (index, mut route) in routes.into_iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            route.id = RouteId(index);
            table.routes.push(Arc::new(route));
            table.insert(index, &mut ties);
        }
        (table, ties)
    }

    /// The most specific route for a request. Does not allocate, save for patterns with more than eight
    /// placeholders.
    #[must_use]
    pub fn find<'t, 'r>(&'t self, head: &Head<'r>) -> Option<Match<'t, 'r>> {
        let path = head.path.after_slash();
        let (place, captured) = self.hosts.search(head.host, path, &mut |ends| ends.find(head.method))?;
        let route = self.routes.get(place.route as usize)?;
        let matcher = route.matchers.get(place.matcher as usize)?;
        Some(Match { route, matcher, captures: Captures { matcher, captured } })
    }

    /// The methods with which some route is for this host and path, for `Allow` and `OPTIONS`. Empty when there is
    /// no route at all.
    #[must_use]
    pub fn allowed_methods(&self, head: &Head<'_>) -> Allowed {
        let mut allowed = Allowed::default();
        let collected: Option<((), _)> = self.hosts.search(head.host, head.path.after_slash(), &mut |ends| {
            for method in ends.methods() {
                allowed.add(method);
            }
            None
        });
        debug_assert!(collected.is_none(), "a visit that never has enough sees everything");
        allowed
    }

    /// Every matcher that is for a request, the most specific first: the one that [`find`](Self::find) gives, and those
    /// that it goes before. For explanations.
    #[must_use]
    pub fn candidates(&self, head: &Head<'_>) -> Vec<(&Arc<Route>, &Matcher)> {
        let mut places = Vec::new();
        let _: Option<((), _)> = self.hosts.search(head.host, head.path.after_slash(), &mut |ends| {
            places.extend(ends.all(head.method));
            None
        });
        let pair = |place: Place| {
            let route = self.routes.get(place.route as usize)?;
            Some((route, route.matchers.get(place.matcher as usize)?))
        };
        places.into_iter().filter_map(pair).collect()
    }

    /// All routes in their order of precedence: of two that are for the same request, the earlier one answers it.
    /// A route's [`RouteId::index`] is its place here.
    pub fn routes(&self) -> impl ExactSizeIterator<Item = &Arc<Route>> {
        self.routes.iter()
    }

    /// The route of an id of this table.
    #[must_use]
    pub fn route(&self, id: RouteId) -> Option<&Arc<Route>> {
        self.routes.get(id.index())
    }

    /// Every matcher of every route in order of precedence, for listing.
    #[must_use]
    pub fn precedence(&self) -> Vec<(&Arc<Route>, &Matcher)> {
        let pairs = self.routes.iter().flat_map(|route| route.matchers.iter().map(move |m| (route, m)));
        let mut rows: Vec<_> = pairs.collect();
        rows.sort_by(|(_, a), (_, b)| compare(a, b));
        rows
    }

    fn insert(&mut self, index: u32, ties: &mut Vec<Tie>) {
        let Some(route) = self.routes.get(index as usize).cloned() else { return };
        for (matcher, number) in route.matchers.iter().zip(0_u32..) {
            let place = Place { route: index, matcher: number };
            let segments = matcher.pattern.segments();
            let (host, methods) = (&matcher.host, &matcher.methods);
            if let Err(taken) = self.hosts.insert(host, segments, methods, place, true) {
                ties.push(Tie { first: self.span(taken), second: matcher.span });
            }
            if matcher.trailing_slash == TrailingSlash::Ignore
                && let Some(segments) = matcher.pattern.other_slash()
                && let Err(taken) = self.hosts.insert(host, &segments, methods, place, false)
            {
                let tie = Tie { first: self.span(taken), second: matcher.span };
                if !ties.contains(&tie) {
                    ties.push(tie);
                }
            }
        }
    }

    fn span(&self, place: Place) -> Span {
        let route = self.routes.get(place.route as usize);
        let matcher = route.and_then(|route| route.matchers.get(place.matcher as usize));
        matcher.map(|matcher| matcher.span).unwrap_or_default()
    }
}

impl<'t, 'r> Captures<'t, 'r> {
    /// The decoded text that a placeholder stood for: one segment, or for `{name*}` several with slashes between.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'r, str>> {
        self.as_sent(name).map(decoded)
    }

    /// Every placeholder with its decoded text, in the order of the pattern.
    pub fn iter(&self) -> impl Iterator<Item = (&'t str, Cow<'r, str>)> {
        named(self.matcher.pattern.names(), &self.captured).map(|(name, raw)| (name, decoded(raw)))
    }

    /// The canonical, still escaped text that a placeholder stood for.
    #[must_use]
    pub fn as_sent(&self, name: &str) -> Option<&'r str> {
        named(self.matcher.pattern.names(), &self.captured)
            .find(|(known, _)| *known == name)
            .map(|(_, raw)| raw)
    }
}

impl Allowed {
    fn add(&mut self, method: Option<&Method>) {
        let Some(method) = method else {
            self.any = true;
            return;
        };
        if !self.methods.contains(method) {
            self.methods.push(method.clone());
        }
        if *method == Method::GET {
            self.add(Some(&Method::HEAD));
        }
    }
}

/// The one total order of specificity: the host, then the path, then the methods. See `docs/routes.md`.
fn compare(one: &Matcher, other: &Matcher) -> Ordering {
    one.host
        .precedence(&other.host)
        .then_with(|| precedence(one.pattern.segments(), other.pattern.segments()))
        .then_with(|| one.methods.precedence(&other.methods))
        .then_with(|| one.span.cmp(&other.span))
}
