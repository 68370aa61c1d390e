//! Where requests come in: binding, TLS, and handing connections to pingora.

mod certificates;

use std::{
    io,
    net::{SocketAddr, TcpListener},
    os::fd::IntoRawFd,
    sync::Arc,
};

use async_trait::async_trait;
use parking_lot::Mutex;
use pingora::{
    listeners::{TlsAccept, tls::TlsSettings},
    protocols::tls::TlsRef,
    server::{Fds, ShutdownWatch},
    services::{ServiceReadyNotifier, ServiceWithDependents, listening::Service},
};
use rustls::{RootCertStore, server::WebPkiClientVerifier};
use tokio::task::JoinHandle;

pub(crate) use certificates::{Certificates, read_certificate};

use crate::{
    config::{ListenerSettings, ListenerTls},
    proxy::Front,
};

/// A listener that has its port and does not serve yet.
#[derive(Debug)]
pub(crate) struct Bound {
    settings: ListenerSettings,
    address: SocketAddr,
    socket: TcpListener,
    certificates: Option<Arc<Certificates>>,
}

/// Why a listener cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListenError {
    /// The system does not give the address.
    #[error("cannot listen at {address}: {error}")]
    Bind {
        /// The address as configured.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// A certificate or an authority cannot be used.
    #[error("cannot speak TLS at {address}: {why}")]
    Tls {
        /// The address as configured.
        address: SocketAddr,
        /// What is wrong.
        why: String,
    },
}

/// What is known of the TLS connection that a request came on.
#[derive(Debug)]
pub(crate) struct Secured {
    /// The leaf certificate that the client proved to hold (DER). The listener has verified it.
    pub(crate) certificate: Option<Vec<u8>>,
}

impl Bound {
    /// Takes the port, so that a port in use is an error that can be told and not a panic in pingora.
    ///
    /// # Errors
    /// The address is not to be had, or a certificate cannot be used.
    pub(crate) fn bind(settings: ListenerSettings) -> Result<Self, ListenError> {
        let wanted = settings.address;
        let bind = |error| ListenError::Bind { address: wanted, error };
        let certificates = match &settings.tls {
            Some(tls) => {
                let read = Certificates::read(&tls.certificates);
                Some(Arc::new(read.map_err(|why| ListenError::Tls { address: wanted, why })?))
            }
            None => None,
        };
        let socket = TcpListener::bind(wanted).map_err(bind)?;
        socket.set_nonblocking(true).map_err(bind)?;
        let address = socket.local_addr().map_err(bind)?;
        Ok(Self { settings, address, socket, certificates })
    }

    /// The address it has; the port is never 0.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was configured.
    pub(crate) fn settings(&self) -> &ListenerSettings {
        &self.settings
    }

    /// Its certificates, if it speaks TLS.
    pub(crate) fn certificates(&self) -> Option<&Arc<Certificates>> {
        self.certificates.as_ref()
    }

    /// Serves until `shutdown` says true; then nothing is accepted any more and open connections end after the request
    /// that they carry.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub(crate) fn serve(self, front: Front, shutdown: ShutdownWatch) -> Result<JoinHandle<()>, ListenError> {
        let name = self.address.to_string();
        let mut service = Service::new(name.clone(), front);
        match (&self.settings.tls, self.certificates) {
            (Some(tls), Some(certificates)) => {
                let settings = tls_settings(tls, certificates)
                    .map_err(|why| ListenError::Tls { address: self.address, why })?;
                service.add_tls_with_settings(&name, None, settings);
            }
            _ => service.add_tcp(&name),
        }
        let mut sockets = Fds::new();
        sockets.add(name, self.socket.into_raw_fd());
        let sockets = Some(Arc::new(Mutex::new(sockets)));
        Ok(tokio::spawn(async move {
            let (ready, _) = tokio::sync::watch::channel(false);
            let notifier = ServiceReadyNotifier::new(ready);
            ServiceWithDependents::start_service(&mut service, sockets, shutdown, 1, notifier).await;
        }))
    }
}

fn tls_settings(tls: &ListenerTls, certificates: Arc<Certificates>) -> Result<TlsSettings, String> {
    let mut settings = TlsSettings::with_callbacks(Box::new(Note)).map_err(|error| error.to_string())?;
    settings.set_cert_resolver(certificates);
    settings.enable_h2();
    if let Some(clients) = &tls.clients {
        let mut roots = RootCertStore::empty();
        for root in &clients.roots {
            roots.add(root.clone()).map_err(|error| error.to_string())?;
        }
        let builder = WebPkiClientVerifier::builder(Arc::new(roots));
        let builder = if clients.required { builder } else { builder.allow_unauthenticated() };
        settings.set_client_cert_verifier(builder.build().map_err(|error| error.to_string())?);
    }
    Ok(settings)
}

/// Notes what the requests of a connection may want to know of its handshake.
struct Note;

#[async_trait]
impl TlsAccept for Note {
    async fn handshake_complete_callback(
        &self,
        tls: &TlsRef,
    ) -> Option<Arc<dyn std::any::Any + Send + Sync>> {
        Some(Arc::new(Secured { certificate: tls.peer_certificate_der().map(<[u8]>::to_vec) }))
    }
}
