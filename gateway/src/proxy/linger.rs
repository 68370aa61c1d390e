//! Reading on for a while after an answer.

use std::time::Duration;

use http::header::EXPECT;
use pingora::proxy::Session;

/// How long a client may go on sending what nobody wants.
const LINGER: Duration = Duration::from_secs(5);

/// Reads what a client is still sending although it has its answer. A connection that is closed while something is
/// unread is reset, and a reset takes from the client what it has not read yet: the answer (RFC 9112 §9.6). HTTP/2 has
/// frames for that.
pub(super) async fn linger(session: &mut Session) {
    if session.as_downstream().as_http1().is_none() || session.as_downstream_mut().is_body_done() {
        return;
    }
    // Whoever waits to be told to go on has sent nothing.
    if session.req_header().headers.contains_key(EXPECT) {
        return;
    }
    session.set_total_drain_timeout(Some(LINGER));
    if let Err(error) = session.as_downstream_mut().drain_request_body().await {
        tracing::debug!(%error, "a client did not come to an end");
    }
}
