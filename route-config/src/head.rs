use std::net::IpAddr;

use crate::{Path, Query};

/// What a route is matched on and its values are read from: one request, read one way. Borrows everything.
#[derive(Clone, Copy, Debug)]
pub struct Head<'r> {
    /// The method.
    pub method: &'r http::Method,
    /// `http` or `https`, as the client spoke it.
    pub scheme: &'r str,
    /// The host, as [`crate::Host::name`] gives it.
    pub host: &'r str,
    /// The path.
    pub path: &'r Path<'r>,
    /// The query.
    pub query: &'r Query<'r>,
    /// The header fields as received.
    pub headers: &'r http::HeaderMap,
    /// The client's address, where the door knows it.
    pub client: Option<IpAddr>,
}
