use std::sync::Arc;

use crate::{Event, Sink};

/// Sends every record to several sinks; with none, records go nowhere.
#[derive(Debug, Default)]
pub struct Tee(Vec<Arc<dyn Sink>>);

impl Tee {
    /// Sends to all of these.
    #[must_use]
    pub fn new(sinks: Vec<Arc<dyn Sink>>) -> Self {
        Self(sinks)
    }
}

impl Sink for Tee {
    fn record(&self, event: &Event) {
        for sink in &self.0 {
            sink.record(event);
        }
    }
}
