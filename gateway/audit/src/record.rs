use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::Arc,
    time::SystemTime,
};

use crate::Event;

/// An open record. Dropping it sends it.
#[derive(Debug)]
pub struct Record {
    event: Event,
    sink: Arc<dyn Sink>,
}

impl Record {
    /// Opens a record.
    pub fn open(at: SystemTime, revision: &Arc<str>, sink: &Arc<dyn Sink>) -> Self {
        Self { event: Event::new(at, Arc::clone(revision)), sink: Arc::clone(sink) }
    }
}

impl Deref for Record {
    type Target = Event;

    fn deref(&self) -> &Event {
        &self.event
    }
}

impl DerefMut for Record {
    fn deref_mut(&mut self) -> &mut Event {
        &mut self.event
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.sink.record(&self.event);
    }
}

/// Where records go. Must not block: queue, and count what is dropped.
pub trait Sink: fmt::Debug + Send + Sync {
    /// Takes one record.
    fn record(&self, event: &Event);
}
