//! The console: what can a person see of the running gateway?

#![forbid(unsafe_code)]
