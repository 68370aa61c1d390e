//! The door that pingora opens: read the request, have it judged, forward or answer, close the record.
//!
//! What keeps it shut is in the types: dialling and writing need a [`Permit`](portreeve_enforce::Permit), which only
//! the enforcer makes, and it is the permit's target that goes upstream, not the client's.

mod body;
mod deadline;
mod dress;
mod exchange;
mod failure;
mod front;
mod linger;
mod names;
mod nominated;
mod read;
mod sound;
mod unread;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode, Version, header::TRANSFER_ENCODING};
use ipnet::IpNet;
use pingora::{
    Error, ErrorType, Result,
    http::{RequestHeader, ResponseHeader},
    prelude::HttpPeer,
    proxy::{FailToProxy, ProxyHttp, ProxyWarnLogContext, Session},
};
use portreeve_audit::Record;
use portreeve_enforce::{Enforcer, NoBody, Permit, Refusal};

pub(crate) use exchange::Exchange;
pub(crate) use front::{Connections, Front};
pub(crate) use unread::Unread;

use crate::{answer::Answer, answers::LiveAnswers, observe::Metrics, upstreams::LiveUpstreams};

/// One listener's door.
#[derive(Debug)]
pub(crate) struct Proxy {
    /// Who judges.
    pub(crate) enforcer: Arc<Enforcer>,
    /// Where permitted requests go.
    pub(crate) upstreams: LiveUpstreams,
    /// How the gateway answers by itself.
    pub(crate) answers: LiveAnswers,
    /// The counters.
    pub(crate) metrics: Arc<Metrics>,
    /// The listener's address, as a label.
    pub(crate) listener: Arc<str>,
    /// Whether the listener speaks TLS.
    pub(crate) tls: bool,
    /// The peers whose `X-Forwarded-*` fields are believed.
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// How many bytes the body of a request may have.
    pub(crate) body_limit: u64,
}

#[async_trait]
impl ProxyHttp for Proxy {
    type CTX = Exchange;

    fn new_ctx(&self) -> Exchange {
        Exchange::Arrived
    }

    async fn early_request_filter(&self, session: &mut Session, _: &mut Exchange) -> Result<()> {
        if let Some(clock) = deadline::clock_of(session) {
            match session.req_header().version {
                Version::HTTP_2 => clock.disarm(),
                _ => clock.header_done(),
            }
        }
        nominated::take_off(session.req_header_mut());
        // HTTP/1.0 knows of no interim answers (RFC 9110 §15.2).
        if session.req_header().version == Version::HTTP_10 {
            session.set_ignore_info_resp(true);
        }
        Ok(())
    }

    async fn request_filter(&self, session: &mut Session, exchange: &mut Exchange) -> Result<bool> {
        let at = SystemTime::now();
        // A tunnel is no exchange that could be judged, whatever a route for every method says.
        if session.req_header().method == Method::CONNECT {
            let record = self.enforcer.turned_away(at, read::peer(session), "request/connect");
            return self.refuse(session, exchange, record, &Answer::of(StatusCode::METHOD_NOT_ALLOWED)).await;
        }
        let (result, mut record) = self.judge(session, at).await;
        let refused = match result {
            Ok(permit) if read::declared_length(session) > Some(self.body_limit) => {
                drop(permit);
                record.refused = Some("body/too-large");
                Answer::of(StatusCode::PAYLOAD_TOO_LARGE)
            }
            Ok(permit) => {
                *exchange = Exchange::permitted(permit, record);
                return Ok(false); // not answered yet: go on
            }
            Err(refusal) => {
                // The enforcer was told of no host, so that it refuses; the record tells the reason.
                if !read::has_one_framing(session) {
                    record.refused = Some("request/framing");
                    record.detail = Some("the length of the body can be read in more than one way".into());
                }
                Answer::to(&refusal)
            }
        };
        self.refuse(session, exchange, record, &refused).await
    }

