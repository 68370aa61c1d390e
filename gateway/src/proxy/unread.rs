//! Requests that pingora turns away before there is a request: a header that is none, one that is too large or too
//! slow, or `CONNECT`. They are answered and recorded like all others.

use std::{net::IpAddr, sync::Arc, time::SystemTime};

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode, header};
use pingora::protocols::http::date::get_cached_date;
use portreeve_enforce::Enforcer;

use crate::{
    answer::{Answer, Asked},
    answers::LiveAnswers,
    observe::Metrics,
};

/// Knows what to do about requests that cannot be read.
pub(super) trait TurnAway: Send + Sync {
    /// What is said instead of what pingora says, in HTTP/1.1. Nothing if that is no answer to a request.
    fn answer(&self, theirs: &[u8], peer: Option<IpAddr>) -> Option<Bytes>;

    /// The header took too long. There is nobody to answer to.
    fn late(&self, peer: Option<IpAddr>);
}

/// Does it for one listener.
#[derive(Debug)]
pub(crate) struct Unread {
    /// Who opens the records.
    pub(crate) enforcer: Arc<Enforcer>,
    /// How the gateway answers by itself.
    pub(crate) answers: LiveAnswers,
    /// The counters.
    pub(crate) metrics: Arc<Metrics>,
    /// The listener's address, as a label.
    pub(crate) listener: Arc<str>,
}

impl TurnAway for Unread {
    fn answer(&self, theirs: &[u8], peer: Option<IpAddr>) -> Option<Bytes> {
        let status = theirs.strip_prefix(b"HTTP/1.")?.get(2..5)?;
        let status = StatusCode::from_bytes(status).ok()?;
        let code = match status {
            StatusCode::METHOD_NOT_ALLOWED => "request/connect",
            _ => "request/malformed",
        };
        let mut record = self.enforcer.turned_away(SystemTime::now(), peer, code);
        record.status = Some(status.as_u16());
        self.metrics.answered(&self.listener, status.as_u16());
        let asked = Asked { method: &Method::GET, headers: &HeaderMap::new(), target: "/" };
        let answers = self.answers.load();
        Some(written(&Answer::of(status).response(&asked, &record.id, code, answers.rules(None))))
    }

    fn late(&self, peer: Option<IpAddr>) {
        drop(self.enforcer.turned_away(SystemTime::now(), peer, "request/too-slow"));
        self.metrics.answered(&self.listener, 0);
    }
}

/// A response as octets, the last one on its connection (RFC 9112 §9.6).
fn written(response: &http::Response<Bytes>) -> Bytes {
    let mut out = BytesMut::with_capacity(512);
    out.put_slice(format!("HTTP/1.1 {}\r\n", response.status()).as_bytes());
    let (date, close) = (get_cached_date(), http::HeaderValue::from_static("close"));
    let own = [(header::DATE, date), (header::CONNECTION, close)];
    let fields = response.headers().iter().chain(own.iter().map(|(name, value)| (name, value)));
    for (name, value) in fields {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            out.put_slice(part);
        }
    }
    out.put_slice(b"\r\n");
    out.put_slice(response.body());
    out.freeze()
}
