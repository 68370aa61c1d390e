//! A deadline for the whole header of a request.
//!
//! pingora's read timeout is per read, so a client that sends one byte now and then holds a connection for as long as
//! it likes. [`DeadlineIo`] wraps the stream of a plain connection or of an HTTP/1.1 one over TLS, starts a clock at
//! the first byte of a header, and breaks the connection when the header is not complete in time.

mod within;

use std::{
    io,
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use pingora::{
    protocols::{GetProxyDigest, Peek, Stream, raw_connect::ProxyDigest},
    server::ShutdownWatch,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep, sleep_until},
};

use super::unread::TurnAway;

/// How long a connection may wait for the first bytes of a request.
const IDLE: Duration = Duration::from_secs(60);

/// How long it may still wait for them once the gateway stops: what was sent before that is answered.
const LAST: Duration = Duration::from_millis(250);

/// How an HTTP/2 connection begins (RFC 9113 §3.4).
const H2_PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

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
        let _ =
            self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |now| (now != NEVER).then_some(state));
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
    /// Until when the header that is being read has to be complete.
    until: Option<Instant>,
    /// Wakes at that time; only for a header that did not come in one piece, since a timer costs a system call.
    sleep: Option<Pin<Box<Sleep>>>,
    digest: Arc<ProxyDigest>,
    unread: Arc<dyn TurnAway>,
    /// Becomes true when the gateway stops.
    stopped: ShutdownWatch,
    /// What is being said instead of pingora's answer to a header that it could not read, and how much of it was.
    instead: Option<(Bytes, usize)>,
    /// Bytes that were looked at before their time, and how many of them have been read since.
    peeked: Vec<u8>,
    read_again: usize,
}

impl DeadlineIo {
    /// Wraps a stream. Requests find the clock with [`clock_of`].
    pub(crate) fn wrap(
        inner: Stream,
        limit: Duration,
        unread: Arc<dyn TurnAway>,
        stopped: ShutdownWatch,
    ) -> pingora::Result<Stream> {
        let clock = Arc::new(HeaderClock(AtomicU8::new(WAITING)));
        // The digest is the only thing of a stream that a session shows to the request on it.
        let carrier = pingora::http::ResponseHeader::build(200, None)?;
        let digest = Arc::new(ProxyDigest::new(Box::new(carrier), Some(Box::new(Arc::clone(&clock)))));
        Ok(Box::new(Self {
            inner,
            clock,
            limit,
            until: None,
            sleep: None,
            digest,
            unread,
            stopped,
            instead: None,
            peeked: Vec::new(),
            read_again: 0,
        }))
    }

    /// Gives back what was looked at. `true` when there was any.
    fn replay(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        let rest = self.peeked.get(self.read_again..).unwrap_or_default();
        let part = rest.get(..rest.len().min(buf.remaining())).unwrap_or_default();
        buf.put_slice(part);
        self.read_again += part.len();
        let any = !part.is_empty();
        if self.read_again == self.peeked.len() {
            self.peeked.clear();
            self.read_again = 0;
        }
        any
    }

    fn peer(&self) -> Option<IpAddr> {
        let digest = self.inner.get_socket_digest()?;
        digest.peer_addr()?.as_inet().map(|address| address.ip().to_canonical())
    }

    /// pingora answers although there is no request yet: it could not read one. The gateway does so in its place.
    fn poll_instead(&mut self, cx: &mut Context<'_>, theirs: &[u8]) -> Poll<io::Result<usize>> {
        let (ours, mut said) = match self.instead.take() {
            Some(begun) => begun,
            None => match self.unread.answer(theirs, self.peer()) {
                Some(ours) => (ours, 0),
                None => return Pin::new(&mut self.inner).poll_write(cx, theirs),
            },
        };
        while let Some(rest) = ours.get(said..).filter(|rest| !rest.is_empty()) {
            match Pin::new(&mut self.inner).poll_write(cx, rest) {
                Poll::Ready(Ok(count)) if count > 0 => said += count,
                Poll::Ready(Ok(_)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    self.instead = Some((ours, said));
                    return Poll::Pending;
                }
            }
        }
        // Whatever follows belongs to what was replaced.
        self.instead = Some((ours, said));
        Poll::Ready(Ok(theirs.len()))
    }

