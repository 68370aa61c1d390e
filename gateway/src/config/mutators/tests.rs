use portreeve_diagnostics::{Bundle, SourceFile, yaml};

use super::*;

/// What is said of a configuration's mutators, each with what it underlines.
fn said(text: &str) -> Vec<String> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let file = SourceFile { name: "portreeve.yaml".into(), text: text.into() };
    let bundle = Bundle { revision: "r".into(), files: vec![file] };
    let nodes = yaml::read(&bundle, 0).unwrap();
    let written: Vec<_> =
        nodes[0].as_map().unwrap().iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect();
    let mut report = Report::default();
    let folder = Folder::of("portreeve.yaml".as_ref());
    mutators(&written, &["app".into()], &folder, &[], &mut report);
    let place = |d: &Diagnostic| d.span().and_then(|span| bundle.text(span)).unwrap_or_default().to_owned();
    report.findings.iter().map(|d| format!("{} @ {}", d.message, place(d))).collect()
}

#[test]
fn a_mutator_that_can_be_used_has_no_findings() {
    for text in [
        "a: { headers: { x-user: principal.id, x-roles: { value: principal.roles, encode: list } } }",
        "a: { cookies: { user: principal.id, all: { value: claims, encode: json-base64 } } }",
        "a: { remove: { headers: [x-a], cookies: [b] } }",
        "a: { credential: strip }",
        "a: { client-credentials: { token-url: https://i.test/t, client: { basic: { id: g, secret: 'file:Cargo.toml' } } } }",
        "a: { client-credentials: { issuer: https://i.test, client: { post: { id: g, secret: 'file:Cargo.toml' } }, scopes: [a], audience: b, header: x-token, scheme: Token, keep-authorization: true, life: 5m } }",
        "a: { token-exchange: { token-url: https://i.test/t, audience: b } }",
        "a: { token-exchange: { issuer: https://i.test, client: { basic: { id: g, secret: 'file:Cargo.toml' } }, subject-token-type: jwt, requested-token-type: 'urn:x:y', actor: { token: 'file:Cargo.toml', type: jwt }, resource: [c, d] } }",
    ] {
        assert_eq!(said(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_its_place() {
    let mut missed = Vec::new();
    for (text, expected) in [
        ("a: {}", "`a` must change a request in one way, and this has 0 @ a"),
        (
            "a: { headers: { x-a: '\"b\"' }, credential: strip }",
            "`a` must change a request in one way, and this has 2 @ a",
        ),
        ("a: { heders: {} }", "unknown key `heders` in a mutator @ heders"),
        (
            "a: { headers: [x] }",
            "`headers` must be a mapping from names to expressions, and this is a list @ [x]",
        ),
        ("a: { headers: { host: principal.id } }", "a mutator cannot change the header `host` @ host"),
        ("a: { headers: { 'x y': principal.id } }", "a mutator cannot change the header `x y` @ 'x y'"),
        (
            "a: { headers: { x-a: path.id } }",
            "a mutator serves many routes, and this reads one's path @ path.id",
        ),
        ("a: { headers: { x-a: principle.id } }", "undeclared reference to 'principle' @ principle"),
        (
            "a: { headers: { x-a: { value: claims, encode: yaml } } }",
            "`yaml` is not a value of `encode` @ yaml",
        ),
        (
            "a: { remove: { headers: [], cookies: [] } }",
            "`remove` names nothing, so this changes no request @ { headers: [], cookies: [] }",
        ),
        ("a: { headers: {} }", "`headers` names nothing, so this changes no request @ {}"),
        ("a: { remove: { cookies: ['a=b'] } }", "`a=b` is not the name of a cookie @ 'a=b'"),
        ("a: { remove: { cookies: '' } }", "the name of a cookie is empty @ ''"),
        ("a: { remove: { headers: , cookies: [a] } }", "`headers` is given without a value @ headers"),
        ("a: { client-credentials: { life: 0s } }", "`life` must be more than 0 @ 0s"),
        ("a: { client-credentials: { audience: [] } }", "`audience` is an empty list @ []"),
        ("a: { id-token: { issuer: '' } }", "`issuer` is empty @ ''"),
        ("a: { id-token: { issuer: g, previous: } }", "`previous` is given without a value @ previous"),
        ("a: { cookies: { 'a=b': principal.id } }", "`a=b` is not the name of a cookie @ 'a=b'"),
        (
            "a: { remove: { headers: [content-length] } }",
            "a mutator cannot change the header `content-length` @ content-length",
        ),
        ("a: { credential: keep }", "`keep` is not a value of `credential` @ keep"),
        (
            "a: { id-token: { issuer: https://g.test, key: 'file:/dev/null' } }",
            "a private key is empty @ 'file:/dev/null'",
        ),
        (
            "a: { id-token: { key: 'file:Cargo.toml' } }",
            "this cannot sign with `ES256`: not a private key in PEM (`BEGIN PRIVATE KEY`, PKCS #8) @ 'file:Cargo.toml'",
        ),
        ("a: { id-token: { issuer: g, life: 1s } }", "a token must live for 10 s at least @ 1s"),
        ("a: { id-token: { issuer: g, algorithm: HS256 } }", "`HS256` is not a value of `algorithm` @ HS256"),
        ("a: { id-token: { issuer: g, claims: { exp: '1' } } }", "`exp` is for the gateway to say @ exp"),
        (
            "a: { client-credentials: { client: { basic: { id: g, secret: 'file:Cargo.toml' } } } }",
            "the token endpoint is either a `token-url` or found by an `issuer` @ client",
        ),
        (
            "a: { client-credentials: { token-url: https://i.test/t } }",
            "`client-credentials` has no `client` @ token-url: ",
        ),
        (
            "a: { client-credentials: { token-url: ftp://i.test } }",
            "`ftp://i.test` is not a URL of `http` or `https` @ ftp://i.test",
        ),
        (
            "a: { client-credentials: { client: { bearer: 'file:Cargo.toml' } } }",
            "a token endpoint knows clients by an id and a secret @ { bearer: 'file:Cargo.toml' }",
        ),
        (
            "a: { client-credentials: { client: { basic: { id: g, secret: hunter2 } } } }",
            "`secret` must not be written down here @ hunter2",
        ),
        (
            "a: { client-credentials: { keep-authorization: true } }",
            "the token takes the place of `authorization`, which cannot be kept @ true",
        ),
        (
            "a: { client-credentials: { header: content-length } }",
            "a mutator cannot change the header `content-length` @ content-length",
        ),
        ("a: { token-exchange: { subject-token-type: access } }", "`access` is not a type of token @ access"),
        (
            "a: { token-exchange: { actor: { token: t } } }",
            "the actor's token must not be written down here @ t",
        ),
        ("a: { id-token: { issuer: g, audience: { ap: x } } }", "there is no upstream `ap` @ ap"),
    ] {
        let said = said(text);
        if !said.iter().any(|said| said == expected) {
            missed.push((text, said));
        }
    }
    assert_eq!(missed, []);
}
