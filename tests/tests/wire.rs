//! Does what the two connections do to one another stay right when one side is odd?

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use portreeve_tests::{Answer, Door, Gateway, Issuer, PATIENCE, Request, Upstream, client, eventually};

/// A service that answers every request with these octets and closes.
fn answering(bytes: &'static str) -> Door {
    // Not at once, so that an upgrade is not over before it is seen.
    let parts = move || Answer::Drip(vec![bytes.into()], Duration::from_millis(50));
    Door::before(Upstream::answering(move |_| parts()))
}

fn connect(door: &Door) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", door.gateway.project().port())).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[test]
fn a_protocol_is_changed_to_only_when_it_was_asked_for() {
    let plain = Request::get("/public/socket");
    let socket = plain
        .clone()
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "eA==");
    for (request, fields, status) in [
        (&socket, "Upgrade: websocket\r\n", 101),
        (&plain, "Upgrade: websocket\r\n", 502),
        (&plain, "", 502),
        (&socket, "Upgrade: h2c\r\n", 502),
        (&socket, "", 502),
    ] {
        let answer = format!("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n{fields}\r\nhello");
        let door = answering(answer.leak());
        let reply = door.gateway.send(request);
        assert_eq!(reply.status, status, "4.9 {fields:?} to {request:?}: {reply:?}");
        let record = &door.gateway.audit().wait_for(1)[0];
        assert_eq!(record["status"], status, "{record}");
    }
}

