//! The admin listener: is it alive, is it ready, what does it count, which revision does it serve?

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use arc_swap::ArcSwapOption;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
use portreeve_identity::{Authenticator, Readiness};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};

use crate::{observe::Metrics, proxy::Connections};

/// What the admin listener tells of revisions. Written by whoever loads them.
#[derive(Debug, Default)]
pub(crate) struct Revisions {
    live: ArcSwapOption<LiveRevision>,
    failure: ArcSwapOption<FailedRevision>,
}

#[derive(Debug)]
struct LiveRevision {
    id: Arc<str>,
    authenticators: Vec<Arc<dyn Authenticator>>,
    since: SystemTime,
}

#[derive(Debug)]
struct FailedRevision {
    id: Arc<str>,
    at: SystemTime,
    // Rendered for a person: what was written, and what is wrong with it.
    report: String,
}

impl Revisions {
    /// This revision serves from now on.
    pub(crate) fn went_live(&self, id: Arc<str>, authenticators: Vec<Arc<dyn Authenticator>>) {
        self.live.store(Some(Arc::new(LiveRevision { id, authenticators, since: SystemTime::now() })));
        self.failure.store(None);
    }

    /// This revision was not taken; the one before goes on serving.
    pub(crate) fn failed(&self, id: Arc<str>, report: String) {
        self.failure.store(Some(Arc::new(FailedRevision { id, at: SystemTime::now(), report })));
    }

    fn is_live(&self) -> bool {
        self.live.load().is_some()
    }

    fn json(&self) -> Value {
        let live = self.live.load();
        let failure = self.failure.load();
        json!({
            "revision": live.as_ref().map(|live| &*live.id),
            "since": live.as_ref().map(|live| seconds(live.since)),
            "authenticators": live.as_ref().map(|live| live.authenticators.iter().map(readiness).collect::<Vec<_>>()),
            "failed": failure.as_ref().map(|failed| json!({
                "revision": &*failed.id,
                "at": seconds(failed.at),
                "report": failed.report,
            })),
        })
    }
}

/// What the pages of the admin listener are made from.
#[derive(Clone, Debug)]
pub(crate) struct Admin {
    /// The revisions.
    pub(crate) revisions: Arc<Revisions>,
    /// The counters.
    pub(crate) metrics: Arc<Metrics>,
    /// The open connections.
    pub(crate) connections: Arc<Connections>,
}

impl Admin {
    /// Serves until `shutdown` says true.
    pub(crate) async fn serve(self, socket: TcpListener, mut shutdown: watch::Receiver<bool>) {
        let stopped = async move {
            let _ = shutdown.wait_for(|stop| *stop).await;
        };
        if let Err(error) = axum::serve(socket, self.pages()).with_graceful_shutdown(stopped).await {
            tracing::error!(%error, "the admin listener stopped");
        }
    }

    fn pages(self) -> Router {
        Router::new()
            .route("/health/live", get(async || "live\n"))
            .route("/health/ready", get(ready))
            .route("/metrics", get(metrics))
            .route("/revision", get(async |State(admin): State<Self>| axum::Json(admin.revisions.json())))
            .with_state(self)
    }
}

/// Warns when the admin listener can be reached from elsewhere: whoever reaches it sees reports and counters.
pub(crate) fn warn_if_reachable(address: SocketAddr) {
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "the admin listener can be reached from other machines and asks nobody who they are");
    }
}

async fn ready(State(admin): State<Admin>) -> impl IntoResponse {
    if admin.revisions.is_live() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "no revision is live\n")
    }
}

async fn metrics(State(admin): State<Admin>) -> impl IntoResponse {
    admin.metrics.connections(admin.connections.open());
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], admin.metrics.text())
}

/// Whether an authenticator could check a credential now. One that could not is no reason not to serve the others.
fn readiness(authenticator: &Arc<dyn Authenticator>) -> Value {
    let (ready, why) = match authenticator.readiness() {
        Readiness::Ready => (true, None),
        Readiness::Stale(why) => (true, Some(why)),
        Readiness::Waiting(why) => (false, Some(why)),
        _ => (false, None),
    };
    json!({ "name": &**authenticator.name(), "ready": ready, "why": why })
}

fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_revision_is_told_until_one_goes_live() {
        let revisions = Revisions::default();
        assert!(!revisions.is_live());
        revisions.failed("r1".into(), "error: it is wrong".into());
        assert!(!revisions.is_live());
        assert_eq!(revisions.json()["failed"]["report"], "error: it is wrong");
        revisions.went_live("r2".into(), Vec::new());
        assert!(revisions.is_live());
        assert_eq!(revisions.json()["revision"], "r2");
        assert_eq!(revisions.json()["failed"], Value::Null);
        revisions.failed("r3".into(), "no".into());
        assert_eq!(revisions.json()["revision"], "r2");
    }
}
