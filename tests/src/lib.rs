//! The harness: what do the tests stand on?

#![forbid(unsafe_code)]
