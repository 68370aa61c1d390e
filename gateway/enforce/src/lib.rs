//! Enforcement: from a request to a permit or a refusal.
//!
//! Every door comes through [`Enforcer::enforce`]; `flow.rs` is the whole of one request. What a request is judged by
//! is a [`Snapshot`], which [`Project::link`] makes out of routes, policies and the names that a configuration gives.

#![forbid(unsafe_code)]

mod ask;
mod body;
mod dress;
mod edit;
mod enforcer;
mod explain;
mod facts;
mod flow;
mod hopeless;
mod link;
mod link_mutators;
mod link_target;
mod own;
mod permit;
mod refusal;
mod request;
mod snapshot;
mod words;
mod world;

pub use body::{Body, BodyError, NoBody};
pub use dress::{AudienceOf, Grant, GrantedToken, IdToken, Mutator, Removal};
pub use edit::{Edit, Edits};
pub use enforcer::Enforcer;
pub use explain::{Assumed, Attribute, Explanation, Origin, PassedOver, Step, explain};
pub use facts::{Answer, Ask, Facts, FactsError, Fetch, FetchError};
pub use link::Project;
pub use own::KEYS_PATH;
pub use permit::Permit;
pub use refusal::Refusal;
pub use request::{Request, Unreadable};
pub use snapshot::{Live, Snapshot};
