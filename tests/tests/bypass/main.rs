//! Can a request be made to look like one thing to the gateway and like another to the service?
//!
//! One row for each published way of trying, sent to the reverse-proxy door as raw bytes. A row says what the client
//! must be told and what the service may have seen; the service here records what it saw, byte by byte.

mod existence;
mod framing;
mod headers;
mod methods;
mod paths;

use portreeve_tests::{Door, Reply, Request};

/// Sends bytes and holds the status against the expected ones. What was refused must not have reached the service.
#[track_caller]
fn refuses(door: &Door, row: &str, bytes: &[u8], statuses: &[u16]) -> Reply {
    door.upstream.take();
    let reply = door.gateway.send_raw(bytes);
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned();
    assert!(statuses.contains(&reply.status), "{row}: {} to {shown:?}: {}", reply.status, reply.text());
    let seen = door.upstream.take();
    assert!(seen.is_empty(), "{row}: the service saw {seen:#?}");
    reply
}

/// A refusal because the request can be read in more than one way; 404 where it has one reading that no route matches.
const UNREADABLE: &[u16] = &[400];
const NOT_ROUTED: &[u16] = &[400, 404];

fn get(target: &str, token: &str) -> Vec<u8> {
    Request::get(target).bearer(token).bytes()
}
