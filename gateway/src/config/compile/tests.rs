use portreeve_diagnostics::{Bundle, SourceFile, yaml};

use super::*;

fn compiled(text: &str) -> (Option<Config>, Vec<String>) {
    let file = SourceFile { name: "portreeve.yaml".into(), text: text.into() };
    let bundle = Bundle { revision: "r".into(), files: vec![file] };
    let nodes = yaml::read(&bundle, 0).unwrap();
    let mut report = Report::default();
    let config = compile(&nodes[0], &Folder::of("portreeve.yaml".as_ref()), &mut report);
    let said = report.findings.iter().map(|d| {
        format!("{} @ {}", d.message, d.span().and_then(|span| bundle.text(span)).unwrap_or_default())
    });
    (config.filter(|_| !report.has_errors()), said.collect())
}

const SMALL: &str = "
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { app: { endpoints: [http://127.0.0.1:8000] } }
routes: [routes/]
policies: { directory: policies }
";

#[test]
fn what_is_not_said_has_safe_defaults() {
    let (config, said) = compiled(SMALL);
    assert_eq!(said, Vec::<String>::new());
    let config = config.unwrap();
    assert!(config.admin.ip().is_loopback());
    assert_eq!(config.evaluation, Evaluation::Strict);
    assert!(config.listeners[0].trusted_proxies.is_empty());
    assert!(config.listeners[0].tls.is_none());
}

#[test]
fn an_upstream_that_is_the_gateway_itself_is_refused() {
    let (_, said) = compiled(&SMALL.replace("8000", "8080"));
    assert_eq!(said, ["the upstream `app` is the gateway itself, which listens at `127.0.0.1:8080` @ app"]);
}

#[test]
fn everything_that_is_wrong_is_said_at_its_place() {
    for (extra, expected) in [
        ("limts: {}", "unknown key `limts` in the configuration @ limts"),
        ("admin: { address: localhost }", "`localhost` is not an address and a port @ localhost"),
        ("audit:", "`audit` is given without a value @ audit"),
        (
            "audit: [stdout, stdout]",
            "two audit sinks write to the same place, so every record would be there twice @ stdout",
        ),
        (
            "audit: [{ file: { path: a } }, { file: { path: ./a } }]",
            "two audit sinks write to the same place, so every record would be there twice @ { file: { path: ./a } }",
        ),
        ("audit: [{ file: { path: a, max-size: 0 } }]", "`max-size` must be more than 0 @ 0"),
        ("audit: [{ file: { path: a, max-size: 1MiB, keep: 0 } }]", "`keep` must be more than 0 @ 0"),
        (
            "audit: [{ file: { path: a, max-size: 1MiB, keep: 10001 } }]",
            "`keep` must be at most 10000 @ 10001",
        ),
        ("authenticators: { '': { deny: all } }", "a name is empty @ ''"),
        ("admin: { address: }", "`address` is given without a value @ address"),
        ("limits: { body: }", "`body` is given without a value @ body"),
        ("limits: { header-timeout: 0s }", "`header-timeout` must be more than 0 @ 0s"),
        ("limits: { idle-timeout: 1000000d }", "`idle-timeout` is longer than 100 years @ 1000000d"),
        (
            "admin: { address: 127.0.0.1:8080 }",
            "a listener has `127.0.0.1:8080`, so `admin` cannot have `127.0.0.1:8080` @ { address: 127.0.0.1:8080 }",
        ),
        (
            "admin: { address: 0.0.0.0:8080 }",
            "a listener has `127.0.0.1:8080`, so `admin` cannot have `0.0.0.0:8080` @ { address: 0.0.0.0:8080 }",
        ),
        ("limits: { connections: 0 }", "`connections` must be more than 0 @ 0"),
        ("log: { format: xml }", "`xml` is not a value of `format` @ xml"),
        ("audit: [stdot]", "`stdot` is not a value of `audit` @ stdot"),
        ("audit: [{ file: { pth: a } }]", "`file` has no `path` @ pth: "),
    ] {
        let (config, said) = compiled(&format!("{SMALL}{extra}\n"));
        assert!(config.is_none(), "{extra}");
        assert!(said.iter().any(|said| said == expected), "{extra}: {said:?}");
    }
}

#[test]
fn what_says_nothing_is_said_to_say_nothing() {
    let (config, said) = compiled(&format!("{SMALL}audit: [{{ file: {{ path: a, keep: 3 }} }}]\n"));
    assert_eq!(said, ["without `max-size` there is one file, and `keep` says nothing @ 3"]);
    assert!(config.is_some());
}

#[test]
fn what_is_extra_can_be_left_blank() {
    let extra = "admin:\nlimits:\nlog:\nauthenticators:\nmutators:\nanswers:\naudit: []\n";
    let (config, said) = compiled(&format!("{SMALL}{extra}"));
    assert_eq!(said, Vec::<String>::new());
    assert_eq!(config.unwrap().limits, LIMITS);
}

#[test]
fn an_endpoint_that_is_there_twice_is_said_to_be() {
    let twice = "[http://127.0.0.1:8000, http://127.0.0.1:8000/]";
    let (config, said) = compiled(&SMALL.replace("[http://127.0.0.1:8000]", twice));
    assert_eq!(said, ["the endpoint `http://127.0.0.1:8000/` is there twice @ http://127.0.0.1:8000/"]);
    assert_eq!(config.unwrap().upstreams[0].endpoints.len(), 1);
}

#[test]
fn listeners_and_upstreams_are_checked_too() {
    for (from, to, expected) in [
        ("127.0.0.1:8080", "127.0.0.1", "`127.0.0.1` is not an address and a port @ 127.0.0.1"),
        (
            "127.0.0.1:8080",
            "127.0.0.1:1, trusted-proxies: 0.0.0.0/0",
            "`0.0.0.0/0` is everybody, and then anybody could say who they are @ 0.0.0.0/0",
        ),
        (
            "127.0.0.1:8080",
            "127.0.0.1:1, trusted-proxies: 128.0.0.0/1",
            "`128.0.0.0/1` is everybody, and then anybody could say who they are @ 128.0.0.0/1",
        ),
        ("[http://127.0.0.1:8000]", "http://a, host: 'a:70000'", "`a:70000` is not a host @ 'a:70000'"),
        (
            "http://127.0.0.1:8000",
            "ftp://a",
            "the endpoint `ftp://a` must start with `http://` or `https://` @ ftp://a",
        ),
        ("127.0.0.1:8080", "127.0.0.1:1, tls: { certificates: [] }", "`tls` has no certificate to show @ []"),
        ("127.0.0.1:8080", "127.0.0.1:1, tls: ", "`tls` is given without a value @ tls"),
        (
            "127.0.0.1:8080",
            "127.0.0.1:1, h2c: true, tls: {}",
            "with `tls`, HTTP/2 is negotiated and never spoken in the clear @ true",
        ),
        (
            "{ address: 127.0.0.1:8080 }",
            "{ address: 127.0.0.1:8080 }, { address: 0.0.0.0:8080 }",
            "`127.0.0.1:8080` and `0.0.0.0:8080` cannot both be listened at @ { address: 0.0.0.0:8080 }",
        ),
        ("[routes/]", "[]", "`routes` is an empty list @ []"),
        ("[routes/]", "['']", "`routes` is empty @ ''"),
        ("directory: policies", "directory: ' '", "`directory` is empty @ ' '"),
        ("app: {", "'': {", "a name is empty @ ''"),
        ("[http://127.0.0.1:8000]", "http://a, tls: ", "`tls` is given without a value @ tls"),
        ("[http://127.0.0.1:8000]", "http://a, read-timeout: 0s", "`read-timeout` must be more than 0 @ 0s"),
        (
            "[http://127.0.0.1:8000]",
            "http://a, health: { interval: 0s }",
            "`interval` must be more than 0 @ 0s",
        ),
        (
            "127.0.0.1:8080",
            "127.0.0.1:1, trusted-proxies: ",
            "`trusted-proxies` is given without a value @ trusted-proxies",
        ),
        ("[http://127.0.0.1:8000]", "[]", "an upstream needs at least one endpoint @ []"),
        (
            "[http://127.0.0.1:8000]",
            "https://a.test, tls: { ca: missing.pem }",
            "`missing.pem` cannot be read: entity not found @ missing.pem",
        ),
    ] {
        let (config, said) = compiled(&SMALL.replace(from, to));
        assert!(config.is_none(), "{to}");
        assert!(said.iter().any(|said| said == expected), "{to}: {said:?}");
    }
}
