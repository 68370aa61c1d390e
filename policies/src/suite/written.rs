//! What is written in a suite and in the fixtures beside it.

use portreeve_cel::{Map, Timestamp};
use portreeve_diagnostics::Span;

use crate::{Effect, raw::Text};

#[derive(Debug)]
pub(crate) struct Suite {
    pub(crate) name: Text,
    pub(crate) description: String,
    pub(crate) skip: Skip,
    pub(crate) tests: Vec<Test>,
    pub(crate) fixtures: Fixtures,
    pub(crate) options: Option<Changes>,
}

/// Whether something is left out, and why.
#[derive(Clone, Debug, Default)]
pub(crate) struct Skip {
    pub(crate) skip: bool,
    pub(crate) reason: String,
}

#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) name: Text,
    pub(crate) skip: Skip,
    pub(crate) input: Input,
    pub(crate) expected: Vec<Expectation>,
    /// Instead of all of the suite's.
    pub(crate) options: Option<Changes>,
}

/// Fixtures by their names, one by one and in groups.
#[derive(Debug, Default)]
pub(crate) struct Chosen {
    pub(crate) names: Vec<Text>,
    pub(crate) groups: Vec<Text>,
}

#[derive(Debug, Default)]
pub(crate) struct Input {
    pub(crate) principals: Chosen,
    pub(crate) resources: Chosen,
    pub(crate) actions: Vec<Text>,
    pub(crate) aux: Option<Text>,
}

#[derive(Debug)]
pub(crate) struct Expectation {
    pub(crate) span: Span,
    pub(crate) principals: Chosen,
    pub(crate) resources: Chosen,
    pub(crate) actions: Vec<(Text, Effect)>,
    pub(crate) outputs: Vec<Said>,
}

/// The outputs expected of an action: sources and values.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) action: Text,
    pub(crate) expected: Vec<(Text, portreeve_cel::Value)>,
}

/// How the questions of a suite or test are answered, where that is said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    pub(crate) now: Option<Timestamp>,
    pub(crate) lenient_scope_search: Option<bool>,
    pub(crate) globals: Option<Map>,
    pub(crate) default_version: Option<String>,
    pub(crate) default_scope: Option<String>,
    pub(crate) strict: Option<bool>,
}

/// Groups of fixtures: their names, and those of their members.
pub(crate) type Groups = Vec<(Text, Vec<Text>)>;

#[derive(Debug, Default)]
pub(crate) struct Fixtures {
    pub(crate) principals: Vec<(Text, Principal)>,
    pub(crate) resources: Vec<(Text, Resource)>,
    pub(crate) aux: Vec<(Text, Aux)>,
    pub(crate) principal_groups: Groups,
    pub(crate) resource_groups: Groups,
}

#[derive(Debug)]
pub(crate) struct Principal {
    pub(crate) id: String,
    pub(crate) roles: Vec<std::sync::Arc<str>>,
    pub(crate) attr: Map,
    pub(crate) version: String,
    pub(crate) scope: String,
}

#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) attr: Map,
    pub(crate) version: String,
    pub(crate) scope: String,
}

/// What comes along beside the principal: the claims of one token, and those of several under their names.
#[derive(Debug, Default)]
pub(crate) struct Aux {
    pub(crate) jwt: Map,
    pub(crate) jwts: Map,
}
