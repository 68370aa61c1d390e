//! A running gateway: what is started, in which order, and how it ends.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use arc_swap::ArcSwap;
use pingora::{
    apps::HttpServerOptions, protocols::http::v2::server::default_h2_options, proxy::http_proxy,
    server::configuration::ServerConf,
};
use portreeve_enforce::{Enforcer, Facts, Live};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinHandle,
};

use crate::{
    admin::{self, Admin, Revisions},
    answers::LiveAnswers,
    config::{Config, Limits},
    listeners::{Bound, Certificates},
    observe::Metrics,
    proxy::{Connections, Front, Proxy, Unread},
    records::Records,
    reload::{self, Reloader},
    revision::Revision,
    source::Source,
    upstreams::{Client, LiveUpstreams, Upstreams},
};

/// A gateway that serves.
#[derive(Debug)]
pub(crate) struct Gateway {
    /// Where requests come in; no port is 0.
    pub(crate) addresses: Vec<SocketAddr>,
    /// Where the admin listener is.
    pub(crate) admin: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    connections: Arc<Connections>,
    drain_timeout: Duration,
}

/// What doors share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    /// Who judges.
    pub(crate) enforcer: Arc<Enforcer>,
    /// Where permitted requests go.
    pub(crate) upstreams: LiveUpstreams,
    /// How the gateway answers by itself.
    pub(crate) answers: LiveAnswers,
    /// The counters.
    pub(crate) metrics: Arc<Metrics>,
    /// The revisions.
    pub(crate) revisions: Arc<Revisions>,
}

impl Gateway {
    /// Takes all ports, then serves on them. Must be called within the runtime.
    ///
    /// # Errors
    /// A port is not to be had, or TLS cannot be set up; nothing is served then.
    pub(crate) async fn start(
        config: &Config,
        shared: &Shared,
    ) -> anyhow::Result<(Self, Vec<Arc<Certificates>>)> {
        let socket = TcpListener::bind(config.admin)
            .await
            .with_context(|| format!("cannot listen at {} for the admin listener", config.admin))?;
        let admin = socket.local_addr()?;
        admin::warn_if_reachable(admin);
        let bound: Result<Vec<_>, _> = config.listeners.iter().cloned().map(Bound::bind).collect();
        let bound = bound?;
        let addresses = bound.iter().map(Bound::address).collect();
        let certificates = bound.iter().filter_map(Bound::certificates).map(Arc::clone).collect();
        let connections = Arc::new(Connections::new(config.limits.connections));
        let (stop, stopped) = watch::channel(false);
        let pages = Admin {
            revisions: Arc::clone(&shared.revisions),
            metrics: Arc::clone(&shared.metrics),
            connections: Arc::clone(&connections),
        };
        let mut tasks = vec![tokio::spawn(pages.serve(socket, stopped.clone()))];
        for listener in bound {
            let front = front(&listener, &config.limits, shared, &connections);
            tracing::info!(address = %listener.address(), tls = listener.settings().tls.is_some(), "listening");
            tasks.push(listener.serve(front, stopped.clone())?);
        }
        let drain_timeout = config.limits.drain_timeout;
        Ok((Self { addresses, admin, stop, tasks, connections, drain_timeout }, certificates))
    }

    /// Accepts nothing more, and waits for the requests that are under way, but no longer than the drain time-out.
    pub(crate) async fn stop(self) {
        // Nobody listening any more is what this is for.
        let _ = self.stop.send(true);
        let open = self.connections.open();
        if tokio::time::timeout(self.drain_timeout, self.connections.drained()).await.is_err() {
            tracing::warn!(open, "requests were still under way when the drain time-out was over");
            self.connections.cut().await;
        }
        for task in self.tasks {
            task.abort();
        }
    }
}

/// A gateway with all that keeps it up to date.
#[derive(Debug)]
pub(crate) struct Running {
    gateway: Gateway,
    reloading: JoinHandle<()>,
    /// Written to their end when everything else has stopped.
    records: Records,
}

