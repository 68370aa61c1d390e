use serde_json::{Map, Value};

/// How a granted scope covers a required one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ScopeStrategy {
    /// The very same text.
    #[default]
    Exact,
    /// `contacts` covers `contacts` and `contacts.read`.
    Hierarchic,
    /// `contacts.*` covers `contacts.read` and `contacts.read.own`; `*.read` covers `contacts.read`. A `*` stands for a
    /// part that is not empty, and as the last part for one or more. A `*` that is *required* is only itself.
    Wildcard,
}

/// The scopes a token must carry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scopes {
    /// All of these.
    pub required: Box<[Box<str>]>,
    /// How they are compared.
    pub strategy: ScopeStrategy,
}

impl Scopes {
    /// The first required scope that no granted one covers.
    pub(crate) fn missing<'s>(&'s self, granted: &[&str]) -> Option<&'s str> {
        let covered = |required: &str| granted.iter().any(|granted| self.strategy.covers(granted, required));
        self.required.iter().map(|required| &**required).find(|required| !covered(required))
    }
}

impl ScopeStrategy {
    fn covers(self, granted: &str, required: &str) -> bool {
        match self {
            Self::Exact => granted == required,
            Self::Hierarchic => {
                required.strip_prefix(granted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                    && !granted.is_empty()
            }
            Self::Wildcard => covers_by_parts(granted, required),
        }
    }
}

fn covers_by_parts(granted: &str, required: &str) -> bool {
    let mut required = required.split('.');
    let mut granted = granted.split('.').peekable();
    while let Some(pattern) = granted.next() {
        let Some(part) = required.next() else { return false };
        if pattern == "*" && granted.peek().is_none() {
            return !part.is_empty();
        }
        if pattern != part && (pattern != "*" || part.is_empty()) {
            return false;
        }
    }
    required.next().is_none()
}

/// The scopes a token carries: the first of `scp`, `scope` and `scopes`, as a list or as text with spaces between.
/// `None` when that claim is neither.
pub(crate) fn granted(claims: &Map<String, Value>) -> Option<Vec<&str>> {
    let Some(claim) = ["scp", "scope", "scopes"].iter().find_map(|name| claims.get(*name)) else {
        return Some(Vec::new());
    };
    match claim {
        Value::String(text) => Some(text.split(' ').filter(|scope| !scope.is_empty()).collect()),
        Value::Array(scopes) => scopes.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ScopeStrategy::{Exact, Hierarchic, Wildcard};

    #[test]
    fn a_granted_scope_covers_what_its_strategy_says() {
        for (strategy, granted, required, expected) in [
            (Exact, "a", "a", true),
            (Exact, "a", "A", false),
            (Exact, "a.*", "a.b", false),
            (Hierarchic, "a", "a.b.c", true),
            (Hierarchic, "a", "ab", false),
            (Hierarchic, "a.b", "a", false),
            (Hierarchic, "", ".x", false),
            (Wildcard, "a.*", "a.b", true),
            (Wildcard, "a.*", "a.b.c", true),
            (Wildcard, "a.*", "a", false),
            (Wildcard, "a.*", "a.", false),
            (Wildcard, "*.b", "a.b", true),
            (Wildcard, "*.b", "a.b.c", false),
            (Wildcard, "a.*.c", "a.b.c", true),
            (Wildcard, "a.*.c", "a..c", false),
            (Wildcard, "a.b", "a.*", false),
            (Wildcard, "a", "a.b", false),
            (Wildcard, "*", "a.b", true),
        ] {
            assert_eq!(strategy.covers(granted, required), expected, "{strategy:?} {granted} {required}");
        }
    }

    #[test]
    fn scopes_are_read_from_the_first_claim_that_holds_them() {
        let read = |json: &str| {
            let claims: Map<String, Value> = serde_json::from_str(json).unwrap();
            granted(&claims).map(|scopes| scopes.join("+"))
        };
        assert_eq!(read(r#"{"scp":["a","b"],"scope":"c"}"#).unwrap(), "a+b");
        assert_eq!(read(r#"{"scope":"a  b"}"#).unwrap(), "a+b");
        assert_eq!(read("{}").unwrap(), "");
        assert_eq!(read(r#"{"scope":{"a":1}}"#), None);
        assert_eq!(read(r#"{"scp":["a",1]}"#), None);
    }
}
