use std::{
    fmt,
    net::IpAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::Method;
use portreeve_identity::Identity;
use portreeve_policies::Decision;
use portreeve_route_config::Route;
use uuid::Uuid;

use crate::Text;

/// One request's record. Holds shared handles; text is made by the sink, off the request's path.
#[derive(Clone, Debug)]
pub struct Event {
    /// What the caller is told, so that both sides can speak of the same request.
    pub id: EventId,
    /// When the request arrived.
    pub at: SystemTime,
    /// The revision that decided.
    pub revision: Arc<str>,
    /// The method; none where the request could not be read.
    pub method: Option<Method>,
    /// The host, in its one reading; empty if it had none.
    pub host: Text,
    /// The path, in its one reading, without the query, which may hold secrets; empty if it had none.
    pub path: Text,
    /// The peer's address.
    pub peer: Option<IpAddr>,
    /// How long enforcement took: the gateway's own part, reading of stored attributes included.
    pub took: Duration,
    /// The route, once known.
    pub route: Option<Arc<Route>>,
    /// The caller, once known.
    pub caller: Option<Arc<Identity>>,
    /// What the request speaks of, once known.
    pub resource: Option<Resource>,
    /// The decision, once made.
    pub decision: Option<Decision>,
    /// Why it was refused, if it was: a stable code.
    pub refused: Option<&'static str>,
    /// What there is to say about the refusal beyond its code. Never sent to the caller.
    pub detail: Option<Box<str>>,
    /// The status sent to the caller, once sent.
    pub status: Option<u16>,
}

/// What a request speaks of.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its kind.
    pub kind: Arc<str>,
    /// Its id.
    pub id: Text,
}

impl Event {
    pub(crate) fn new(at: SystemTime, revision: Arc<str>) -> Self {
        Self {
            id: EventId(Uuid::now_v7()),
            at,
            revision,
            method: None,
            host: Text::default(),
            path: Text::default(),
            peer: None,
            took: Duration::ZERO,
            route: None,
            caller: None,
            resource: None,
            decision: None,
            refused: None,
            detail: None,
            status: None,
        }
    }
}

/// Names one request: a UUID of version 7 (RFC 9562), so ids sort by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventId(Uuid);

impl EventId {
    /// How many bytes its text has.
    pub const LEN: usize = uuid::fmt::Hyphenated::LENGTH;

    /// Its text, written into a buffer: what `Display` gives, without the heap.
    pub fn write(self, buffer: &mut [u8; Self::LEN]) -> &str {
        self.0.as_hyphenated().encode_lower(buffer)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}
