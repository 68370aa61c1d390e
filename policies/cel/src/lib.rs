//! The Common Expression Language: what does this expression mean, and what is its value here?

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
mod val;
mod value;

pub use check::{Object, Type};
pub use cx::{Arena, Cx, Limits};
pub use env::{Env, EnvBuilder, Slot};
pub use error::{ErrorKind, EvalError};
pub use functions::{
    network::Cidr,
    spiffe::{Id as SpiffeId, Matcher as SpiffeMatcher, TrustDomain as SpiffeTrustDomain},
    time::rfc3339::Written as Timestamp,
};
pub use partial::{Known, Loop, Residual, Unplannable};
pub use program::Program;
pub use val::{List, MapRef, Opaque, Val};
pub use value::{Map, Value};
