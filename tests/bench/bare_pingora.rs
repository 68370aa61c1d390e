//! The least that a proxy built on pingora can do: forward everything to one address. The benchmarks' yardstick.
//!
//! `bare_pingora LISTEN UPSTREAM`, both as `127.0.0.1:PORT`. Built from the same lock file as the gateway and, like it,
//! run on one tokio runtime of its own (`TOKIO_WORKER_THREADS` says how many threads).

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use pingora::prelude::{HttpPeer, ProxyHttp, Result, Session};
use pingora::proxy::http_proxy;
use pingora::server::configuration::ServerConf;
use pingora::services::listening::Service;
use pingora::services::{ServiceReadyNotifier, ServiceWithDependents};
use tokio::sync::watch;

struct Forward {
    to: SocketAddr,
}

#[async_trait]
impl ProxyHttp for Forward {
    type CTX = ();

    fn new_ctx(&self) {}

    async fn upstream_peer(&self, _session: &mut Session, _context: &mut ()) -> Result<Box<HttpPeer>> {
        Ok(Box::new(HttpPeer::new(self.to, false, String::new())))
    }
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(listen), Some(to)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: bare_pingora LISTEN UPSTREAM");
        std::process::exit(2);
    };
    rustls::crypto::aws_lc_rs::default_provider().install_default().expect("nobody installed one before");
    let to = to.parse().expect("UPSTREAM is an address and a port");
    let conf = Arc::new(ServerConf::default());
    let mut service = Service::new("bare".into(), http_proxy(&conf, Forward { to }));
    service.add_tcp(&listen);
    let (_stop, stopped) = watch::channel(false);
    let (ready, _readied) = watch::channel(false);
    service.start_service(None, stopped, 1, ServiceReadyNotifier::new(ready)).await;
}
