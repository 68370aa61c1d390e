use portreeve_diagnostics::{Bundle, SourceFile, yaml};
use portreeve_identity::presets;

use super::*;

fn compiled(text: &str) -> (usize, Vec<String>) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let file = SourceFile { name: "portreeve.yaml".into(), text: text.into() };
    let bundle = Bundle { revision: "r".into(), files: vec![file] };
    let node = yaml::read(&bundle, 0).unwrap().remove(0);
    let written: Vec<_> =
        node.as_map().unwrap().iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect();
    let mut report = Report::default();
    let made = authenticators(&written, &Folder::of("portreeve.yaml".as_ref()), &bundle, &[], &mut report);
    let said = report.findings.iter().map(|found| {
        let at = found.span().and_then(|span| bundle.text(span)).unwrap_or_default();
        format!("{} {} @ {at}", found.code, found.message)
    });
    (made.len(), said.collect())
}

#[test]
fn every_way_can_be_configured() {
    for text in [
        "jwt: { issuer: i, audience: a, jwks: https://i.test/k, algorithms: [RS256] }",
        "jwt: { issuer: i, audience: a, jwks: http://keycloak:8080/k, algorithms: [RS256] }",
        "jwt: { issuer: i, audience: a, jwks: http://keys.prod.svc.cluster.local/k, algorithms: [RS256] }",
        "jwt: { issuer: i, audience: a, jwks: 'http://[::1]:8080/k', algorithms: [RS256] }",
        "introspection: { url: http://10.1.2.3/i, audience: a }",
        "jwt: { issuer: i, audience: none, discovery: https://i.test/d, algorithms: [ES256], typ: [JWT], kind: any }",
        "jwt: { issuers: [{ issuer: i, audience: a, jwks: https://i.test/k, algorithms: [RS256] }, { issuer: j, audience: b, discovery: https://j.test/d, algorithms: [ES256] }], max-age: 1h }",
        "introspection: { url: https://i.test/i, audience: a, opaque-only: true, cache: { ttl: 5s } }",
        "session: { url: https://s.test/whoami, from: { cookie: session }, insufficient: [403] }",
        "bearer-token: { url: https://s.test/whoami, method: same, forward-path: true }",
        "client-credentials: { token-url: https://i.test/token, scopes: [a] }",
        "api-key: { keys: [{ sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824, id: ci }] }",
        "headers: { trusted-peers: [10.0.0.0/8], fields: [x-user] }\nprincipal: { id: 'headers[\"x-user\"]' }",
        "client-certificate: {}\nprincipal: { id: certificate.common_name, roles: certificate.dns }",
        "client-certificate: { forwarded: x-forwarded-client-cert, trusted-peers: [10.0.0.0/8] }\nprincipal: { id: xfcc.hash }",
        "anonymous: { id: guest, roles: [guest], attr: { level: 1 } }",
        "anonymous:",
        "deny:",
    ] {
        let text = format!("one:\n  {}\n", text.replace('\n', "\n  "));
        assert_eq!(compiled(&text), (1, Vec::new()), "{text}");
    }
}

