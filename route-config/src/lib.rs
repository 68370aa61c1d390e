//! Routes: which resource and which actions does this request speak of?

#![forbid(unsafe_code)]
