use std::sync::Arc;

use portreeve_cel::{Map, Value};

use super::{Request, table};
use crate::{Access, Caller, Credentials, Inputs, Mutation, Source, TargetError, TargetTemplate};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Describes a request by a table of one route, and shows the target or what is wrong.
fn described(
    route: &str,
    request: Request,
    body: Option<&str>,
    stored: Option<&str>,
) -> Result<String, TargetError> {
    let table = table(&format!("defaults: {{ upstream: app, authenticate: [dev] }}\nroutes:\n{route}"));
    let head = request.head();
    let found = table.find(&head).unwrap();
    let Access::Authorized(template) = &found.route.access else { panic!("no template") };
    let roles = [Arc::from("user"), Arc::from("staff")];
    let attr = Map::from_iter([("department", Value::from("IT"))]);
    let claims = json(r#"{"sub": "u1", "org": {"id": "o1"}}"#);
    let caller = Caller { id: "u1", roles: &roles, attr: &attr, issuer: "idp", scope: None, claims: &claims };
    let (body, stored) = (body.map(json), stored.map(json));
    let inputs =
        Inputs { body: body.as_ref(), stored: stored.as_ref(), ..Inputs::new(&head, &found).caller(caller) };
    show(template, &inputs)
}

fn show(template: &TargetTemplate, inputs: &Inputs<'_>) -> Result<String, TargetError> {
    let mut target = template.describe(inputs)?;
    template.complete(&mut target, inputs)?;
    let attr = serde_json::to_string(&target.attr).unwrap();
    let extra: Vec<_> =
        [&target.scope, &target.version].into_iter().flatten().map(|text| format!(" {text}")).collect();
    Ok(format!("{} {} {} {attr}{}", target.actions.join("+"), target.kind, target.id, extra.concat()))
}

#[test]
fn a_request_becomes_a_target_in_the_policies_words() {
    let route = "
  - match: POST /contacts/{id}
    resource: contact
    actions: [update, 'audit:write']
    id: path.id
    scope: claims.org.id
    version: '\"v2\"'
    attr:
      region: query.region
      device: headers['x-device']
      level: 3
      amount: body.order.amount
      who: principal.id
      roles: principal.roles
      department: principal.attr.department
      method: request.method
      tags: queries.tag
";
    let request = Request::new("POST /contacts/jos%c3%a9?region=E+U&tag=a&tag=b").header("x-device", "d1");
    assert_eq!(
        described(route, request, Some(r#"{"order": {"amount": 12}}"#), None).unwrap(),
        "update+audit:write contact jos\u{e9} {\"region\":\"E U\",\"device\":\"d1\",\"level\":3,\"amount\":12,\
         \"who\":\"u1\",\"roles\":[\"user\",\"staff\"],\"department\":\"IT\",\"method\":\"POST\",\
         \"tags\":[\"a\",\"b\"]} o1 v2"
    );
}

#[test]
fn a_value_that_is_missing_or_has_two_readings_is_no_target() {
    let route =
        |value: &str| format!("  - match: GET /x\n    resource: x\n    action: view\n    id: \"{value}\"\n");
    for (value, request, code) in [
        ("query.id", Request::new("GET /x"), "target/missing"),
        ("query.id", Request::new("GET /x?id=1&id=2"), "request/query-repeated"),
        ("query.id", Request::new("GET /x?id[]=1"), "request/query-bracketed"),
        ("query.id", Request::new("GET /x?id="), "target/empty"),
        ("headers['x-id']", Request::new("GET /x"), "target/missing"),
        (
            "headers['x-id']",
            Request::new("GET /x").header("x-id", "1").header("x-id", "2"),
            "target/header-repeated",
        ),
        ("claims.org", Request::new("GET /x"), "target/not-text"),
        ("claims.org.name", Request::new("GET /x"), "target/missing"),
        ("body.id", Request::new("GET /x"), "target/missing"),
        ("principal.attr.tenant", Request::new("GET /x"), "target/missing"),
    ] {
        let error = described(&route(value), request, None, None).unwrap_err();
        assert_eq!(error.code(), code, "{value}");
        assert_eq!(error.status(), http::StatusCode::BAD_REQUEST);
        assert_eq!(&*error.expression, value);
    }
}

#[test]
fn an_expression_is_evaluated_over_the_same_names() {
    let route = |value: &str| {
        let value = value.replace('\'', "''");
        format!(
            "  - match: GET /x/{{a}}/{{b}}\n    resource: x\n    action: view\n    id: '\"1\"'\n    attr: {{ v: '{value}' }}\n"
        )
    };
    for (value, request, expected) in [
        ("query.?region.orValue(\"EU\")", "GET /x/1/2", r#""EU""#),
        ("query.?region.orValue(\"EU\")", "GET /x/1/2?region=US&tag=a&tag=b", r#""US""#),
        ("path.a + \"-\" + path.b", "GET /x/1/2", r#""1-2""#),
        ("principal.roles.join(\",\")", "GET /x/1/2", r#""user,staff""#),
        ("principal.attr.department == \"IT\"", "GET /x/1/2", "true"),
        (
            "{\"all\": queries.tag, \"n\": size(queries.tag)}",
            "GET /x/1/2?tag=a&tag=b",
            r#"{"all":["a","b"],"n":2}"#,
        ),
        ("claims.org.id + claims.sub", "GET /x/1/2", r#""o1u1""#),
        ("body.items.map(i, i.id)", "GET /x/1/2", "[7,8]"),
        ("request.method + request.host + request.path", "GET /x/1/2", r#""GETapi.test/x/1/2""#),
        ("headers[\"x-device\"].upperAscii()", "GET /x/1/2", r#""D1""#),
        ("timestamp(\"2026-01-02T03:04:05Z\")", "GET /x/1/2", r#""2026-01-02T03:04:05Z""#),
    ] {
        let request =
            Request::new(request).header("x-device", "d1").header("x-many", "1").header("x-many", "2");
        let shown =
            described(&route(value), request, Some(r#"{"items": [{"id": 7}, {"id": 8}]}"#), None).unwrap();
        assert_eq!(shown, format!("view x 1 {{\"v\":{expected}}}"), "{value}");
    }
    for (value, request, code) in [
        ("query.?region.orValue(\"EU\")", "GET /x/1/2?region=US&region=EU", "request/query-repeated"),
        ("query.?region.orValue(\"EU\")", "GET /x/1/2?region[]=US", "request/query-bracketed"),
        ("query.?region.orValue(\"EU\")", "GET /x/1/2?a=1;region=US", "request/query-semicolon"),
        ("query.map(k, k)", "GET /x/1/2?a=1&a=2", "request/query-repeated"),
        ("headers[\"x-many\"] + \"\"", "GET /x/1/2", "target/header-repeated"),
        ("query.region + \"\"", "GET /x/1/2", "target/failed"),
        ("body.size()", "GET /x/1/2", "target/failed"),
    ] {
        let request = Request::new(request).header("x-many", "1").header("x-many", "2");
        assert_eq!(described(&route(value), request, None, None).unwrap_err().code(), code, "{value}");
    }
}

const LOADED: &str = "
  - match: PUT /expenses/{id}
    resource: expense
    action: update
    id: path.id
    attr: { owner: stored.expense.ownerId, amount: body.amount }
    load: { get: '/api/expenses/{id}?of={id}', select: stored.expense, cache: 5s, credentials: forward }
";

#[test]
fn the_stored_resource_gives_attributes_and_the_route_has_the_last_word() {
    let stored = r#"{"expense": {"ownerId": "u1", "amount": 1, "status": "OPEN"}}"#;
    let request = Request::new("PUT /expenses/7");
    assert_eq!(
        described(LOADED, request, Some(r#"{"amount": 500}"#), Some(stored)).unwrap(),
        r#"update expense 7 {"ownerId":"u1","amount":500,"status":"OPEN","owner":"u1"}"#
    );
}

#[test]
fn a_stored_resource_that_is_not_what_it_should_be_is_the_upstreams_fault() {
    for stored in [None, Some(r#"{"expense": [1]}"#), Some(r"{}"), Some(r#"{"expense": {}}"#)] {
        let request = Request::new("PUT /expenses/7");
        let error = described(LOADED, request, Some(r#"{"amount": 500}"#), stored).unwrap_err();
        assert_eq!((error.code(), error.status().as_u16()), ("target/stored", 502), "{stored:?}");
    }
}

#[test]
fn what_is_fetched_stays_within_the_segments_of_its_template() {
    let table = table(&format!("defaults: {{ upstream: app, authenticate: [dev] }}\nroutes:\n{LOADED}"));
    let request = Request::new("PUT /expenses/a&b%20c%2b");
    let head = request.head();
    let found = table.find(&head).unwrap();
    let Access::Authorized(template) = &found.route.access else { panic!("no template") };
    let load = template.load.as_ref().unwrap();
    assert_eq!(load.target(&found.captures), "/api/expenses/a&b%20c%2B?of=a%26b%20c%2B");
    assert_eq!(load.credentials, Credentials::Forward);
    assert_eq!(&*load.upstream.value, "app");
    assert_eq!(load.cache, Some(std::time::Duration::from_secs(5)));
    assert!(template.needs_body());
    assert!(template.reads(Source::Stored));
}

#[test]
fn defaults_are_for_every_route_and_headers_that_need_a_caller_are_not_for_public_ones() {
    let table = table(
        "
defaults:
  upstream: app
  authenticate: [dev]
  host: [a.test, b.test]
  headers: { x-user-id: principal.id, x-via: '\"portreeve\"' }
routes:
  - { match: GET /health, access: public }
  - { match: GET /me, access: authenticated, host: c.test, mutate: [sign, { headers: { x-path: request.path } }] }
",
    );
    let names: Vec<_> = table.precedence().iter().map(|(_, matcher)| matcher.to_string()).collect();
    assert_eq!(names, ["GET a.test/health", "GET b.test/health", "GET c.test/me"]);
    let show = |mutation: &Mutation| match mutation {
        Mutation::Named(name) => name.value.to_string(),
        Mutation::NamedIfPublic(name) => format!("{}?", name.value),
        Mutation::Headers(headers) => {
            headers.iter().map(|h| format!("{}={}", h.name, h.value.text())).collect()
        }
    };
    let edits = |index: usize| table.routes().nth(index).unwrap().mutate.iter().map(show).collect::<Vec<_>>();
    assert_eq!(edits(0), ["x-via=\"portreeve\""]);
    assert_eq!(edits(1), ["x-user-id=principal.idx-via=\"portreeve\"", "sign", "x-path=request.path"]);
    assert!(table.routes().next().unwrap().authenticate.is_empty());
}

#[test]
fn a_header_is_text_without_controls() {
    let table = table(
        "routes:\n  - { match: 'GET /{id}', access: authenticated, upstream: app, authenticate: [dev], headers: { x-id: path.id, x-org: claims.org } }",
    );
    let read = |path: &str, which: usize| {
        let request = Request::new(path);
        let head = request.head();
        let found = table.find(&head).unwrap();
        let claims = json(r#"{"org": ["a"]}"#);
        let attr = Map::default();
        let caller = Caller { id: "u", roles: &[], attr: &attr, issuer: "i", scope: None, claims: &claims };
        let Mutation::Headers(headers) = &found.route.mutate[0] else { panic!("no headers") };
        headers[which].read(&Inputs::new(&head, &found).caller(caller)).map_err(|error| error.code())
    };
    assert_eq!(read("GET /a%20b", 0).unwrap(), "a b");
    assert_eq!(read("GET /a%c3%a9", 0).unwrap().as_bytes(), "a\u{e9}".as_bytes());
    assert_eq!(read("GET /a", 1), Err("target/not-text"));
}
