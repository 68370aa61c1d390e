//! How a [`Report`](crate::Report) is shown.