impl Running {
    /// Makes a first revision live and serves it.
    ///
    /// # Errors
    /// A port is not to be had, TLS cannot be set up, an audit file cannot be written, or the system does not tell about
    /// signals.
    pub(crate) async fn start(source: Source, revision: Revision) -> anyhow::Result<Self> {
        // Unheard it ends the process; whoever sees that the gateway is ready may send one.
        let hangups = signal(SignalKind::hangup())?;
        let Revision { config, kept, answers, snapshot } = revision;
        let metrics = Arc::new(Metrics::new());
        let records = Records::open(&config.audit, &metrics)?;
        let id = Arc::clone(snapshot.revision());
        let live = Arc::new(Live::new(snapshot));
        let upstreams = Arc::new(ArcSwap::from_pointee(Upstreams::start(
            config.upstreams.clone(),
            &Upstreams::default(),
        )));
        let facts = Facts::new(Arc::new(Client::new(Arc::clone(&upstreams))));
        let enforcer = Arc::new(Enforcer::new(Arc::clone(&live), facts, records.sink()));
        let revisions = Arc::new(Revisions::default());
        let answers = Arc::new(ArcSwap::from_pointee(answers));
        let shared = Shared { enforcer, upstreams, answers, metrics, revisions };
        let (gateway, certificates) = Gateway::start(&config, &shared).await?;
        reload::prepare(&kept.authenticators).await;
        shared.metrics.reloaded(true);
        shared.revisions.went_live(Arc::clone(&id), kept.checkers());
        shared.metrics.watch_caches(kept.checkers());
        tracing::info!(revision = %id, "a revision is live");
        let reloader = Reloader::new(source, shared, live, certificates, &config, kept, &id);
        let reloading = tokio::spawn(reloader.run(hangups, gateway.stop.subscribe()));
        Ok(Self { gateway, reloading, records })
    }

    /// Where requests come in.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.gateway.addresses
    }

    /// Where the admin listener is.
    pub(crate) fn admin(&self) -> SocketAddr {
        self.gateway.admin
    }

    /// Lets requests finish, then the records.
    pub(crate) async fn stop(self) {
        self.gateway.stop().await;
        self.reloading.abort();
        self.records.close();
    }
}

/// Runs something to its end on a runtime of its own. What it leaves running does not hold up the end of the program.
///
/// # Errors
/// The system gives no threads, or what was run failed.
pub(crate) fn run<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
    let done = runtime.block_on(future);
    runtime.shutdown_background();
    done
}

fn front(bound: &Bound, limits: &Limits, shared: &Shared, connections: &Arc<Connections>) -> Front {
    let settings = bound.settings();
    let listener: Arc<str> = bound.address().to_string().into();
    let unread = Unread {
        enforcer: Arc::clone(&shared.enforcer),
        answers: Arc::clone(&shared.answers),
        metrics: Arc::clone(&shared.metrics),
        listener: Arc::clone(&listener),
    };
    let proxy = Proxy {
        enforcer: Arc::clone(&shared.enforcer),
        upstreams: Arc::clone(&shared.upstreams),
        answers: Arc::clone(&shared.answers),
        metrics: Arc::clone(&shared.metrics),
        listener,
        tls: settings.tls.is_some(),
        trusted_proxies: settings.trusted_proxies.clone(),
        body_limit: limits.body,
    };
    let pingora = ServerConf { upstream_keepalive_pool_size: 512, ..ServerConf::default() };
    let mut http = http_proxy(&Arc::new(pingora), proxy);
    let mut options = HttpServerOptions::default();
    options.h2c = settings.h2c && settings.tls.is_none();
    // pingora would answer it by itself, and over HTTP/2 nobody would know.
    options.allow_connect_method_proxying = true;
    options.keepalive_request_limit = Some(limits.requests_per_connection);
    options.h2_idle_timeout = Some(limits.idle_timeout);
    http.server_options = Some(options);
    // Said outright: options of one's own that do not start from these have no bounds at all.
    http.h2_options = Some(default_h2_options());
    Front::new(Arc::new(http), Arc::clone(connections), limits.header_timeout, unread)
}
