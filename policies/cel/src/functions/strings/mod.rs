//! Texts: where things are in them, and how values are written as text.

pub(in crate::functions) mod calls;
pub(crate) mod format;
pub(crate) mod index;
pub(crate) mod numbers;
pub(crate) mod quote;
