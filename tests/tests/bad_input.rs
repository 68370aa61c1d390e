//! What happens when what is given is wrong: files, ports, keys, text, services?

use std::net::TcpListener;

use portreeve_tests::{Answer, Door, Gateway, Issuer, Project, Ran, Request, Upstream, free_port, run_in};
use serde_json::json;

/// Runs `serve` on a project that cannot be served, which must end by itself.
#[track_caller]
fn refuses_to_serve(project: &Project) -> Ran {
    let ran = run_in(project.root(), &["serve", "-c", "portreeve.yaml"]);
    assert!(ran.code.is_some_and(|code| code != 0), "{ran:?}");
    assert!(!ran.text().contains("panicked"), "{}", ran.text());
    ran
}

fn project() -> Project {
    Door::project(free_port(), &Issuer::new())
}

/// `check` finds this, and `serve` does not start on it.
#[track_caller]
fn found(project: &Project, wanted: &[&str]) {
    let checked = run_in(project.root(), &["check", "."]);
    assert_eq!(checked.code, Some(1), "{}", checked.text());
    for wanted in wanted {
        assert!(checked.text().contains(wanted), "`{wanted}` is missing from:\n{}", checked.text());
    }
    assert!(!checked.text().contains("panicked"), "{}", checked.text());
    refuses_to_serve(project);
}

#[test]
fn the_projects_of_these_tests_are_good_before_they_are_spoilt() {
    let ran = run_in(project().root(), &["check", "."]);
    assert_eq!(ran.code, Some(0), "{}", ran.text());
}

#[test]
fn a_config_file_that_is_not_there_is_named() {
    let project = Project::empty();
    let ran = run_in(project.root(), &["serve", "-c", "nowhere.yaml"]);
    assert!(ran.code.is_some_and(|code| code != 0) && ran.text().contains("nowhere.yaml"), "{}", ran.text());
    let ran = run_in(project.root(), &["check", "nowhere.yaml"]);
    assert!(ran.code.is_some_and(|code| code != 0) && ran.text().contains("nowhere.yaml"), "{}", ran.text());
}

#[test]
fn a_port_in_use_is_named() {
    let project = project();
    let _taken = TcpListener::bind(("127.0.0.1", project.port())).unwrap();
    let ran = refuses_to_serve(&project);
    assert!(ran.text().contains(&project.port().to_string()), "{}", ran.text());
}

#[test]
fn an_admin_port_in_use_is_named() {
    let project = project();
    let _taken = TcpListener::bind(("127.0.0.1", project.admin())).unwrap();
    let ran = refuses_to_serve(&project);
    assert!(ran.text().contains(&project.admin().to_string()), "{}", ran.text());
}

#[test]
fn a_gateway_before_itself_is_found() {
    let project = project();
    let own = format!("endpoints: [http://localhost:{}]", project.port());
    let text = std::fs::read_to_string(project.path("portreeve.yaml")).unwrap();
    let (before, rest) = text.split_once("endpoints: [").unwrap();
    let (_, after) = rest.split_once(']').unwrap();
    project.write("portreeve.yaml", &format!("{before}{own}{after}"));
    found(&project, &["config/own-listener", "is the gateway itself"]);
}

#[test]
fn a_key_set_that_is_missing_or_no_key_set_is_named() {
    let issuer = Issuer::new();
    for text in [
        None,
        Some("not json"),
        Some("{}"),
        Some("{\"keys\": []}"),
        Some("{\"keys\": [{\"kty\": \"oct\", \"k\": \"AAAA\"}]}"),
    ] {
        let project = Door::project(free_port(), &issuer);
        match text {
            None => std::fs::remove_file(project.path("jwks.json")).unwrap(),
            Some(text) => project.write("jwks.json", text),
        }
        let ran = refuses_to_serve(&project);
        assert!(ran.text().contains("jwks.json"), "{text:?}: {}", ran.text());
    }
}