    async fn upstream_peer(&self, _: &mut Session, exchange: &mut Exchange) -> Result<Box<HttpPeer>> {
        let permit = exchange.permit()?;
        let upstream = self.upstreams.load().find(permit.upstream());
        let upstream = upstream.ok_or_else(|| Error::explain(failure::UNREACHABLE, "no such upstream"))?;
        let mut peer = upstream.peer().await;
        if let (Some(peer), Some(timeout)) = (&mut peer, permit.route().timeout) {
            peer.options.read_timeout = Some(timeout);
        }
        exchange.dial(upstream);
        peer.map(Box::new).ok_or_else(|| Error::explain(failure::UNREACHABLE, "no address"))
    }

    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        upstream: &mut RequestHeader,
        exchange: &mut Exchange,
    ) -> Result<()> {
        let reserved = self.enforcer.reserved();
        let arrival = dress::Arrival {
            peer: read::peer(session),
            authority: read::authority(session.req_header()),
            trusted: read::peer(session).is_some_and(|ip| self.trusts(ip)),
            tls: self.tls,
        };
        dress::dress(upstream, &arrival, exchange, &reserved)
    }

    async fn request_body_filter(
        &self,
        _: &mut Session,
        body: &mut Option<Bytes>,
        _: bool,
        exchange: &mut Exchange,
    ) -> Result<()> {
        let arrived = body.as_ref().map_or(0, Bytes::len);
        if exchange.count_body(arrived) > self.body_limit {
            return Error::e_explain(ErrorType::HTTPStatus(413), "the body is too large");
        }
        Ok(())
    }

    async fn response_filter(
        &self,
        session: &mut Session,
        response: &mut ResponseHeader,
        exchange: &mut Exchange,
    ) -> Result<()> {
        sound::require(response, session.is_upgrade_req())?;
        // Nor of chunks (RFC 9112 §6.1): the end of the connection is the end of the body.
        if session.req_header().version == Version::HTTP_10
            && response.remove_header(&TRANSFER_ENCODING).is_some()
        {
            session.set_keepalive(None);
        }
        take_leave(session);
        exchange.begin(response.status.as_u16());
        dress::undress(response, &self.enforcer.reserved(), exchange)
    }

    fn response_body_filter(
        &self,
        _: &mut Session,
        _: &mut Option<Bytes>,
        end: bool,
        exchange: &mut Exchange,
    ) -> Result<Option<Duration>> {
        if end {
            exchange.end();
        }
        Ok(None)
    }

    async fn response_trailer_filter(
        &self,
        _: &mut Session,
        trailers: &mut HeaderMap,
        _: &mut Exchange,
    ) -> Result<Option<Bytes>> {
        dress::undress_trailers(trailers, &self.enforcer.reserved());
        Ok(None)
    }

    fn fail_to_connect(
        &self,
        _: &mut Session,
        peer: &HttpPeer,
        exchange: &mut Exchange,
        mut error: Box<Error>,
    ) -> Box<Error> {
        let other = exchange.upstream().zip(peer._address.as_inet()).is_some_and(|(up, at)| up.failed(at));
        let again = other && exchange.may_try_again();
        error.set_retry(again);
        error
    }

    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        error: &Error,
        exchange: &mut Exchange,
    ) -> FailToProxy {
        let status = failure::status(error);
        if let Some(code) = failure::code(error) {
            let name = exchange
                .upstream()
                .map_or_else(|| "none".into(), |upstream| Arc::clone(&upstream.settings.name));
            let error = failure::told(error);
            tracing::warn!(upstream = %name, kind = code, event = exchange.id(), error, "an upstream failed");
            self.metrics.upstream_failed(name, code);
        }
        if !(exchange.is_ended() && failure::is_unsent(error)) {
            exchange.note(failure::record_code(error), || failure::told(error));
        }
        if let Some(status) = status
            && session.response_written().is_none()
        {
            let id = exchange.id().unwrap_or_default();
            let (answers, code) = (self.answers.load(), failure::record_code(error).unwrap_or_default());
            let rules = answers.rules(exchange.permit().ok().map(|permit| &**permit.route()));
            let response = Answer::of(status).response(&read::asked(session), &id, code, rules);
            session.set_keepalive(None);
            exchange.answered();
            if let Err(error) = write(session, response).await {
                tracing::debug!(%error, "the client did not take the answer");
            }
        } else if session.as_downstream().as_http2().is_some() {
            // A stream that is merely dropped ends as if nobody wanted the rest of it.
            session.as_downstream_mut().shutdown().await;
        }
        let error_code = status.map_or(0, |status| status.as_u16());
        FailToProxy { error_code, can_reuse_downstream: false }
    }

    async fn logging(&self, session: &mut Session, _: Option<&Error>, exchange: &mut Exchange) {
        let status = session.response_written().map(|response| response.status.as_u16());
        self.metrics.answered(&self.listener, status.unwrap_or_default());
        let own = exchange.is_answered();
        exchange.close(status);
        if own {
            linger::linger(session).await;
        }
        if let Some(clock) = deadline::clock_of(session) {
            clock.rearm();
        }
    }

    // The gateway tells of failures itself, without the query, which may hold secrets.
    fn suppress_error_log(&self, _: &Session, _: &Exchange, _: &Error) -> bool {
        true
    }

    fn suppress_proxy_warn_log(&self, _: &Session, _: &Exchange, _: &Error, _: ProxyWarnLogContext) -> bool {
        true
    }

    fn request_summary(&self, session: &Session, exchange: &Exchange) -> String {
        format!("{} event {}", session.req_header().method, exchange.id().unwrap_or_default())
    }
}

