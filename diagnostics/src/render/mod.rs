//! How a [`Report`](crate::Report) is shown: to a person, or to the tools that people use.

mod github;
mod json;
mod place;
mod sarif;
mod terminal;

pub use github::github;
pub use json::json;
pub use sarif::sarif;
pub use terminal::terminal;

#[cfg(test)]
mod tests;
