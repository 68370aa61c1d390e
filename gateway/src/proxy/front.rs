//! What stands between the accepted connection and pingora's HTTP: a cap on connections, and the header deadline.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use pingora::{
    apps::{HttpServerApp, ServerApp},
    protocols::{ALPN, Stream},
    proxy::HttpProxy,
    server::ShutdownWatch,
};
use tokio::sync::{Notify, watch};

use super::{Proxy, Unread, deadline::DeadlineIo};

/// The open connections of all listeners.
#[derive(Debug)]
pub(crate) struct Connections {
    open: AtomicUsize,
    limit: usize,
    closed: Notify,
    cut: watch::Sender<bool>,
}

impl Connections {
    /// None yet, and never more than `limit`.
    pub(crate) fn new(limit: usize) -> Self {
        Self { open: AtomicUsize::new(0), limit, closed: Notify::new(), cut: watch::Sender::new(false) }
    }

    /// How many are open.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Waits until none is open.
    pub(crate) async fn drained(&self) {
        loop {
            let closed = self.closed.notified();
            if self.open() == 0 {
                return;
            }
            // The time-out only guards against a wake-up between the count and the wait.
            let _ = tokio::time::timeout(Duration::from_millis(100), closed).await;
        }
    }

    /// Ends those that are still open, and what is under way on them. Their records are sent when this is over.
    pub(crate) async fn cut(&self) {
        self.cut.send_replace(true);
        let _ = tokio::time::timeout(Duration::from_secs(1), self.drained()).await;
        // The streams of an HTTP/2 connection are tasks of their own, which see that it is gone.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    fn admit(self: &Arc<Self>) -> Option<Admitted> {
        let before = self.open.fetch_add(1, Ordering::Relaxed);
        let admitted = Admitted(Arc::clone(self));
        (before < self.limit).then_some(admitted)
    }
}

/// One open connection, counted until it is dropped.
struct Admitted(Arc<Connections>);

impl Drop for Admitted {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
        self.0.closed.notify_waiters();
    }
}

/// The application that pingora's listeners hand connections to.
pub(crate) struct Front {
    proxy: Arc<HttpProxy<Proxy>>,
    connections: Arc<Connections>,
    header_deadline: Duration,
    unread: Arc<Unread>,
}

impl Front {
    /// In front of this proxy.
    pub(crate) fn new(
        proxy: Arc<HttpProxy<Proxy>>,
        connections: Arc<Connections>,
        header_deadline: Duration,
        unread: Unread,
    ) -> Self {
        Self { proxy, connections, header_deadline, unread: Arc::new(unread) }
    }
}

#[async_trait]
impl ServerApp for Front {
    async fn process_new(self: &Arc<Self>, stream: Stream, shutdown: &ShutdownWatch) -> Option<Stream> {
        let _admitted = self.connections.admit()?;
        let wrapped = if matches!(stream.selected_alpn_proto(), Some(ALPN::H2)) {
            stream
        } else {
            let unread = Arc::clone(&self.unread) as _;
            DeadlineIo::wrap(stream, self.header_deadline, unread, shutdown.clone()).ok()?
        };
        let mut cut = self.connections.cut.subscribe();
        let serve = async {
            // Kept alive here: handing the stream back would have it wrapped once more for every request.
            let mut next = Some(wrapped);
            while let Some(stream) = next {
                next = ServerApp::process_new(&self.proxy, stream, shutdown).await;
            }
        };
        tokio::select! {
            () = serve => {}
            _ = cut.wait_for(|cut| *cut) => {}
        }
        None
    }

    async fn cleanup(&self) {
        HttpServerApp::http_cleanup(&*self.proxy).await;
    }
}
