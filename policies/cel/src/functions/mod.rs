//! The functions that expressions call.

pub(crate) mod hierarchy;
pub(crate) mod network;
pub(crate) mod paths;
pub(crate) mod regex;
pub(crate) mod spiffe;
pub(crate) mod strings;
pub(crate) mod time;
