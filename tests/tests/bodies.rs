//! Is a body that a decision depends on read one way, and forwarded as it was read?

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use portreeve_tests::{Door, Gateway, Issuer, PATIENCE, Reply, Request, Seen, Upstream, client, run_in};
use serde_json::{Value, json};

const ROUTES: &str = "
defaults: { upstream: app, authenticate: [test] }
routes:
  - match: POST /orders/{id}
    resource: order
    action: place
    id: path.id
    attr: { amount: body.amount, owner: body.buyer.id }
    body: { max_bytes: 1KiB }
";

const POLICY: &str = "apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: order
  version: default
  rules:
    - actions: [place]
      effect: EFFECT_ALLOW
      roles: [user]
      condition: { match: { all: { of: [{ expr: R.attr.amount < 100 }, { expr: R.attr.owner == P.id }] } } }
";

struct Shop {
    gateway: Gateway,
    upstream: Upstream,
    token: String,
}

impl Shop {
    fn open() -> Shop {
        let (upstream, issuer) = (Upstream::echo(), Issuer::new());
        let project = Door::project(upstream.port(), &issuer);
        project.write("routes/orders.yaml", ROUTES);
        project.write("policies/order.yaml", POLICY);
        let token = issuer.token("sally", &["user"], &json!({}));
        Shop { gateway: Gateway::start(project), upstream, token }
    }

    fn post(&self, content_type: &str, body: &[u8]) -> Reply {
        let request = Request::new("POST", "/orders/1").header("Content-Type", content_type).body(body);
        self.gateway.send(&request.bearer(&self.token))
    }

    fn forwarded(&self) -> Vec<Seen> {
        self.upstream.take()
    }

    /// Sends the head, then the rest piece by piece, and reads the answer.
    fn slowly(&self, head: &str, pieces: &[&[u8]]) -> Reply {
        let mut stream = TcpStream::connect(("127.0.0.1", self.gateway.project().port())).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let token = &self.token;
        let fixed = "Host: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n";
        let line = format!("POST /orders/1 HTTP/1.1\r\n{fixed}Authorization: Bearer {token}\r\n{head}\r\n");
        stream.write_all(line.as_bytes()).unwrap();
        if head.contains("100-continue") {
            let mut interim = [0; 25];
            stream.read_exact(&mut interim).unwrap();
            assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        for piece in pieces {
            stream.write_all(piece).unwrap();
            stream.flush().unwrap();
        }
        client::read_reply(&mut stream, false).unwrap()
    }
}

const GOOD: &[u8] = br#"{ "amount": 5, "buyer": { "id": "sally" }, "note": "caf\u00e9" }"#;

#[test]
fn what_the_policies_allow_is_forwarded_octet_for_octet() {
    let shop = Shop::open();
    for content_type in ["application/json", "application/json; charset=utf-8", "application/problem+json"] {
        let reply = shop.post(content_type, GOOD);
        assert_eq!(reply.status, 200, "{content_type}: {}", reply.text());
        let seen = shop.forwarded();
        assert!(seen.len() == 1 && seen[0].body == GOOD, "{seen:?}");
    }
}

#[test]
fn what_they_deny_and_what_has_no_single_reading_is_not() {
    let shop = Shop::open();
    let large = format!(r#"{{ "amount": 5, "buyer": {{ "id": "sally" }}, "note": "{}" }}"#, "x".repeat(1024));
    let rows: [(&str, &[u8], u16, &str); 9] = [
        ("application/json", br#"{ "amount": 500, "buyer": { "id": "sally" } }"#, 403, "policy/denied"),
        ("application/json", br#"{ "amount": 5, "buyer": { "id": "bob" } }"#, 403, "policy/denied"),
        ("application/json", br#"{ "amount": 5 }"#, 400, "target/missing"),
        (
            "application/json",
            br#"{ "amount": 5, "amount": 500, "buyer": { "id": "sally" } }"#,
            400,
            "body/not-json",
        ),
        ("application/json", br#"{ "amount": 5, "buyer": { "id": "sally" } "#, 400, "body/not-json"),
        ("application/json", b"", 400, "body/not-json"),
        ("application/json", large.as_bytes(), 413, "body/too-large"),
        ("text/plain", GOOD, 415, "body/media-type"),
        ("application/x-www-form-urlencoded", b"amount=5&buyer=sally", 415, "body/media-type"),
    ];
    for (number, (content_type, body, status, code)) in rows.into_iter().enumerate() {
        let reply = shop.post(content_type, body);
        let record = &shop.gateway.audit().wait_for(number + 1)[number];
        assert_eq!((reply.status, record["refused"].as_str()), (status, Some(code)), "{record:#}");
    }
    assert!(shop.forwarded().is_empty());
}

#[test]
fn a_body_in_pieces_or_announced_is_read_whole() {
    let shop = Shop::open();
    let length = format!("Content-Length: {}\r\n", GOOD.len());
    let (start, end) = GOOD.split_at(20);
    let chunk = |part: &[u8]| [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat();
    let (one, two) = (chunk(start), chunk(end));
    let announced = format!("{length}Expect: 100-continue\r\n");
    for (head, pieces) in [
        (length.as_str(), vec![start, end]),
        ("Transfer-Encoding: chunked\r\n", vec![&one[..], &two, b"0\r\n\r\n"]),
        (announced.as_str(), vec![GOOD]),
    ] {
        assert_eq!(shop.slowly(head, &pieces).status, 200, "{head}");
        let seen = shop.forwarded();
        assert!(seen.len() == 1 && seen[0].body == GOOD, "{head}: {seen:?}");
        assert_eq!(seen[0].header("expect"), None);
    }
}

#[test]
fn nobody_who_is_not_known_has_a_body_read() {
    let shop = Shop::open();
    let request = Request::new("POST", "/orders/1").header("Content-Type", "text/plain").body(b"{}");
    assert_eq!(shop.gateway.send(&request).status, 401);
    assert_eq!(shop.gateway.audit().wait_for(1)[0]["status"], 401);
}

#[test]
fn other_routes_stream_their_bodies_as_before() {
    let shop = Shop::open();
    let body = vec![b'x'; 1_000_000];
    let reply = shop.gateway.send(&Request::new("POST", "/public/x").body(&body));
    assert_eq!(reply.status, 200);
    assert_eq!(shop.forwarded()[0].body.len(), body.len());
}

#[test]
fn explain_takes_a_body_and_check_holds_its_limit() {
    let (upstream, issuer) = (Upstream::echo(), Issuer::new());
    let project = Door::project(upstream.port(), &issuer);
    project.write("routes/orders.yaml", ROUTES);
    project.write("policies/order.yaml", POLICY);
    project.write("caller.json", r#"{ "id": "sally", "roles": ["user"] }"#);
    project.write("body.json", &String::from_utf8_lossy(GOOD));
    let asked = ["explain", "POST /orders/1", "--as", "caller.json", "-o", "json"];
    let status = |more: &[&str]| -> Value {
        run_in(project.root(), &[&asked[..], more].concat()).json()["status"].clone()
    };
    assert_eq!(status(&["--body", "body.json"]), 200);
    assert_eq!(status(&["--body", "caller.json"]), 400, "it has no amount");
    assert_eq!(status(&[]), 415, "there is no body");

    project.write("routes/orders.yaml", &ROUTES.replace("1KiB", "1MiB"));
    let ran = run_in(project.root(), &["check", "portreeve.yaml"]);
    assert!(ran.code == Some(1) && ran.text().contains("link/body"), "{}", ran.text());
}
