//! How many heap allocations does enforcement add to a request on a warm path?
//!
//! Counted exactly, on one thread, with the token already in the authenticator's memory: the one measure of speed that
//! no other load on the machine changes. The door's own allocations are not counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::time::SystemTime;

use http::{HeaderMap, HeaderValue, Method, header};
use portreeve_audit::{Event, Sink};
use portreeve_diagnostics::{Bundle, Report, SourceFile};
use portreeve_enforce::{
    Answer, Ask, Enforcer, Facts, Fetch, FetchError, Live, NoBody, Permit, Project, Request,
};
use portreeve_identity::jwt::{Algorithm, Audience, Issuer as Trusted, Jwt, JwtConfig, KeySource};
use portreeve_identity::{Attribute, Authenticator, MappingConfig};
use portreeve_policies::{Options, PolicySet};
use portreeve_route_config::RouteTable;
use portreeve_tests::Issuer;
use serde_json::json;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, counting.
struct Counting;

#[expect(unsafe_code, reason = "an allocator has no safe interface; every call is handed on as it came")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ROUTES: &str = "
defaults: { upstream: app, authenticate: [test] }
routes:
  - match: GET /public/{id}
    access: public
  - match: GET /me
    access: authenticated
  - match: GET /files/{owner}/{name}
    resource: file
    action: read
    id: path.name
    attr: { owner: path.owner, region: 'query.region' }
";

const POLICY: &str = "
apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: file
  version: default
  rules:
    - actions: [read]
      effect: EFFECT_ALLOW
      roles: [user]
      condition:
        match:
          all:
            of:
              - expr: R.attr.owner == P.id
              - expr: R.attr.region == P.attr.region
    - { actions: [write], effect: EFFECT_ALLOW, roles: [admin] }
";

/// Takes records and forgets them.
#[derive(Debug)]
struct Forget;

impl Sink for Forget {
    fn record(&self, _event: &Event) {}
}

/// No route here loads anything.
#[derive(Debug)]
struct Nothing;

impl Fetch for Nothing {
    fn fetch(&self, _ask: Ask) -> futures_util::future::BoxFuture<'static, Result<Answer, FetchError>> {
        Box::pin(async { Err(FetchError::Unreachable) })
    }
}

fn enforcer(issuer: &Issuer) -> Enforcer {
    let file = |name: &str, text: &str| SourceFile { name: name.into(), text: text.into() };
    let bundle = Bundle {
        revision: "test".into(),
        files: vec![file("routes.yaml", ROUTES), file("file.yaml", POLICY)],
    };
    let (routes, found) = RouteTable::compile(&bundle, &[0]);
    let routes = routes.unwrap_or_else(|| panic!("{found:#?}"));
    let (policies, found) =
        PolicySet::compile(&bundle, &[1], &Options { derived_roles: false, ..Options::default() });
    let policies = policies.unwrap_or_else(|| panic!("{found:#?}"));
    let mut report = Report::default();
    let project = Project {
        bundle: &bundle,
        routes,
        policies,
        authenticators: &[authenticator(issuer)],
        upstreams: &["app".into()],
        mutators: &[],
        answers: &[],
        mints: &[],
        broken: &[],
    };
    let live = Live::new(project.link(&mut report));
    assert!(report.is_empty(), "{report:#?}");
    Enforcer::new(Arc::new(live), Facts::new(Arc::new(Nothing)), Arc::new(Forget))
}

fn authenticator(issuer: &Issuer) -> Arc<dyn Authenticator> {
    let region = Attribute { name: "region".into(), expression: "claims.region".into() };
    let config = JwtConfig {
        name: "test".into(),
        issuers: vec![Trusted {
            issuer: Some(issuer.name().into()),
            audience: Audience::AnyOf(vec![issuer.audience().into()]),
            algorithms: vec![Algorithm::ES256],
            keys: KeySource::Inline(issuer.jwks().to_string().into()),
        }],
        mapping: MappingConfig { attributes: vec![region], ..MappingConfig::default() },
        ..JwtConfig::default()
    };
    Arc::new(Jwt::new(config).unwrap_or_else(|flaws| panic!("{flaws:#?}")))
}

/// How many allocations enforcement makes for a permitted request, once everything is warm; records included.
async fn allocations(enforcer: &Enforcer, target: &str, headers: &HeaderMap) -> usize {
    let mut counted = usize::MAX;
    for _ in 0..5 {
        let request = Request {
            at: SystemTime::now(),
            method: &Method::GET,
            scheme: "http",
            authority: Some("api.acme.test"),
            target,
            headers,
            certificate: None,
            peer: Some([127, 0, 0, 1].into()),
        };
        let before = COUNT.get();
        let (result, record) = enforcer.enforce(&request, &mut NoBody).await;
        drop(record);
        let after = COUNT.get();
        let permit: Permit = result.unwrap_or_else(|refusal| panic!("{target}: {refusal}"));
        assert_eq!(permit.target(), target);
        counted = counted.min(after - before);
    }
    counted
}

#[test]
fn enforcement_allocates_nothing_for_the_public_one_for_the_known_and_three_for_the_judged() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().unwrap();
    let issuer = Issuer::new();
    let enforcer = enforcer(&issuer);
    let token = issuer.token("sally", &["user"], &json!({ "region": "EMEA" }));
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, HeaderValue::from_static("api.acme.test"));
    headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}")).unwrap());

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let count = |target: &str| runtime.block_on(allocations(&enforcer, target, &headers));
    let (public, authenticated, authorized) =
        (count("/public/x"), count("/me"), count("/files/sally/report?region=EMEA"));
    println!("heap allocations: public {public}, authenticated {authenticated}, authorized {authorized}");
    assert_eq!(public, 0, "public");
    assert!(authenticated <= 1, "authenticated: {authenticated}");
    assert!(authorized <= 3, "authorized: {authorized}");
}