#[test]
fn text_that_is_not_yaml_is_shown_where_it_breaks() {
    for (file, text) in [
        ("portreeve.yaml", "listeners: [\n"),
        ("portreeve.yaml", "listeners: {{{{\n"),
        ("portreeve.yaml", "\u{0}\u{1}"),
        ("portreeve.yaml", ""),
        ("routes/main.yaml", "routes:\n\t- match: x\n"),
        ("routes/main.yaml", "routes: 7\n"),
        ("policies/file.yaml", "apiVersion: [\n"),
    ] {
        let project = project();
        project.write(file, text);
        found(&project, &[file]);
    }
}

#[test]
fn a_file_that_is_not_utf_8_is_named() {
    let project = project();
    std::fs::write(project.path("routes/main.yaml"), b"routes: [\xff\xfe]\n").unwrap();
    found(&project, &["routes/main.yaml"]);
}

#[test]
fn keys_given_twice_are_found_in_every_file() {
    let project = project();
    project.write("routes/main.yaml", "defaults: { upstream: app }\nroutes:\n  - match: GET /a\n    access: public\n    access: authenticated\n");
    found(&project, &["routes/main.yaml", "access"]);

    let project = self::project();
    let policy = std::fs::read_to_string(project.path("policies/file.yaml")).unwrap();
    project.write(
        "policies/file.yaml",
        &policy.replace("  version: default", "  version: default\n  version: other"),
    );
    found(&project, &["policies/file.yaml", "version"]);
}

#[test]
fn anchors_that_multiply_are_stopped() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{}, ", level - 1).repeat(10);
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", below.trim_end_matches(", ")));
    }
    let deep = format!("routes: {}{}\n", "[".repeat(20_000), "]".repeat(20_000));
    for text in [bomb.as_str(), deep.as_str()] {
        for file in ["portreeve.yaml", "routes/main.yaml", "policies/file.yaml"] {
            let project = project();
            project.write(file, text);
            found(&project, &[file]);
        }
    }
}

#[test]
fn a_key_that_nobody_knows_is_met_with_the_nearest_known_one() {
    let project = project();
    let text = std::fs::read_to_string(project.path("portreeve.yaml")).unwrap();
    project.write("portreeve.yaml", &text.replace("upstreams:", "upstream:"));
    found(&project, &["portreeve.yaml", "`upstream`", "upstreams"]);
}

#[test]
fn what_is_wrong_with_an_authenticator_is_said_once_and_not_again_wherever_it_is_named() {
    let project = project();
    let config = std::fs::read_to_string(project.path("portreeve.yaml")).unwrap();
    let spoilt = config.replacen("audience:", "audiense:", 1);
    assert_ne!(spoilt, config);
    project.write("portreeve.yaml", &spoilt);
    found(&project, &["`audiense`", "`audience`"]);
    let text = run_in(project.root(), &["check", "."]).text();
    assert!(!text.contains("unknown-authenticator"), "{text}");
}

#[test]
fn names_that_nothing_bears_are_found() {
    let rows = [
        ("upstream: app", "upstream: ap", "`ap`"),
        ("authenticate: [test]", "authenticate: [tset]", "`tset`"),
        ("resource: console", "resource: consol", "consol"),
        ("action: use", "action: ues", "ues"),
    ];
    for (good, bad, wanted) in rows {
        let project = project();
        let text = std::fs::read_to_string(project.path("routes/main.yaml")).unwrap();
        project.write("routes/main.yaml", &text.replacen(good, bad, 1));
        found(&project, &["routes/main.yaml", wanted]);
    }
}

#[test]
fn an_attribute_that_a_policy_reads_and_no_route_supplies_is_found() {
    let project = project();
    let text = std::fs::read_to_string(project.path("routes/main.yaml")).unwrap();
    project.write("routes/main.yaml", &text.replace("    attr: { owner: path.owner }\n", ""));
    let ran = run_in(project.root(), &["check", "."]);
    assert!(ran.text().contains("owner"), "{}", ran.text());
}

#[test]
fn routes_that_tie_are_shown_both() {
    let project = project();
    let text = std::fs::read_to_string(project.path("routes/main.yaml")).unwrap();
    project.write(
        "routes/more.yaml",
        "defaults: { upstream: app }\nroutes:\n  - match: GET /files/{who}/{what}\n    access: public\n",
    );
    found(&project, &["routes/main.yaml", "routes/more.yaml"]);
    drop(text);
}

