use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use http::{HeaderValue, Method, StatusCode, header::HOST};
use pingora::{
    connectors::http::Connector, http::RequestHeader, protocols::http::client::HttpSession,
    upstreams::peer::HttpPeer,
};
use portreeve_enforce::{Answer, Ask, Fetch, FetchError};

use super::{LiveUpstreams, Upstream};

/// The gateway's own requests to upstreams: over the same endpoints and under the same trust as forwarded ones.
/// Redirects are not followed.
pub(crate) struct Client(Arc<Inner>);

struct Inner {
    upstreams: LiveUpstreams,
    connector: Connector,
}

impl Client {
    /// Asks whatever upstreams are live.
    pub(crate) fn new(upstreams: LiveUpstreams) -> Self {
        Self(Arc::new(Inner { upstreams, connector: Connector::new(None) }))
    }
}

impl Fetch for Client {
    fn fetch(&self, ask: Ask) -> BoxFuture<'static, Result<Answer, FetchError>> {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            let upstream = inner.upstreams.load().find(&ask.upstream).ok_or(FetchError::Unreachable)?;
            let exchange = inner.exchange(&upstream, &ask);
            tokio::time::timeout(ask.timeout, exchange).await.unwrap_or(Err(FetchError::Timeout))
        })
    }
}

impl Inner {
    async fn exchange(&self, upstream: &Upstream, ask: &Ask) -> Result<Answer, FetchError> {
        let peer = upstream.peer().await.ok_or(FetchError::Unreachable)?;
        let idle = Some(upstream.settings.idle_timeout);
        // A kept connection may have been closed meanwhile. Reading again does no harm.
        let mut attempts = 0;
        loop {
            attempts += 1;
            let connected = self.connector.get_http_session(&peer).await;
            let (mut session, reused) = connected.map_err(|error| broken(upstream, &peer, &error))?;
            match begin(&mut session, upstream, ask).await {
                Ok(status) => {
                    let body = whole(&mut session, ask.limit).await?;
                    self.connector.release_http_session(session, &peer, idle).await;
                    return Ok(Answer { status, body });
                }
                Err(_) if reused && attempts < 3 => {}
                Err(error) => return Err(failure(&error)),
            }
        }
    }
}

fn broken(upstream: &Upstream, peer: &HttpPeer, error: &pingora::Error) -> FetchError {
    if let Some(address) = peer._address.as_inet() {
        upstream.failed(address);
    }
    failure(error)
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

async fn begin(session: &mut HttpSession, upstream: &Upstream, ask: &Ask) -> pingora::Result<StatusCode> {
    let request = request(session, upstream, ask)?;
    session.set_read_timeout(Some(upstream.settings.read_timeout));
    session.write_request_header(Box::new(request)).await?;
    session.finish_request_body().await?;
    loop {
        session.read_response_header().await?;
        match session.response_header().map(|header| header.status) {
            Some(status) if status.is_informational() => {}
            Some(status) => return Ok(status),
            None => return Err(pingora::Error::new(pingora::ErrorType::InvalidHTTPHeader)),
        }
    }
}

fn request(session: &HttpSession, upstream: &Upstream, ask: &Ask) -> pingora::Result<RequestHeader> {
    let mut request = RequestHeader::build(Method::GET, ask.target.as_bytes(), Some(ask.headers.len() + 2))?;
    for (name, value) in &ask.headers {
        request.append_header(name.clone(), value.clone())?;
    }
    let place = upstream.settings.endpoints.first();
    let own = upstream.settings.host.as_ref().and_then(|host| host.to_str().ok());
    let host = ask.host.as_deref().or(own).map(str::to_owned);
    let host = host.or_else(|| place.map(super::Place::authority)).unwrap_or_default();
    if session.as_http2().is_some() {
        let scheme = if place.is_some_and(|place| place.tls) { "https" } else { "http" };
        let uri =
            http::Uri::builder().scheme(scheme).authority(host.as_str()).path_and_query(&*ask.target).build();
        let uri = uri.map_err(|error| {
            pingora::Error::because(pingora::ErrorType::InvalidHTTPHeader, "cannot write the target", error)
        })?;
        request.set_uri(uri);
        request.set_version(http::Version::HTTP_2);
    } else {
        request.insert_header(HOST, host)?;
    }
    request.insert_header(http::header::ACCEPT, HeaderValue::from_static("application/json"))?;
    Ok(request)
}

async fn whole(session: &mut HttpSession, limit: usize) -> Result<Bytes, FetchError> {
    let mut body = BytesMut::new();
    while let Some(part) = session.read_response_body().await.map_err(|error| failure(&error))? {
        if body.len() + part.len() > limit {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&part);
    }
    Ok(body.freeze())
}

fn failure(error: &pingora::Error) -> FetchError {
    use pingora::ErrorType::{ConnectTimedout, ReadTimedout, TLSHandshakeTimedout, WriteTimedout};
    match error.etype() {
        ConnectTimedout | ReadTimedout | TLSHandshakeTimedout | WriteTimedout => FetchError::Timeout,
        _ => FetchError::Unreachable,
    }
}
