use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use tokio::net::{TcpStream, lookup_host};

use super::{Health, Place};

/// How long an endpoint that refused a connection is passed over.
const DOWN_FOR: Duration = Duration::from_secs(5);
/// How often a name is resolved again.
const RESOLVE_EVERY: Duration = Duration::from_secs(10);
/// How long a name server may take.
const RESOLVE_WITHIN: Duration = Duration::from_secs(5);

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// One place of an upstream: a host and a port, and what is known of them.
#[derive(Debug)]
pub(crate) struct Endpoint {
    place: Place,
    addresses: ArcSwap<Vec<SocketAddr>>,
    next: AtomicUsize,
    // Milliseconds since `START`; 0 when it is not known to be down.
    down_until: AtomicU64,
}

impl Endpoint {
    /// Not resolved yet, unless it is an address.
    pub(crate) fn new(place: Place) -> Self {
        let literal = place.host.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, place.port));
        let addresses = ArcSwap::from_pointee(Vec::from_iter(literal));
        Self { place, addresses, next: AtomicUsize::new(0), down_until: AtomicU64::new(0) }
    }

    /// Where it is.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// Whether it is not known to be down.
    pub(crate) fn is_up(&self) -> bool {
        self.down_until.load(Ordering::Relaxed) <= now()
    }

    /// Passes it over for a while.
    pub(crate) fn mark_down(&self) {
        let until = now().saturating_add(u64::try_from(DOWN_FOR.as_millis()).unwrap_or(u64::MAX));
        self.down_until.store(until.max(1), Ordering::Relaxed);
    }

    /// Whether an address is one of its own.
    pub(crate) fn has(&self, address: &SocketAddr) -> bool {
        self.addresses.load().contains(address)
    }

    /// An address of it, the known ones in turn. Resolves the name when none is known.
    pub(crate) async fn address(&self) -> Option<SocketAddr> {
        if self.addresses.load().is_empty() {
            self.resolve().await;
        }
        let addresses = self.addresses.load();
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        addresses.get(turn.checked_rem(addresses.len())?).copied()
    }

    /// Keeps the addresses fresh and, if asked to, tries whether they take connections. Never returns.
    pub(crate) async fn look_after(self: Arc<Self>, health: Option<Health>) {
        let every = health.map_or(RESOLVE_EVERY, |health| health.interval);
        let fixed = self.place.host.parse::<IpAddr>().is_ok();
        if fixed && health.is_none() {
            return;
        }
        let mut resolved: Option<Instant> = None;
        loop {
            if !fixed && resolved.is_none_or(|at| at.elapsed() >= RESOLVE_EVERY) {
                self.resolve().await;
                resolved = Some(Instant::now());
            }
            if let Some(health) = health {
                self.probe(health).await;
            }
            tokio::time::sleep(every).await;
        }
    }

    /// Whatever was known stays known when the name server does not answer.
    async fn resolve(&self) {
        let name = (&*self.place.host, self.place.port);
        match tokio::time::timeout(RESOLVE_WITHIN, lookup_host(name)).await {
            Ok(Ok(found)) => {
                let mut found: Vec<SocketAddr> = found.collect();
                found.sort_unstable();
                found.dedup();
                if !found.is_empty() {
                    self.addresses.store(Arc::new(found));
                }
            }
            Ok(Err(error)) => {
                tracing::warn!(host = %self.place.host, %error, "an upstream's name does not resolve")
            }
            Err(_) => tracing::warn!(host = %self.place.host, "an upstream's name was not resolved in time"),
        }
    }

    async fn probe(&self, health: Health) {
        let Some(address) = self.address().await else { return self.mark_down() };
        let connected = tokio::time::timeout(health.timeout, TcpStream::connect(address)).await;
        if matches!(connected, Ok(Ok(_))) {
            self.down_until.store(0, Ordering::Relaxed);
        } else {
            // Until the next probe but one, so that it does not come back by itself in between.
            let until = health.interval.saturating_mul(2).as_millis();
            let until = now().saturating_add(u64::try_from(until).unwrap_or(u64::MAX));
            self.down_until.store(until, Ordering::Relaxed);
        }
    }
}

fn now() -> u64 {
    u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX)
}