#[test]
fn an_answer_in_a_coding_that_nobody_undoes_is_a_bad_gateway() {
    for coding in ["gzip, chunked", "xchunked", "identity"] {
        let answer = format!(
            "HTTP/1.1 200 OK\r\nSet-Cookie: session=secret\r\nTransfer-Encoding: {coding}\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        );
        let reply = answering(answer.leak()).gateway.send(&Request::get("/public/x"));
        assert_eq!(reply.status, 502, "{coding}: {reply:?}");
    }
}

#[test]
fn what_an_upstream_said_is_neither_in_the_record_nor_in_the_log() {
    let many = "x: y\r\n".repeat(300);
    let answer = format!("HTTP/1.1 200 OK\r\nSet-Cookie: session=top-secret\r\n{many}\r\n");
    let mut door = answering(answer.leak());
    assert_eq!(door.gateway.send(&Request::get("/public/x")).status, 502);
    let record = door.gateway.audit().wait_for(1)[0].to_string();
    assert!(record.contains("upstream/broken") && !record.contains("top-secret"), "{record}");
    let said = door.gateway.process().stderr();
    assert!(!said.contains("top-secret"), "{said}");
}

#[test]
fn an_answer_without_a_body_says_nothing_of_its_length() {
    for field in ["Content-Length: 3", "Transfer-Encoding: chunked"] {
        let answer = format!("HTTP/1.1 204 No Content\r\n{field}\r\n\r\n");
        let reply = answering(answer.leak()).gateway.send(&Request::get("/public/x"));
        assert_eq!(reply.status, 204);
        let length = (reply.header("content-length"), reply.header("transfer-encoding"));
        assert_eq!(length, (None, None), "{reply:?}");
    }
}

#[test]
fn a_client_of_http_1_0_gets_neither_chunks_nor_interim_answers() {
    for answer in [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nabc",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    ] {
        for connection in ["close", "keep-alive"] {
            let door = answering(answer);
            let mut stream = connect(&door);
            let head =
                format!("GET /public/x HTTP/1.0\r\nHost: localhost\r\nConnection: {connection}\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            let mut all = String::new();
            while !all.ends_with("abc") {
                let mut next = [0];
                assert_eq!(stream.read(&mut next).unwrap(), 1, "{connection}: {all}");
                all.push(char::from(next[0]));
            }
            assert!(all.starts_with("HTTP/1.1 200") && all.ends_with("\r\n\r\nabc"), "{connection}: {all}");
            if !all.contains("Content-Length") {
                assert_eq!(
                    stream.read(&mut [0]).unwrap(),
                    0,
                    "the end of the connection is the end of the body"
                );
            }
        }
    }
}

#[test]
fn whoever_is_still_sending_can_read_the_refusal() {
    let door = Door::open();
    let body = vec![b'x'; 4 << 20];
    for (target, length, status) in
        [("/me", body.len(), 404), ("/admin/x", body.len(), 401), ("/public/x", 1 << 30, 413)]
    {
        let mut stream = connect(&door);
        let head = format!("POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        // A connection that is reset would fail here, and many clients look for an answer only afterwards.
        stream.write_all(&body).unwrap_or_else(|error| panic!("{target}: {error}"));
        client::finish(&stream);
        let reply = client::read_reply(&mut stream, false).unwrap();
        assert_eq!(
            (reply.status, reply.header("connection")),
            (status, Some("close")),
            "{target}: {reply:?}"
        );
    }
    assert!(door.upstream.seen().is_empty());
}

#[test]
fn an_empty_line_before_a_request_is_passed_over() {
    let door = Door::open();
    let reply =
        door.gateway.send_raw("\r\nGET /public/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(reply.status, 200, "{reply:?}");
    let reply =
        door.gateway.send_raw("\r\nGET /public/x#y HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(reply.status, 400, "{reply:?}");
}

#[test]
fn a_tunnel_is_refused_and_recorded_in_both_versions() {
    let door = Door::open();
    let reply = door
        .gateway
        .send_raw("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\nGET / HTTP/1.1\r\n\r\n");
    assert_eq!((reply.status, reply.rest.len()), (405, 0), "{reply:?}");

    let mut stream = connect(&door);
    let fields = [(":method", "CONNECT"), (":authority", "a.test:443")];
    stream.write_all(&[PREFACE, &headers(&fields, true)].concat()).unwrap();
    let records = door.gateway.audit().wait_for(2);
    assert!(frame(&mut stream).is_some());
    for record in records {
        assert_eq!(
            (&record["status"], &record["refused"]),
            (&405.into(), &"request/connect".into()),
            "{record}"
        );
    }
    assert!(door.upstream.seen().is_empty());
}

const READING: &str = "
defaults: { upstream: app, authenticate: [test] }
routes:
  - match: GET /regions
    resource: file
    action: read
    id: '\"x\"'
    attr:
      owner: headers['x-owner']
  - match: GET /told/{name}
    access: public
    headers: { x-name: path.name }
";

#[test]
fn what_a_client_nominates_away_is_not_there_for_the_decision_either() {
    let (issuer, upstream) = (Issuer::new(), Upstream::echo());
    let project = Door::project(upstream.port(), &issuer);
    project.write("routes/reading.yaml", READING);
    let gateway = Gateway::start(project);
    let token = issuer.token("sally", &["user"], &serde_json::json!({}));
    for (connection, status) in [("close", 200), ("close, X-Owner", 400), ("x-owner,close", 400)] {
        let request = Request::get("/regions").bearer(&token).header("X-Owner", "sally");
        let reply = gateway.send(&request.header("Connection", connection));
        assert_eq!(reply.status, status, "{connection}: {}", reply.text());
    }
    assert_eq!(upstream.only().header("x-owner"), Some("sally"));
}

#[test]
fn a_value_that_would_be_read_as_another_one_is_not_sent() {
    let (issuer, upstream) = (Issuer::new(), Upstream::echo());
    let project = Door::project(upstream.port(), &issuer);
    project.write("routes/reading.yaml", READING);
    let gateway = Gateway::start(project);
    for (name, status) in
        [("root", 200), ("root%20", 403), ("%20root", 403), ("%C2%A0root", 403), ("ro%20ot", 200)]
    {
        let reply = gateway.send(&Request::get(&format!("/told/{name}")));
        assert_eq!(reply.status, status, "{name}: {}", reply.text());
    }
    let told: Vec<_> = upstream.seen().iter().map(|seen| seen.header("x-name").map(str::to_owned)).collect();
    assert_eq!(told, [Some("root".to_owned()), Some("ro ot".to_owned())]);
}

#[test]
fn a_length_that_is_a_list_is_refused() {
    let door = Door::open();
    for length in ["3, 3", "3,3"] {
        let reply = door.gateway.send_raw(format!(
            "POST /public/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\nabc"
        ));
        assert_eq!((reply.status, reply.closed), (400, true), "4.3 {length}: {reply:?}");
    }
    assert!(door.upstream.seen().is_empty());
}

#[test]
fn what_is_cut_off_when_the_gateway_stops_is_recorded() {
    let (issuer, upstream) = (Issuer::new(), Upstream::hanging());
    let project = Door::project(upstream.port(), &issuer);
    let config = std::fs::read_to_string(project.path("portreeve.yaml")).unwrap();
    project.write("portreeve.yaml", &format!("{config}limits: {{ drain-timeout: 200ms }}\n"));
    let mut gateway = Gateway::start(project);
    let mut stream = TcpStream::connect(("127.0.0.1", gateway.project().port())).unwrap();
    stream.write_all(&Request::get("/public/x").bytes()).unwrap();
    eventually("the request is under way", || !upstream.seen().is_empty());
    gateway.process().signal("TERM");
    assert!(gateway.process().ended_within(PATIENCE).is_some_and(|status| status.success()));
    let record = &gateway.audit().wait_for(1)[0];
    assert_eq!(
        (&record["status"], &record["refused"]),
        (&serde_json::Value::Null, &"gateway/stopped".into()),
        "{record}"
    );
}

/// How a connection of HTTP/2 begins, with empty settings (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";

/// A frame of stream 1.
fn written(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags, 0, 0, 0, 1], payload].concat()
}

/// A HEADERS frame; the fields are neither indexed nor compressed.
fn headers(fields: &[(&str, &str)], last: bool) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend_from_slice(text.as_bytes());
        }
    }
    written(1, 4 | u8::from(last), &block)
}

