//! Moments, durations and zones.

pub(crate) mod civil;
pub(crate) mod go_duration;
pub(crate) mod rfc3339;
pub(crate) mod zone;
