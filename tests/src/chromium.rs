//! A real browser, where one is installed:
//! Chromium without a window, driven over WebDriver (W3C) by its `chromedriver`.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::Request;
use crate::wait::{PATIENCE, within};
use crate::{Process, free_port};

/// Where WebDriver puts the id of an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// One window of a browser that nobody used before, until it is dropped.
#[derive(Debug)]
pub struct Chromium {
    port: u16,
    session: String,
    _driver: Process,
}

impl Chromium {
    /// Starts one; `None`, and a line that says so, where Chromium or its driver is not installed.
    pub fn start() -> Option<Chromium> {
        let missing = ["chromium", "chromedriver"]
            .into_iter()
            .find(|program| Command::new(program).arg("--version").output().is_err());
        if let Some(program) = missing {
            println!("skipped: `{program}` is not installed");
            return None;
        }
        let port = free_port();
        let driver = Process::start(Command::new("chromedriver").arg(format!("--port={port}")));
        let up =
            within(PATIENCE, || Request::get("/status").try_send(port).filter(|reply| reply.status == 200));
        assert!(up.is_some(), "chromedriver does not start:\n{}", driver.stderr());
        let profile = driver.keep().join("profile");
        let arguments = json!([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-proxy-server",
            format!("--user-data-dir={}", profile.display()),
        ]);
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": arguments}}}});
        let made = call(port, "POST", "/session", Some(&wanted));
        let session = made["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {made}")).to_owned();
        Some(Chromium { port, session, _driver: driver })
    }

    /// Goes to a page and waits until it is there.
    pub fn visit(&self, url: &str) {
        self.call("POST", "/url", Some(&json!({ "url": url })));
    }

    /// The address of the page that is shown.
    pub fn url(&self) -> String {
        self.call("GET", "/url", None).as_str().unwrap_or_default().to_owned()
    }

    /// The text of the page that is shown.
    pub fn text(&self) -> String {
        let body = self.find("body");
        self.call("GET", &format!("/element/{body}/text"), None).as_str().unwrap_or_default().to_owned()
    }

    /// Types into a field, and then the enter key.
    pub fn enter(&self, field: &str, text: &str) {
        let field = self.find(field);
        let keys = json!({ "text": format!("{text}\u{e007}") });
        self.call("POST", &format!("/element/{field}/value"), Some(&keys));
    }

    /// Clicks on something.
    pub fn click(&self, what: &str) {
        let what = self.find(what);
        self.call("POST", &format!("/element/{what}/click"), Some(&json!({})));
    }

    /// What a script of the page comes to.
    pub fn run(&self, script: &str) -> Value {
        self.call("POST", "/execute/sync", Some(&json!({ "script": script, "args": [] })))
    }

    /// The cookies for the page that is shown.
    pub fn cookies(&self) -> Vec<Value> {
        self.call("GET", "/cookie", None).as_array().cloned().unwrap_or_default()
    }

    fn find(&self, selector: &str) -> String {
        let wanted = json!({ "using": "css selector", "value": selector });
        let found = self.call("POST", "/element", Some(&wanted));
        let id = found[ELEMENT].as_str();
        id.unwrap_or_else(|| panic!("no `{selector}` on {}: {found}", self.url())).to_owned()
    }

    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        call(self.port, method, &format!("/session/{}{path}", self.session), body)
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let end = Request::new("DELETE", &format!("/session/{}", self.session));
        // Chromium ends with its session; the driver ends after it.
        let _ = within(Duration::from_secs(5), || end.try_send(self.port));
    }
}

fn call(port: u16, method: &str, path: &str, body: Option<&Value>) -> Value {
    let request = Request::new(method, path).host(Some(&format!("127.0.0.1:{port}")));
    let request = body.into_iter().fold(request, |request, body| request.json(body));
    request.send(port).json()["value"].take()
}
