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

/// The examples that the project ships.
#[test]
fn the_examples_compile() {
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/examples");
    let mut seen = 0;
    for example in std::fs::read_dir(examples).unwrap() {
        let Ok(routes) = std::fs::read_dir(example.unwrap().path().join("routes")) else { continue };
        let source = |entry: std::io::Result<std::fs::DirEntry>| {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            SourceFile { name: path.to_string_lossy().into(), text: text.into() }
        };
        let files: Vec<_> = routes.map(source).collect();
        let all: Vec<u32> = (0..).take(files.len()).collect();
        let bundle = Bundle { revision: "example".into(), files };
        let (table, report) = RouteTable::compile(&bundle, &all);
        assert!(report.is_empty(), "{:#?}", report.findings);
        assert!(table.unwrap().routes().len() > 0);
        seen += 1;
    }
    assert!(seen > 0, "no example has routes");
}
