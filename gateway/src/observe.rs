//! What is counted, and how the gateway tells what it does.
//!
//! Every label has a fixed set of values: listeners, routes and upstreams come from the configuration, codes and
//! classes from the code. Nothing that a client sends becomes a label.

use std::{fmt, io::IsTerminal, sync::Arc};

use parking_lot::Mutex;
use portreeve_audit::sinks::Tally;
use portreeve_identity::{Authenticator, CacheFigures};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text::encode},
    metrics::{
        MetricType,
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::{ConstGauge, Gauge},
        histogram::Histogram,
        info::Info,
    },
    registry::{Registry, Unit},
};
use tracing_subscriber::EnvFilter;

use crate::config::LogSettings;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    listener: Arc<str>,
    class: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Decided {
    route: Arc<str>,
    effect: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Failed {
    upstream: Arc<str>,
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reloaded {
    outcome: &'static str,
}

/// The counters of one process.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    refusals: Family<Refused, Counter>,
    decisions: Family<Decided, Counter>,
    upstream_errors: Family<Failed, Counter>,
    reloads: Family<Reloaded, Counter>,
    enforcement: Histogram,
    connections: Gauge,
    tallies: Tallies,
    caches: Caches,
}

/// How the caches of the live authenticators do. They count themselves; read when somebody asks.
#[derive(Clone, Debug, Default)]
struct Caches(Arc<Mutex<Vec<Arc<dyn Authenticator>>>>);

impl Collector for Caches {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let figures: Vec<(Arc<str>, CacheFigures)> =
            self.0.lock().iter().map(|one| (Arc::clone(one.name()), one.figures())).collect();
        let help = "Credentials looked up in memory, by authenticator and by whether they were known";
        let mut family =
            encoder.encode_descriptor("credential_cache_lookups", help, None, MetricType::Counter)?;
        for (name, figures) in &figures {
            for (outcome, count) in [("hit", figures.hits), ("miss", figures.misses)] {
                let labels = [("authenticator", &**name), ("outcome", outcome)];
                ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
            }
        }
        let help = "Credentials remembered, by authenticator";
        let mut family =
            encoder.encode_descriptor("credential_cache_entries", help, None, MetricType::Gauge)?;
        for (name, figures) in &figures {
            let labels = [("authenticator", &**name)];
            let entries = i64::try_from(figures.entries).unwrap_or(i64::MAX);
            ConstGauge::new(entries).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

/// What audit sinks count themselves. Read when somebody asks.
#[derive(Clone, Debug, Default)]
struct Tallies(Arc<Mutex<Vec<Arc<Tally>>>>);

impl Collector for Tallies {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let sum = |count: fn(&Tally) -> u64| self.0.lock().iter().map(|tally| count(tally)).sum::<u64>();
        let help = "Audit records, by what became of them";
        let mut family = encoder.encode_descriptor("audit_records", help, None, MetricType::Counter)?;
        for (outcome, count) in [
            ("written", sum(Tally::written)),
            ("dropped", sum(Tally::dropped)),
            ("failed", sum(Tally::failed)),
        ] {
            let labels = [("outcome", outcome)];
            let labelled = family.encode_family(&labels)?;
            ConstCounter::new(count).encode(labelled)?;
        }
        Ok(())
    }
}

impl Metrics {
    /// All at zero.
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("portreeve"),
            requests: Family::default(),
            refusals: Family::default(),
            decisions: Family::default(),
            upstream_errors: Family::default(),
            reloads: Family::default(),
            enforcement: Histogram::new(SECONDS),
            connections: Gauge::default(),
            tallies: Tallies::default(),
            caches: Caches::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "requests",
            "Requests answered, by listener and class of status",
            self.requests.clone(),
        );
        registry.register("refusals", "Requests refused, by code", self.refusals.clone());
        registry.register(
            "decisions",
            "Decisions of the policies, by route and effect",
            self.decisions.clone(),
        );
        let help = "Requests that an upstream did not answer, by upstream and kind";
        registry.register("upstream_errors", help, self.upstream_errors.clone());
        registry.register("reloads", "Attempts to load a revision, by outcome", self.reloads.clone());
        let help = "Time from the arrival of a request to the decision about it";
        registry.register_with_unit("enforcement_duration", help, Unit::Seconds, self.enforcement.clone());
        registry.register("connections", "Open connections of clients", self.connections.clone());
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program that runs", build);
        registry.register_collector(Box::new(self.tallies.clone()));
        registry.register_collector(Box::new(self.caches.clone()));
        // Series that are worth an alarm are there from the start.
        for outcome in ["ok", "failed"] {
            let _ = self.reloads.get_or_create(&Reloaded { outcome });
        }
    }

    /// A request was answered.
    pub(crate) fn answered(&self, listener: &Arc<str>, status: u16) {
        let class = match status {
            100..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            500..600 => "5xx",
            // The client went away before there was an answer.
            _ => "none",
        };
        self.requests.get_or_create(&Answered { listener: Arc::clone(listener), class }).inc();
    }

    /// A request was refused.
    pub(crate) fn refused(&self, code: &'static str) {
        self.refusals.get_or_create(&Refused { code }).inc();
    }

    /// The policies decided.
    pub(crate) fn decided(&self, route: Arc<str>, allowed: bool) {
        let effect = if allowed { "allow" } else { "deny" };
        self.decisions.get_or_create(&Decided { route, effect }).inc();
    }

    /// An upstream did not answer as it should.
    pub(crate) fn upstream_failed(&self, upstream: Arc<str>, kind: &'static str) {
        self.upstream_errors.get_or_create(&Failed { upstream, kind }).inc();
    }

    /// A revision was loaded, or was not.
    pub(crate) fn reloaded(&self, ok: bool) {
        let outcome = if ok { "ok" } else { "failed" };
        self.reloads.get_or_create(&Reloaded { outcome }).inc();
    }

    /// From now on, what this sink counts is told too.
    pub(crate) fn count_records(&self, tally: Arc<Tally>) {
        self.tallies.0.lock().push(tally);
    }

    /// From now on, these are the authenticators whose caches are told of.
    /// Their counts begin anew where one was replaced.
    pub(crate) fn watch_caches(&self, authenticators: Vec<Arc<dyn Authenticator>>) {
        *self.caches.0.lock() = authenticators;
    }

    /// How long the gateway's own part took.
    pub(crate) fn enforced_in(&self, seconds: f64) {
        self.enforcement.observe(seconds);
    }

    /// How many connections are open now.
    pub(crate) fn connections(&self, open: usize) {
        self.connections.set(i64::try_from(open).unwrap_or(i64::MAX));
    }

    /// In OpenMetrics text.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// From 10 µs, where a warm decision is, to 5 s, where a slow upstream's stored attributes are.
const SECONDS: [f64; 14] =
    [0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

/// Begins to log to standard error. `RUST_LOG` overrides what is configured.
pub(crate) fn start_logging(settings: &LogSettings) {
    // pingora logs what clients and upstreams do wrong as its own errors; the gateway tells of it itself.
    let quiet = "pingora_core=off,pingora_proxy=off,pingora_cache=off,pingora_pool=off";
    log_to_stderr(&format!("{quiet},{}", settings.filter), settings.json);
}

/// Begins to log what a filter lets pass to standard error, as lines or as JSON. `RUST_LOG` overrides the filter.
pub(crate) fn log_to_stderr(filter: &str, json: bool) {
    let wanted = std::env::var("RUST_LOG").unwrap_or_else(|_| filter.to_owned());
    let filter = EnvFilter::try_new(&wanted).unwrap_or_else(|_| EnvFilter::new("info"));
    // Where nobody reads the log any more, saying so there would end the thread that logs.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    // A second start (there is none but in tests) keeps the first.
    let _ = if json {
        builder.json().flatten_event(true).try_init()
    } else {
        let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        builder.with_ansi(color).with_target(false).try_init()
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_can_be_read_as_text() {
        let metrics = Metrics::new();
        metrics.answered(&"127.0.0.1:8080".into(), 403);
        metrics.refused("policy/denied");
        metrics.decided("contact-view".into(), false);
        metrics.reloaded(true);
        metrics.enforced_in(0.00003);
        let text = metrics.text();
        for line in [
            r#"portreeve_requests_total{listener="127.0.0.1:8080",class="4xx"} 1"#,
            r#"portreeve_refusals_total{code="policy/denied"} 1"#,
            r#"portreeve_decisions_total{route="contact-view",effect="deny"} 1"#,
            r#"portreeve_reloads_total{outcome="ok"} 1"#,
            r#"portreeve_reloads_total{outcome="failed"} 0"#,
            "portreeve_enforcement_duration_seconds_count 1",
            concat!(r#"portreeve_build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""} 1"#),
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
