//! Targets: attacks 1.1 to 1.23.

use portreeve_tests::Door;

use crate::{NOT_ROUTED, UNREADABLE, get, refuses};

#[test]
fn paths_with_two_readings_are_refused() {
    let door = Door::open();
    let user = door.user();
    let rows: &[(&str, &[&str], &[u16])] = &[
        (
            "1.1 dot segments",
            &["/public/../admin/x", "/public/./../admin/x", "/public/x/../../admin/x"],
            &[400, 403],
        ),
        (
            "1.2 encoded dots",
            &["/public/%2e%2e/admin", "/public/.%2e/admin", "/public/%2E%2E/admin", "/public/%2e/x"],
            UNREADABLE,
        ),
        (
            "1.3 encoded slash",
            &[
                "/public/..%2fadmin",
                "/public%2f..%2fadmin",
                "/public/..%2Fadmin",
                "/files/sally%2f..%2fbob/x",
            ],
            UNREADABLE,
        ),
        (
            "1.4 backslash",
            &["/public/..%5cadmin", "/public\\..\\admin", "/public/..%5Cadmin", "/public/x%5c..%5cadmin"],
            UNREADABLE,
        ),
        (
            "1.5 encoded twice",
            &["/public/%252e%252e/admin", "/public/%25252f", "/public/..%252fadmin"],
            UNREADABLE,
        ),
        ("1.6 path parameters", &["/public/..;/admin", "/admin;x=y/action", "/adm;/in"], NOT_ROUTED),
        ("1.7 empty segments", &["//admin/x", "/public//..//admin", "/admin//x", "///"], &[400, 403, 404]),
        ("1.8 letter case", &["/ADMIN/x", "/Admin/x", "/aDmin/x"], &[404]),
        ("1.10 fragment", &["/public/x#/../../admin", "/public/x#y"], UNREADABLE),
        (
            "1.15 controls and bad UTF-8",
            &[
                "/files/%00../x",
                "/files/sally/a%0a",
                "/admin%0d",
                "/files/%c0%ae%c0%ae/x",
                "/files/%ff/x",
                "/public/%7f",
            ],
            UNREADABLE,
        ),
        ("1.16 newline", &["/admin%0Ax", "/public/%0a/admin"], UNREADABLE),
        ("1.17 wildcards", &["/*", "/ad*/x", "/{rest}"], NOT_ROUTED),
        ("1.21 look-alikes", &["/public%EF%BC%8F..%EF%BC%8Fadmin", "/adm%C4%B1n/x"], NOT_ROUTED),
        ("bad escapes", &["/public/%zz", "/public/%", "/public/%2", "/public/%u002f"], UNREADABLE),
    ];
    for (row, targets, statuses) in rows {
        for target in *targets {
            refuses(&door, row, &get(target, &user), statuses);
        }
    }
}

#[test]
fn a_raw_byte_in_the_target_is_refused() {
    let door = Door::open();
    for target in [&b"/public/\xff"[..], b"/public/\xef\xbc\x8f", b"/public/\x01", b"/public/\t"] {
        let bytes = [b"GET ", target, b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"].concat();
        refuses(&door, "1.14", &bytes, &[400, 0]);
    }
}

/// The HTTP library escapes a raw space before anybody sees it; it is judged and forwarded escaped.
#[test]
fn a_raw_space_in_the_target_is_judged_and_forwarded_escaped() {
    let door = Door::open();
    let bytes = b"GET /public/a b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(door.gateway.send_raw(bytes).status, 200);
    assert_eq!(door.upstream.only().target, "/public/a%20b");
    let reply =
        door.gateway.send_raw(b"GET /admin/a b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(reply.status, 401);
}

#[test]
fn long_targets_are_refused_at_once() {
    let door = Door::open();
    let user = door.user();
    refuses(&door, "1.22", &get(&format!("/public/{}", "a".repeat(70_000)), &user), &[400, 414, 431]);
    refuses(&door, "1.22", &get(&format!("/public{}", "/..".repeat(10_000)), &user), &[400, 414]);
}

#[test]
fn unreserved_characters_are_judged_and_forwarded_decoded() {
    let door = Door::open();
    refuses(&door, "1.20", &get("/%61dmin/x", &door.user()), &[403]);
    let reply = door.gateway.send_raw(get("/%61dmin/%78", &door.admin()));
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(door.upstream.only().target, "/admin/x");
}

#[test]
fn only_the_path_is_matched_never_the_query() {
    let door = Door::open();
    refuses(&door, "1.11", &get("/admin/x?y=/public/", &door.user()), &[403]);
    refuses(&door, "1.11", &get("/nowhere?/public/x", &door.user()), &[404]);
}

#[test]
fn the_owner_in_the_path_is_the_one_that_is_judged() {
    let door = Door::open();
    refuses(&door, "7.11", &get("/files/bob/x", &door.user()), &[403]);
    refuses(&door, "7.11", &get("/files/*/x", &door.user()), &[400, 403]);
    refuses(&door, "7.11", &get("/files/SALLY/x", &door.user()), &[403]);
    assert_eq!(door.gateway.send_raw(get("/files/sally/x", &door.user())).status, 200);
}

#[test]
fn a_query_value_given_twice_is_no_value() {
    let door = Door::open();
    let user = door.user();
    for query in [
        "owner=sally&owner=bob&id=1",
        "owner=bob&owner=sally&id=1",
        "owner=sally&%6fwner=bob&id=1",
        "id=1&id=2&owner=sally",
        "owner[]=sally&id=1",
        "id=1",
        "owner=bob&id=1",
    ] {
        refuses(&door, "1.23", &get(&format!("/search?{query}"), &user), &[400, 403]);
    }
    assert_eq!(door.gateway.send_raw(get("/search?owner=sally&id=1", &user)).status, 200);
    assert_eq!(door.upstream.only().target, "/search?owner=sally&id=1");
}
