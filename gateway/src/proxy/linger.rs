//! Reading on for a while after an answer.

use std::time::Duration;

use http::header::EXPECT;
use pingora::proxy::Session;

/// How long a client may go on sending what nobody wants.
const LINGER: Duration = Duration::from_secs(5);
/// The same for HTTP/2, where the answer has an end of its own and only the stream is held.
const LINGER_STREAM: Duration = Duration::from_secs(1);

/// Reads what a client is still sending although it has its answer. A connection that is closed while something is
/// unread is reset, and a reset takes from the client what it has not read yet: the answer (RFC 9112 §9.6). So do some
/// clients of HTTP/2 when their stream is reset, although RFC 9113 §8.1 tells them not to.
pub(super) async fn linger(session: &mut Session) {
    if session.as_downstream_mut().is_body_done() {
        return;
    }
    // Whoever waits to be told to go on has sent nothing.
    if session.req_header().headers.contains_key(EXPECT) {
        return;
    }
    let limit = if session.as_downstream().as_http2().is_some() { LINGER_STREAM } else { LINGER };
    session.set_total_drain_timeout(Some(limit));
    if let Err(error) = session.as_downstream_mut().drain_request_body().await {
        tracing::debug!(%error, "a client did not come to an end");
    }
}
