use std::{sync::Arc, time::SystemTime};

use portreeve_cel::{Map, Timestamp, Val};

/// Who asks. A borrowed view: building one costs nothing.
#[derive(Clone, Copy, Debug)]
pub struct Principal<'a> {
    /// `request.principal.id`
    pub id: &'a str,
    /// `request.principal.roles`
    pub roles: &'a [Arc<str>],
    /// `request.principal.attr`
    pub attr: Val<'a>,
    /// `request.principal.policyVersion`; empty for the default.
    pub version: &'a str,
    /// `request.principal.scope`; empty for the default, `.` for the root.
    pub scope: &'a str,
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
    /// `request.resource.policyVersion`; empty for the default.
    pub version: &'a str,
    /// `request.resource.scope`; empty for the default, `.` for the root.
    pub scope: &'a str,
}

/// What a question may bring along beside its [`Check`].
#[derive(Clone, Copy, Debug)]
pub struct Along<'a> {
    /// How it is answered.
    pub options: &'a Options,
    /// `request.auxData.jwts`: `{claims: {…}}` under each token's name.
    pub jwts: Option<Val<'a>>,
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

/// A moment of the system's clock, in UTC.
pub(crate) fn moment(time: SystemTime) -> Timestamp {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    Timestamp { seconds, nanos: since.subsec_nanos(), offset: 0 }
}

/// How questions are answered, as far as it is not in the policies.
#[derive(Clone, Debug)]
pub struct Options {
    /// The version that an empty one stands for.
    pub default_version: Box<str>,
    /// The scope that an empty one stands for.
    pub default_scope: Box<str>,
    /// Whether the nearest existing scope stands in for one that does not exist.
    pub lenient_scope_search: bool,
    /// Whether an error while a condition is evaluated denies the action. Cerbos' default is that the rule is passed
    /// over, also one that denies.
    pub strict: bool,
    /// What conditions see as `globals`.
    pub globals: Map,
    /// What attributes that do not fit their schema lead to.
    pub schemas: Enforcement,
    /// Whether the effective derived roles are wanted with every decision. Without it only those are worked out that a
    /// decision needs.
    pub derived_roles: bool,
}

impl Default for Options {
    /// Strict; versions are `default`, scopes are found exactly, there are no globals and schemas are not enforced.
    fn default() -> Self {
        Self {
            default_version: "default".into(),
            default_scope: "".into(),
            lenient_scope_search: false,
            strict: true,
            globals: Map::default(),
            schemas: Enforcement::None,
            derived_roles: true,
        }
    }
}

/// What attributes that do not fit their schema lead to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Enforcement {
    /// Schemas are not looked at.
    #[default]
    None,
    /// They are listed with the decision.
    Warn,
    /// They are listed, and every action is denied.
    Reject,
    /// Schemas are not even read: policies may name some that are not there.
    Unread,
}

impl Enforcement {
    /// Whether attributes are not compared with schemas.
    pub(crate) const fn is_off(self) -> bool {
        matches!(self, Self::None | Self::Unread)
    }
}
