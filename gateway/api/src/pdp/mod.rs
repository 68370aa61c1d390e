//! The decision point: a server that answers the questions that a Cerbos server answers.

pub mod config;

pub use config::Config;
