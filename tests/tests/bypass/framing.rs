//! Framing, trailers and upgrades: attacks 3.16, 4.1 to 4.8.

use portreeve_tests::{Door, Request};

#[test]
fn trailers_never_become_headers() {
    let door = Door::open();
    let bytes = "POST /public/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: x-user-id\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\nX-User-Id: root\r\nAuthorization: Bearer x\r\n\r\n";
    let reply = door.gateway.send_raw(bytes);
    assert!([0, 200, 400].contains(&reply.status), "{reply:?}");
    for seen in door.upstream.take() {
        assert_eq!(
            (seen.header("x-user-id"), seen.header("authorization")),
            (None, None),
            "3.16 {}",
            seen.head
        );
    }
}

#[test]
fn framing_with_two_readings_never_yields_a_second_request() {
    let door = Door::open();
    let smuggled = "GET /admin/smuggled HTTP/1.1\r\nHost: localhost\r\nX-User-Id: root\r\n\r\n";
    let chunked = format!("0\r\n\r\n{smuggled}");
    let rows: Vec<(&str, String)> = vec![
        (
            "4.1 CL and TE",
            format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}", chunked.len()),
        ),
        ("4.1 TE and CL", format!("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n{chunked}")),
        ("4.2 identity last", format!("Transfer-Encoding: chunked, identity\r\n\r\n{chunked}")),
        ("4.2 identity first", format!("Transfer-Encoding: identity, chunked\r\n\r\n{chunked}")),
        ("4.2 xchunked", format!("Transfer-Encoding: xchunked\r\n\r\n{chunked}")),
        ("4.2 vertical tab", format!("Transfer-Encoding: chunked\x0b\r\n\r\n{chunked}")),
        ("4.2 space before the colon", format!("Transfer-Encoding : chunked\r\n\r\n{chunked}")),
        (
            "4.2 two lines",
            format!("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n{chunked}"),
        ),
        ("4.3 plus", format!("Content-Length: +5\r\n\r\nabcde{smuggled}")),
        ("4.3 list", format!("Content-Length: 5, 6\r\n\r\nabcde{smuggled}")),
        ("4.3 hexadecimal", format!("Content-Length: 0x5\r\n\r\nabcde{smuggled}")),
        ("4.3 negative", format!("Content-Length: -1\r\n\r\n{smuggled}")),
        ("4.3 two lines", format!("Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde{smuggled}")),
        ("4.3 too large", format!("Content-Length: 18446744073709551616\r\n\r\n{smuggled}")),
        ("4.4 signed chunk", format!("Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n{smuggled}")),
        (
            "4.4 prefixed chunk",
            format!("Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n{smuggled}"),
        ),
        (
            "4.4 overflowing chunk",
            format!("Transfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n{smuggled}"),
        ),
        ("P4 HTTP/1.0", format!("Transfer-Encoding: chunked\r\n\r\n{chunked}")),
    ];
    for (row, rest) in rows {
        door.upstream.take();
        let version = if row.starts_with("P4") { "1.0" } else { "1.1" };
        let bytes = format!("POST /public/x HTTP/{version}\r\nHost: localhost\r\n{rest}");
        let reply = door.gateway.send_raw(bytes);
        let seen = door.upstream.take();
        assert!(seen.len() <= 1, "{row}: {seen:#?}");
        for seen in &seen {
            assert_eq!(seen.target, "/public/x", "{row}: {seen:#?}");
            assert!(
                seen.values("transfer-encoding").len() + seen.values("content-length").len() <= 1,
                "{row}: {}",
                seen.head
            );
            assert!(!String::from_utf8_lossy(&seen.body).contains("smuggled"), "{row}: {seen:#?}");
        }
        // What follows on the same connection, if it is read at all, is a request of its own and judged as such.
        assert!(!String::from_utf8_lossy(&reply.rest).contains("200 OK"), "{row}: {reply:?}");
    }
}

#[test]
fn a_second_request_on_the_connection_is_judged_by_itself() {
    let door = Door::open();
    let (user, admin) = (door.user(), door.admin());
    let first = format!("GET /admin/a HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {admin}\r\n\r\n");
    let second = format!(
        "GET /admin/b HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {user}\r\nConnection: close\r\n\r\n"
    );
    let reply = door.gateway.send_raw(format!("{first}{second}"));
    assert_eq!(reply.status, 200);
    std::thread::sleep(std::time::Duration::from_millis(200));
    let targets: Vec<String> = door.upstream.take().into_iter().map(|seen| seen.target).collect();
    assert_eq!(targets, ["/admin/a"]);
}

#[test]
fn upgrades_that_are_not_websockets_are_not_tunnelled() {
    let door = Door::open();
    let request = Request::get("/public/x")
        .header("Connection", "Upgrade, HTTP2-Settings")
        .header("Upgrade", "h2c")
        .header("HTTP2-Settings", "AAMAAABkAAQAAP__");
    let reply = door.gateway.send(&request);
    assert!([200, 400].contains(&reply.status), "{reply:?}");
    for seen in door.upstream.take() {
        assert_eq!(
            (seen.header("upgrade"), seen.header("http2-settings")),
            (None, None),
            "4.8 {}",
            seen.head
        );
    }
}