/// The kind and the stream of the next frame, while there are any.
fn frame(stream: &mut TcpStream) -> Option<(u8, u32)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).ok()?;
    let [a, b, c, kind, _, id @ ..] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    stream.read_exact(&mut payload).ok()?;
    Some((kind, u32::from_be_bytes(id)))
}

#[test]
fn a_stream_that_is_refused_is_read_on_for_a_while() {
    let door = Door::open();
    let mut stream = connect(&door);
    let fields = [(":method", "POST"), (":scheme", "http"), (":authority", "a.test"), (":path", "/admin/x")];
    let body = written(0, 0, &[b'x'; 16_000]);
    stream.write_all(&[PREFACE, &headers(&fields, false), &body, &body, &body, &body].concat()).unwrap();
    let (answer, reset, room) = ((1, 1), (3, 1), (8, 1));
    let mut awaited = vec![answer, room];
    while !awaited.is_empty() {
        let next = frame(&mut stream).expect("the answer comes, and room for more of the body");
        assert_ne!(next, reset, "the answer is taken back before the body could be read");
        awaited.retain(|frame| *frame != next);
    }
    assert_eq!(door.gateway.audit().wait_for(1)[0]["status"], 401);
}

#[test]
fn a_beginning_of_http_2_where_it_is_not_spoken_is_answered_and_recorded() {
    let (issuer, upstream) = (Issuer::new(), Upstream::echo());
    let project = Door::project(upstream.port(), &issuer);
    let config = std::fs::read_to_string(project.path("portreeve.yaml")).unwrap();
    project.write("portreeve.yaml", &config.replacen(" }]", ", h2c: false }]", 1));
    let gateway = Gateway::start(project);
    let reply = gateway.send_raw(PREFACE);
    assert_eq!(reply.status, 400, "{reply:?}");
    let id = reply.header("x-request-id").expect("it is the gateway that answers");
    assert_eq!(gateway.audit().of_event(id)["refused"], "request/malformed");
}

#[test]
fn a_client_that_keeps_its_body_once_it_is_answered_has_broken_nothing() {
    let service = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let issuer = Issuer::new();
    let gateway = Gateway::start(Door::project(service.local_addr().unwrap().port(), &issuer));
    std::thread::spawn(move || {
        let (mut stream, _) = service.accept().unwrap();
        let mut head = [0; 4096];
        assert!(stream.read(&mut head).unwrap() > 0);
        stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno").unwrap();
        // Until the gateway lets go of it.
        while stream.read(&mut head).is_ok_and(|read| read > 0) {}
    });
    let mut stream = TcpStream::connect(("127.0.0.1", gateway.project().port())).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head =
        "POST /public/x HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    assert_eq!(client::read_reply(&mut stream, false).unwrap().status, 403);
    drop(stream);
    let record = &gateway.audit().wait_for(1)[0];
    assert_eq!((&record["status"], &record["refused"]), (&403.into(), &serde_json::Value::Null), "{record}");
}
