//! The decision point: a server that answers the questions that a Cerbos server answers.
//!
//! [`Config`] is what a Cerbos server is configured with, [`Point`] answers, [`Workers`]
//! are the threads that it answers on, and [`Journal`] is where it is written down.

mod answer;
mod call_id;
pub mod config;
mod cors;
mod entry;
mod explain;
mod failure;
mod fields;
mod form;
mod grammar;
mod http;
mod journal;
mod metadata;
mod plan;
mod plan_entry;
mod point;
mod question;
mod reading;
mod validate;
mod violation;
mod workers;

pub use config::Config;
pub use journal::{Journal, Unwritable};
pub use point::{Point, ReadTokens, Untrusted};
pub use workers::Workers;
