//! Does a running gateway take new text whole, refuse bad text whole, and end when it is told to?

use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::time::Duration;

use portreeve_tests::{
    Door, Gateway, Issuer, KeyKind, PATIENCE, Project, Request, SigningKey, Upstream, client, eventually,
};
use serde_json::json;

const OPEN: &str = "defaults: { upstream: app, authenticate: [test] }
routes:
  - match: GET /files/{owner}/{name}
    resource: file
    action: read
    id: path.name
    attr: { owner: path.owner }
  - match: GET /admin/{rest*}
    resource: console
    action: use
    id: '\"console\"'
  - match: GET /new
    access: public
";

fn status(gateway: &Gateway, target: &str) -> u16 {
    gateway.send(&Request::get(target)).status
}

#[test]
fn a_route_file_that_is_replaced_is_taken_up() {
    let door = Door::open();
    assert_eq!(status(&door.gateway, "/new"), 404);
    let before = door.gateway.revision();
    door.gateway.project().replace("routes/main.yaml", OPEN);
    eventually("the new route is served", || status(&door.gateway, "/new") == 200);
    assert_ne!(door.gateway.revision(), before);
}

#[test]
fn a_policy_file_that_is_written_in_place_is_taken_up() {
    let door = Door::open();
    let user = door.user();
    let ask = || door.gateway.send(&Request::get("/admin/x").bearer(&user)).status;
    assert_eq!(ask(), 403);
    let text = std::fs::read_to_string(door.gateway.project().path("policies/console.yaml")).unwrap();
    door.gateway.project().write("policies/console.yaml", &text.replace("[admin]", "[admin, user]"));
    eventually("the new rule is obeyed", || ask() == 200);
    // And again: a watch that was lost with the first change would miss the second.
    door.gateway.project().replace("policies/console.yaml", &text);
    eventually("the old rule is obeyed again", || ask() == 403);
}

#[test]
fn a_secret_that_changes_in_its_file_is_taken_up_and_the_old_one_is_worth_nothing() {
    let upstream = Upstream::echo();
    let proxy = "  test: { headers: { secret: { header: x-proof, value: 'file:proof' }, fields: [x-who] }, principal: { id: \"headers['x-who']\" } }";
    let routes =
        "routes:\n  - { match: GET /me, access: authenticated, upstream: app, authenticate: [test] }\n";
    let project = Project::with_routes(upstream.port(), &Issuer::new(), routes).with_authenticators(proxy);
    let (old, new) = ("the first proof there is", "the second proof there is");
    project.write("proof", old);
    let gateway = Gateway::start(project);
    let shown = |proof: &str| {
        let request = Request::get("/me").header("x-who", "ann").header("x-proof", proof);
        gateway.send(&request).status
    };
    assert_eq!((shown(old), shown(new)), (200, 401));
    gateway.project().replace("proof", new);
    eventually("the new proof counts", || shown(new) == 200);
    assert_eq!(shown(old), 401);
}

#[test]
fn files_that_come_and_go_are_taken_up() {
    let door = Door::open();
    let project = door.gateway.project();
    project.write(
        "routes/deep/more.yaml",
        "defaults: { upstream: app }\nroutes:\n  - match: GET /more\n    access: public\n",
    );
    eventually("a file in a new folder is served", || status(&door.gateway, "/more") == 200);
    std::fs::remove_file(project.path("routes/deep/more.yaml")).unwrap();
    eventually("a file that went is no longer served", || status(&door.gateway, "/more") == 404);
}

/// Kubernetes mounts a ConfigMap as links into `..data`, itself a link that is swapped by a rename.
#[test]
fn a_config_map_that_is_swapped_is_taken_up() {
    let (upstream, issuer) = (Upstream::echo(), Issuer::new());
    let project = Door::project(upstream.port(), &issuer);
    let old = std::fs::read_to_string(project.path("routes/main.yaml")).unwrap();
    std::fs::remove_file(project.path("routes/main.yaml")).unwrap();
    project.write("routes/..2026_01/main.yaml", &old);
    symlink("..2026_01", project.path("routes/..data")).unwrap();
    symlink("..data/main.yaml", project.path("routes/main.yaml")).unwrap();
    let gateway = Gateway::start(project);
    assert_eq!((status(&gateway, "/public/x"), status(&gateway, "/new")), (200, 404));

    for (folder, text, new) in
        [("..2026_02", OPEN, 200), ("..2026_03", old.as_str(), 404), ("..2026_04", OPEN, 200)]
    {
        let project = gateway.project();
        project.write(&format!("routes/{folder}/main.yaml"), text);
        symlink(folder, project.path("routes/..data_tmp")).unwrap();
        std::fs::rename(project.path("routes/..data_tmp"), project.path("routes/..data")).unwrap();
        eventually("the swapped routes are served", || status(&gateway, "/new") == new);
    }
}

