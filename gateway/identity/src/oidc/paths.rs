//! Where a login may lead back to.

/// The target, if it is a path of this gateway and cannot be read as anything else by any browser.
pub fn safe_return(target: &str) -> Option<&str> {
    let plain = target.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b'\\');
    let own = target.starts_with('/') && !target.starts_with("//");
    (plain && own && target.len() <= 2_048).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_gateway_are_returned_to() {
        for good in ["/", "/a/b?c=d&e=https://x", "/%2f/evil", "/a//b"] {
            assert_eq!(safe_return(good), Some(good));
        }
        let long = format!("/{}", "a".repeat(3_000));
        for bad in [
            "",
            "//evil.test",
            "/\\evil.test",
            "\\\\evil.test",
            "https:evil.test",
            "https://evil.test",
            "///evil.test",
            "javascript:alert(1)",
            "/\t/evil.test",
            "/\n/evil.test",
            " /a",
            "evil.test",
            "/a b",
            "/ä",
            &long,
        ] {
            assert_eq!(safe_return(bad), None, "{bad:.40}");
        }
    }
}
