//! Audit: what was decided, for the record?
//!
//! A door opens a [`Record`] when a request arrives and lets go of it when the answer is out. Dropping it sends its
//! [`Event`] to the [`Sink`], so neither an early return nor a panic nor a cancelled call loses it.

#![forbid(unsafe_code)]

mod event;
mod json;
mod line;
mod record;
pub mod sinks;
mod text;

pub use event::{Event, EventId, Resource};
pub use line::line;
pub use record::{Record, Sink};
pub use text::Text;
