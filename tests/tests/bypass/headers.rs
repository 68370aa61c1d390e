//! Header fields: attacks 3.1 to 3.10, 5.18.

use portreeve_tests::{Door, Request};

use crate::{get, refuses};

/// Every spelling that some server or language reads as the gateway's own `x-user-id`.
const SPELLINGS: [&str; 9] = [
    "x-user-id",
    "X-User-Id",
    "X-USER-ID",
    "x_user_id",
    "X_User_Id",
    "x.user.id",
    "X.User-Id",
    "x-user_id",
    "x_user.ID",
];

#[test]
fn identity_headers_of_clients_are_stripped_in_every_spelling_on_every_route() {
    let door = Door::open();
    for spelling in SPELLINGS {
        for (target, id) in [("/public/x", None), ("/me", Some("sally")), ("/files/sally/x", Some("sally"))] {
            door.upstream.take();
            let request = Request::get(target)
                .bearer(&door.user())
                .header(spelling, "root")
                .header("x-user-roles", "admin");
            assert_eq!(door.gateway.send(&request).status, 200, "{spelling} {target}");
            let seen = door.upstream.only();
            assert!(!seen.head.contains("root"), "3.1-3.3 {spelling} {target}: {}", seen.head);
            assert!(!seen.head.contains("admin\r\n") || target.contains("admin"), "{}", seen.head);
            assert_eq!(seen.header("x-user-id"), id, "3.1 {spelling} {target}");
        }
    }
}

#[test]
fn a_client_cannot_nominate_the_gateways_headers_away() {
    let door = Door::open();
    for nominated in [
        "x-user-id",
        "X-User-Id",
        "X-USER-ID, close",
        "close, x-user-id, x-user-roles",
        "x-forwarded-for",
        "host",
    ] {
        door.upstream.take();
        let request = Request::get("/me")
            .bearer(&door.user())
            .header("Connection", nominated)
            .header("x-user-id", "root");
        let reply = door.gateway.send(&request);
        if reply.status == 200 {
            let seen = door.upstream.only();
            assert_eq!(seen.header("x-user-id"), Some("sally"), "3.4 {nominated}: {}", seen.head);
            assert!(
                seen.header("host").is_some() && seen.header("x-forwarded-for").is_some(),
                "{}",
                seen.head
            );
        } else {
            assert_eq!(reply.status, 400, "3.4 {nominated}");
        }
    }
}

#[test]
fn a_client_cannot_nominate_its_credentials_away() {
    let door = Door::open();
    let request = Request::get("/admin/x").bearer(&door.user()).header("Connection", "authorization, close");
    refuses(&door, "3.5", &request.bytes(), &[400, 401, 403]);
}

#[test]
fn credentials_given_twice_are_no_credentials() {
    let door = Door::open();
    let (user, admin) = (door.user(), door.admin());
    for (first, second) in [(&user, &admin), (&admin, &user), (&admin, &admin)] {
        let request = Request::get("/admin/x").bearer(first).bearer(second);
        refuses(&door, "3.6", &request.bytes(), &[400, 401]);
    }
    for value in [
        format!("Bearer {admin}, Bearer {user}"),
        format!("Bearer {admin} {user}"),
        "Bearer".into(),
        "Bearer ".into(),
    ] {
        refuses(
            &door,
            "5.18",
            &Request::get("/admin/x").header("Authorization", &value).bytes(),
            &[400, 401],
        );
    }
    refuses(&door, "5.18", &get("/admin/x", &format!("{admin}x")), &[401]);
}

#[test]
fn malformed_header_lines_are_refused() {
    let door = Door::open();
    let user = door.user();
    let head = |line: &[u8]| {
        let start = format!(
            "GET /me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {user}\r\nConnection: close\r\n"
        );
        [start.as_bytes(), line, b"\r\n\r\n"].concat()
    };
    let rows: [&[u8]; 7] = [
        b"X-User-Id : root",
        b" X-User-Id: root",
        b"X-A: a\rX-User-Id: root",
        b"X-A: a\0b",
        b": root",
        b"X User: root",
        b"no colon",
    ];
    for line in rows {
        door.upstream.take();
        let reply = door.gateway.send_raw(head(line));
        let seen = door.upstream.take();
        let leaked = seen.iter().any(|seen| seen.head.contains("root"));
        assert!(
            !leaked && [0, 400].contains(&reply.status),
            "3.8 {}: {reply:?} {seen:#?}",
            String::from_utf8_lossy(line)
        );
    }
}