#[test]
fn what_cannot_be_is_said_where_it_was_written() {
    for (text, expected) in [
        (
            "one: {}",
            "config/authenticator-kind `one` must have one way to authenticate, and this has 0 @ one",
        ),
        (
            "one: { jwt: { issuer: i, audience: a, jwks: https://i.test/k, algorithms: [RS256] }, require: }",
            "config/no-value `require` is given without a value @ require",
        ),
        (
            "one: { jwt: { issuer: i, audience: , jwks: https://i.test/k, algorithms: [RS256] } }",
            "config/no-value `audience` is given without a value @ audience",
        ),
        (
            "one: { jwt: { issuer: i, audience: [], jwks: https://i.test/k, algorithms: [RS256] } }",
            "config/empty `audience` is an empty list @ []",
        ),
        (
            "one: { jwt: { issuer: '', audience: a, jwks: https://i.test/k, algorithms: [RS256] } }",
            "config/empty `issuer` is empty @ ''",
        ),
        (
            "one: { jwt: { issuer: i, audience: a, jwks: https://i.test/k, algorithms: [RS256], required-claims: { tenant: [] } } }",
            "config/empty a claim is an empty list @ []",
        ),
        (
            "one: { jwt: { issuer: i, audience: a, jwks: https://i.test/k, algorithms: [RS256], typ: [] } }",
            "config/empty `typ` is an empty list @ []",
        ),
        (
            "one: { jwt: { issuer: i, audience: a, jwks: https://i.test/k, algorithms: [RS256], from: [] } }",
            "config/empty `from` is an empty list @ []",
        ),
        (
            "one: { jwt: { issuer: i, audience: a, jwks: https://i.test/k, algorithms: [RS256], from: { cookie: '' } } }",
            "config/empty `cookie` is empty @ ''",
        ),
        (
            "one: { jwt: { issuer: i, audience: a, jwks: https://i.test/k, algorithms: [RS256], max-age: 0s } }",
            "config/zero `max-age` must be more than 0 @ 0s",
        ),
        (
            "one: { introspection: { url: https://i.test/i, audience: { all-of: [] } } }",
            "config/empty `all-of` is an empty list @ []",
        ),
        (
            "one: { introspection: { url: https://i.test/i, audience: a, issuers: [] } }",
            "config/empty `issuers` is an empty list @ []",
        ),
        (
            "one: { introspection: { url: , audience: a } }",
            "config/no-value `url` is given without a value @ url",
        ),
        (
            "one: { session: { url: https://s.test, from: { cookie: a }, timeout: 0s } }",
            "config/zero `timeout` must be more than 0 @ 0s",
        ),
        ("one: { anonymous: { id: } }", "config/no-value `id` is given without a value @ id"),
        (
            "one: { jwt: { issuer: i, audience: a, jwks: http://keys.example.com/k, algorithms: [RS256] } }",
            "config/insecure-url `http://keys.example.com/k` is asked without TLS @ http://keys.example.com/k",
        ),
        (
            "one: { session: { url: http://8.8.8.8/whoami, from: { cookie: a } } }",
            "config/insecure-url `http://8.8.8.8/whoami` is asked without TLS @ http://8.8.8.8/whoami",
        ),
        (
            "one: { session: { url: https://u:p@s.test/whoami, from: { cookie: a } } }",
            "config/bad-url a URL must not hold a name or a password @ https://u:p@s.test/whoami",
        ),
        (
            "one: { session: { url: https://s.test/whoami, from: { cookie: 'a b' } } }",
            "config/bad-cookie `a b` is not the name of a cookie @ 'a b'",
        ),
        (
            "one: { api-key: { keys: [{ sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824, id: ci, \
             expires-at: 2020-01-01T00:00:00Z }] } }",
            "config/expired this key has expired, so nobody can call with it @ 2020-01-01T00:00:00Z",
        ),
        (
            "one: { anonymous: , deny: }",
            "config/authenticator-kind `one` must have one way to authenticate, and this has 2 @ one",
        ),
        (
            "one: { api-key: { from: { cookie: key, scheme: Key }, keys: [] } }",
            "config/unused-scheme `scheme` and `prefix` stand before the credential in a `header` @ Key",
        ),
        (
            "one: { jwt: { issuer: i, audience: a, algorithms: [none], jwks: k.json } }",
            "jwt/unknown-algorithm `none` is not an algorithm that can be trusted @ none",
        ),
        (
            "one: { jwt: { issuers: [{ issuer: i, audience: a, jwks: https://i.test/k, algorithms: [RS256] }, { issuer: j, audience: a, algorithms: [RS256] }] } }",
            "jwt/keys a `jwt` authenticator must say once where its keys are, and this says so 0 times @ issuer: ",
        ),
        (
            "one: { jwt: { issuers: [{ issuer: i, audience: a, jwks: https://i.test/k, algorithms: [RS256] }, { issuer: j, audience: a, jwks: https://j.test/k, algorithms: [HS256] }] } }",
            "jwt/secret-for-algorithm HS256, HS384 and HS512 need a `secret`: a published key set holds no secrets, and a public key taken for a secret lets anybody sign @ [HS256]",
        ),
        ("one: { jwt: { issuers: [] } }", "jwt/no-issuer no issuer: whose tokens are these? @ issuers"),
        (
            "one: { jwt: { issuer: i, audience: a, algorithms: [RS256] } }",
            "jwt/keys a `jwt` authenticator must say once where its keys are, and this says so 0 times @ issuer: ",
        ),
        (
            "one: { jwt: { issuer: i, audience: a, algorithms: [HS256], secret: hunter2 } }",
            "config/no-secret `secret` must not be written down here @ hunter2",
        ),
        (
            "one: { api-key: { keys: [{ sha256: abc, id: ci }] } }",
            "config/bad-digest `sha256` must be 64 hexadecimal digits: the SHA-256 of the key @ abc",
        ),
        (
            "one: { anonymous: , principal: { id: claims.sub } }",
            "config/unused-principal this says what a credential makes of a caller, and here the configuration itself says \
             so @ id",
        ),
        (
            "one: { oidc-login: { issuer: https://i.test, client-id: a, external-url: https://a.test, cookie-keys: [{ id: k, \
             secret: 'file:Cargo.toml' }] } }",
            "oidc/key-length a key for cookies has 32 bytes, in hex or base64 @ 'file:Cargo.toml'",
        ),
        (
            "one: { oidc-login: { issuer: https://i.test, client-id: a, external-url: https://a.test, cookie-keys: [], \
             sessions: { redis: { url: 'redis://:hunter2@r.test' } } } }",
            "oidc/redis-url the password must not be written down here: say `user` and `password` beside it @ \
             'redis://:hunter2@r.test'",
        ),
        (
            "one: { oidc-login: { issuer: https://i.test, client-id: a, external-url: https://a.test, cookie-keys: [], \
             sessions: { redis: { url: 'http://r.test' } } } }",
            "oidc/redis-url sessions are kept at an address like `redis://127.0.0.1:6379` @ 'http://r.test'",
        ),
        (
            "one: { oidc-login: { issuer: https://i.test, client-id: a, external-url: https://a.test, cookie-keys: [], \
             sessions: file } }",
            "config/unknown-value `file` is not a value of `sessions` @ file",
        ),
        (
            "one: { oidc-login: { issuer: https://i.test, client-id: a, external-url: a.test } }",
            "config/bad-url `a.test` is not a URL of `http` or `https` @ a.test",
        ),
        (
            "one: { session: { url: ftp://s.test, from: { cookie: a } } }",
            "config/bad-url `ftp://s.test` is not a URL of `http` or `https` @ ftp://s.test",
        ),
    ] {
        let (_, said) = compiled(text);
        assert!(said.iter().any(|said| said == expected), "{text}: {said:#?}");
    }
}

