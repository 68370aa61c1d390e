//! A browser as far as logins need one: it follows redirects by hand and keeps the cookies of each origin.

use std::collections::BTreeMap;

use crate::client::{Reply, Request};

/// A browser of one person. Cookies of one port are not sent to another, as if each were a site of its own.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    cookies: BTreeMap<(u16, String), String>,
}

impl Browser {
    /// One that has been nowhere yet.
    pub fn new() -> Browser {
        Browser::default()
    }

    /// Goes to a page, and no further.
    pub fn visit(&mut self, url: &str) -> Reply {
        self.send(url, |request| request)
    }

    /// The same with more header fields.
    pub fn send(&mut self, url: &str, dress: impl FnOnce(Request) -> Request) -> Reply {
        self.ask("GET", url, dress)
    }

    /// Sends a form.
    pub fn submit(&mut self, url: &str, form: &str) -> Reply {
        let kind = "application/x-www-form-urlencoded";
        self.ask("POST", url, |request| request.header("Content-Type", kind).body(form.as_bytes()))
    }

    /// Logs out at the provider on a port of loopback, by its own pages.
    pub fn end_at_provider(&mut self, port: u16) {
        let page = self.visit(&format!("http://127.0.0.1:{port}/session/end")).text();
        let (_, rest) = page.split_once("name=\"xsrf\" value=\"").expect("the page asks whether to log out");
        let (xsrf, _) = rest.split_once('"').expect("a value ends");
        let form = format!("xsrf={xsrf}&logout=yes");
        let reply = self.submit(&format!("http://127.0.0.1:{port}/session/end/confirm"), &form);
        assert_eq!(reply.status, 303, "{}", reply.text());
    }

    fn ask(&mut self, method: &str, url: &str, dress: impl FnOnce(Request) -> Request) -> Reply {
        let (port, target) = split(url);
        let request = Request::new(method, &target)
            .host(Some(&format!("127.0.0.1:{port}")))
            .header("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
            .header("Sec-Fetch-Mode", "navigate");
        let sent: Vec<String> = self
            .cookies
            .iter()
            .filter(|((at, _), _)| *at == port)
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        let request = if sent.is_empty() { request } else { request.header("Cookie", &sent.join("; ")) };
        let reply = dress(request).send(port);
        self.keep(port, &reply);
        reply
    }

    /// Goes to a page and wherever that leads, answering each login with a user's name; gives the last URL and answer.
    pub fn follow(&mut self, url: &str, user: &str) -> (String, Reply) {
        let mut url = url.to_owned();
        for _ in 0..12 {
            let reply = self.visit(&url);
            let Some(location) = reply.header("location").filter(|_| (300..400).contains(&reply.status))
            else {
                return (url, reply);
            };
            let (port, _) = split(&url);
            url = match location.starts_with('/') {
                true => format!("http://127.0.0.1:{port}{location}"),
                false => location.to_owned(),
            };
            if url.contains("/interaction/") {
                url = format!("{url}?user={user}");
            }
        }
        panic!("no end of redirects at {url}");
    }

    /// The names and values of the cookies for a port.
    pub fn cookies(&self, port: u16) -> BTreeMap<String, String> {
        let here = self.cookies.iter().filter(|((at, _), _)| *at == port);
        here.map(|((_, name), value)| (name.clone(), value.clone())).collect()
    }

    /// Forgets everything about a port.
    pub fn forget(&mut self, port: u16) {
        self.cookies.retain(|(at, _), _| *at != port);
    }

    fn keep(&mut self, port: u16, reply: &Reply) {
        for (_, line) in reply.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let mut parts = line.split(';').map(str::trim);
            let (name, value) =
                parts.next().and_then(|pair| pair.split_once('=')).expect("a cookie has a name");
            let gone =
                parts.any(|part| part.eq_ignore_ascii_case("max-age=0") || part.contains("01 Jan 1970"));
            match gone {
                true => self.cookies.remove(&(port, name.to_owned())),
                false => self.cookies.insert((port, name.to_owned()), value.to_owned()),
            };
        }
    }
}

/// The port and the target of a URL of loopback.
fn split(url: &str) -> (u16, String) {
    let rest = url.strip_prefix("http://127.0.0.1:").unwrap_or_else(|| panic!("not on loopback: {url}"));
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let target = if end == rest.len() { "/" } else { &rest[end..] };
    (rest[..end].parse().expect("a URL has a port"), target.to_owned())
}
