//! The Common Expression Language: what does this expression mean, and what is its value here?

#![forbid(unsafe_code)]
#![expect(dead_code, reason = "called when an environment compiles")]

mod check;
mod cx;
mod error;
mod functions;
pub mod syntax;
mod val;
mod value;

pub use check::{Object, Type};
pub use cx::{Arena, Cx, Limits};
pub use error::{ErrorKind, EvalError};
pub use functions::{
    network::Cidr,
    spiffe::{Id as SpiffeId, Matcher as SpiffeMatcher, TrustDomain as SpiffeTrustDomain},
    time::rfc3339::Written as Timestamp,
};
pub use val::{List, MapRef, Opaque, Val};
pub use value::{Map, Value};
