//! Functions of values that only functions make and read: addresses, networks, hierarchies, identities.

pub(crate) mod hierarchies;
pub(in crate::functions) mod networks;
pub(in crate::functions) mod spiffes;
