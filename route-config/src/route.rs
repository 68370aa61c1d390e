use std::{sync::Arc, time::Duration};

use portreeve_diagnostics::{Span, Spanned};

use crate::{HeaderTemplate, HostPattern, Methods, Pattern, TargetTemplate, pattern::precedence};

/// Who may use a route. There is no default: a route that does not say does not compile.
#[derive(Clone, Debug)]
pub enum Access {
    /// Anyone; nobody is asked who they are, and no decision is made.
    Public,
    /// Anyone who proved who they are.
    Authenticated,
    /// Whoever the policies allow.
    Authorized(Box<TargetTemplate>),
}

/// Names one [`Route`] of one [`crate::RouteTable`]: its place in the order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(pub(crate) u32);

impl RouteId {
    /// The place of this route's entry in a list parallel to [`crate::RouteTable::routes`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One compiled route. Names in it are not resolved: whoever links the table knows what they stand for.
#[derive(Clone, Debug)]
pub struct Route {
    /// This route's place in its table.
    pub id: RouteId,
    /// The route's name: as given, or its first matcher as text.
    pub name: Arc<str>,
    /// Where it was written.
    pub span: Span,
    /// What it is for; never empty.
    pub matchers: Box<[Matcher]>,
    /// Who may use it.
    pub access: Access,
    /// The name of the upstream that an allowed request goes to.
    pub upstream: Spanned<Arc<str>>,
    /// The names of the authenticators to try, in order; empty only when the route is public.
    pub authenticate: Box<[Spanned<Arc<str>>]>,
    /// How the request changes on its way, in order.
    pub mutate: Box<[Mutation]>,
    /// The longest that the upstream may take, where the route says so.
    pub timeout: Option<Duration>,
    /// The name of the answers for callers who are not forwarded, where the route says so.
    pub answers: Option<Spanned<Arc<str>>>,
}

/// One change to a request on its way to the upstream.
#[derive(Clone, Debug)]
pub enum Mutation {
    /// A mutator that the configuration names.
    Named(Spanned<Arc<str>>),
    /// A mutator that the defaults name, on a public route: left out if it speaks of the caller, whom nobody asks here.
    NamedIfPublic(Spanned<Arc<str>>),
    /// Header fields set from values, each replacing what the client sent under any spelling of its name.
    Headers(Box<[HeaderTemplate]>),
}

/// One host, path and set of methods that a route is for.
#[derive(Clone, Debug)]
pub struct Matcher {
    /// The hosts.
    pub host: HostPattern,
    /// The methods.
    pub methods: Methods,
    /// The paths.
    pub pattern: Pattern,
    /// Whether a slash at the end makes a difference.
    pub trailing_slash: TrailingSlash,
    /// Where it was written.
    pub span: Span,
}

/// Whether `/a` and `/a/` are the same place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrailingSlash {
    /// They are two. What upstreams such as Starlette do.
    #[default]
    Strict,
    /// They are one, unless another route states the other spelling. What Express does. The path is forwarded as it
    /// came.
    Ignore,
}

/// What decides which of two matchers goes first when both are for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precedence {
    /// The more specific host.
    Host,
    /// The more specific path.
    Path,
    /// Methods that are named go before every method.
    Methods,
}

impl Matcher {
    /// What makes this matcher go before another that is for the same request.
    #[must_use]
    pub fn precedence(&self, other: &Self) -> Precedence {
        if self.host.precedence(&other.host).is_ne() {
            Precedence::Host
        } else if precedence(self.pattern.segments(), other.pattern.segments()).is_ne() {
            Precedence::Path
        } else {
            Precedence::Methods
        }
    }
}

impl std::fmt::Display for Precedence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Host => "its host is more specific",
            Self::Path => "its path is more specific",
            Self::Methods => "it names the method",
        })
    }
}

impl std::fmt::Display for Matcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ", self.methods)?;
        if self.host != HostPattern::Any {
            write!(f, "{}", self.host)?;
        }
        f.write_str(self.pattern.as_str())
    }
}
