//! A deadline for the whole header of a request.
//!
//! pingora's read timeout is per read, so a client that sends one byte now and then holds a connection for as long as
//! it likes. [`DeadlineIo`] wraps the stream of a plain connection or of an HTTP/1.1 one over TLS, starts a clock at the
//! first byte of a header, and breaks the connection when the header is not complete in time.

use std::{
    fmt, io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;
use pingora::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, Stream, TimingDigest,
    UniqueID,
    raw_connect::ProxyDigest,
    tls::{SslDigest, TlsRef},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// How long a connection may wait for the first bytes of a request.
const IDLE: Duration = Duration::from_secs(60);

const WAITING: u8 = 0;
const READING: u8 = 1;
const DONE: u8 = 2;
const NEVER: u8 = 3;

/// Where a connection is between its requests. Shared between the stream and the requests on it.
#[derive(Debug)]
pub(crate) struct HeaderClock(AtomicU8);

impl HeaderClock {
    /// The header of a request is complete.
    pub(crate) fn header_done(&self) {
        self.advance(DONE);
    }

    /// The connection waits for its next request.
    pub(crate) fn rearm(&self) {
        self.advance(WAITING);
    }

    /// The connection speaks HTTP/2, whose frames have limits of their own.
    pub(crate) fn disarm(&self) {
        self.0.store(NEVER, Ordering::Release);
    }

    fn advance(&self, state: u8) {
        // A connection never goes back from HTTP/2.
        let _ = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |now| (now != NEVER).then_some(state));
    }

    fn state(&self) -> u8 {
        self.0.load(Ordering::Acquire)
    }
}

/// A stream whose headers must arrive in time.
pub(crate) struct DeadlineIo {
    inner: Stream,
    clock: Arc<HeaderClock>,
    limit: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
    digest: Arc<ProxyDigest>,
}

impl DeadlineIo {
    /// Wraps a stream. Requests find the clock with [`clock_of`].
    pub(crate) fn wrap(inner: Stream, limit: Duration) -> pingora::Result<Stream> {
        let clock = Arc::new(HeaderClock(AtomicU8::new(WAITING)));
        // The digest is the only thing of a stream that a session shows to the request on it.
        let carrier = pingora::http::ResponseHeader::build(200, None)?;
        let digest = Arc::new(ProxyDigest::new(Box::new(carrier), Some(Box::new(Arc::clone(&clock)))));
        Ok(Box::new(Self { inner, clock, limit, sleep: None, digest }))
    }

    fn watch(&mut self, arrived: &[u8]) {
        match self.clock.state() {
            READING => {}
            WAITING if arrived.starts_with(b"PRI * HTTP/2.0") => self.clock.disarm(),
            WAITING if !arrived.is_empty() => {
                self.clock.advance(READING);
                self.sleep = Some(Box::pin(sleep(self.limit)));
            }
            _ => self.sleep = None,
        }
    }
}

/// The clock of the connection that a request came on, if it has one.
pub(crate) fn clock_of(session: &pingora::proxy::Session) -> Option<&Arc<HeaderClock>> {
    let proxy = session.digest()?.proxy_digest.as_ref()?;
    proxy.user_data.as_ref()?.downcast_ref::<Arc<HeaderClock>>()
}

impl AsyncRead for DeadlineIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.inner).poll_read(cx, buf);
        self.watch(buf.filled().get(before..).unwrap_or_default());
        if self.clock.state() == READING
            && let Some(sleep) = self.sleep.as_mut()
            && sleep.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the header did not arrive in time")));
        }
        result
    }
}

impl AsyncWrite for DeadlineIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

impl fmt::Debug for DeadlineIo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[async_trait]
impl Shutdown for DeadlineIo {
    async fn shutdown(&mut self) {
        self.inner.as_mut().shutdown().await;
    }
}

impl UniqueID for DeadlineIo {
    fn id(&self) -> i32 {
        self.inner.id()
    }
}

impl Ssl for DeadlineIo {
    fn get_ssl(&self) -> Option<&TlsRef> {
        self.inner.get_ssl()
    }

    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        self.inner.get_ssl_digest()
    }

    fn selected_alpn_proto(&self) -> Option<ALPN> {
        self.inner.selected_alpn_proto()
    }
}

impl GetTimingDigest for DeadlineIo {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.inner.get_timing_digest()
    }
}

impl GetProxyDigest for DeadlineIo {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        Some(Arc::clone(&self.digest))
    }
}

impl GetSocketDigest for DeadlineIo {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.inner.get_socket_digest()
    }
}

#[async_trait]
impl Peek for DeadlineIo {
    async fn try_peek(&mut self, buf: &mut [u8]) -> io::Result<bool> {
        // Looking for the HTTP/2 preface waits for as many bytes, which pingora does without any limit.
        let peek = self.inner.as_mut().try_peek(buf);
        tokio::time::timeout(IDLE, peek)
            .await
            .unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no request arrived in time")))
    }
}
