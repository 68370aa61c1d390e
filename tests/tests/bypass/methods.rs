//! Hosts and methods: attacks 1.12, 1.13, 2.1 to 2.8, 3.12.

use portreeve_tests::{Door, Request};

use crate::{UNREADABLE, refuses};

#[test]
fn the_host_must_be_one_and_well_formed() {
    let door = Door::open();
    let head =
        |lines: &str| format!("GET /public/x HTTP/1.1\r\n{lines}Connection: close\r\n\r\n").into_bytes();
    for lines in [
        "Host: a\r\nHost: b\r\n",
        "Host: a\r\nHost: a\r\n",
        "Host:\r\n",
        "",
        "Host: a@b\r\n",
        "Host: a/b\r\n",
        "Host: a b\r\n",
        "Host: a,b\r\n",
        "Host: a:port\r\n",
    ] {
        refuses(&door, "2.2", &head(lines), UNREADABLE);
    }
}

#[test]
fn a_target_that_names_a_host_must_agree_with_the_host_header() {
    let door = Door::open();
    refuses(
        &door,
        "1.12",
        b"GET http://other.test/public/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        UNREADABLE,
    );
    let reply = door
        .gateway
        .send_raw("GET http://localhost/admin/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!([400, 401].contains(&reply.status), "{reply:?}");
    assert!(door.upstream.take().is_empty());
}

#[test]
fn methods_mean_what_they_say() {
    let door = Door::open();
    let user = door.user();
    let send = |method: &str, target: &str| Request::new(method, target).bearer(&user).bytes();
    refuses(
        &door,
        "1.13",
        b"CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n",
        &[400, 404, 405, 501],
    );
    refuses(
        &door,
        "1.13",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        &[400, 404, 405, 501],
    );
    for method in ["get", "PROPFIND", "JEFF", "TRACE", "DELETE"] {
        refuses(&door, "2.7", &send(method, "/public/x"), &[400, 404, 405, 501]);
    }
    refuses(&door, "2.7", &send(&"X".repeat(1024), "/public/x"), &[400, 404, 405, 501]);
    // HEAD is the question that GET is, OPTIONS without a preflight's headers is none.
    refuses(&door, "2.8", &send("HEAD", "/admin/x"), &[403]);
    refuses(&door, "2.8", &send("OPTIONS", "/admin/x"), &[403, 404, 405]);
    let preflight = Request::new("OPTIONS", "/admin/x")
        .header("Origin", "https://evil.test")
        .header("Access-Control-Request-Method", "GET");
    refuses(&door, "2.8", &preflight.bytes(), &[401, 403, 404, 405]);
}

#[test]
fn no_header_or_parameter_changes_the_method() {
    let door = Door::open();
    for name in ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method", "x_http_method_override"] {
        door.upstream.take();
        let reply = Request::new("POST", "/public/x")
            .header(name, "DELETE")
            .body(b"")
            .send(door.gateway.project().port());
        for seen in door.upstream.take() {
            assert!(
                !seen.head.to_lowercase().contains("override")
                    && !seen.head.to_lowercase().contains("x-http-method"),
                "2.6 {name}: {reply:?} {seen:#?}"
            );
        }
    }
}

#[test]
fn a_friendly_user_agent_opens_nothing() {
    let door = Door::open();
    for agent in ["GoogleHC/1.0", "kube-probe/1.30", "ELB-HealthChecker/2.0"] {
        refuses(&door, "3.12", &Request::get("/admin/x").header("User-Agent", agent).bytes(), &[401]);
    }
    for path in ["/health/live", "/health/ready", "/metrics", "/revision"] {
        refuses(&door, "3.12", &Request::get(path).bytes(), &[404]);
    }
}
