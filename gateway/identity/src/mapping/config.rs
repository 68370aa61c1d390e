use serde_json::{Map as JsonMap, Value as Json};

/// How what a credential says becomes a principal. The texts are CEL over the facts of the mechanism. For roles and
/// attributes a plain selection (`claims.department`) of what is not there is no error: there are none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MappingConfig {
    /// The caller's name: text, not empty. Empty: `claims.sub`, or `session.sub`; other mechanisms need one.
    pub id: Box<str>,
    /// The roles: a list of text. Empty: `claims.roles` or `session.roles`, if there are any.
    pub roles: Box<str>,
    /// The attributes.
    pub attributes: Vec<Attribute>,
    /// The scope of the policies that apply to the caller: text, or absent.
    pub scope: Option<Box<str>>,
    /// Values that the expressions may use by name, worked out in this order.
    pub lets: Vec<Named>,
    /// What must hold of a credential besides being genuine. Anything but `true` refuses it.
    pub require: Vec<Requirement>,
    /// Values of the configuration that the expressions read as `params.name`.
    pub params: JsonMap<String, Json>,
    /// The role of callers for whom the mapping finds none. Default `authenticated`.
    pub fallback_role: Box<str>,
}

/// A value under a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Named {
    /// The name.
    pub name: Box<str>,
    /// The value.
    pub expression: Box<str>,
}

/// A condition on credentials.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Requirement {
    /// The condition.
    pub expression: Box<str>,
    /// Why a credential is refused without it, for the log.
    pub reason: Box<str>,
    /// Whether a credential without it is genuine but not enough (403) rather than not good (401).
    pub insufficient: bool,
}

/// One attribute of the caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attribute {
    /// Its name. With a `?` at the end, the expression gives an optional value, and the attribute is left out when
    /// there is none.
    pub name: Box<str>,
    /// Its value.
    pub expression: Box<str>,
}

impl Default for MappingConfig {
    fn default() -> Self {
        Self {
            id: "".into(),
            roles: "".into(),
            attributes: Vec::new(),
            scope: None,
            lets: Vec::new(),
            require: Vec::new(),
            params: JsonMap::new(),
            fallback_role: "authenticated".into(),
        }
    }
}
