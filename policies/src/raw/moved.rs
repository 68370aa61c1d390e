//! The same policy in another place among the files of a bundle.

use portreeve_diagnostics::{Span, Spanned};

use super::{
    Body, Condition, Definables, DerivedRole, DerivedRoles, Output, Policy, Principal, Resource, Role, Rule,
    Schema,
};

impl Policy {
    /// A copy that says it was read from the file of this index.
    pub(crate) fn moved(&self, file: u32) -> Self {
        let mut policy = self.clone();
        policy.go(file);
        policy
    }
}

/// Holds places.
trait Placed {
    /// Puts all of them into this file.
    fn go(&mut self, file: u32);
}

impl Placed for Span {
    fn go(&mut self, file: u32) {
        self.file = file;
    }
}

impl<T> Placed for Spanned<T> {
    fn go(&mut self, file: u32) {
        self.span.go(file);
    }
}

impl Placed for portreeve_cel::Value {
    fn go(&mut self, _file: u32) {}
}

impl<T: Placed> Placed for Option<T> {
    fn go(&mut self, file: u32) {
        self.iter_mut().for_each(|inner| inner.go(file));
    }
}

impl Placed for (super::Text, portreeve_cel::Value, Span) {
    fn go(&mut self, file: u32) {
        self.0.go(file);
        self.2.go(file);
    }
}

impl<T: Placed> Placed for Vec<T> {
    fn go(&mut self, file: u32) {
        self.iter_mut().for_each(|item| item.go(file));
    }
}

impl<A: Placed, B: Placed> Placed for (A, B) {
    fn go(&mut self, file: u32) {
        self.0.go(file);
        self.1.go(file);
    }
}

/// All fields that hold places; each has to be named, so that none is forgotten.
macro_rules! placed {
    ($name:ident { $($field:ident),* } but { $($other:ident),* }) => {
        impl Placed for $name {
            fn go(&mut self, file: u32) {
                let Self { $($field,)* $($other: _,)* } = self;
                $($field.go(file);)*
            }
        }
    };
}

placed!(Definables { variables, import_variables, constants, import_constants } but {});
placed!(Resource { resource, version, scope, imports, names, principal_schema, resource_schema, rules } but { consent });
placed!(Principal { principal, version, scope, names, rules } but { consent });
placed!(Role { role, version, scope, parents, names, rules } but {});
placed!(DerivedRoles { name, names, definitions } but {});
placed!(DerivedRole { name, parents, condition } but {});
placed!(Schema { reference, ignore } but {});
placed!(Rule { span, name, actions, roles, derived_roles, condition, output } but { effect });
placed!(Output { activated, not_met, span } but {});

impl Placed for Policy {
    fn go(&mut self, to: u32) {
        let Self { file, disabled: _, document, place, variables, body } = self;
        *file = to;
        document.go(to);
        place.go(to);
        variables.go(to);
        body.go(to);
    }
}

impl Placed for Body {
    fn go(&mut self, file: u32) {
        match self {
            Self::Resource(policy) => policy.go(file),
            Self::Principal(policy) => policy.go(file),
            Self::Role(policy) => policy.go(file),
            Self::DerivedRoles(set) => set.go(file),
            Self::Variables(name, definitions) => {
                name.go(file);
                definitions.go(file);
            }
            Self::Constants(name, definitions) => {
                name.go(file);
                definitions.go(file);
            }
        }
    }
}

impl Placed for Condition {
    fn go(&mut self, file: u32) {
        match self {
            Self::Expr(text) => text.go(file),
            Self::All(parts) | Self::Any(parts) | Self::None(parts) => parts.go(file),
            Self::Script(place) => place.go(file),
        }
    }
}
