//! Which attack on tokens, sessions and configured addresses is held off by which test? And those that have no better
//! place than here, against the running gateway.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, path::Path};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use portreeve_tests::{Answer, Gateway, Issuer, Project, Request, Upstream, run_in, workspace};
use serde_json::{Value, json};

/// What an attack is, and the tests that hold it off.
const ROWS: [(&str, &[&str]); 34] = [
    ("5.1 an algorithm that is none", &["the_algorithm_is_the_issuers_and_the_keys_never_the_tokens"]),
    ("5.2 a public key as a secret", &["a_public_key_is_never_a_secret"]),
    ("5.3 keys in the token's header", &["keys_that_a_token_brings_along_are_not_looked_at"]),
    (
        "5.4 key ids of the attacker's",
        &[
            "a_key_id_is_looked_up_in_the_configured_set_and_nowhere_else",
            "an_unknown_key_fetches_the_set_once_per_cool_down_however_often_it_is_asked_for",
            "single_keys_are_fetched_by_plain_ids_only",
        ],
    ),
    (
        "5.5 key sets that are too much, or hold what must not verify",
        &[
            "keys_that_must_not_verify_are_left_out_of_a_set",
            "a_set_that_is_wrong_as_a_whole_is_not_taken",
            "an_answer_larger_than_allowed_is_not_read",
            "a_new_key_is_taken_at_once_and_the_last_good_set_outlives_failures",
        ],
    ),
    ("5.6 times that are no times", &["times_are_numbers_and_expiry_is_there"]),
    ("5.7 issuer and audience that are nearly right", &["issuer_audience_and_subject_are_exact"]),
    ("5.8 tokens for something else", &["tokens_made_for_something_else_are_refused"]),
    (
        "5.9 encrypted and compressed tokens",
        &["a_header_that_changes_how_the_token_is_read_is_refused", "an_encrypted_token_is_no_token"],
    ),
    (
        "5.10 signatures of nothing",
        &[
            "a_signature_of_zeros_signs_nothing",
            "a_token_of_every_algorithm_is_verified_and_a_changed_one_is_not",
        ],
    ),
    ("5.11 tokens of any size", &["a_token_of_any_size_costs_little_before_it_is_refused"]),
    (
        "5.12 claims given twice, and nobody's subject",
        &["what_can_be_read_two_ways_is_not_read", "issuer_audience_and_subject_are_exact"],
    ),
    (
        "5.13 a remembered token where more is asked for",
        &["the_same_token_with_other_demands_is_judged_anew"],
    ),
    (
        "5.14 a remembered token at another issuer",
        &[
            "the_same_token_with_other_demands_is_judged_anew",
            "equal_configurations_have_equal_digests_and_others_have_not",
        ],
    ),
    (
        "5.15 keys of caches that collide",
        &[
            "parts_that_join_to_the_same_text_have_different_digests",
            "what_the_endpoint_sees_is_part_of_what_is_remembered",
        ],
    ),
    (
        "5.16 decisions that outlive their question",
        &[
            "what_was_allowed_once_is_decided_anew",
            "a_bad_credential_is_remembered_briefly_and_one_that_could_not_be_checked_is_not",
        ],
    ),
    (
        "5.17 revoked, or not to be checked",
        &[
            "a_token_that_is_revoked_is_refused_once_it_is_asked_about_again",
            "an_endpoint_that_does_not_answer_says_nothing_about_the_token",
        ],
    ),
    ("5.18 tokens that are nearly another", &["a_token_is_remembered_whole"]),
    (
        "5.19 tokens in several places",
        &[
            "different_values_in_two_places_are_ambiguous_and_equal_ones_are_not",
            "credentials_given_twice_are_no_credentials",
        ],
    ),
    (
        "5.20 names that are nearly another",
        &[
            "a_name_is_taken_letter_for_letter",
            "roles_are_a_list_of_text_each_once_and_never_none",
            "a_role_that_would_be_two_in_a_list_is_not_forwarded",
        ],
    ),
    (
        "5.21 answers to another login",
        &[
            "an_answer_that_is_not_to_this_browsers_own_question_is_refused",
            "an_answer_that_belongs_to_no_question_of_this_browser_logs_nobody_in",
        ],
    ),
    (
        "5.22 ways back that lead away",
        &[
            "only_paths_of_this_gateway_are_returned_to",
            "no_login_leads_away_from_the_gateway",
            "the_way_back_is_never_taken_from_the_request",
        ],
    ),
    (
        "5.23 cookies of somebody else's",
        &[
            "cookies_are_taken_whole_once_and_not_from_other_sites",
            "a_cookie_is_read_as_sent_and_only_when_there_is_one_of_it",
            "a_cookie_opens_with_the_key_and_for_the_purpose_it_was_sealed_with",
        ],
    ),
    ("5.24 cookies that stay after the logout", &["whoever_logs_out_is_out_here_and_at_the_provider"]),
    ("5.25 any token instead of a session", &["any_token_beside_no_session_is_nobodys"]),
    (
        "5.26 tokens for another service",
        &["issuer_audience_and_subject_are_exact", "a_signed_token_is_for_one_upstream_and_is_used_again"],
    ),
    ("5.27 tokens in logs", &["no_credential_is_ever_written_down"]),
    ("5.28 claims that are out of date", &["a_session_is_renewed_without_the_user_until_it_is_over"]),
    (
        "5.29 guessing by the clock",
        &[
            "name_and_password_are_compared_whole_and_with_either_kind_of_hash",
            "a_key_is_its_owners_until_it_expires",
        ],
    ),
    (
        "5.30 passwords that cost much",
        &[
            "guessing_is_slowed_down_by_peer_and_by_user_and_knowing_is_not",
            "a_password_is_hashed_once_while_it_is_remembered",
        ],
    ),
    (
        "7.1 addresses that a document or a token names",
        &[
            "a_document_may_name_its_own_origin_or_a_public_https_address_and_nothing_else",
            "only_addresses_of_the_public_internet_are_public",
            "a_redirect_is_an_answer_and_is_not_followed",
            "the_endpoint_is_found_in_the_document_of_the_very_issuer",
        ],
    ),
    (
        "7.2 values that become part of a question",
        &["what_a_caller_is_called_stays_a_name_in_every_question", "paths_with_two_readings_are_refused"],
    ),
    (
        "7.3 expressions that read the gateway's own secrets",
        &["no_expression_reads_the_environment_or_a_file"],
    ),
    ("7.4 patterns put together from text", &["what_a_pattern_says_literally_is_meant_literally"]),
];