#[test]
fn a_route_that_does_not_say_who_may_come_does_not_compile() {
    let project = project();
    project.write("routes/more.yaml", "defaults: { upstream: app }\nroutes:\n  - match: GET /silent\n");
    found(&project, &["routes/more.yaml", "access"]);
}

#[test]
fn expressions_that_do_not_parse_are_shown() {
    for bad in [
        "R.attr.owner ==",
        "R.attr.owner == P.id)",
        "nosuchfunction(R.attr.owner)",
        "R.attr.owner === P.id",
        "\"unclosed",
    ] {
        let project = project();
        let text = std::fs::read_to_string(project.path("policies/file.yaml")).unwrap();
        let quoted = format!("'{bad}'");
        project.write("policies/file.yaml", &text.replace("R.attr.owner == P.id", &quoted));
        found(&project, &["policies/file.yaml"]);
    }
    let project = project();
    let text = std::fs::read_to_string(project.path("routes/main.yaml")).unwrap();
    project.write("routes/main.yaml", &text.replace("id: path.name", "id: path.nome"));
    found(&project, &["routes/main.yaml", "nome"]);
}

#[test]
fn a_key_set_url_that_hangs_does_not_hold_up_anything_else() {
    let hanging = Upstream::hanging();
    let (issuer, upstream) = (Issuer::new(), Upstream::echo());
    let project = Door::project(upstream.port(), &issuer);
    let text = std::fs::read_to_string(project.path("portreeve.yaml")).unwrap();
    let url = format!("jwks: 'http://127.0.0.1:{}/jwks.json'", hanging.port());
    project.write("portreeve.yaml", &text.replace("jwks: jwks.json", &url));
    let gateway = Gateway::start(project);

    assert_eq!(gateway.send(&Request::get("/public/x")).status, 200);
    let reply = gateway.send(&Request::get("/me").bearer(&issuer.token("sally", &["user"], &json!({}))));
    assert!([401, 503].contains(&reply.status), "{}", reply.status);
}

#[test]
fn keys_are_fetched_from_a_url_and_again_when_a_token_names_a_new_one() {
    let issuer = std::sync::Arc::new(std::sync::Mutex::new(Issuer::new()));
    let served = std::sync::Arc::clone(&issuer);
    let keys = Upstream::answering(move |_| Answer::json(&served.lock().unwrap().jwks()));
    let upstream = Upstream::echo();
    let project = Door::project(upstream.port(), &issuer.lock().unwrap());
    let text = std::fs::read_to_string(project.path("portreeve.yaml")).unwrap();
    let url = format!("jwks: 'http://127.0.0.1:{}/jwks.json', cool-down: 3s", keys.port());
    project.write("portreeve.yaml", &text.replace("jwks: jwks.json", &url));
    let gateway = Gateway::start(project);
    let ask = || {
        let token = issuer.lock().unwrap().token("sally", &["user"], &json!({}));
        gateway.send(&Request::get("/me").bearer(&token)).status
    };

    assert_eq!(ask(), 200);
    issuer.lock().unwrap().rotate(portreeve_tests::SigningKey::make(portreeve_tests::KeyKind::Rsa, "key-2"));
    portreeve_tests::eventually("the new key is fetched", || ask() == 200);

    // Unknown keys, one after the other, do not make the gateway ask the provider each time.
    keys.take();
    let began = std::time::Instant::now();
    for number in 0..30 {
        let stranger =
            portreeve_tests::SigningKey::make(portreeve_tests::KeyKind::P256, &format!("stranger-{number}"));
        let token = stranger.sign(&issuer.lock().unwrap().claims("sally", &["user"], &json!({})));
        assert_eq!(gateway.send(&Request::get("/me").bearer(&token)).status, 401);
    }
    // One for each cool-down that passed meanwhile.
    let fetches = 2 + began.elapsed().as_secs() / 3;
    assert!(keys.take().len() as u64 <= fetches, "the provider was asked again and again");
}

/// A name, what the service answers to the gateway's own question, and what the caller may be told.
type Row = (&'static str, fn() -> Answer, &'static [u16]);