#[test]
fn what_cannot_even_be_read_is_answered_and_recorded_like_all_else() {
    let door = Door::open();
    let large =
        [b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ".as_slice(), &[b'a'; 1 << 20], b"\r\n\r\n"].concat();
    let rows: [(&[u8], u16, &str); 6] = [
        (b"nonsense\r\n\r\n", 400, "request/malformed"),
        (b"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", 400, "request/malformed"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n", 400, "request/malformed"),
        (
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            400,
            "request/malformed",
        ),
        (b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405, "request/connect"),
        (&large, 400, "request/malformed"),
    ];
    for (bytes, status, code) in rows {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        let reply = refuses(&door, "3.8", bytes, &[status]);
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{shown}");
        assert_eq!(reply.json()["status"], status, "{shown}");
        assert_eq!((reply.header("server"), reply.header("connection")), (None, Some("close")), "{shown}");
        let record = door.gateway.audit().of_event(reply.header("x-request-id").unwrap());
        assert_eq!((&record["refused"], &record["status"]), (&code.into(), &status.into()), "{shown}");
        assert_eq!(record["request"], serde_json::json!({ "client": "127.0.0.1" }), "{shown}");
    }
}

#[test]
fn a_folded_line_never_becomes_a_header_of_its_own() {
    let door = Door::open();
    let user = door.user();
    let folded = format!(
        "GET /me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {user}\r\nX-A: a\r\n X-User-Id: root\r\nConnection: close\r\n\r\n"
    );
    let reply = door.gateway.send_raw(folded);
    assert!([0, 200, 400].contains(&reply.status), "{reply:?}");
    for seen in door.upstream.take() {
        assert_eq!(seen.header("x-user-id"), Some("sally"), "3.8 {}", seen.head);
    }
}

#[test]
fn a_bare_line_feed_does_not_hide_a_header() {
    let door = Door::open();
    let user = door.user();
    let bytes = format!(
        "GET /me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {user}\r\nX-A: a\nX-User-Id: root\r\nConnection: close\r\n\r\n"
    );
    let reply = door.gateway.send_raw(bytes);
    assert!([0, 200, 400].contains(&reply.status), "{reply:?}");
    for seen in door.upstream.take() {
        assert!(!seen.head.contains("root"), "3.8 {}", seen.head);
        assert_eq!(seen.header("x-user-id"), Some("sally"), "3.8 {}", seen.head);
    }
}

#[test]
fn what_clients_claim_about_the_way_they_came_is_replaced() {
    let door = Door::open();
    let claims = [
        ("X-Forwarded-For", "6.6.6.6"),
        ("X-Forwarded-Host", "evil.test"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Port", "666"),
        ("X-Forwarded-Prefix", "/evil"),
        ("X-Forwarded-Uri", "/admin/evil"),
        ("X-Forwarded-Method", "EVIL"),
        ("X-Forwarded-Server", "evil.test"),
        ("Forwarded", "for=6.6.6.6;host=evil.test"),
        ("X-Real-IP", "6.6.6.6"),
        ("X-Original-URL", "/admin/evil"),
        ("X-Rewrite-URL", "/admin/evil"),
        ("X-Original-URI", "/admin/evil"),
        ("X-Client-IP", "6.6.6.6"),
        ("True-Client-IP", "6.6.6.6"),
        ("X_Forwarded_For", "6.6.6.6"),
        ("x.forwarded.for", "6.6.6.6"),
    ];
    let request =
        claims.iter().fold(Request::get("/public/x"), |request, (name, value)| request.header(name, value));
    assert_eq!(door.gateway.send(&request).status, 200);
    let seen = door.upstream.only();
    assert!(!seen.head.contains("6.6.6.6") && !seen.head.contains("evil"), "3.10 {}", seen.head);
    assert_eq!(seen.header("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(seen.header("x-forwarded-proto"), Some("http"));
}
