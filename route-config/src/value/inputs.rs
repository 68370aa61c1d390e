use std::sync::Arc;

use portreeve_cel::{Map, Value as Cel};

use crate::{Captures, Head, Match};

/// All that values are read from. Borrows everything; building one is free.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The request.
    pub head: &'a Head<'a>,
    /// What the route's placeholders stood for.
    pub captures: &'a Captures<'a, 'a>,
    /// Who is calling; nothing on a public route.
    pub caller: Option<Caller<'a>>,
    /// The request's body, read as JSON; nothing where no value of the route reads it.
    pub body: Option<&'a Cel>,
    /// The stored resource; nothing before it is fetched, and where the route loads none.
    pub stored: Option<&'a Cel>,
}

/// The proven caller as values see it: `principal` and `claims`.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// `principal.id`.
    pub id: &'a str,
    /// `principal.roles`.
    pub roles: &'a [Arc<str>],
    /// `principal.attr`.
    pub attr: &'a Map,
    /// `principal.issuer`.
    pub issuer: &'a str,
    /// `principal.scope`; empty text where there is none.
    pub scope: Option<&'a str>,
    /// `claims`.
    pub claims: &'a Cel,
}

impl<'a> Inputs<'a> {
    /// A matched request, before anyone is asked who they are.
    #[must_use]
    pub const fn new(head: &'a Head<'a>, matched: &'a Match<'a, 'a>) -> Self {
        Self { head, captures: &matched.captures, caller: None, body: None, stored: None }
    }

    /// With the caller.
    #[must_use]
    pub const fn caller(self, caller: Caller<'a>) -> Self {
        Self { caller: Some(caller), ..self }
    }

    /// With the body.
    #[must_use]
    pub const fn body(self, body: &'a Cel) -> Self {
        Self { body: Some(body), ..self }
    }

    /// With the stored resource.
    #[must_use]
    pub const fn stored(self, stored: &'a Cel) -> Self {
        Self { stored: Some(stored), ..self }
    }
}
