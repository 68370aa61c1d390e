//! What an entry of the audit log says of the headers of its request.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use serde::Serialize;

use super::config::Audit;

/// The values of one header.
#[derive(Serialize)]
pub(super) struct Values {
    values: Vec<String>,
}

/// The headers that the configuration wants, under the names that Cerbos' gateway from HTTP to gRPC gives them.
pub(super) fn metadata(audit: &Audit, headers: &HeaderMap) -> Option<BTreeMap<String, Values>> {
    if audit.include.is_empty() && audit.exclude.is_empty() {
        return None;
    }
    let wanted = |name: &str| {
        (audit.include.is_empty() || audit.include.iter().any(|key| key == name))
            && !audit.exclude.iter().any(|key| key == name)
            && !name.ends_with("authorization")
    };
    let mut found: BTreeMap<String, Values> = BTreeMap::new();
    let mut add = |name: String, value: &str| {
        if wanted(&name) {
            found.entry(name).or_insert_with(|| Values { values: Vec::new() }).values.push(value.to_owned());
        }
    };
    add("content-type".into(), "application/grpc");
    for (name, value) in headers {
        let Ok(value) = value.to_str() else { continue };
        let name = name.as_str();
        if let Some(name) = name.strip_prefix("grpc-metadata-") {
            add(name.to_owned(), value);
        } else if PERMANENT.contains(&name) {
            add(format!("grpcgateway-{name}"), value);
        } else if name == "x-forwarded-for" || name == "x-forwarded-host" {
            add(name.to_owned(), value);
        }
    }
    (!found.is_empty()).then_some(found)
}

/// Headers that are handed on with a prefix; others are not handed on.
const PERMANENT: &[&str] = &[
    "accept",
    "accept-charset",
    "accept-language",
    "accept-ranges",
    "authorization",
    "cache-control",
    "content-type",
    "cookie",
    "date",
    "expect",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-schedule-tag-match",
    "if-unmodified-since",
    "max-forwards",
    "origin",
    "pragma",
    "referer",
    "user-agent",
    "via",
    "warning",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_have_the_names_that_cerbos_knows_them_by_and_authorization_is_never_there() {
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("user-agent", "a"), ("grpc-metadata-x", "b"), ("authorization", "c"), ("x-other", "d")]
        {
            headers.insert(name, value.parse().unwrap());
        }
        let names = |include: &[&str], exclude: &[&str]| {
            let list = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
            let audit = Audit { include: list(include), exclude: list(exclude), ..Audit::default() };
            metadata(&audit, &headers).map(|found| found.into_keys().collect::<Vec<_>>())
        };
        assert_eq!(names(&[], &[]), None);
        assert_eq!(names(&["x", "grpcgateway-authorization"], &[]), Some(vec!["x".into()]));
        let all = ["content-type", "grpcgateway-user-agent"].map(str::to_owned).to_vec();
        assert_eq!(names(&[], &["x"]), Some(all));
    }
}
