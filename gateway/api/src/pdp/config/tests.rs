use std::time::Duration;

use portreeve_policies::Enforcement;

use super::*;

fn read(text: &str, set: &[&str]) -> (Option<Config>, Bundle, Report) {
    let file = SourceFile { name: "cerbos.yaml".into(), text: text.into() };
    let mut bundle = Bundle { revision: "r".into(), files: vec![file] };
    let set: Vec<String> = set.iter().map(|text| (*text).to_owned()).collect();
    let mut report = Report::default();
    let variables = |name: &str| (name == "PORT").then(|| "4000".to_owned());
    let config = Config::read(&mut bundle, &set, &variables, &mut report);
    (config, bundle, report)
}

const DISK: &str = "storage: { driver: disk, disk: { directory: policies } }\n";

#[test]
fn what_is_not_said_is_as_cerbos_has_it() {
    let (config, _, report) = read(DISK, &[]);
    let config = config.unwrap();
    assert!(report.is_empty(), "{report:?}");
    assert_eq!(config.listen, Listen { host: String::new(), port: 3592 });
    assert_eq!(config.limits, Limits { actions: 50, resources: 50 });
    assert!(!config.options.strict && !config.options.lenient_scope_search);
    assert_eq!((&*config.options.default_version, &*config.options.default_scope), ("default", ""));
    assert_eq!((config.storage.directory.as_str(), config.storage.watch), ("policies", false));
    assert_eq!(config.options.schemas, Enforcement::None);
    assert!(config.audit.is_none() && config.tokens == Tokens::default());
}

#[test]
fn every_setting_is_read() {
    let text = format!(
        "{DISK}server:\n  httpListenAddr: 127.0.0.1:${{PORT}}\n  requestLimits: {{ maxActionsPerResource: 5 }}\n\
         engine: {{ defaultPolicyVersion: v1, defaultScope: a.b, lenientScopeSearch: on, strictEvaluation: true, \
         globals: {{ env: test, n: 1 }} }}\nschema: {{ enforcement: reject }}\nauxData:\n  jwt:\n    keySets:\n    \
         - id: one\n      local: {{ file: k.jwk }}\n    - id: two\n      remote: {{ url: 'http://a/b', \
         refreshInterval: 5m }}\n      insecure: {{ optionalAlg: true }}\naudit:\n  enabled: true\n  backend: file\n  \
         accessLogsEnabled: false\n  file: {{ path: a.log, additionalPaths: [stdout] }}\n"
    );
    let (config, _, report) = read(&text, &["storage.disk.watchForChanges=true"]);
    assert!(report.is_empty(), "{report:?}");
    let config = config.unwrap();
    assert_eq!(config.listen, Listen { host: "127.0.0.1".into(), port: 4000 });
    assert_eq!(config.limits, Limits { actions: 5, resources: 50 });
    assert!(config.options.strict && config.options.lenient_scope_search && config.storage.watch);
    assert_eq!((&*config.options.default_version, &*config.options.default_scope), ("v1", "a.b"));
    assert_eq!(config.options.globals.get("n"), Some(&portreeve_cel::Value::Int(1)));
    assert_eq!(config.options.schemas, Enforcement::Reject);
    assert_eq!(config.tokens.key_sets[0].keys, Keys::File { path: "k.jwk".into(), pem: false });
    let refresh = Duration::from_secs(300);
    assert_eq!(config.tokens.key_sets[1].keys, Keys::Remote { url: "http://a/b".into(), refresh });
    assert!(config.tokens.key_sets[1].optional_alg && !config.tokens.key_sets[1].optional_kid);
    let audit = config.audit.unwrap();
    assert!(audit.decisions && !audit.access);
    assert_eq!(audit.paths, ["a.log", "stdout"]);
}

#[test]
fn calls_and_decisions_are_written_down_unless_the_configuration_says_otherwise() {
    for (said, access, decisions) in [
        ("", true, true),
        (", accessLogsEnabled: false", false, true),
        (", decisionLogsEnabled: false", true, false),
    ] {
        let (config, ..) = read(&format!("{DISK}audit: {{ enabled: true, backend: file{said} }}\n"), &[]);
        let audit = config.unwrap().audit.unwrap();
        assert_eq!((audit.access, audit.decisions), (access, decisions), "{said}");
    }
}

#[test]
fn what_there_is_not_is_refused_where_it_stands() {
    for (more, code, place) in [
        ("hub: { x: 1 }", "pdp/unknown-section", "hub"),
        ("enginee: {}", "pdp/unknown-section", "enginee"),
        ("engine: { foo: 1 }", "config/unknown-key", "foo"),
        ("engine: { lenientScopeSearch: 1 }", "config/wrong-type", "1"),
        ("server: { tls: { cert: a } }", "pdp/unsupported", "{ cert: a }"),
        ("server: { httpListenAddr: 'unix:/a' }", "config/wrong-type", "'unix:/a'"),
        ("server: { playgroundEnabled: true }", "pdp/unsupported", "true"),
        ("server: { requestLimits: { maxActionsPerResource: 501 } }", "config/wrong-type", "501"),
        ("schema: { enforcement: foo }", "config/unknown-value", "foo"),
        ("audit: { enabled: true, backend: kafka }", "pdp/unknown-backend", "kafka"),
        ("auxData: { jwt: { keySets: [{ id: a }] } }", "pdp/key-set", "a"),
        ("engine:\n  defaultScope: ${NOPE}", "pdp/unset-variable", "${NOPE}"),
    ] {
        let (config, bundle, report) = read(&format!("{DISK}{more}\n"), &[]);
        assert!(config.is_none(), "{more}");
        let found = &report.findings[0];
        assert_eq!(
            (found.code, bundle.text(found.span().unwrap())),
            (code, Some(place)),
            "{more}: {found:?}"
        );
    }
    let (config, _, report) = read("server: {}\n", &[]);
    assert!(config.is_none());
    assert_eq!(report.findings[0].message, "the configuration has no `storage`");
    let (_, _, report) = read("storage: { driver: git, git: { url: a } }\n", &[]);
    assert_eq!(report.findings[0].message, "the storage driver `git` is not supported");
}

#[test]
fn telemetry_is_passed_over_with_a_note() {
    let (config, _, report) = read(&format!("{DISK}telemetry: {{ disabled: true }}\n"), &[]);
    assert!(config.is_some());
    assert_eq!(report.findings[0].message, "`telemetry` is passed over: nothing is ever sent");
}

#[test]
fn an_override_that_is_wrong_is_shown_as_it_was_given() {
    let (config, bundle, report) = read(DISK, &["schema.enforcement=warn,engine.strictEvaluation=maybe"]);
    assert!(config.is_none());
    let span = report.findings[0].span().unwrap();
    assert_eq!(&*bundle.file(span).unwrap().name, "--set");
    assert_eq!(bundle.text(span), Some("engine.strictEvaluation=maybe"));
}
