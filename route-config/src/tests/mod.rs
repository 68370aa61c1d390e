//! Tests of the whole crate: route files in, targets out.

mod describing;
mod finding;
mod messages;

use http::{HeaderMap, Method};
use portreeve_diagnostics::{Bundle, Report, SourceFile};

use crate::{Head, Host, RequestTarget, RouteTable};

pub(crate) fn bundle(text: &str) -> Bundle {
    let file = SourceFile { name: "routes.yaml".into(), text: text.into() };
    Bundle { revision: "r".into(), files: vec![file] }
}

pub(crate) fn compile(text: &str) -> (Option<RouteTable>, Report) {
    RouteTable::compile(&bundle(text), &[0])
}

/// A table that compiles without any finding.
pub(crate) fn table(text: &str) -> RouteTable {
    let (table, report) = compile(text);
    assert!(report.is_empty(), "{:#?}", report.findings);
    table.unwrap()
}

/// A request that a test owns.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) host: String,
    pub(crate) target: RequestTarget<'static>,
    pub(crate) headers: HeaderMap,
}

impl Request {
    /// `GET /contacts/1?x=y`, for `api.test` unless the target begins with a host.
    pub(crate) fn new(text: &str) -> Self {
        let (method, url) = text.split_once(' ').unwrap();
        let (host, target) = url.split_at(url.find('/').unwrap());
        let host = if host.is_empty() { "api.test" } else { host };
        Self {
            method: method.parse().unwrap(),
            host: Host::parse(host).unwrap().name().to_owned(),
            target: RequestTarget::parse(target).unwrap().into_owned(),
            headers: HeaderMap::new(),
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.append(name, value.parse().unwrap());
        self
    }

    pub(crate) fn head(&self) -> Head<'_> {
        Head {
            method: &self.method,
            scheme: "https",
            host: &self.host,
            path: &self.target.path,
            query: &self.target.query,
            headers: &self.headers,
            client: None,
        }
    }
}
