//! The services behind the gateway: where they are, how they are reached, and which of their endpoints is next.

mod client;
mod endpoint;
mod settings;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use arc_swap::ArcSwap;
use pingora::{
    protocols::tls::CaType,
    upstreams::peer::HttpPeer,
    utils::tls::{WrappedX509, parse_x509},
};
use tokio::task::JoinSet;

pub(crate) use client::Client;
pub(crate) use endpoint::Endpoint;
pub(crate) use settings::{Health, Place, Protocol, Tls, UpstreamSettings};

/// All upstreams of the live revision, by name.
#[derive(Debug, Default)]
pub(crate) struct Upstreams {
    by_name: HashMap<Arc<str>, Arc<Upstream>>,
}

/// The upstreams, replaced whole with each revision.
pub(crate) type LiveUpstreams = Arc<ArcSwap<Upstreams>>;

impl Upstreams {
    /// Begins to resolve names and to look after health; an upstream that is as it was before goes on as it is. Must be
    /// called within the runtime.
    pub(crate) fn start(settings: Vec<UpstreamSettings>, before: &Self) -> Self {
        let each = settings.into_iter().map(|settings| {
            let old = before.by_name.get(&settings.name).filter(|old| old.settings == settings);
            let upstream = old.map_or_else(|| Arc::new(Upstream::start(settings)), Arc::clone);
            (Arc::clone(&upstream.settings.name), upstream)
        });
        Self { by_name: each.collect() }
    }

    /// The upstream of this name.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<Upstream>> {
        self.by_name.get(name).map(Arc::clone)
    }
}

/// One service.
pub(crate) struct Upstream {
    /// What was configured.
    pub(crate) settings: UpstreamSettings,
    endpoints: Vec<Arc<Endpoint>>,
    next: AtomicUsize,
    certificates: Option<Arc<CaType>>,
    pool: u64,
    // They end with the upstream.
    _tasks: JoinSet<()>,
}

impl Upstream {
    fn start(settings: UpstreamSettings) -> Self {
        let endpoints: Vec<_> =
            settings.endpoints.iter().map(|place| Arc::new(Endpoint::new(place.clone()))).collect();
        let mut tasks = JoinSet::new();
        for endpoint in &endpoints {
            tasks.spawn(Arc::clone(endpoint).look_after(settings.health));
        }
        let certificates = settings.tls.authorities.as_deref().map(trusted);
        let pool = settings.pool_key();
        Self { settings, endpoints, next: AtomicUsize::new(0), certificates, pool, _tasks: tasks }
    }

    /// The next endpoint in turn that is not known to be down; when all are, the next in turn.
    pub(crate) async fn peer(&self) -> Option<HttpPeer> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let in_turn = || self.endpoints.iter().cycle().skip(turn % self.endpoints.len().max(1));
        let count = self.endpoints.len();
        let endpoint = in_turn()
            .take(count)
            .find(|endpoint| endpoint.is_up())
            .or_else(|| in_turn().take(count).next())?;
        let address = endpoint.address().await?;
        Some(self.peer_at(endpoint.place(), address))
    }

    /// Notes that an address does not take connections. Says whether there is another endpoint to try.
    pub(crate) fn failed(&self, address: &SocketAddr) -> bool {
        for endpoint in self.endpoints.iter().filter(|endpoint| endpoint.has(address)) {
            endpoint.mark_down();
        }
        self.endpoints.iter().any(|endpoint| endpoint.is_up())
    }

    fn peer_at(&self, place: &Place, address: SocketAddr) -> HttpPeer {
        let settings = &self.settings;
        let name = if place.tls { settings.server_name(place) } else { String::new() };
        let mut peer = HttpPeer::new(address, place.tls, name);
        // pingora's key for pooled connections leaves out what is trusted, so that two upstreams with different
        // authorities would share connections.
        peer.group_key = self.pool;
        let options = &mut peer.options;
        options.connection_timeout = Some(settings.connect_timeout);
        options.total_connection_timeout = Some(settings.connect_timeout.saturating_mul(2));
        options.read_timeout = Some(settings.read_timeout);
        options.write_timeout = Some(settings.write_timeout);
        options.idle_timeout = Some(settings.idle_timeout);
        options.max_h2_streams = 100;
        options.ca = self.certificates.clone();
        match settings.protocol {
            Protocol::Http1 => options.set_http_version(1, 1),
            Protocol::Http2 => options.set_http_version(2, 2),
            Protocol::Either => options.set_http_version(2, 1),
        }
        peer
    }
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The authorities in pingora's form. Each was parsed when the configuration was read.
fn trusted(authorities: &[Vec<u8>]) -> Arc<CaType> {
    authorities.iter().map(|der| WrappedX509::new(der.clone(), parse_x509)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upstream(addresses: &[&str]) -> Upstream {
        let places = addresses.iter().map(|address| Place::parse(address).unwrap()).collect();
        Upstream::start(UpstreamSettings::plain("app", places))
    }

    async fn ports(upstream: &Upstream, count: usize) -> Vec<u16> {
        let mut ports = Vec::new();
        for _ in 0..count {
            let peer = upstream.peer().await.unwrap();
            let pingora::protocols::l4::socket::SocketAddr::Inet(address) = peer._address else { panic!() };
            ports.push(address.port());
        }
        ports
    }

    #[tokio::test]
    async fn endpoints_take_turns_and_one_that_is_down_is_passed_over() {
        let upstream = upstream(&["http://127.0.0.1:1001", "http://127.0.0.1:1002", "http://127.0.0.1:1003"]);
        assert_eq!(ports(&upstream, 4).await, [1001, 1002, 1003, 1001]);
        assert!(upstream.failed(&"127.0.0.1:1002".parse().unwrap()));
        assert!(!ports(&upstream, 6).await.contains(&1002));
    }

    #[tokio::test]
    async fn when_all_are_down_they_are_tried_all_the_same() {
        let upstream = upstream(&["http://127.0.0.1:1001"]);
        assert!(!upstream.failed(&"127.0.0.1:1001".parse().unwrap()));
        assert_eq!(ports(&upstream, 2).await, [1001, 1001]);
    }

    #[tokio::test]
    async fn a_name_that_does_not_resolve_has_no_peer() {
        assert!(upstream(&["http://no-such-host.invalid:80"]).peer().await.is_none());
    }
}