#[test]
fn a_bad_revision_leaves_the_old_one_serving_and_says_so() {
    let mut door = Door::open();
    let before = door.gateway.revision();
    let spoilt = OPEN.replace("upstream: app", "upstream: nowhere");
    door.gateway.project().replace("routes/main.yaml", &spoilt);

    eventually("the failure is counted", || door.gateway.metric("portreeve_reloads_total", &["fail"]) >= 1.0);
    assert_eq!(status(&door.gateway, "/public/x"), 200, "the old routes are still served");
    assert_eq!(status(&door.gateway, "/new"), 404, "nothing of the new ones is");
    assert!(door.gateway.ready(), "what is served is still good");
    let shown = door.gateway.revision();
    assert_eq!(shown["revision"], before["revision"]);
    assert!(shown.to_string().contains("nowhere"), "what is wrong is shown: {shown}");
    let log = format!("{}{}", door.gateway.process().stdout(), door.gateway.process().stderr());
    assert!(log.contains("nowhere") && log.contains("routes/main.yaml"), "what is wrong is logged:\n{log}");

    door.gateway.project().replace("routes/main.yaml", OPEN);
    eventually("a good revision is taken up again", || status(&door.gateway, "/new") == 200);
    assert!(!door.gateway.revision().to_string().contains("nowhere"), "what was wrong is over");
}

#[test]
fn a_bad_file_in_a_folder_that_is_newly_named_is_taken_up_once_it_is_good() {
    let door = Door::open();
    let project = door.gateway.project();
    project.write("other/main.yaml", &OPEN.replace("upstream: app", "upstream: nowhere"));
    let config = std::fs::read_to_string(project.path("portreeve.yaml")).unwrap();
    let other = config.replace("[routes/]", "[other/]");
    assert_ne!(other, config);
    project.replace("portreeve.yaml", &other);
    eventually("the failure is counted", || door.gateway.metric("portreeve_reloads_total", &["fail"]) >= 1.0);
    assert_eq!((status(&door.gateway, "/public/x"), status(&door.gateway, "/new")), (200, 404));
    // Soon after a change the files are looked at once more; a person takes longer.
    std::thread::sleep(Duration::from_secs(2));
    project.replace("other/main.yaml", OPEN);
    eventually("the file is good, and served", || status(&door.gateway, "/new") == 200);
}

#[test]
fn a_bad_policy_leaves_even_good_routes_untouched() {
    let door = Door::open();
    door.gateway.project().replace(
        "policies/console.yaml",
        "apiVersion: api.cerbos.dev/v1\nresourcePolicy: { resource: console\n",
    );
    eventually("the failure is counted", || door.gateway.metric("portreeve_reloads_total", &["fail"]) >= 1.0);
    door.gateway.project().replace("routes/main.yaml", OPEN);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!((status(&door.gateway, "/public/x"), status(&door.gateway, "/new")), (200, 404));
}

#[test]
fn keys_in_a_file_are_taken_up_when_it_is_replaced() {
    let mut door = Door::open();
    let old = door.user();
    let ask = |door: &Door, token: &str| door.gateway.send(&Request::get("/me").bearer(token)).status;
    assert_eq!(ask(&door, &old), 200);
    door.issuer.rotate(SigningKey::make(KeyKind::Rsa, "key-2"));
    let new = door.user();
    assert_eq!(ask(&door, &new), 401);
    door.gateway.project().replace("jwks.json", &door.issuer.jwks().to_string());
    eventually("the new key is trusted", || ask(&door, &new) == 200);
    eventually("the old key is not", || ask(&door, &old) == 401);
}

