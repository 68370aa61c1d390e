//! The other doors: how else does a question or a request reach us?

#![forbid(unsafe_code)]

pub mod pdp;
