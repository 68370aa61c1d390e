use std::sync::Arc;

use http::HeaderValue;
use pingora::{Error, ErrorType, Result};
use portreeve_audit::{EventId, Record};
use portreeve_enforce::Permit;

use crate::upstreams::Upstream;

/// How many endpoints are tried for one request.
const ATTEMPTS: u8 = 3;

/// One exchange. There is no way to be `Permitted` without a [`Permit`], nor to dial without being `Permitted`.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one for each request, never moved once permitted; a box would be one more"
)]
pub(crate) enum Exchange {
    /// Not judged yet.
    Arrived,
    /// On its way.
    Permitted(Permitted),
    /// Answered by the gateway.
    Refused(Record),
}

/// A request that may go upstream.
#[derive(Debug)]
pub(crate) struct Permitted {
    permit: Permit,
    record: Record,
    /// The event's id, for the header fields of both sides.
    id: Option<HeaderValue>,
    upstream: Option<Arc<Upstream>>,
    body: u64,
    attempts: u8,
    /// Whether the gateway had to answer in the upstream's place.
    answered: bool,
    /// Whether the upstream's answer came to its end.
    ended: bool,
    /// Whether it all came to its end.
    closed: bool,
}

impl Drop for Permitted {
    /// Whatever is not closed when it goes was cut off with its connection, because the gateway stops.
    fn drop(&mut self) {
        if !self.closed {
            self.record.refused.get_or_insert("gateway/stopped");
        }
    }
}

impl Exchange {
    /// May go upstream.
    pub(crate) fn permitted(permit: Permit, record: Record) -> Self {
        let id = HeaderValue::from_str(record.id.write(&mut [0; EventId::LEN])).ok();
        Self::Permitted(Permitted {
            permit,
            record,
            id,
            upstream: None,
            body: 0,
            attempts: 0,
            answered: false,
            ended: false,
            closed: false,
        })
    }

    /// The permit.
    ///
    /// # Errors
    /// There is none, so nothing may be dialled.
    pub(crate) fn permit(&self) -> Result<&Permit> {
        match self {
            Self::Permitted(permitted) => Ok(&permitted.permit),
            Self::Arrived | Self::Refused(_) => Error::e_explain(ErrorType::InternalError, "no permit"),
        }
    }

    /// Whether somebody had to be asked who they are.
    pub(crate) fn is_gated(&self) -> bool {
        self.permit().is_ok_and(|permit| permit.caller().is_some())
    }

    /// The event's id.
    pub(crate) fn id(&self) -> Option<String> {
        match self {
            Self::Permitted(permitted) => Some(permitted.record.id.to_string()),
            Self::Refused(record) => Some(record.id.to_string()),
            Self::Arrived => None,
        }
    }

    /// The event's id as a header field has it, once permitted.
    pub(crate) fn id_field(&self) -> Option<HeaderValue> {
        match self {
            Self::Permitted(permitted) => permitted.id.clone(),
            Self::Arrived | Self::Refused(_) => None,
        }
    }

    /// The upstream that was last dialled.
    pub(crate) fn upstream(&self) -> Option<&Arc<Upstream>> {
        match self {
            Self::Permitted(permitted) => permitted.upstream.as_ref(),
            Self::Arrived | Self::Refused(_) => None,
        }
    }

    /// Notes which upstream is dialled.
    pub(crate) fn dial(&mut self, upstream: Arc<Upstream>) {
        if let Self::Permitted(permitted) = self {
            permitted.upstream = Some(upstream);
            permitted.attempts = permitted.attempts.saturating_add(1);
        }
    }

    /// Whether another endpoint may be tried. Only asked while nothing was sent.
    pub(crate) fn may_try_again(&self) -> bool {
        matches!(self, Self::Permitted(permitted) if permitted.attempts < ATTEMPTS)
    }

    /// Counts bytes of the request's body; gives their sum.
    pub(crate) fn count_body(&mut self, bytes: usize) -> u64 {
        let Self::Permitted(permitted) = self else { return 0 };
        permitted.body = permitted.body.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        permitted.body
    }

    /// Notes in the record that a permitted request failed on its way.
    pub(crate) fn note(&mut self, code: Option<&'static str>, why: impl FnOnce() -> String) {
        if let (Self::Permitted(permitted), Some(code)) = (self, code) {
            permitted.record.refused = Some(code);
            permitted.record.detail = Some(why().into());
        }
    }

    /// Notes that the upstream has answered whole.
    pub(crate) fn end(&mut self) {
        if let Self::Permitted(permitted) = self {
            permitted.ended = true;
        }
    }

    /// Whether the upstream has answered whole.
    pub(crate) fn is_ended(&self) -> bool {
        matches!(self, Self::Permitted(permitted) if permitted.ended)
    }

    /// Notes that the gateway itself answers.
    pub(crate) fn answered(&mut self) {
        if let Self::Permitted(permitted) = self {
            permitted.answered = true;
        }
    }

    /// Whether the gateway itself answered.
    pub(crate) fn is_answered(&self) -> bool {
        match self {
            Self::Permitted(permitted) => permitted.answered,
            Self::Refused(_) => true,
            Self::Arrived => false,
        }
    }

    /// Notes the status that is about to be sent.
    pub(crate) fn begin(&mut self, status: u16) {
        if let Self::Permitted(permitted) = self {
            permitted.record.status = Some(status);
        }
    }

    /// Closes the record with the status that was sent, if one was.
    pub(crate) fn close(&mut self, status: Option<u16>) {
        match self {
            Self::Permitted(permitted) => {
                permitted.record.status = status;
                permitted.closed = true;
            }
            Self::Refused(record) => record.status = status,
            Self::Arrived => {}
        }
        *self = Self::Arrived;
    }
}