#[test]
fn sighup_reloads() {
    let mut door = Door::open();
    let before = door.gateway.metric("portreeve_reloads_total", &[]);
    door.gateway.process().signal("HUP");
    eventually("a reload is counted", || door.gateway.metric("portreeve_reloads_total", &[]) > before);
    assert_eq!(status(&door.gateway, "/public/x"), 200);
}

#[test]
fn many_changes_at_once_end_in_the_last_one() {
    let door = Door::open();
    let old = std::fs::read_to_string(door.gateway.project().path("routes/main.yaml")).unwrap();
    for number in 0..200 {
        door.gateway.project().replace("routes/main.yaml", if number % 2 == 0 { OPEN } else { &old });
    }
    door.gateway.project().replace("routes/main.yaml", OPEN);
    eventually("the last text is served", || status(&door.gateway, "/new") == 200);
}

#[test]
fn no_request_is_lost_while_revisions_change() {
    let door = Door::open();
    let port = door.gateway.project().port();
    let asking = std::thread::spawn(move || {
        (0..300).map(|_| Request::get("/public/x").send(port).status).collect::<Vec<u16>>()
    });
    let old = std::fs::read_to_string(door.gateway.project().path("routes/main.yaml")).unwrap();
    let more = format!("{old}  - match: GET /new\n    access: public\n");
    for number in 0..10 {
        door.gateway.project().replace("routes/main.yaml", if number % 2 == 0 { &more } else { &old });
        std::thread::sleep(Duration::from_millis(60));
    }
    let statuses = asking.join().unwrap();
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
}

#[test]
fn sigterm_with_nothing_to_do_ends_at_once() {
    for signal in ["TERM", "INT"] {
        let mut door = Door::open();
        // Browsers open connections before they have anything to ask.
        let _silent = TcpStream::connect(("127.0.0.1", door.gateway.project().port())).unwrap();
        assert_eq!(door.gateway.send(&Request::get("/public/x")).status, 200);
        door.gateway.process().signal(signal);
        // Nothing is under way, so the twenty seconds that it would wait for requests do not pass.
        let status = door.gateway.process().ended_within(Duration::from_secs(15)).expect("it ends");
        assert!(status.success(), "{signal}: {status}");
    }
}

#[test]
fn sigterm_lets_a_request_in_flight_finish_and_takes_no_new_one() {
    let (answer, told) = std::sync::mpsc::channel::<()>();
    let told = std::sync::Mutex::new(told);
    let mut door = Door::before(Upstream::answering(move |_| {
        told.lock().unwrap().recv().ok();
        portreeve_tests::Answer::After(Duration::from_millis(500))
    }));
    let port = door.gateway.project().port();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(&Request::get("/public/x").bytes()).unwrap();
    eventually("it arrived", || !door.upstream.seen().is_empty());

    door.gateway.process().signal("TERM");
    eventually("the port is closed", || TcpStream::connect(("127.0.0.1", port)).is_err());
    drop(answer);
    let reply = client::read_reply(&mut stream, false).unwrap();
    assert_eq!((reply.status, reply.header("connection")), (200, Some("close")), "{reply:?}");
    let status = door.gateway.process().ended_within(PATIENCE).expect("it ends after the last answer");
    assert!(status.success(), "{status}");
    assert_eq!(door.gateway.audit().records().len(), 1, "its record was written before the end");
}

#[test]
fn the_admin_listener_answers_about_the_gateway_and_nothing_else() {
    let (upstream, issuer) = (Upstream::echo(), Issuer::new());
    let gateway = Gateway::start(Door::project(upstream.port(), &issuer));
    assert_eq!(gateway.admin("/health/live").status, 200);
    assert_eq!(gateway.admin("/health/ready").status, 200);
    assert_eq!(gateway.admin("/nowhere").status, 404);
    let token = issuer.token("sally", &["user"], &json!({}));
    assert_eq!(gateway.send(&Request::get("/me").bearer(&token)).status, 200);
    // The admin listener serves no requests for services, and the other way round.
    assert_eq!(gateway.admin("/public/x").status, 404);
    let elsewhere: &Project = gateway.project();
    assert_ne!(elsewhere.port(), elsewhere.admin());
}
