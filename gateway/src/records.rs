//! Where records go from here: to the configured sinks, and into the counters.

use std::sync::Arc;

use portreeve_audit::{
    Event, Sink,
    sinks::{FileOptions, OpenError, Queue, Tee},
};

use crate::{config::AuditSettings, observe::Metrics};

/// The open sinks.
#[derive(Debug)]
pub(crate) struct Records {
    queues: Vec<Arc<Queue>>,
    sink: Arc<dyn Sink>,
}

impl Records {
    /// Opens all that is configured.
    ///
    /// # Errors
    /// A file cannot be written.
    pub(crate) fn open(settings: &[AuditSettings], metrics: &Arc<Metrics>) -> Result<Self, OpenError> {
        let queues = settings.iter().map(|one| open(one).map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
        for queue in &queues {
            metrics.count_records(Arc::clone(queue.tally()));
        }
        let sinks = queues.iter().map(|queue| Arc::clone(queue) as Arc<dyn Sink>).collect();
        let sink = Arc::new(Counting { metrics: Arc::clone(metrics), next: Tee::new(sinks) });
        Ok(Self { queues, sink })
    }

    /// Where to send records.
    pub(crate) fn sink(&self) -> Arc<dyn Sink> {
        Arc::clone(&self.sink)
    }

    /// Writes what is waiting.
    pub(crate) fn close(&self) {
        for queue in &self.queues {
            queue.close();
        }
    }
}

fn open(settings: &AuditSettings) -> Result<Queue, OpenError> {
    match settings {
        AuditSettings::Stdout => Queue::stdout(),
        AuditSettings::File { path, max_bytes, keep } => {
            Queue::file(FileOptions { path: path.clone(), max_bytes: *max_bytes, keep: *keep })
        }
    }
}

/// Counts what was decided. Here and not in a door, so that every door is counted.
#[derive(Debug)]
struct Counting {
    metrics: Arc<Metrics>,
    next: Tee,
}

impl Sink for Counting {
    fn record(&self, event: &Event) {
        self.metrics.enforced_in(event.took.as_secs_f64());
        if let Some(code) = event.refused {
            self.metrics.refused(code);
        }
        if let (Some(route), Some(decision)) = (&event.route, &event.decision) {
            self.metrics.decided(Arc::clone(&route.name), decision.allows_all());
        }
        self.next.record(event);
    }
}
