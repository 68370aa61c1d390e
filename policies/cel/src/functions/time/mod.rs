//! Moments, durations and zones.

pub(in crate::functions) mod calls;
pub(crate) mod civil;
pub(crate) mod go_duration;
pub(crate) mod rfc3339;
pub(crate) mod zone;