#[test]
fn those_who_are_put_together_are_found_by_their_names_in_any_order() {
    let (user, key) = ("user: { deny: }", "key: { deny: }");
    for (text, made, expected) in [
        (
            format!("one: {{ together: [two, user] }}\ntwo: {{ together: [user, key] }}\n{user}\n{key}"),
            4,
            None,
        ),
        (
            "one: { together: [] }".to_owned(),
            0,
            Some("config/alone `together` needs the names of two authenticators at least @ []"),
        ),
        (
            format!("{user}\none: {{ together: user }}"),
            1,
            Some("config/alone `together` needs the names of two authenticators at least @ user"),
        ),
        (
            format!("{user}\none: {{ together: [user, user] }}"),
            1,
            Some("config/alone `user` together with itself proves nothing more @ user"),
        ),
        (
            format!("{user}\none: {{ together: [usr, user] }}"),
            1,
            Some("config/unknown-authenticator there is no authenticator `usr` @ usr"),
        ),
        (
            format!("{user}\none: {{ together: [user, two] }}\ntwo: {{ together: [one, user] }}"),
            1,
            Some("config/circular-authenticator `one` is put together from itself, by whatever way @ one"),
        ),
        (
            format!("{user}\none: {{ together: [user, one] }}"),
            1,
            Some("config/circular-authenticator `one` is put together from itself, by whatever way @ one"),
        ),
        (
            format!("{user}\nall: {{ anonymous: }}\none: {{ together: [user, all] }}"),
            2,
            Some(
                "together/proves-nothing `all` welcomes everybody, which proves nothing together with others @ [user, all]",
            ),
        ),
        (
            format!("{user}\n{key}\none: {{ together: [user, key], principal: {{ id: claims.sub }} }}"),
            3,
            Some(
                "config/unused-principal this says what a credential makes of a caller, and here the configuration itself \
                 says so @ id",
            ),
        ),
    ] {
        let (count, said) = compiled(&text);
        assert_eq!(count, made, "{text}: {said:?}");
        assert_eq!(said.first().map(String::as_str), expected, "{text}");
    }
}

