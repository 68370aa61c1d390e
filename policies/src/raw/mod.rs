//! What is written in a policy file, as it is written.

mod condition;
mod moved;
pub(crate) mod object;
mod policies;
mod policy;
pub(crate) mod sets;
mod unread;

use portreeve_diagnostics::{Span, Spanned};

pub(crate) use policy::read;
pub(crate) use unread::unread;

use crate::Effect;

pub(crate) type Text = Spanned<String>;
/// A name and its expression, in the order written.
pub(crate) type Definitions = Vec<(Text, Text)>;

/// Names, values, and where the values are.
pub(crate) type Constants = Vec<(Text, portreeve_cel::Value, Span)>;

#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) file: u32,
    pub(crate) disabled: bool,
    /// The place of all of it.
    pub(crate) document: Span,
    /// The place of the key that says what kind of policy it is.
    pub(crate) place: Span,
    /// The deprecated variables at the top.
    pub(crate) variables: Definitions,
    pub(crate) body: Body,
}

#[derive(Clone, Debug)]
pub(crate) enum Body {
    Resource(Resource),
    Principal(Principal),
    Role(Role),
    DerivedRoles(DerivedRoles),
    Variables(Text, Definitions),
    Constants(Text, Constants),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Definables {
    pub(crate) variables: Definitions,
    pub(crate) import_variables: Vec<Text>,
    pub(crate) constants: Constants,
    pub(crate) import_constants: Vec<Text>,
}

#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) resource: Text,
    pub(crate) version: Text,
    pub(crate) scope: Text,
    pub(crate) consent: Option<bool>,
    pub(crate) imports: Vec<Text>,
    pub(crate) names: Definables,
    pub(crate) principal_schema: Option<Schema>,
    pub(crate) resource_schema: Option<Schema>,
    pub(crate) rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
pub(crate) struct Principal {
    pub(crate) principal: Text,
    pub(crate) version: Text,
    pub(crate) scope: Text,
    pub(crate) consent: Option<bool>,
    pub(crate) names: Definables,
    /// The kind, and the rules about it.
    pub(crate) rules: Vec<(Text, Vec<Rule>)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) role: Text,
    pub(crate) version: Text,
    pub(crate) scope: Text,
    pub(crate) parents: Vec<Text>,
    pub(crate) names: Definables,
    /// The kind, and the rule about it.
    pub(crate) rules: Vec<(Text, Rule)>,
}

#[derive(Clone, Debug)]
pub(crate) struct DerivedRoles {
    pub(crate) name: Text,
    pub(crate) names: Definables,
    pub(crate) definitions: Vec<DerivedRole>,
}

#[derive(Clone, Debug)]
pub(crate) struct DerivedRole {
    pub(crate) name: Text,
    pub(crate) parents: Vec<Text>,
    pub(crate) condition: Option<Condition>,
}

#[derive(Clone, Debug)]
pub(crate) struct Schema {
    pub(crate) reference: Text,
    pub(crate) ignore: Vec<Text>,
}

#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) span: Span,
    pub(crate) name: Option<Text>,
    pub(crate) actions: Vec<Text>,
    pub(crate) roles: Vec<Text>,
    pub(crate) derived_roles: Vec<Text>,
    pub(crate) effect: Effect,
    pub(crate) condition: Option<Condition>,
    pub(crate) output: Option<Output>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Output {
    pub(crate) activated: Option<Text>,
    pub(crate) not_met: Option<Text>,
    pub(crate) span: Span,
}

#[derive(Clone, Debug)]
pub(crate) enum Condition {
    Expr(Text),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    None(Vec<Condition>),
    Script(Span),
}

impl Condition {
    /// Its expressions as written, one for each line.
    pub(crate) fn lines(&self) -> String {
        match self {
            Self::Expr(text) => text.value.trim().to_owned(),
            Self::All(parts) | Self::Any(parts) | Self::None(parts) => {
                parts.iter().map(Self::lines).collect::<Vec<_>>().join("\n")
            }
            Self::Script(_) => String::new(),
        }
    }
}
