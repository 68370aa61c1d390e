//! The threads that answer, each with a runtime of its own. A question takes microseconds, and to wake another thread
//! for it would take as long; so a connection stays with the thread that it was given to.

use std::{
    convert::Infallible,
    io, iter,
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use tokio::{
    net::TcpListener,
    runtime,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

use super::{Point, http};

/// How long to wait when the system has no more of what a connection takes.
const BREATH: Duration = Duration::from_millis(200);

/// The threads that answer. They end when this is dropped.
#[derive(Debug)]
pub struct Workers(Vec<Worker>);

#[derive(Debug)]
struct Worker {
    connections: UnboundedSender<Connection>,
    open: Arc<AtomicUsize>,
}

/// A connection on its way to its thread. Counted there until it is dropped.
#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    open: Open,
}

#[derive(Debug)]
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Workers {
    /// As many threads as the system has processors for.
    ///
    /// # Errors
    /// The system gives no thread, or none with a runtime.
    pub fn start(point: &Arc<Point>) -> io::Result<Self> {
        let count = thread::available_parallelism().map_or(1, usize::from);
        iter::repeat_with(|| Worker::start(Arc::clone(point)))
            .take(count)
            .collect::<io::Result<_>>()
            .map(Self)
    }

    /// Accepts connections for as long as it is awaited, and gives each to the thread that has the fewest.
    pub async fn accept(&self, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => match stream.into_std() {
                    Ok(stream) => self.give(stream, peer),
                    Err(error) => tracing::debug!(%error, "a connection was not taken"),
                },
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "no connection can be accepted");
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }

    fn give(&self, stream: TcpStream, peer: SocketAddr) {
        let Some(worker) = self.0.iter().min_by_key(|worker| worker.open.load(Ordering::Relaxed)) else {
            return;
        };
        worker.open.fetch_add(1, Ordering::Relaxed);
        let connection = Connection { stream, peer, open: Open(Arc::clone(&worker.open)) };
        // Its thread is there for as long as this is.
        let _ = worker.connections.send(connection);
    }
}

impl Worker {
    fn start(point: Arc<Point>) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (connections, given) = unbounded_channel();
        let answer = move || runtime.block_on(answer(given, point));
        thread::Builder::new().name("answering".to_owned()).spawn(answer)?;
        Ok(Self { connections, open: Arc::default() })
    }
}

async fn answer(mut given: UnboundedReceiver<Connection>, point: Arc<Point>) {
    let mut server = Builder::new(TokioExecutor::new());
    // Otherwise it looks for the connection's end while a question is answered, with a buffer of its own for each.
    server.http1().half_close(true);
    while let Some(Connection { stream, peer, open }) = given.recv().await {
        let (server, point) = (server.clone(), Arc::clone(&point));
        tokio::spawn(async move {
            let _open = open;
            let Ok(stream) = tokio::net::TcpStream::from_std(stream) else { return };
            let answer = move |request| {
                let point = Arc::clone(&point);
                async move { Ok::<_, Infallible>(http::answer(&point, Some(peer), request).await) }
            };
            // What goes wrong on a connection is its client's to see.
            let _ = server.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
        });
    }
}

/// The client gave up before it was accepted; the next one has not (accept(2)).
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
