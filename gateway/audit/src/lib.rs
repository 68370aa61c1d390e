//! Audit: what was decided, for the record?

#![forbid(unsafe_code)]
