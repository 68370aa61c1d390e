//! The Common Expression Language: what does this expression mean, and what is its value here?
//!
//! An [`Env`] says which names there are; it reads, checks and resolves texts to [`Program`]s, once. A [`Cx`] holds
//! what evaluations need: values by [`Slot`], the clock, memory and limits. Evaluating borrows everything and
//! allocates nothing in the common case. [`Env::partial`] says what is left of an expression while some names are
//! unknown.
//!
//! ```
//! use portreeve_cel::{Arena, Cx, Env, Limits, Timestamp, Type, Val, Value};
//!
//! let mut names = Env::builder();
//! let id = names.declare("request.principal.id", Type::String);
//! let attr = names.declare("request.resource.attr", Type::map(Type::String, Type::Dyn));
//! names.alias("P", "request.principal");
//! names.alias("R", "request.resource");
//! let env = names.build();
//! let owns = env.compile("R.attr.owner == P.id && R.attr.amount < 100").expect("nothing is wrong with it");
//! assert_eq!(env.compile("P.name == 1").unwrap_err()[0].message, "undefined field 'name'");
//!
//! let resource: Value = serde_json::from_str(r#"{"owner": "ann", "amount": 20}"#).expect("JSON");
//! let mut slots = vec![None; env.slots()];
//! slots[id.index()] = Some(Val::Str("ann"));
//! slots[attr.index()] = Some(Val::from(&resource));
//! let arena = Arena::new();
//! let mut cx = Cx::new(&arena, &slots, Timestamp::parse("2024-01-01T00:00:00Z"), Limits::default());
//! assert_eq!(owns.condition(&mut cx), Ok(true));
//! ```
//!
//! What there is of the language, its limits and differences: `docs/cel.md`.

#![forbid(unsafe_code)]

mod check;
mod compile;
mod cx;
mod env;
mod error;
mod eval;
mod functions;
mod node;
mod partial;
mod program;
pub mod syntax;
mod type_names;
mod val;
mod value;

pub use check::{Object, Type};
pub use cx::{Arena, Cx, Limits};
pub use env::{Env, EnvBuilder, Slot};
pub use error::{ErrorKind, EvalError, Name};
pub use functions::{
    function_names,
    network::Cidr,
    spiffe::{Id as SpiffeId, Matcher as SpiffeMatcher, TrustDomain as SpiffeTrustDomain},
    time::rfc3339::Written as Timestamp,
};
pub use partial::{Known, Loop, Residual, Unplannable};
pub use program::Program;
pub use val::{List, MapRef, Message, Opaque, Pairs, Val};
pub use value::{Map, SharedText, Value};