    fn watch(&mut self, arrived: &[u8]) {
        match self.clock.state() {
            READING => {}
            WAITING if !arrived.is_empty() => {
                self.clock.advance(READING);
                self.until = Some(Instant::now() + self.limit);
            }
            _ => (self.until, self.sleep) = (None, None),
        }
    }

    /// Whether the header that is being read took too long. If more of it is awaited, wakes when it has.
    fn is_late(&mut self, cx: &mut Context<'_>, awaited: bool) -> bool {
        let Some(until) = self.until.filter(|_| self.clock.state() == READING) else { return false };
        if !awaited {
            return Instant::now() >= until;
        }
        self.sleep.get_or_insert_with(|| Box::pin(sleep_until(until))).as_mut().poll(cx).is_ready()
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
        if self.replay(buf) {
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        let result = Pin::new(&mut self.inner).poll_read(cx, buf);
        self.watch(buf.filled().get(before..).unwrap_or_default());
        if self.is_late(cx, result.is_pending()) {
            self.unread.late(self.peer());
            // Whoever is told of an error is told of no octets, or has them counted wrongly.
            buf.set_filled(before);
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the header did not arrive in time",
            )));
        }
        result
    }
}

impl AsyncWrite for DeadlineIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.clock.state() == READING {
            return self.poll_instead(cx, buf);
        }
        let written = Pin::new(&mut self.inner).poll_write(cx, buf);
        // pingora holds back the parts of an answer whose length is known until a buffer is full, and what a service
        // writes bit by bit would come late. The header goes out with the first part.
        if written.is_ready() && !buf.starts_with(b"HTTP/1.") {
            let _ = Pin::new(&mut self.inner).poll_flush(cx);
        }
        written
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

impl GetProxyDigest for DeadlineIo {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        Some(Arc::clone(&self.digest))
    }
}

#[async_trait]
impl Peek for DeadlineIo {
    /// pingora looks for the HTTP/2 preface so, and waits for as many bytes as that has, without any limit: a shorter
    /// request would wait for ever. Here it ends at the first byte that the preface does not have, and when the gateway
    /// stops: browsers open connections before they have anything to ask, and none of those is a request under way.
    async fn try_peek(&mut self, buf: &mut [u8]) -> io::Result<bool> {
        let mut stopped = self.stopped.clone();
        let last = async move {
            // Without anybody who could stop it, it has stopped.
            let _ = stopped.wait_for(|stopped| *stopped).await;
            sleep(LAST).await;
        };
        let look = async {
            let mut seen = Vec::with_capacity(buf.len());
            while seen.len() < buf.len() && H2_PREFACE.starts_with(&seen) {
                let mut chunk = [0; H2_PREFACE.len()];
                let wanted =
                    chunk.get_mut(..(buf.len() - seen.len()).min(H2_PREFACE.len())).unwrap_or_default();
                let count = self.read(wanted).await?;
                if count == 0 {
                    break;
                }
                seen.extend_from_slice(chunk.get(..count).unwrap_or_default());
            }
            Ok::<_, io::Error>(seen)
        };
        let seen = tokio::select! {
            looked = tokio::time::timeout(IDLE, look) => {
                looked.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no request came")))?
            }
            () = last => {
                return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the gateway stops"));
            }
        };
        for (to, from) in buf.iter_mut().zip(&seen) {
            *to = *from;
        }
        // Only here is HTTP/2 spoken to somebody who begins so; anywhere else it is one more header that cannot be read.
        if seen == H2_PREFACE {
            self.clock.disarm();
        }
        self.peeked = seen;
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