#[test]
fn a_stored_resource_that_cannot_be_read_is_never_an_empty_one() {
    let answers: Vec<Row> = vec![
        ("absent", || Answer::Body(404, "application/json", b"{}".to_vec()), &[404]),
        ("error", || Answer::Body(500, "application/json", b"{}".to_vec()), &[502]),
        (
            "redirect",
            || {
                Answer::Raw(
                    b"HTTP/1.1 302 Found\r\nLocation: /public/x\r\nContent-Length: 0\r\n\r\n".to_vec(),
                )
            },
            &[502],
        ),
        ("list", || Answer::json(&json!([{ "owner": "sally" }])), &[502]),
        ("text", || Answer::Body(200, "text/plain", b"owner: sally".to_vec()), &[502]),
        (
            "twice",
            || Answer::Body(200, "application/json", br#"{"owner":"bob","owner":"sally"}"#.to_vec()),
            &[502],
        ),
        (
            "cut off",
            || {
                Answer::Raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{\"owner\":\"sally\"".to_vec())
            },
            &[502],
        ),
        (
            "too large",
            || Answer::json(&json!({ "owner": "sally", "filler": "x".repeat(20_000_000) })),
            &[502],
        ),
        ("nothing known", || Answer::json(&json!({})), &[403]),
        ("silence", || Answer::Never, &[504]),
    ];
    for (row, answer, statuses) in answers {
        let upstream = Upstream::answering(move |_| answer());
        let issuer = Issuer::new();
        let project = Door::project(upstream.port(), &issuer);
        project.write(
            "routes/main.yaml",
            "defaults: { upstream: app, authenticate: [test] }
routes:
  - match: DELETE /notes/{id}
    resource: file
    action: read
    id: path.id
    load: GET /notes/{id}
",
        );
        std::fs::remove_file(project.path("policies/console.yaml")).unwrap();
        let gateway = Gateway::start(project);
        let token = issuer.token("sally", &["user"], &json!({}));
        let request = Request::new("DELETE", "/notes/7").bearer(&token).header("Cookie", "a=1");
        let reply = gateway.send(&request);
        assert!(statuses.contains(&reply.status), "{row}: {} {}", reply.status, reply.text());
        let seen = upstream.seen();
        assert!(
            seen.iter().all(|seen| seen.method == "GET" && seen.target == "/notes/7"),
            "{row}: {seen:#?}"
        );
        assert!(
            seen.iter().all(|seen| seen.header("authorization").is_none() && seen.header("cookie").is_none()),
            "{row}"
        );
        assert_eq!(gateway.audit().wait_for(1)[0]["status"], reply.status, "{row}");
    }
}

#[test]
fn a_service_that_hangs_does_not_hold_up_refusals() {
    let door = Door::before(Upstream::hanging());
    let port = door.gateway.project().port();
    let waiting = std::thread::spawn(move || Request::get("/public/x").try_send(port));
    assert_eq!(door.gateway.send(&Request::get("/me")).status, 401);
    drop(door);
    waiting.join().ok();
}

#[test]
fn large_heads_are_refused() {
    let door = Door::open();
    let rows = [
        Request::get("/public/x").header("X-Large", &"a".repeat(1 << 20)),
        Request::get("/public/x").header("Cookie", &"a=b; ".repeat(1 << 18)),
        (0..10_000)
            .fold(Request::get("/public/x"), |request, number| request.header(&format!("X-{number}"), "1")),
    ];
    for request in rows {
        let reply = door.gateway.send(&request);
        assert!([0, 400, 413, 431].contains(&reply.status), "6.2: {}", reply.status);
        assert!(door.upstream.take().is_empty(), "6.2");
    }
    assert_eq!(door.gateway.send(&Request::get("/public/x")).status, 200, "it goes on serving");
}

#[test]
fn noise_on_the_port_is_survived() {
    let door = Door::open();
    for noise in [
        &b"\r\n\r\n"[..],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET",
        b"\0\0\0\0",
        b"SSH-2.0-OpenSSH_9.0\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ] {
        let port = door.gateway.project().port();
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        std::io::Write::write_all(&mut stream, noise).unwrap();
        portreeve_tests::client::finish(&stream);
    }
    assert_eq!(door.gateway.send(&Request::get("/public/x")).status, 200);
}
