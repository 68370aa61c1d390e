//! The upstream of the demo: answers with what it got.

use axum::{Router, body::Bytes, extract::Request, http::HeaderMap};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

/// Serves for ever.
pub(crate) async fn serve(socket: TcpListener) {
    if let Err(error) = axum::serve(socket, Router::new().fallback(echo)).await {
        tracing::error!(%error, "the echo upstream stopped");
    }
}

async fn echo(request: Request) -> axum::Json<Value> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 64 * 1024).await.unwrap_or_else(|_| Bytes::new());
    axum::Json(json!({
        "method": parts.method.as_str(),
        "target": parts.uri.to_string(),
        "headers": fields(&parts.headers),
        "body": String::from_utf8_lossy(&body),
    }))
}

fn fields(headers: &HeaderMap) -> Map<String, Value> {
    let mut all = Map::new();
    for name in headers.keys() {
        // What proves who somebody is does not belong on a screen.
        let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let values: Vec<_> = match name.as_str() {
            "authorization" | "cookie" => vec!["…".to_owned()],
            _ => headers.get_all(name).iter().map(text).collect(),
        };
        all.insert(name.to_string(), json!(values.join(", ")));
    }
    all
}
