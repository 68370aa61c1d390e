//! Every rule that cannot be said exactly refuses, is said with its place, and leaves a project that loads.

use portreeve_diagnostics::{Bundle, Severity, SourceFile};

use super::{Imported, oathkeeper};
use crate::{
    revision::{self, KeptParts},
    source::Source,
};

const RULE: &str = r#"
id: one
match: { url: "http://a.test/x", methods: [GET] }
authenticators: [{ handler: anonymous }]
authorizer: { handler: allow }
mutators: [{ handler: noop }]
upstream: { url: "http://127.0.0.1:8000" }
"#;

const CONFIG: &str = r#"
serve: { proxy: { port: 4455 } }
authenticators:
  noop: { enabled: true }
  unauthorized: { enabled: true }
  anonymous: { enabled: true, config: { subject: guest } }
  jwt: { enabled: true, config: { jwks_urls: ["http://127.0.0.1:1/keys.json"], trusted_issuers: ["https://i.test"] } }
  oauth2_introspection: { enabled: true, config: { introspection_url: "http://127.0.0.1:1/introspect" } }
  cookie_session: { enabled: true, config: { check_session_url: "http://127.0.0.1:1/", only: [sid] } }
  bearer_token: { enabled: true, config: { check_session_url: "http://127.0.0.1:1/", token_from: { query_parameter: t } } }
  oauth2_client_credentials: { enabled: true, config: { token_url: "http://127.0.0.1:1/token" } }
authorizers: { allow: { enabled: true }, deny: { enabled: true }, remote_json: { enabled: true } }
mutators:
  noop: { enabled: true }
  header: { enabled: true, config: { headers: { X-User: "{{ print .Subject }}" } } }
  cookie: { enabled: true }
  hydrator: { enabled: true }
  id_token: { enabled: true, config: { issuer_url: "https://g.test", jwks_url: "file:///keys.json" } }
"#;

fn imported(config: &str, rules: &str) -> Imported {
    let file = |name: &str, text: &str| SourceFile { name: name.into(), text: text.into() };
    let files = vec![file("config.yaml", config), file("rules.yaml", rules)];
    oathkeeper(&Bundle { revision: "".into(), files }).unwrap_or_else(|report| panic!("{report:?}"))
}

/// The rule with these lines in place of those for the same keys.
fn rule(line: &str) -> String {
    let key = |line: &str| line.split(':').next().unwrap_or_default().to_owned();
    let stated: Vec<_> = line.lines().map(key).collect();
    let kept = RULE.lines().filter(|known| !known.is_empty() && !stated.contains(&key(known)));
    let lines: Vec<&str> = kept.chain(line.lines().filter(|line| !line.ends_with(": -"))).collect();
    format!("- {}\n", lines.join("\n  "))
}

fn text<'i>(imported: &'i Imported, name: &str) -> &'i str {
    imported.files.iter().find(|(known, _)| known == name).map_or("", |(_, text)| text.as_str())
}

