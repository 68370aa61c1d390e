//! Routes: which resource and which actions does this request speak of?
//!
//! This crate describes; it never decides. There is no condition in a route, and nothing here knows a policy.
//!
//! A request is read one way or refused: [`RequestTarget::parse`] and [`Host::parse`] give the canonical path, query
//! and host that are judged *and* forwarded. [`RouteTable::find`] gives the one most specific [`Route`] for a
//! [`Head`]. Where the route's [`Access`] is a [`TargetTemplate`], [`TargetTemplate::describe`] turns the request
//! into a [`Target`] in the policies' words, and [`TargetTemplate::complete`] adds what the stored resource says,
//! once [`Load::target`] has been fetched.
//!
//! [`RouteTable::compile`] reads route files; `docs/routes.md` is their reference.

#![forbid(unsafe_code)]

mod compile;
mod cookie_template;
mod escape;
mod head;
mod header_template;
mod host;
mod load;
mod method;
mod path;
mod pattern;
mod query;
mod raw;
mod request_target;
mod route;
mod suite;
mod table;
mod target;
mod trie;
mod value;

pub use cookie_template::CookieTemplate;
pub use head::Head;
pub use header_template::{Encoding, HeaderTemplate};
pub use host::{Host, HostError, HostPattern};
pub use load::{Credentials, DEFAULT_MAX_STORED, Load};
pub use method::{MethodError, Methods};
pub use path::{MAX_BYTES, MAX_SEGMENTS, Path, PathError};
pub use pattern::{Pattern, PatternError, PatternProblem};
pub use query::{MAX_PARAMETERS, Parameter, Query, QueryError};
pub use request_target::RequestTarget;
pub use route::{Access, Matcher, Mutation, Precedence, Route, RouteId, TrailingSlash};
pub use suite::{Suite, TestOutcome};
pub use table::{Allowed, Captures, Match, RouteTable};
pub use target::{DEFAULT_MAX_BODY, Target, TargetTemplate};
pub use value::{Caller, Inputs, Source, TargetError, TargetProblem, Value};

#[cfg(test)]
mod tests;
