//! Policies as they are written: spanned, without defaults, without meaning. One reader for each kind.

mod condition;
mod fields;
mod policy;
mod rules;

pub(crate) use condition::{RawMatch, RawOutput};
pub(crate) use policy::{RawBody, RawPolicy, RawVariables};
pub(crate) use rules::{RawPrincipalRule, RawRoleRule, RawRule};
