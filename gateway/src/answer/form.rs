//! Which form of an answer does a caller understand?

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{ACCEPT, CONTENT_TYPE},
};

const MCP_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Problem details.
    Problem,
    /// A page.
    Html,
    /// A status of gRPC.
    Grpc,
    /// An error of JSON-RPC.
    Rpc,
}

/// The form for who sent these fields.
pub(super) fn form(headers: &HeaderMap) -> Form {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if let Some(rest) = kind.strip_prefix(b"application/grpc")
        && matches!(rest.first(), None | Some(b'+' | b';' | b' '))
    {
        return Form::Grpc;
    }
    let (mut html, mut json, mut events) = (0, 0, 0);
    for value in headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()) {
        for range in value.split(',') {
            let (kind, weight) = weigh(range);
            match kind.to_ascii_lowercase().as_str() {
                "text/html" | "application/xhtml+xml" => html = html.max(weight),
                "application/problem+json" | "application/json" => json = json.max(weight),
                "text/event-stream" => events = events.max(weight),
                _ => {}
            }
        }
    }
    // A client of MCP's HTTP transport takes both JSON and a stream of events, and names its version once it knows it.
    if headers.contains_key(MCP_VERSION) || (kind.starts_with(b"application/json") && json > 0 && events > 0)
    {
        return Form::Rpc;
    }
    if html > json { Form::Html } else { Form::Problem }
}

/// A media range and its weight in thousandths (RFC 9110 §12.4.2). A weight that cannot be read is none.
fn weigh(range: &str) -> (&str, u16) {
    let mut parts = range.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let weight = weight.map_or(Some(1.0), |text| text.trim().parse::<f32>().ok());
    // A float to integer cast saturates, and not-a-number becomes 0.
    let thousandths = (weight.unwrap_or_default().clamp(0.0, 1.0) * 1000.0) as u16;
    (kind, thousandths)
}