#[test]
fn every_attack_has_its_tests() {
    let mut found = BTreeSet::new();
    for folder in ["gateway", "tests", "policies", "route-config"] {
        tests_below(&workspace().join(folder), &mut found);
    }
    let missing: Vec<_> = ROWS
        .iter()
        .flat_map(|(row, tests)| tests.iter().map(move |test| (row, test)))
        .filter(|(_, test)| !found.contains(**test))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// The names of all tests in a folder.
fn tests_below(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() && name != "target" && name != "node_modules" && name != "fuzz" {
            tests_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let (mut is_test, lines) = (false, text.lines().map(str::trim));
            for line in lines {
                let name = line.trim_start_matches("async ").strip_prefix("fn ");
                if let (true, Some(name)) = (is_test, name.and_then(|rest| rest.split('(').next())) {
                    found.insert(name.to_owned());
                }
                is_test = line == "#[test]"
                    || line.starts_with("#[tokio::test")
                    || (is_test && line.starts_with("#["));
            }
        }
    }
}

const ROUTES: &str = "
defaults: { upstream: app, authenticate: [test] }
routes:
  - { match: GET /me, access: authenticated, headers: { x-user: principal.id } }
  - { match: GET /a.b, access: authenticated }
  - { match: 'ANY /desks/{id}', resource: desk, action: use, id: path.id }
  - { match: GET /opaque, access: authenticated, authenticate: [opaque] }
  - { match: GET /known, access: authenticated, authenticate: [known] }
  - { match: GET /in-query, access: authenticated, authenticate: [in-query] }
";

const POLICY: &str = "apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: desk
  version: default
  rules:
    - actions: [use]
      effect: EFFECT_ALLOW
      roles: [user]
      condition: { match: { expr: R.id == P.id } }
";

struct Stage {
    gateway: Gateway,
    upstream: Upstream,
    issuer: Issuer,
    /// Asked about opaque tokens and about callers.
    checks: Upstream,
}

