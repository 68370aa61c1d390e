use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header::HOST};
use pingora::{
    connectors::http::Connector,
    http::RequestHeader,
    protocols::http::client::HttpSession,
    upstreams::peer::HttpPeer,
};

use super::{LiveUpstreams, Upstream};

/// The gateway's own requests to upstreams, over the same endpoints, trust and timeouts as forwarded ones.
pub(crate) struct Client {
    upstreams: LiveUpstreams,
    connector: Connector,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// Not in time.
    #[error("not in time")]
    Timeout,
    /// No such upstream, no connection, or it broke.
    #[error("unreachable")]
    Unreachable,
    /// The answer is larger than was asked for.
    #[error("too large")]
    TooLarge,
}

impl Client {
    /// Asks whatever upstreams are live.
    pub(crate) fn new(upstreams: LiveUpstreams) -> Self {
        Self { upstreams, connector: Connector::new(None) }
    }

    /// `GET` this target, with these header fields and no others but `Host` and `Accept`. Redirects are not followed.
    ///
    /// # Errors
    /// No whole answer of at most `limit` bytes came within `timeout`.
    pub(crate) async fn read(
        &self,
        upstream: &str,
        target: &str,
        headers: &HeaderMap,
        timeout: Duration,
        limit: usize,
    ) -> Result<(StatusCode, Bytes), Failure> {
        let upstream = self.upstreams.load().find(upstream).ok_or(Failure::Unreachable)?;
        let exchange = self.exchange(&upstream, target, headers, limit);
        tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(Failure::Timeout))
    }

    async fn exchange(
        &self,
        upstream: &Arc<Upstream>,
        target: &str,
        headers: &HeaderMap,
        limit: usize,
    ) -> Result<(StatusCode, Bytes), Failure> {
        let peer = upstream.peer().await.ok_or(Failure::Unreachable)?;
        // A kept connection may have been closed meanwhile; reading again does no harm, and the next is a new one or
        // kept for less long.
        let mut attempts = 0;
        loop {
            attempts += 1;
            let (mut session, reused) =
                self.connector.get_http_session(&peer).await.map_err(|error| self.broken(upstream, &peer, &error))?;
            let sent = begin(&mut session, upstream, target, headers).await;
            match sent {
                Ok(status) => {
                    let body = whole(&mut session, limit).await?;
                    self.connector
                        .release_http_session(session, &peer, Some(upstream.settings.idle_timeout))
                        .await;
                    return Ok((status, body));
                }
                Err(_) if reused && attempts < 3 => {}
                Err(error) => return Err(failure(&error)),
            }
        }
    }

    fn broken(&self, upstream: &Upstream, peer: &HttpPeer, error: &pingora::Error) -> Failure {
        if let Some(address) = peer._address.as_inet() {
            upstream.failed(address);
        }
        failure(error)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

async fn begin(
    session: &mut HttpSession,
    upstream: &Upstream,
    target: &str,
    headers: &HeaderMap,
) -> pingora::Result<StatusCode> {
    let request = request(session, upstream, target, headers)?;
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

fn request(
    session: &HttpSession,
    upstream: &Upstream,
    target: &str,
    headers: &HeaderMap,
) -> pingora::Result<RequestHeader> {
    let mut request = RequestHeader::build(Method::GET, target.as_bytes(), Some(headers.len() + 2))?;
    for (name, value) in headers {
        request.append_header(name.clone(), value.clone())?;
    }
    let place = upstream.settings.endpoints.first();
    let host = upstream.settings.host.as_ref().and_then(|host| host.to_str().ok()).map(str::to_owned);
    let host = host.or_else(|| place.map(super::Place::authority)).unwrap_or_default();
    if session.as_http2().is_some() {
        let scheme = if place.is_some_and(|place| place.tls) { "https" } else { "http" };
        let uri = http::Uri::builder().scheme(scheme).authority(host.as_str()).path_and_query(target).build();
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

async fn whole(session: &mut HttpSession, limit: usize) -> Result<Bytes, Failure> {
    let mut body = BytesMut::new();
    while let Some(part) = session.read_response_body().await.map_err(|error| failure(&error))? {
        if body.len() + part.len() > limit {
            return Err(Failure::TooLarge);
        }
        body.extend_from_slice(&part);
    }
    Ok(body.freeze())
}

fn failure(error: &pingora::Error) -> Failure {
    use pingora::ErrorType::{ConnectTimedout, ReadTimedout, TLSHandshakeTimedout, WriteTimedout};
    match error.etype() {
        ConnectTimedout | ReadTimedout | TLSHandshakeTimedout | WriteTimedout => Failure::Timeout,
        _ => Failure::Unreachable,
    }
}
