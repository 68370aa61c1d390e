//! Stores: where does the text of a revision come from?

#![forbid(unsafe_code)]
