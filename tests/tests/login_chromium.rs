//! Does a real browser get through a login and out again?

use portreeve_tests::{Chromium, Gateway, Issuer, Project, Upstream, WebLogin, apps, eventually};
use serde_json::Value;

const ROUTES: &str = "
defaults: { upstream: app, headers: { x-user: principal.id } }
routes:
  - { match: 'GET /page', access: authenticated, authenticate: [web] }
  - { match: 'GET /bye', access: public }
";

fn gateway(upstream: u16) -> (Gateway, apps::App) {
    let project = Project::with_routes(upstream, &Issuer::new(), ROUTES);
    let external = project.port();
    let provider = apps::oidc_provider(external);
    let login = WebLogin { provider: provider.port(), external, settings: &[], others: "" };
    (Gateway::start(login.configure(project)), provider)
}

/// The gateway's cookie. A browser tells hosts apart by their names alone, so the provider's are among them.
fn session(browser: &Chromium) -> Option<Value> {
    browser.cookies().into_iter().find(|cookie| cookie["name"] == "session-web")
}

#[test]
fn a_real_browser_logs_in_with_the_providers_page_and_out_again() {
    let Some(browser) = Chromium::start() else { return };
    let upstream = Upstream::echo();
    let (gateway, provider) = gateway(upstream.port());
    let url = |target: &str| format!("http://127.0.0.1:{}{target}", gateway.project().port());

    browser.visit(&url("/page?a=b"));
    let asking = format!("http://127.0.0.1:{}/interaction/", provider.port());
    eventually("the provider asks who it is", || browser.url().starts_with(&asking));
    browser.enter("input[name=user]", "alice");
    eventually("the page is back", || browser.url() == url("/page?a=b"));
    let told = |text: &str| {
        serde_json::from_str::<Value>(text).is_ok_and(|seen| seen["headers"]["x-user"][0] == "alice")
    };
    eventually("the service is told who it is", || told(&browser.text()));

    // The session is there for the gateway, and for no script and no upstream.
    assert_eq!(browser.run("return document.cookie"), "");
    let cookie = session(&browser).unwrap();
    assert_eq!((&cookie["httpOnly"], &cookie["sameSite"]), (&true.into(), &"Lax".into()), "{cookie}");
    assert!(upstream.seen().iter().all(|seen| !seen.head.contains("session-web")));

    browser.visit(&url("/.auth/web/logout"));
    browser.click("button[name=logout]");
    eventually("it was sent to the page after the logout", || browser.url() == url("/bye"));
    assert_eq!(session(&browser), None);
    browser.visit(&url("/page"));
    eventually("the provider asks again", || browser.url().starts_with(&asking));
}