/// Knows one opaque token, and says who is asked about.
fn checks() -> Upstream {
    Upstream::answering(|seen| match seen.target.as_str() {
        "/describe" => Answer::json(&json!({})),
        _ => Answer::json(
            &json!({"active": seen.body == b"token=opaque-token", "sub": "olga", "aud": "tests"}),
        ),
    })
}

fn project(upstream: &Upstream, issuer: &Issuer, checks: &Upstream) -> Project {
    let project = Project::with_routes(upstream.port(), issuer, ROUTES);
    let port = checks.port();
    let more = format!(
        "
  opaque: {{ introspection: {{ url: http://127.0.0.1:{port}/introspect, audience: tests }} }}
  known:
    jwt: {{ issuer: {}, audience: {}, jwks: jwks.json, algorithms: [ES256] }}
    hydrate: {{ url: http://127.0.0.1:{port}/describe }}
  in-query:
    introspection: {{ url: http://127.0.0.1:{port}/introspect, audience: tests, from: {{ query: access_token }} }}
log: {{ level: trace }}
routes:",
        issuer.name(),
        issuer.audience()
    );
    let config = project.config(upstream.port(), issuer).replace("\nroutes:", &more);
    project.write("portreeve.yaml", &config);
    project.write("policies/desk.yaml", POLICY);
    project
}

fn stage() -> Stage {
    let (upstream, issuer, checks) = (Upstream::echo(), Issuer::new(), checks());
    let gateway = Gateway::start(project(&upstream, &issuer, &checks));
    Stage { gateway, upstream, issuer, checks }
}

impl Stage {
    fn token(&self, user: &str) -> String {
        self.issuer.token(user, &["user"], &json!({"department": "x"}))
    }

    fn status(&self, target: &str, token: &str) -> u16 {
        self.gateway.send(&Request::get(target).bearer(token)).status
    }
}

#[test]
fn a_signature_of_zeros_signs_nothing() {
    let stage = stage();
    let good = stage.token("alice");
    assert_eq!(stage.status("/me", &good), 200);
    let (signed, _) = good.rsplit_once('.').unwrap();
    // Of P-256 r and s, each 32 bytes: both zero, one zero, both the order of the curve; then nothing, and too little.
    let order = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
        0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let one = [[0; 31].as_slice(), &[1]].concat();
    for signature in [
        [0; 64].to_vec(),
        [one.as_slice(), &[0; 32]].concat(),
        [[0; 32].as_slice(), &one].concat(),
        [order, order].concat(),
        Vec::new(),
        [0; 32].to_vec(),
        [0x30, 6, 2, 1, 0, 2, 1, 0].to_vec(),
    ] {
        assert_eq!(
            stage.status("/me", &format!("{signed}.{}", BASE64.encode(&signature))),
            401,
            "{signature:?}"
        );
    }
}

#[test]
fn an_encrypted_token_is_no_token() {
    let stage = stage();
    let key = BASE64.encode(stage.issuer.jwks().to_string());
    for header in [
        json!({"alg": "RSA-OAEP", "enc": "A256GCM"}),
        json!({"alg": "PBES2-HS256+A128KW", "enc": "A128CBC-HS256", "p2s": "AAAA", "p2c": 1_000_000_000}),
        json!({"alg": "dir", "enc": "A256GCM", "zip": "DEF"}),
    ] {
        let header = BASE64.encode(header.to_string());
        let token = format!("{header}.{key}.AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(stage.status("/me", &token), 401);
    }
}

#[test]
fn what_was_allowed_once_is_decided_anew() {
    let stage = stage();
    let alice = stage.token("alice");
    for _ in 0..2 {
        assert_eq!(stage.status("/desks/alice", &alice), 200);
        assert_eq!(stage.status("/desks/bob", &alice), 403);
        assert_eq!(stage.status("/desks/alice", &stage.token("bob")), 403);
        assert_eq!(stage.status("/desks/Alice", &alice), 403);
    }
}

#[test]
fn a_token_is_remembered_whole() {
    let stage = stage();
    for _ in 0..2 {
        assert_eq!(stage.status("/opaque", "opaque-token"), 200);
        for other in [
            "opaque-toke",
            "opaque-tokenn",
            "opaque-token,",
            "opaque-token.",
            "Opaque-token",
            "opaque-token==",
        ] {
            assert_eq!(stage.status("/opaque", other), 401, "{other}");
        }
    }
}

#[test]
fn a_name_is_taken_letter_for_letter() {
    let stage = stage();
    for name in
        ["alice ", "Alice", "ALICE", "a\u{300}lice", "\u{ff41}lice", "alice@evil.test@corp.test", "alice,bob"]
    {
        let token = stage.token(name);
        assert_eq!(stage.status("/desks/alice", &token), 403, "{name}");
    }
}

#[test]
fn any_token_beside_no_session_is_nobodys() {
    let stage = stage();
    let stranger = Issuer::new();
    for token in ["x", "e30.e30.e30", &stranger.token("alice", &["user"], &json!({}))] {
        assert_eq!(stage.status("/me", token), 401, "{token}");
        assert_eq!(stage.status("/opaque", token), 401, "{token}");
    }
    assert!(stage.upstream.seen().is_empty());
}

#[test]
fn no_credential_is_ever_written_down() {
    let mut stage = stage();
    let (alice, bad) = (stage.token("alice"), stage.token("alice").replace('.', ".x"));
    let (basic, cookie) = ("Basic YWxpY2U6aHVudGVyMg==", "session=cookie-of-alice");
    assert_eq!(stage.status("/me", &alice), 200);
    assert_eq!(stage.status("/me", &bad), 401);
    let others = Request::get("/me").header("Authorization", basic).header("Cookie", cookie);
    assert_eq!(stage.gateway.send(&others).status, 401);
    assert_eq!(stage.gateway.send(&Request::get("/in-query?access_token=opaque-token")).status, 200);
    assert_eq!(stage.gateway.send(&Request::get("/in-query?access_token=opaque-other")).status, 401);
    let records = stage.gateway.audit().wait_for(5);
    let metrics = stage.gateway.admin("/metrics").text() + &stage.gateway.admin("/revision").text();
    let process = stage.gateway.process();
    let log = process.stdout() + &process.stderr();
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "everything is logged: {log}");
    let signature = alice.rsplit('.').next().unwrap();
    for secret in
        [signature, &bad, "YWxpY2U6aHVudGVyMg", "hunter2", "cookie-of-alice", "opaque-token", "opaque-other"]
    {
        assert!(!log.contains(secret), "`{secret}` is in the log: {log}");
        assert!(!metrics.contains(secret), "`{secret}` is on the admin listener");
        assert!(
            records.iter().all(|record| !record.to_string().contains(secret)),
            "`{secret}` is in a record"
        );
    }
}

#[test]
fn what_a_caller_is_called_stays_a_name_in_every_question() {
    let stage = stage();
    let sly = r#"alice","roles":["admin"],"x":"{{ env.HOME }}${HOME}"#;
    assert_eq!(stage.status("/known", &stage.token(sly)), 200);
    let asked = stage.checks.seen().into_iter().find(|seen| seen.target == "/describe").unwrap();
    let asked: Value = serde_json::from_slice(&asked.body).unwrap();
    assert_eq!((&asked["subject"], &asked["roles"]), (&json!(sly), &json!(["user"])));
}

#[test]
fn no_expression_reads_the_environment_or_a_file() {
    let (upstream, issuer, checks) = (Upstream::echo(), Issuer::new(), checks());
    for expression in [
        "env(\"HOME\")",
        "env.HOME",
        "expandenv(\"$HOME\")",
        "readFile(\"jwks.json\")",
        "os.getenv(\"HOME\")",
    ] {
        let project = project(&upstream, &issuer, &checks);
        project.write(
            "routes/main.yaml",
            &ROUTES.replace("x-user: principal.id", &format!("x-user: '{expression}'")),
        );
        let ran = run_in(project.root(), &["check"]);
        assert_eq!(ran.code, Some(1), "{expression}: {}", ran.text());
        assert!(ran.text().contains("undeclared"), "{expression}: {}", ran.text());
    }
}

#[test]
fn what_a_pattern_says_literally_is_meant_literally() {
    let stage = stage();
    let alice = stage.token("alice");
    assert_eq!(stage.status("/a.b", &alice), 200);
    for target in ["/axb", "/a.b.c", "/xa.b", "/a%2eb/", "/desks/%7Bid%7D", "/desks/*", "/desks/.%2a"] {
        assert_ne!(stage.status(target, &alice), 200, "{target}");
    }
}