#[test]
fn a_secret_is_never_part_of_a_finding() {
    let (_, said) = compiled(
        "one: { jwt: { issuer: i, audience: a, algorithms: [HS256], secret: '${NO_SUCH_VARIABLE_HERE}' } }",
    );
    assert_eq!(
        said[0],
        "config/no-secret the environment has no `NO_SUCH_VARIABLE_HERE` @ '${NO_SUCH_VARIABLE_HERE}'"
    );
}

#[test]
fn what_a_preset_makes_an_address_of_is_that_part_of_it() {
    for (params, expected) in [
        ("kinde, params: { domain: acme.kinde.com, audience: a }", None),
        ("kinde, params: { domain: 'acme.test:8443', audience: a }", None),
        ("kinde, params: { domain: https://acme.kinde.com, audience: a }", Some("config/not-a-host")),
        ("okta, params: { domain: acme.okta.com/oauth2 }", Some("config/not-a-host")),
        ("keycloak, params: { base_url: https://id.test/, realm: r, audience: a }", Some("config/slash")),
        ("keycloak, params: { base_url: https://id.test/auth, realm: r, audience: a }", None),
        ("auth0, params: { domain: a.test, audience: a, issuer: https://login.test/ }", None),
    ] {
        let (_, said) = compiled(&format!("one: {{ preset: {params} }}"));
        let code = said.first().and_then(|said| said.split(' ').next());
        assert_eq!(code, expected, "{params}: {said:?}");
    }
}

#[test]
fn presets_say_nothing_that_nobody_reads() {
    for preset in presets::ALL {
        let file = SourceFile { name: "p".into(), text: preset.text.into() };
        let node = yaml::read(&Bundle { revision: "".into(), files: vec![file] }, 0).unwrap().remove(0);
        let required = node.get("params").and_then(Node::as_map).unwrap_or_default();
        let required = required.iter().filter(|entry| entry.value.as_str() == Some("required"));
        let params: Vec<_> =
            required.map(|entry| format!("{}: {}", entry.key.value, value_for(&entry.key.value))).collect();
        let (_, said) =
            compiled(&format!("one: {{ preset: {}, params: {{ {} }} }}", preset.name, params.join(", ")));
        let unread: Vec<_> = said.iter().filter(|said| said.starts_with("config/")).collect();
        assert!(unread.is_empty(), "{}: {unread:#?}", preset.name);
    }
}

fn value_for(parameter: &str) -> &'static str {
    match parameter {
        "trusted_peers" => "[10.0.0.0/8]",
        "trusted_hops" => "1",
        "domain" | "team_domain" | "frontend_api" => "value.test",
        _ => "\"https://value.test\"",
    }
}
