//! The Common Expression Language: what does this expression mean, and what is its value here?

#![forbid(unsafe_code)]

mod functions;