impl Proxy {
    /// Answers. `Ok(true)` is how pingora is told so.
    async fn refuse(
        &self,
        session: &mut Session,
        exchange: &mut Exchange,
        record: Record,
        answer: &Answer,
    ) -> Result<bool> {
        let (answers, code) = (self.answers.load(), record.refused.unwrap_or_default());
        let rules = answers.rules(record.route.as_deref());
        let response = answer.response(&read::asked(session), &record.id, code, rules);
        *exchange = Exchange::Refused(record);
        // What follows a request that can be read in two ways may be part of it, and what follows a `CONNECT` is.
        if [StatusCode::BAD_REQUEST, StatusCode::METHOD_NOT_ALLOWED].contains(&answer.status) {
            session.set_keepalive(None);
        }
        take_leave(session);
        write(session, response).await?;
        Ok(true)
    }

    async fn judge(&self, session: &mut Session, at: SystemTime) -> (Result<Permit, Refusal>, Record) {
        if session.is_body_empty() || !self.enforcer.reads_bodies() {
            return self.enforcer.enforce(&read::request(session, at, self.tls), &mut NoBody).await;
        }
        let copied = body::Copied::of(&read::request(session, at, self.tls));
        self.enforcer.enforce(&copied.request(), &mut body::Downstream(session)).await
    }

    fn trusts(&self, peer: std::net::IpAddr) -> bool {
        self.trusted_proxies.iter().any(|net| net.contains(&peer))
    }
}

/// A gateway that is about to stop says so with its last answer on a connection (RFC 9112 §9.6), so that no request is
/// sent after it.
fn take_leave(session: &mut Session) {
    if session.is_process_shutting_down() {
        session.set_keepalive(None);
    }
}

async fn write(session: &mut Session, response: Response<Bytes>) -> Result<()> {
    let (parts, body) = response.into_parts();
    let mut header = ResponseHeader::build(parts.status, Some(parts.headers.len() + 1))?;
    for (name, value) in &parts.headers {
        header.append_header(name.clone(), value.clone())?;
    }
    header.insert_header(http::header::DATE, pingora::protocols::http::date::get_cached_date())?;
    session.write_response_header(Box::new(header), body.is_empty()).await?;
    if !body.is_empty() {
        session.write_response_body(Some(body), true).await?;
    }
    Ok(())
}
