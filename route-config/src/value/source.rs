/// Where a value comes from: the names that an expression in a route can begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// `path.id`: a placeholder's decoded text.
    Path,
    /// `query.region`: the one value of a parameter. It is an error when there are several.
    Query,
    /// `queries.tag`: the list of a parameter's values.
    Queries,
    /// `headers['x-region']`: the one value of a header field, its name in lower case.
    Headers,
    /// `body.amount`: the request's JSON body.
    Body,
    /// `principal.id`, `.roles`, `.attr`, `.issuer`, `.scope`.
    Principal,
    /// `claims.sub`: what the proof of identity says.
    Claims,
    /// `request.method`, `.scheme`, `.host`, `.path`, `.query`, `.client`.
    Request,
    /// `stored.owner`: the stored resource that `load` fetched.
    Stored,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Path,
        Self::Query,
        Self::Queries,
        Self::Headers,
        Self::Body,
        Self::Principal,
        Self::Claims,
        Self::Request,
        Self::Stored,
    ];

    /// The name in expressions.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Queries => "queries",
            Self::Headers => "headers",
            Self::Body => "body",
            Self::Principal => "principal",
            Self::Claims => "claims",
            Self::Request => "request",
            Self::Stored => "stored",
        }
    }

    /// Whether the client chooses the value freely, so that a policy must not take it for a fact.
    #[must_use]
    pub const fn is_chosen_by_client(self) -> bool {
        matches!(self, Self::Path | Self::Query | Self::Queries | Self::Headers | Self::Body | Self::Request)
    }

    /// The names that can follow, where they are fixed.
    pub(crate) const fn fields(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Principal => Some(&["id", "roles", "attr", "issuer", "scope"]),
            Self::Request => Some(&["method", "scheme", "host", "path", "query", "client"]),
            _ => None,
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.name() == name)
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
