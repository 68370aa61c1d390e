use super::{bundle, compile};

/// Each finding as its code, the underlined text and the message.
fn findings(text: &str) -> Vec<String> {
    let (table, report) = compile(text);
    assert_eq!(table.is_none(), report.has_errors());
    let bundle = bundle(text);
    let show = |d: &portreeve_diagnostics::Diagnostic| {
        let place = d.span().and_then(|span| bundle.text(span)).unwrap_or("nowhere");
        format!("{} `{place}`: {}", d.code, d.message)
    };
    report.findings.iter().map(show).collect()
}

#[test]
fn what_is_wrong_with_a_route_is_said_at_its_place() {
    const GOOD: &str = "upstream: app, authenticate: [dev]";
    for (route, expected) in [
        ("{ match: GET /a }", "route/no-access `match: `: this route does not say who may use it"),
        (
            "{ match: GET /a, access: public, resource: x }",
            "route/access `x`: a route has `access` or `resource`, not both",
        ),
        (
            "{ match: GET /a, access: authenticated, resource: }",
            "config/no-value `resource`: `resource` is given without a value",
        ),
        (
            "{ match: GET /a, access: authenticated, authenticate: }",
            "config/no-value `authenticate`: `authenticate` is given without a value",
        ),
        (
            "{ match: GET /a, access: authenticated, authenticate: [''] }",
            "config/empty `''`: `authenticate` is empty",
        ),
        (
            "{ match: GET /a, access: authenticated, timeout: 0s }",
            "config/zero `0s`: `timeout` must be more than 0",
        ),
        (
            "{ match: 'GET /a/{id}', resource: x, action: view, id: path.id, load: }",
            "config/no-value `load`: `load` is given without a value",
        ),
        (
            "{ match: 'GET /a/{id}', resource: x, action: view, id: path.id, load: { get: '/a/{id}', max_bytes: 0 } }",
            "config/zero `0`: `max_bytes` must be more than 0",
        ),
        ("{ match: GET /a, resource: x, action: view, id: '' }", "config/empty `''`: an expression is empty"),
        (
            "{ match: GET /a, host: [], access: authenticated }",
            "route/match `GET /a`: this matches nothing: a list of methods or hosts is empty",
        ),
        (
            "{ match: { methods: [], path: /a }, access: authenticated }",
            "route/match `methods: `: this matches nothing: a list of methods or hosts is empty",
        ),
        (
            "{ match: GET /a, access: public, id: path.x }",
            "route/access `id`: `id` is for a route with a `resource`",
        ),
        ("{ match: GET /a, action: view }", "route/access `action`: `action` without a `resource`"),
        (
            "{ match: GET /a, access: publik }",
            "config/unknown-value `publik`: `publik` is not a value of `access`",
        ),
        ("{ match: GET /a, acess: public }", "config/unknown-key `acess`: unknown key `acess` in a route"),
        ("{ match: get /a, access: authenticated }", "route/method `get`: `get`: methods are upper case"),
        ("{ match: '/a', access: authenticated }", "route/match `'/a'`: `match` needs a method and a path"),
        (
            "{ match: 'GET /a/:id', access: authenticated }",
            "route/pattern-colon `:id`: placeholders are written `{id}`; write `%3A` for a colon",
        ),
        (
            "{ match: 'GET /a/{id}', resource: x, action: view, id: path.idd }",
            "route/unknown-placeholder `idd`: the path has no placeholder `idd`",
        ),
        (
            "{ match: GET /a, resource: x, action: view, id: \"principal.name\" }",
            "route/unknown-field `name`: `principal` has no `name`",
        ),
        (
            "{ match: 'GET /{id}', resource: x, action: view, id: 'path.id + \"-\" + path.idd' }",
            "route/unknown-placeholder `idd`: the path has no placeholder `idd`",
        ),
        (
            "{ match: GET /a, resource: x, action: view, id: 'quary.?id.orValue(\"\")' }",
            "route/expression `quary`: undeclared reference to 'quary'",
        ),
        (
            "{ match: GET /a, resource: x, action: view, id: 'headers[\"X-Id\"] + \"\"' }",
            "route/header-name `\"X-Id\"]`: `X-Id` is not the name of a header field",
        ),
        (
            "{ match: GET /a, access: public, headers: { x-roles: 'principal.roles.join(\",\")' } }",
            "route/no-caller `principal`: nobody is asked who they are on a public route",
        ),
        (
            "{ match: GET /a, resource: x, action: view, id: stored.id }",
            "route/no-stored `stored`: there is no stored resource here",
        ),
        (
            "{ match: GET /a, resource: x, action: view }",
            "route/no-id `x`: this route does not say which resource it is about",
        ),
        (
            "{ match: GET /a, resource: x, id: '\"a\"' }",
            "route/no-action `x`: this route does not say what is done to the resource",
        ),
        (
            "{ match: GET /a, resource: /a, action: view, id: '\"a\"' }",
            "route/kind `/a`: `/a` is not the name of a kind of resource",
        ),
        (
            "{ match: GET /a, resource: x, action: 'vi*', id: '\"a\"' }",
            "route/action `'vi*'`: `vi*` is not the name of an action",
        ),
        (
            "{ match: GET /a, access: public, headers: { x-user: principal.id } }",
            "route/no-caller `principal`: nobody is asked who they are on a public route",
        ),
        (
            "{ match: GET /a, access: authenticated, headers: { Host: '\"a\"' } }",
            "route/header-name `Host`: a route cannot set the header `Host`",
        ),
        (
            "{ match: GET /a, access: authenticated, host: 'a.test:80' }",
            "route/host `'a.test:80'`: `a.test:80` is not a host: the host has a bad port",
        ),
        (
            "{ match: 'GET /a/{id}', resource: x, action: view, id: path.id, load: POST /a }",
            "route/load `POST /a`: `load` is a `GET` of a path",
        ),
        (
            "{ match: 'GET /a/{id}', resource: x, action: view, id: path.id, load: 'GET /a/x{id}' }",
            "route/load `{id}`: a placeholder is a whole segment",
        ),
        (
            "{ match: 'GET /a/{r*}', resource: x, action: view, id: path.r, load: 'GET /a/{r}/b' }",
            "route/load `{r}`: `r` can end in a slash, so nothing can follow it",
        ),
        (
            "{ match: 'GET /a/{id}', resource: x, action: view, id: path.id, load: 'GET /a/{ib}' }",
            "route/unknown-placeholder `ib`: the path has no placeholder `ib`",
        ),
        (
            "{ match: 'GET /a/{id}', resource: x, action: view, id: path.id, load: 'GET /a/../{id}' }",
            "route/load `GET /a/../{id}`: no request has such a target: the path has a dot segment",
        ),
    ] {
        let text = format!("defaults: {{ {GOOD} }}\nroutes:\n  - {route}\n");
        let found = findings(&text);
        let expected = expected.replace("`GET /a/../{id}`", "`/a/../{id}`");
        assert!(found.contains(&expected), "{route}\nexpected {expected}\ngot {found:#?}");
    }
}

