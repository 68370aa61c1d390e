//! Names of header fields that mean something to whoever reads them behind the gateway, in every spelling.
//!
//! Many servers hand header fields to programs as variables, where `-`, `_` and `.` become the same character, so
//! `X_User.Id` arrives as `X-User-Id` there.

use http::HeaderName;

/// Fields by which proxies tell those behind them what the client asked, and others of the same kind that make a
/// service see another request than the one that was judged. `-` stands for every spelling;
/// a trailing `*` for any ending.
const FORWARDED: &[&str] = &[
    "cf-connecting-ip*",
    "client-ip",
    "fastly-client-ip",
    "forwarded",
    "front-end-https",
    "true-client-ip",
    "x-client-cert*",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-envoy-*",
    "x-forwarded",
    "x-forwarded-*",
    "x-host",
    "x-http-host-override",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-middleware-*",
    "x-original-*",
    "x-originating-ip",
    "x-override-url",
    "x-portreeve-*",
    "x-proxyuser-ip",
    "x-real-ip",
    "x-remote-*",
    "x-request-id",
    "x-rewrite-url",
    "x-scheme",
    "x-ssl-*",
    "x-url-scheme",
    "x-wap-profile",
];

/// Whether a client's field of this name must not be passed on.
pub(super) fn is_forwarding(name: &HeaderName) -> bool {
    // Most names begin otherwise, and every request has a dozen.
    if !name.as_str().starts_with(['c', 'f', 't', 'x']) {
        return false;
    }
    FORWARDED.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => starts_with(name.as_str(), start),
        None => same(name.as_str(), pattern),
    })
}

/// Whether a field of this name is one that the gateway itself sets, in any spelling.
pub(super) fn is_reserved(name: &HeaderName, reserved: &[HeaderName]) -> bool {
    reserved.iter().any(|own| same(name.as_str(), own.as_str()))
}

/// Names are lower case already ([`HeaderName`] is). Separators at the end are ignored, as some servers do.
fn same(a: &str, b: &str) -> bool {
    if a.bytes().next().map(fold) != b.bytes().next().map(fold) {
        return false;
    }
    let (a, b) = (trimmed(a), trimmed(b));
    a.len() == b.len() && starts_with(a, b)
}

fn starts_with(name: &str, start: &str) -> bool {
    name.len() >= start.len() && name.bytes().zip(start.bytes()).all(|(a, b)| fold(a) == fold(b))
}

fn trimmed(name: &str) -> &str {
    name.trim_end_matches(['-', '_', '.'])
}

const fn fold(byte: u8) -> u8 {
    match byte {
        b'_' | b'.' => b'-',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_recognised_in_every_spelling() {
        let own = [HeaderName::from_static("x-user-id")];
        for (name, expected) in [
            ("X-User-Id", true),
            ("x_user_id", true),
            ("x.user.id", true),
            ("X_User-ID_", true),
            ("x-user-id--", true),
            ("x-user", false),
            ("x-user-idx", false),
            ("xuser-id", false),
        ] {
            assert_eq!(is_reserved(&name.parse().unwrap(), &own), expected, "{name}");
        }
    }

    #[test]
    fn every_field_that_speaks_for_another_request_is_found_by_its_first_letter() {
        for pattern in FORWARDED {
            assert!(is_forwarding(&pattern.replace('*', "any").parse().unwrap()), "{pattern}");
        }
    }

    #[test]
    fn fields_that_speak_for_another_request_are_recognised() {
        for (name, expected) in [
            ("x-forwarded-for", true),
            ("X_Forwarded_Uri", true),
            ("x.forwarded.host", true),
            ("forwarded", true),
            ("x-original-url", true),
            ("x-rewrite-url", true),
            ("x-http-method-override", true),
            ("x-envoy-original-path", true),
            ("x-middleware-subrequest", true),
            ("accept", false),
            ("authorization", false),
            ("x-requested-with", false),
            ("x-csrf-token", false),
        ] {
            assert_eq!(is_forwarding(&name.parse().unwrap()), expected, "{name}");
        }
    }
}
