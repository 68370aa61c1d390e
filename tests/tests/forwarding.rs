//! Does what is permitted reach the service as it was judged, and does what is refused tell the caller what it should?

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use portreeve_tests::{Answer, Door, PATIENCE, Reply, Request, Seen, Upstream, client, free_port};
use serde_json::json;

#[test]
fn a_permitted_request_arrives_whole() {
    let door = Door::open();
    let request = Request::new("PUT", "/public/a/b%20c?x=1&y=%2F")
        .header("X-Mine", "1")
        .header("Accept", "text/x")
        .body(b"hello");
    let reply = door.gateway.send(&request);

    assert_eq!(reply.status, 200, "{}", reply.text());
    let seen = door.upstream.only();
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("PUT", "/public/a/b%20c?x=1&y=%2F"));
    assert_eq!((seen.header("x-mine"), seen.header("accept")), (Some("1"), Some("text/x")));
    assert_eq!(seen.body, b"hello");
}

#[test]
fn the_service_is_told_who_is_calling_and_how_they_came() {
    let door = Door::open();
    let request = Request::get("/me").bearer(&door.user()).host(Some("api.acme.test"));
    assert_eq!(door.gateway.send(&request).status, 200);

    let seen = door.upstream.only();
    assert_eq!((seen.header("x-user-id"), seen.header("x-user-roles")), (Some("sally"), Some("user")));
    assert_eq!(seen.header("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(seen.header("x-forwarded-host"), Some("api.acme.test"));
    assert_eq!(seen.header("x-forwarded-proto"), Some("http"));
}

#[test]
fn hop_by_hop_headers_end_at_the_gateway() {
    let door = Door::before(Upstream::answering(|_| {
        Answer::Raw(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: x-hop, close\r\nX-Hop: secret\r\nKeep-Alive: timeout=5\r\nX-End: 1\r\n\r\nok".to_vec(),
        )
    }));
    let request = Request::get("/public/x")
        .header("Connection", "x-mine, close")
        .header("X-Mine", "1")
        .header("Keep-Alive", "timeout=5")
        .header("Proxy-Authorization", "Basic eA==")
        .header("TE", "gzip")
        .header("X-End", "1");
    let reply = door.gateway.send(&request);

    let seen = door.upstream.only();
    for gone in ["x-mine", "keep-alive", "proxy-authorization", "te"] {
        assert_eq!(seen.header(gone), None, "{gone}: {}", seen.head);
    }
    assert_eq!(seen.header("x-end"), Some("1"));
    assert_eq!((reply.header("x-hop"), reply.header("x-end")), (None, Some("1")), "{reply:?}");
}

#[test]
fn an_answer_streams_while_the_service_is_still_writing_it() {
    // The service writes the second part only when the caller has the first.
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let gateway = portreeve_tests::Gateway::start(Door::project(port, &portreeve_tests::Issuer::new()));
    let mut caller = TcpStream::connect(("127.0.0.1", gateway.project().port())).unwrap();
    caller.set_read_timeout(Some(PATIENCE)).unwrap();
    caller.write_all(&Request::get("/public/x").bytes()).unwrap();

    let (mut service, _) = listener.accept().unwrap();
    service.set_read_timeout(Some(PATIENCE)).unwrap();
    let (mut asked, mut answered) = (String::new(), String::new());
    read_until(&mut service, &mut asked, "\r\n\r\n");
    service.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none").unwrap();
    read_until(&mut caller, &mut answered, "one");
    service.write_all(b"two").unwrap();
    read_until(&mut caller, &mut answered, "two");
}

/// Reads on into `text` until it has what is wanted.
fn read_until(stream: &mut TcpStream, text: &mut String, wanted: &str) {
    while !text.contains(wanted) {
        let mut chunk = [0; 1024];
        let read = stream.read(&mut chunk).unwrap();
        assert!(read > 0, "ended before `{wanted}`: {text}");
        text.push_str(&String::from_utf8_lossy(&chunk[..read]));
    }
}

#[test]
fn a_body_streams_while_the_caller_is_still_writing_it() {
    // The service answers as soon as it has the head, so an answer proves that the head did not wait for the body.
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let issuer = portreeve_tests::Issuer::new();
    let gateway = portreeve_tests::Gateway::start(Door::project(port, &issuer));
    let mut caller = TcpStream::connect(("127.0.0.1", gateway.project().port())).unwrap();
    caller.write_all(b"POST /public/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\none").unwrap();

    let (mut service, _) = listener.accept().unwrap();
    service.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut text = String::new();
    read_until(&mut service, &mut text, "one");
    caller.write_all(b"two").unwrap();
    read_until(&mut service, &mut text, "two");
    service.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone").unwrap();
    assert_eq!(client::read_reply(&mut caller, false).unwrap().text(), "done");
}

#[test]
fn a_large_body_passes_in_both_directions() {
    let echo = |seen: &Seen| Answer::Body(200, "application/octet-stream", seen.body.clone());
    let door = Door::before(Upstream::answering(echo));
    let body: Vec<u8> = (0..3_000_000u32).map(|number| (number % 251) as u8).collect();
    let reply = door.gateway.send(&Request::new("POST", "/public/x").body(&body));
    assert_eq!(reply.status, 200);
    assert!(reply.body == body, "{} bytes came back of {}", reply.body.len(), body.len());
}

#[test]
fn the_status_and_headers_of_the_service_are_its_own() {
    let door = Door::before(Upstream::answering(|seen| {
        match seen.target.as_str() {
        "/public/moved" => Answer::Raw(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n".to_vec()),
        "/public/empty" => Answer::Raw(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
        _ => Answer::Body(418, "text/plain", b"short and stout".to_vec()),
    }
    }));
    let moved = door.gateway.send(&Request::get("/public/moved"));
    assert_eq!((moved.status, moved.header("location")), (302, Some("/elsewhere")));
    assert_eq!(moved.headers.iter().filter(|(name, _)| name == "set-cookie").count(), 2);
    assert_eq!(door.gateway.send(&Request::get("/public/empty")).status, 204);
    let teapot = door.gateway.send(&Request::get("/public/tea"));
    assert_eq!((teapot.status, teapot.text().as_str()), (418, "short and stout"));
}

#[test]
fn several_requests_on_one_connection_are_each_answered_and_recorded() {
    let door = Door::open();
    let mut stream = TcpStream::connect(("127.0.0.1", door.gateway.project().port())).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    for (target, status) in
        [("/public/1", 200), ("/me", 401), ("/public/2", 200), ("/nowhere", 404), ("/public/3", 200)]
    {
        stream.write_all(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).unwrap();
        let reply = client::read_reply(&mut stream, false).unwrap();
        assert_eq!(reply.status, status, "{target}: {}", reply.text());
    }
    let statuses: Vec<_> =
        door.gateway.audit().wait_for(5).iter().map(|record| record["status"].clone()).collect();
    assert_eq!(statuses, [json!(200), json!(401), json!(200), json!(404), json!(200)]);
}

#[test]
fn a_websocket_passes_once_the_service_has_agreed() {
    let accept = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\nhello".to_vec();
    let door = Door::before(Upstream::answering(move |_| {
        Answer::Drip(vec![accept.clone()], Duration::from_millis(500))
    }));
    let request = Request::get("/public/socket")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "eA==");
    let mut stream = TcpStream::connect(("127.0.0.1", door.gateway.project().port())).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(&request.bytes()).unwrap();
    let reply = client::read_reply(&mut stream, false).unwrap();
    assert_eq!(reply.status, 101, "{reply:?}");
    let mut rest = reply.rest;
    while rest.len() < 5 {
        let mut chunk = [0; 16];
        let read = stream.read(&mut chunk).unwrap();
        assert!(read > 0, "the tunnel closed early");
        rest.extend_from_slice(&chunk[..read]);
    }
    assert_eq!(rest, b"hello");
}

/// Everything that is refused, with its status.
fn refusals(door: &Door) -> Vec<(Request, u16)> {
    vec![
        (Request::get("/public/..%2fadmin"), 400),
        (Request::get("/me"), 401),
        (Request::get("/me").bearer("not-a-token"), 401),
        (Request::get("/admin/x").bearer(&door.user()), 403),
        (Request::get("/nowhere"), 404),
    ]
}

#[test]
fn a_refusal_is_a_problem_document_with_the_records_id() {
    let door = Door::open();
    for (request, status) in refusals(&door) {
        let reply = door.gateway.send(&request.header("Accept", "application/json"));
        assert_eq!(reply.status, status, "{}", reply.text());
        assert!(
            reply.header("content-type").is_some_and(|kind| kind.starts_with("application/problem+json")),
            "{reply:?}"
        );
        let problem = reply.json();
        assert_eq!(problem["status"], status, "{problem}");
        assert_same_event(&door, &reply, status);
    }
}

#[test]
fn a_browser_gets_a_page_with_the_records_id() {
    let door = Door::open();
    for (request, status) in refusals(&door) {
        let reply = door.gateway.send(&request.header("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"));
        assert_eq!(reply.status, status);
        assert!(reply.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{reply:?}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_same_event(&door, &reply, status);
    }
}

/// The id in the header, the one in the body and that of a record with this status are the same.
fn assert_same_event(door: &Door, reply: &Reply, status: u16) {
    let id = reply.header("x-request-id").unwrap_or_else(|| panic!("no id in {reply:?}"));
    assert!(reply.text().contains(id), "another id in {}", reply.text());
    assert_eq!(door.gateway.audit().of_event(id)["status"], status);
}

#[test]
fn a_refusal_tells_nothing_of_the_policy() {
    let door = Door::open();
    for (request, _) in refusals(&door) {
        for accept in ["application/json", "text/html", "*/*"] {
            let reply = door.gateway.send(&request.clone().header("Accept", accept));
            let told = format!("{:?} {}", reply.headers, reply.text()).to_lowercase();
            for secret in
                ["console", "role", "rule", "r.attr", "cerbos", "effect", "portreeve/0", "sally", "jwks"]
            {
                assert!(!told.contains(secret), "`{secret}` in {told}");
            }
        }
    }
}

#[test]
fn a_refusal_reflects_nothing_of_the_request() {
    let door = Door::open();
    let request =
        Request::get("/nowhere/%3Cscript%3Ealert(1)%3C/script%3E?q=%3Cb%3E").header("Accept", "text/html");
    let reply = door.gateway.send(&request.header("X-Evil", "<script>"));
    assert_eq!(reply.status, 404);
    assert!(!reply.text().contains("<script>") && !reply.text().contains("<b>"), "{}", reply.text());
}

#[test]
fn a_missing_or_bad_token_is_answered_with_a_challenge() {
    let door = Door::open();
    let missing = door.gateway.send(&Request::get("/me"));
    let challenge = missing.header("www-authenticate").expect("a challenge").to_owned();
    assert!(challenge.starts_with("Bearer") && !challenge.contains("error="), "RFC 6750, 3.1: {challenge}");
    let bad = door.gateway.send(&Request::get("/me").bearer("a.b.c"));
    assert!(bad.header("www-authenticate").is_some_and(|value| value.contains("invalid_token")), "{bad:?}");
    let denied = door.gateway.send(&Request::get("/admin/x").bearer(&door.user()));
    assert_eq!((denied.status, denied.header("www-authenticate")), (403, None));
}

#[test]
fn tokens_that_are_not_good_are_refused() {
    let door = Door::open();
    let issuer = &door.issuer;
    let claims = |more| issuer.claims("root", &["admin"], &more);
    let good = claims(json!({}));
    let without = |name: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(name);
        issuer.key().sign(&claims)
    };
    let token = issuer.key().sign(&good);
    assert_eq!(door.gateway.send(&Request::get("/admin/x").bearer(&token)).status, 200);
    let stranger = portreeve_tests::SigningKey::make(portreeve_tests::KeyKind::P256, "key-1");
    let unknown = portreeve_tests::SigningKey::make(portreeve_tests::KeyKind::Rsa, "key-2");
    let (head, rest) = token.split_once('.').unwrap();
    let none = "eyJhbGciOiJub25lIn0"; // {"alg":"none"}
    let rows = [
        ("expired", issuer.key().sign(&claims(json!({ "exp": 1_700_000_000 })))),
        ("no exp", without("exp")),
        ("no iss", without("iss")),
        ("no aud", without("aud")),
        ("no sub", without("sub")),
        ("exp as text", issuer.key().sign(&claims(json!({ "exp": "9999999999" })))),
        ("not yet", issuer.key().sign(&claims(json!({ "nbf": 9_999_999_999u64 })))),
        ("other issuer", issuer.key().sign(&claims(json!({ "iss": "https://idp.test/" })))),
        ("other audience", issuer.key().sign(&claims(json!({ "aud": "tests2" })))),
        ("empty subject", issuer.key().sign(&claims(json!({ "sub": "" })))),
        ("another key of the same id", stranger.sign(&good)),
        ("an unknown key", unknown.sign(&good)),
        ("no signature", format!("{none}.{}.", rest.split('.').next().unwrap())),
        ("signature cut off", format!("{head}.{}.", rest.split('.').next().unwrap())),
        ("too long", "a".repeat(100_000)),
    ];
    door.upstream.take();
    for (row, token) in rows {
        let reply = door.gateway.send(&Request::get("/admin/x").bearer(&token));
        assert!([400, 401, 431].contains(&reply.status), "{row}: {} {}", reply.status, reply.text());
    }
    assert!(door.upstream.take().is_empty());
}

#[test]
fn a_service_that_is_down_is_a_bad_gateway_and_a_record() {
    let issuer = portreeve_tests::Issuer::new();
    let gateway = portreeve_tests::Gateway::start(Door::project(free_port(), &issuer));
    let reply = gateway.send(&Request::get("/public/x"));
    assert!([502, 503].contains(&reply.status), "{}", reply.status);
    assert_eq!(gateway.audit().wait_for(1)[0]["status"], reply.status);
    // Refusals need no service.
    assert_eq!(gateway.send(&Request::get("/me")).status, 401);
    assert!(
        gateway.metric("portreeve_upstream_errors_total", &[]) >= 1.0,
        "{}",
        gateway.admin("/metrics").text()
    );
}

#[test]
fn metrics_count_requests_refusals_and_decisions() {
    let door = Door::open();
    door.gateway.send(&Request::get("/public/x"));
    for (request, _) in refusals(&door) {
        door.gateway.send(&request);
    }
    door.gateway.send(&Request::get("/files/sally/x").bearer(&door.user()));
    let text = door.gateway.admin("/metrics").text();
    assert_eq!(door.gateway.metric("portreeve_requests_total", &[]), 7.0, "{text}");
    assert_eq!(door.gateway.metric("portreeve_refusals_total", &[]), 5.0, "{text}");
    assert_eq!(door.gateway.metric("portreeve_decisions_total", &["deny"]), 1.0, "{text}");
    assert_eq!(door.gateway.metric("portreeve_decisions_total", &["allow"]), 1.0, "{text}");
    assert!(text.contains("portreeve_build_info"), "{text}");
    assert!(text.ends_with("# EOF\n"), "OpenMetrics ends with EOF: {text}");
}
