use std::{net::IpAddr, sync::Arc, time::SystemTime};

use portreeve_audit::{Record, Sink};

use crate::{Live, facts::Facts};

/// Turns requests into permits.
#[derive(Debug)]
pub struct Enforcer {
    pub(crate) live: Arc<Live>,
    pub(crate) facts: Facts,
    pub(crate) sink: Arc<dyn Sink>,
}

impl Enforcer {
    /// Enforces whatever is live, and records to `sink`.
    pub fn new(live: Arc<Live>, facts: Facts, sink: Arc<dyn Sink>) -> Self {
        Self { live, facts, sink }
    }

    /// Opens the record of a request that a door could not even read. `code` says why.
    pub fn turned_away(&self, at: SystemTime, peer: Option<IpAddr>, code: &'static str) -> Record {
        let mut record = Record::open(at, &self.live.current().revision, &self.sink);
        (record.peer, record.refused) = (peer, Some(code));
        record
    }

    /// Whether some route of the current revision reads bodies. If none does, nobody has to keep them.
    pub fn reads_bodies(&self) -> bool {
        self.live.reads_bodies()
    }

    /// Every header field that the gateway may set and that a client therefore must not.
    pub fn reserved(&self) -> Arc<[http::HeaderName]> {
        self.live.reserved()
    }
}
