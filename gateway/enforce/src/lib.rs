//! Enforcement: from a request to a permit or a refusal.

#![forbid(unsafe_code)]
