//! Identity: who is calling, and how do we know?

#![forbid(unsafe_code)]