#[test]
fn a_route_without_upstream_or_authenticator_is_refused() {
    assert_eq!(
        findings("routes:\n  - match: GET /a\n    access: authenticated\n"),
        [
            "route/no-upstream `match: `: this route does not say where its requests go",
            "route/no-authenticator `match: `: this route does not say how callers prove who they are",
        ]
    );
}

#[test]
fn routes_that_tie_are_shown_both() {
    let text = "
defaults: { upstream: app }
routes:
  - match: GET /a/{id}
    access: public
  - match: ['GET /a/{name}', GET /b]
    access: public
";
    let (table, report) = compile(text);
    assert!(table.is_none());
    let tie = &report.findings[0];
    assert_eq!(tie.code, "route/tie");
    let bundle = bundle(text);
    let places: Vec<_> = tie.labels.iter().map(|(span, _)| bundle.text(*span).unwrap()).collect();
    assert_eq!(places, ["'GET /a/{name}'", "GET /a/{id}"]);
    assert_eq!(report.findings.len(), 1);
}

#[test]
fn a_mutator_that_is_there_twice_is_said_to_be() {
    let text = "routes: [{ match: GET /a, upstream: app, access: public, mutate: [a, b, a] }]\n";
    assert_eq!(findings(text), ["route/repeated-mutator `a`: the mutator `a` is there twice"]);
}

#[test]
fn an_authenticator_that_is_there_twice_is_said_to_be() {
    let text = "
defaults: { upstream: app, authenticate: [a, b, a] }
routes: [{ match: GET /a, access: authenticated }]
";
    let (table, report) = compile(text);
    assert!(table.is_some());
    assert_eq!(report.findings[0].message, "the authenticator `a` is there twice");
    assert_eq!(bundle(text).text(report.findings[0].span().unwrap()), Some("a"));
}

#[test]
fn names_are_given_once() {
    let text = "
defaults: { upstream: app, access: public }
routes:
  - { match: GET /a, name: x, access: public }
  - { match: GET /b, name: x, access: public }
";
    assert_eq!(
        findings(text),
        [
            "config/unknown-key `access`: unknown key `access` in `defaults`",
            "route/duplicate-name `match: `: two routes are named `x`"
        ]
    );
}

#[test]
fn a_bare_word_is_told_how_text_is_written() {
    let text =
        "routes:\n  - { match: GET /a, upstream: u, authenticate: [d], resource: x, action: a, id: new }\n";
    let (_, report) = compile(text);
    let help = report.findings[0].help.as_deref().unwrap();
    assert!(help.contains("'\"new\"'"), "{help}");
}

#[test]
fn a_method_that_looks_like_a_usual_one_is_warned_about_and_one_of_ones_own_is_not() {
    for (methods, warned) in [
        ("GTE", true),
        ("GET,PSOT", true),
        ("DELTE", true),
        ("GET,POST", false),
        ("REPORT", false),
        ("PROPFIND", false),
        ("PURGE", false),
        ("QUERY", false),
    ] {
        let found = findings(&format!("routes: [{{ match: '{methods} /a', access: public, upstream: a }}]"));
        let expected = usize::from(warned);
        assert_eq!(found.len(), expected, "{methods}: {found:?}");
        assert!(found.iter().all(|said| said.starts_with("route/unusual-method")), "{methods}: {found:?}");
    }
}

#[test]
fn a_name_with_hyphens_after_a_dot_is_shown_as_it_is_to_be_written() {
    for (expression, expected) in [
        ("headers.x-region", "headers['x-region']"),
        ("'\"a\" + claims.org-id'", "claims['org-id']"),
        ("query.a-b_c", "query['a-b_c']"),
    ] {
        let route = format!("{{ match: GET /a, resource: x, action: view, id: {expression} }}");
        let (_, report) =
            compile(&format!("routes:\n  - {route}\ndefaults: {{ upstream: a, authenticate: [b] }}\n"));
        let help = report.findings.first().and_then(|found| found.help.clone()).unwrap_or_default();
        assert!(help.contains(expected), "{expression}: {help}");
    }
}
