//! Where records can go.

mod file;
mod queue;
mod tee;

pub use file::{FileOptions, OpenError};
pub use queue::{Queue, Tally};
pub use tee::Tee;
