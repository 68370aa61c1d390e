//! Requests for tests.

use std::{
    net::IpAddr,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderValue, Method};

use crate::Presented;

/// 2027-01-15, the frozen clock of the fixtures.
pub(crate) const NOW: u64 = 1_800_000_000;

pub(crate) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(NOW + seconds)
}

pub(crate) struct TestRequest {
    pub(crate) headers: HeaderMap,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) certificate: Option<Vec<u8>>,
    pub(crate) peer: Option<IpAddr>,
    pub(crate) now: SystemTime,
}

impl TestRequest {
    pub(crate) fn new(fields: &[(&'static str, &str)]) -> Self {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let (path, query) = ("/".to_owned(), String::new());
        Self { headers, method: Method::GET, path, query, certificate: None, peer: None, now: at(0) }
    }

    pub(crate) fn from(mut self, peer: &str) -> Self {
        self.peer = Some(peer.parse().unwrap());
        self
    }

    pub(crate) fn at(mut self, seconds: u64) -> Self {
        self.now = at(seconds);
        self
    }

    pub(crate) fn presented(&self) -> Presented<'_> {
        Presented {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            certificate: self.certificate.as_deref(),
            peer: self.peer,
            now: self.now,
        }
    }
}