/// What `check` finds in the project.
fn checked(imported: &Imported) -> Vec<String> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    for name in ["routes", "policies", "secrets"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    for (name, text) in imported.files.iter().chain(&imported.secrets) {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let compiled = revision::compile(&Source::of(folder.path()), &KeptParts::default());
    // A rule that waits for a decision is no route yet, or does not name its authenticators.
    let waits = |code: &str| ["config/unused", "config/no-routes"].contains(&code);
    let findings = compiled.report.findings.iter().filter(|found| !waits(found.code));
    findings.map(|found| format!("{} {}", found.code, found.message)).collect()
}

#[test]
fn what_can_be_said_exactly_is_written_and_loads() {
    for (line, expected) in [
        ("id: one", "authenticate: [anonymous]"),
        ("authenticators: [{ handler: noop }]", "access: public"),
        ("authenticators: [{ handler: unauthorized }]", "authenticate: [unauthorized]"),
        ("authenticators: [{ handler: jwt }, { handler: anonymous }]", "authenticate: [jwt, anonymous]"),
        (
            "authenticators: [{ handler: jwt, config: { trusted_issuers: [a, b] } }]",
            "authenticate: [jwt, jwt-2]",
        ),
        ("authenticators: [{ handler: oauth2_introspection }]", "authenticate: [oauth2-introspection]"),
        ("authenticators: [{ handler: cookie_session }]", "authenticate: [cookie-session]"),
        ("authenticators: [{ handler: bearer_token }]", "authenticate: [bearer-token]"),
        (
            "authenticators: [{ handler: oauth2_client_credentials }]",
            "authenticate: [oauth2-client-credentials]",
        ),
        ("authorizer: { handler: deny }", "resource: oathkeeper_rule"),
        ("match: { url: 'http://a.test/<[0-9]+>', methods: [get] }", "path: \"/{p1}\""),
        (
            "mutators: [{ handler: header }, { handler: header, config: { headers: { X-A: b } } }]",
            "mutate: [headers, headers-2]",
        ),
        ("mutators: [{ handler: cookie, config: { cookies: { A: b } } }]", "mutate: [cookies]"),
        ("upstream: { url: 'https://b.test', preserve_host: true }", "upstream: b-test"),
    ] {
        let imported = imported(CONFIG, &rule(line));
        assert_eq!(imported.refused, 0, "{line}: {:#?}", imported.report);
        assert!(text(&imported, "routes/rules.yaml").contains(expected), "{line}: {imported:#?}");
        assert_eq!(checked(&imported), Vec::<String>::new(), "{line}: {imported:#?}");
    }
}

#[test]
fn what_cannot_be_said_exactly_refuses_until_somebody_decides() {
    for (line, code) in [
        ("match: { url: 'http://a.test/<(?!b).*>', methods: [GET] }", "import/pattern"),
        ("match: { url: 'http://a.test/<', methods: [GET] }", "import/pattern"),
        ("match: { url: 'http://a.test/x', methods: [] }", "import/methods"),
        ("match: { authority: a, full_method: p.S/M }", "import/procedure"),
        ("authenticators: -", "import/no-authenticator"),
        ("authenticators: [{ handler: broken }]", "import/not-enabled"),
        ("authenticators: [{ handler: cookie_session, config: { only: [] } }]", "import/session-cookie"),
        (
            "authenticators: [{ handler: cookie_session, config: { check_session_url: 'http://a.test/who' } }]",
            "import/session-path",
        ),
        (
            "authenticators: [{ handler: cookie_session, config: { subject_from: 'a.#.b' } }]",
            "import/session-answer",
        ),
        ("authenticators: [{ handler: jwt, config: { required_scope: [a] } }]", "import/scope-strategy"),
        (
            "authenticators: [{ handler: jwt, config: { allowed_algorithms: [HS256] } }]",
            "import/jwt-algorithm",
        ),
        ("authenticators: [{ handler: jwt, config: { jwks_urls: [] } }]", "import/jwt-keys"),
        ("authenticators: [{ handler: jwt, config: { jwks_urls: ['s3://a/b'] } }]", "import/jwt-keys"),
        (
            "authenticators: [{ handler: oauth2_introspection, config: { pre_authorization: { enabled: true } } }]",
            "import/introspection-client",
        ),
        ("authorizer: -", "import/no-authorizer"),
        ("authorizer: { handler: keto_engine_acp_ory }", "import/not-enabled"),
        ("authorizer: { handler: remote_json }", "import/authorizer"),
        ("mutators: -", "import/no-mutator"),
        ("mutators: [{ handler: hydrator }]", "import/handler"),
        ("mutators: [{ handler: id_token }]", "import/signing-key"),
        ("mutators: [{ handler: header, config: { headers: { X: '{{ env \"A\" }}' } } }]", "import/template"),
        ("upstream: -", "import/upstream"),
        ("upstream: { url: 'http://a.test/base' }", "import/upstream-path"),
        ("upstream: { url: 'http://a.test', strip_path: /x }", "import/strip-path"),
        (
            "match: { url: 'http://a.test/<[0-9]+>', methods: [GET] }\nauthenticators: [{ handler: noop }]",
            "import/public-condition",
        ),
    ] {
        let imported = imported(CONFIG, &rule(line));
        let errors = imported.report.findings.iter().filter(|found| found.severity == Severity::Error);
        assert!(errors.clone().any(|found| found.code == code), "{line}: {:#?}", imported.report);
        assert!(errors.clone().all(|found| found.span().is_some()), "{line}");
        assert_eq!(imported.refused, 1, "{line}");
        let routes = text(&imported, "routes/rules.yaml");
        assert!(routes.contains("# decide: "), "{line}: {routes}");
        assert!(!routes.lines().any(|line| line.starts_with("    access: public")), "{line}: {routes}");
        let open = routes.lines().filter(|line| line.starts_with("    authenticate:"));
        assert!(open.clone().all(|line| line == "    authenticate: [refused]"), "{line}: {routes}");
        assert_eq!(checked(&imported), Vec::<String>::new(), "{line}: {imported:#?}");
    }
}

#[test]
fn nothing_that_is_left_out_is_left_out_in_silence() {
    for (line, said) in [
        (
            "errors: [{ handler: redirect, config: { to: 'http://x' } }]",
            "the error handler `redirect` is not imported",
        ),
        ("frob: 1", "`frob` of a rule is not imported"),
        ("upstream: { url: 'http://a.test', frob: 1 }", "`frob` of `upstream` is not imported"),
        ("authenticators: [{ handler: jwt, config: { frob: 1 } }]", "`frob` of `jwt` is not imported"),
        ("match: { url: 'http://a.test:8080/x', methods: [GET] }", "the port of its URL plays no part"),
        ("match: { url: 'http://a.test/x/', methods: [GET] }", "a pattern with a slash at its end"),
    ] {
        let imported = imported(CONFIG, &rule(line));
        let found = imported.report.findings.iter().find(|found| found.message.starts_with(said));
        assert!(
            found.is_some_and(|found| found.severity == Severity::Warning),
            "{line}: {:#?}",
            imported.report
        );
        assert!(text(&imported, "routes/rules.yaml").contains(said), "{line}");
        assert_eq!(imported.refused, 0, "{line}");
    }
    for (key, said) in [
        ("tracing: { provider: otel }", "`tracing` of the configuration is not imported"),
        ("errors: { fallback: [redirect] }", "`errors` is not imported"),
        ("access_rules: { frob: 1 }", "`frob` of `access_rules` is not imported"),
    ] {
        let imported = imported(&format!("{CONFIG}{key}\n"), &rule("id: one"));
        assert!(text(&imported, "portreeve.yaml").contains(said), "{key}: {imported:#?}");
    }
}

#[test]
fn rules_that_paths_do_not_tell_apart_are_all_refused() {
    let two = |first: &str, second: &str| {
        let of = |url: &str, id: &str| {
            rule(&format!("match: {{ url: '{url}', methods: [GET] }}"))
                .replace("id: one", &format!("id: {id}"))
        };
        imported(CONFIG, &(of(first, "one") + &of(second, "two")))
    };
    for (first, second, refused, overlap) in [
        ("http://a.test/<[0-9]+>", "http://a.test/<[a-z]+>", 2, false),
        ("http://a.test/x", "https://a.test/x", 2, false),
        ("http://a.test/x", "http://a.test/x/", 0, false),
        ("http://a.test/<.*>", "http://a.test/<(?!admin).*>", 2, false),
        ("http://a.test/x", "http://a.test/y", 0, false),
        ("http://a.test/x", "http://a.test/<[^/]+>", 0, true),
        ("http://a.test/x", "http://a.test/<[0-9]+>", 0, false),
        ("http://a.test/x", "http://<[^/]+>/x", 0, true),
    ] {
        let imported = two(first, second);
        assert_eq!(imported.refused, refused, "{first} {second}: {:#?}", imported.report);
        let said = imported.report.findings.iter().any(|found| found.code == "import/overlap");
        assert_eq!(said, overlap, "{first} {second}: {:#?}", imported.report);
        assert_eq!(checked(&imported), Vec::<String>::new(), "{first} {second}: {imported:#?}");
    }
}

#[test]
fn a_secret_is_in_a_file_of_its_own_and_in_no_other() {
    let line =
        "authenticators: [{ handler: cookie_session, config: { additional_headers: { X-Key: hunter2 } } }]";
    let imported = imported(CONFIG, &rule(line));
    assert!(imported.files.iter().all(|(_, text)| !text.contains("hunter2")), "{imported:#?}");
    assert_eq!(imported.secrets, [("secrets/x-key-1".to_owned(), "hunter2".to_owned())]);
    assert_eq!(checked(&imported), Vec::<String>::new());
}

#[test]
fn text_of_a_rule_cannot_become_a_part_of_the_project() {
    let line = "description: \"a\\n  - { name: b, match: GET /b, access: public, upstream: upstream }\"";
    let imported = imported(CONFIG, &rule(line));
    assert_eq!(text(&imported, "routes/rules.yaml").matches("\n  - ").count(), 1);
    assert_eq!(checked(&imported), Vec::<String>::new());
}

#[test]
fn what_cannot_be_read_is_said_at_its_place() {
    for (rules, code) in [
        ("{ id: one }", "config/wrong-type"),
        ("- one", "config/wrong-type"),
        ("- { id: one }", "import/no-match"),
        ("- { id: one, match: { methods: [GET] } }", "import/no-match"),
        ("- { id: one, match: { url: 'http://a/x' }, authenticators: [noop] }", "config/wrong-type"),
        ("[", "yaml/syntax"),
        ("- { id: one, id: two }", "yaml/duplicate-key"),
    ] {
        let file = |name: &str, text: &str| SourceFile { name: name.into(), text: text.into() };
        let files = vec![file("config.yaml", CONFIG), file("rules.yaml", rules)];
        let report = oathkeeper(&Bundle { revision: "".into(), files }).unwrap_err();
        let found = report.findings.first().unwrap();
        assert_eq!((found.code, found.span().map(|span| span.file)), (code, Some(1)), "{rules}: {report:?}");
    }
}
