use portreeve_cel::Map;

/// How policies are evaluated, as far as it is not in the policies.
#[derive(Clone, Debug)]
pub struct Options {
    /// The version that an empty one stands for.
    pub default_version: Box<str>,
    /// The scope that an empty one stands for.
    pub default_scope: Box<str>,
    /// Whether a scope without a policy stands for the nearest one above it that has one.
    pub lenient_scope_search: bool,
    /// Whether an error while a condition is evaluated denies the action. Cerbos' default is that the rule is passed
    /// over, also one that denies.
    pub strict: bool,
    /// What conditions see as `globals`.
    pub globals: Map,
}

impl Default for Options {
    /// Strict; versions are `default`, scopes are found exactly, and there are no globals.
    fn default() -> Self {
        Self {
            default_version: "default".into(),
            default_scope: "".into(),
            lenient_scope_search: false,
            strict: true,
            globals: Map::default(),
        }
    }
}
