use std::{sync::Arc, time::SystemTime};

use portreeve_cel::Val;

/// Who asks. A borrowed view: building one costs nothing.
#[derive(Clone, Copy, Debug)]
pub struct Principal<'a> {
    /// `request.principal.id`
    pub id: &'a str,
    /// `request.principal.roles`
    pub roles: &'a [Arc<str>],
    /// `request.principal.attr`
    pub attr: Val<'a>,
    /// `request.principal.scope`; empty for the default.
    pub scope: &'a str,
    /// `request.principal.policyVersion`; empty for the default.
    pub version: &'a str,
}

/// What they ask about.
#[derive(Clone, Copy, Debug)]
pub struct Resource<'a> {
    /// `request.resource.kind`
    pub kind: &'a str,
    /// `request.resource.id`
    pub id: &'a str,
    /// `request.resource.attr`
    pub attr: Val<'a>,
    /// `request.resource.scope`; empty for the default.
    pub scope: &'a str,
    /// `request.resource.policyVersion`; empty for the default.
    pub version: &'a str,
}

/// One question.
#[derive(Clone, Copy, Debug)]
pub struct Check<'a> {
    /// Who asks.
    pub principal: Principal<'a>,
    /// About what.
    pub resource: Resource<'a>,
    /// To do which things.
    pub actions: &'a [Arc<str>],
    /// `request.auxData.jwt`
    pub aux: Option<Val<'a>>,
    /// What `now()` means for the whole of this question.
    pub now: SystemTime,
}
