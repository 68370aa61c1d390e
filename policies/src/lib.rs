//! Policies: may this principal perform these actions on this resource?

#![forbid(unsafe_code)]
