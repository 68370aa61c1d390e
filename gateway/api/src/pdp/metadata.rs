//! What an entry of the audit log says of the headers of its request.

use std::collections::BTreeMap;

use http::HeaderMap;
use serde::Serialize;

use super::config::Audit;

/// The values of one header.
#[derive(Serialize)]
pub(super) struct Values {
    values: Vec<String>,
}

/// The headers that the configuration wants, under the names that Cerbos knows them by. Of those that its gateway from
/// HTTP to gRPC adds, there are the addresses that a request was sent from and to, and the type of what gRPC carries.
pub(super) fn metadata(
    audit: &Audit,
    headers: &HeaderMap,
    forwarded_for: &str,
) -> Option<BTreeMap<String, Values>> {
    if audit.include.is_empty() && audit.exclude.is_empty() {
        return None;
    }
    let wanted = |name: &str| {
        (audit.include.is_empty() || audit.include.iter().any(|key| key == name))
            && !audit.exclude.iter().any(|key| key == name)
            && !name.ends_with("authorization")
    };
    let mut found: BTreeMap<String, Values> = BTreeMap::new();
    let mut add = |name: &str, value: &str| {
        if wanted(name) {
            let values = found.entry(name.to_owned()).or_insert_with(|| Values { values: Vec::new() });
            values.values.push(value.to_owned());
        }
    };
    add("content-type", "application/grpc");
    add("x-forwarded-for", forwarded_for);
    for (name, value) in headers {
        let Ok(value) = value.to_str() else { continue };
        match name.as_str() {
            "user-agent" => add("grpcgateway-user-agent", value),
            "host" if !headers.contains_key("x-forwarded-host") => add("x-forwarded-host", value),
            name if STAY.contains(&name) => {}
            name => add(name, value),
        }
    }
    (!found.is_empty()).then_some(found)
}

/// Headers that are for the connection, or that are told in another way.
const STAY: &[&str] = &[
    "connection",
    "content-length",
    "content-type",
    "grpc-timeout",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-for",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_have_the_names_that_cerbos_knows_them_by_and_authorization_is_never_there() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("user-agent", "a"),
            ("grpc-metadata-x", "b"),
            ("authorization", "c"),
            ("proxy-authorization", "c"),
            ("x-other", "d"),
            ("x-other", "e"),
            ("cookie", "f"),
            ("connection", "close"),
            ("host", "example.org"),
            ("content-type", "application/json"),
            ("x-forwarded-for", "1.1.1.1"),
        ] {
            headers.append(name, value.parse().unwrap());
        }
        let found = |include: &[&str], exclude: &[&str]| {
            let list = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
            let audit = Audit { include: list(include), exclude: list(exclude), ..Audit::default() };
            let found = metadata(&audit, &headers, "1.1.1.1, 2.2.2.2")?;
            let each = found.into_iter().map(|(name, values)| format!("{name}: {}", values.values.join("|")));
            Some(each.collect::<Vec<_>>())
        };
        assert_eq!(found(&[], &[]), None);
        assert_eq!(found(&["x-other", "authorization"], &[]), Some(vec!["x-other: d|e".to_owned()]));
        let all = [
            "content-type: application/grpc",
            "grpc-metadata-x: b",
            "grpcgateway-user-agent: a",
            "x-forwarded-for: 1.1.1.1, 2.2.2.2",
            "x-forwarded-host: example.org",
            "x-other: d|e",
        ];
        assert_eq!(found(&[], &["cookie"]), Some(all.map(str::to_owned).to_vec()));
    }
}
