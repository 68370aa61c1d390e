//! What pingora asks of every stream and the one within answers.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use pingora::protocols::{
    ALPN, GetSocketDigest, GetTimingDigest, Shutdown, SocketDigest, Ssl, TimingDigest, UniqueID,
    tls::{SslDigest, TlsRef},
};

use super::DeadlineIo;

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

impl GetSocketDigest for DeadlineIo {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.inner.get_socket_digest()
    }
}
