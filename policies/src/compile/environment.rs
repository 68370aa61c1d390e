//! The names that every expression may use, and their slots.

use std::sync::{Arc, LazyLock};

use portreeve_cel::{Env, Type};

/// Slots of the names that every expression may use, in the order of their declaration.
pub(crate) mod slot {
    pub(crate) const PRINCIPAL_ID: usize = 0;
    pub(crate) const PRINCIPAL_ROLES: usize = 1;
    pub(crate) const PRINCIPAL_ATTR: usize = 2;
    pub(crate) const PRINCIPAL_VERSION: usize = 3;
    pub(crate) const PRINCIPAL_SCOPE: usize = 4;
    pub(crate) const RESOURCE_KIND: usize = 5;
    pub(crate) const RESOURCE_ID: usize = 6;
    pub(crate) const RESOURCE_ATTR: usize = 7;
    pub(crate) const RESOURCE_VERSION: usize = 8;
    pub(crate) const RESOURCE_SCOPE: usize = 9;
    pub(crate) const JWT: usize = 10;
    pub(crate) const JWTS: usize = 11;
    pub(crate) const DERIVED_ROLES: usize = 12;
    pub(crate) const GLOBALS: usize = 13;
    /// How many there are.
    pub(crate) const COUNT: usize = 14;
}

/// What `reads` calls the effective derived roles.
pub(crate) const DERIVED_ROLES: &str = "runtime.effectiveDerivedRoles";

/// The environment without variables and constants.
pub(crate) fn base() -> Arc<Env> {
    static BASE: LazyLock<Arc<Env>> = LazyLock::new(declare);
    Arc::clone(&BASE)
}

fn declare() -> Arc<Env> {
    let attributes = || Type::map(Type::String, Type::Dyn);
    let texts = || Type::list(Type::String);
    let mut env = Env::builder();
    env.declare("request.principal.id", Type::String);
    env.declare("request.principal.roles", texts());
    env.declare("request.principal.attr", attributes());
    env.declare("request.principal.policyVersion", Type::String);
    env.declare("request.principal.scope", Type::String);
    env.declare("request.resource.kind", Type::String);
    env.declare("request.resource.id", Type::String);
    env.declare("request.resource.attr", attributes());
    env.declare("request.resource.policyVersion", Type::String);
    env.declare("request.resource.scope", Type::String);
    env.declare("request.auxData.jwt", attributes());
    env.declare("request.auxData.jwts", attributes());
    env.declare(DERIVED_ROLES, texts());
    env.declare("globals", attributes());
    for (path, name) in [
        ("request", "cerbos.engine.v1.Request"),
        ("request.principal", "cerbos.engine.v1.Request.Principal"),
        ("request.resource", "cerbos.engine.v1.Request.Resource"),
        ("request.auxData", "cerbos.engine.v1.AuxData"),
    ] {
        env.message(path, name);
    }
    env.roof("runtime", "cerbos.engine.v1.Runtime");
    for names in ["variables", "constants"] {
        env.roof(names, "cerbos.Variables");
    }
    for (alias, path) in [
        ("P", "request.principal"),
        ("R", "request.resource"),
        ("request.aux_data", "request.auxData"),
        ("request.principal.policy_version", "request.principal.policyVersion"),
        ("request.resource.policy_version", "request.resource.policyVersion"),
        ("runtime.effective_derived_roles", DERIVED_ROLES),
        ("G", "globals"),
        ("V", "variables"),
        ("C", "constants"),
    ] {
        env.alias(alias, path);
    }
    env.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slots_are_where_they_are_said_to_be() {
        let env = base();
        let index = |path| env.slot(path).unwrap().index();
        assert_eq!(index("request.principal.id"), slot::PRINCIPAL_ID);
        assert_eq!(index("P.attr"), slot::PRINCIPAL_ATTR);
        assert_eq!(index("R.kind"), slot::RESOURCE_KIND);
        assert_eq!(index("R.policy_version"), slot::RESOURCE_VERSION);
        assert_eq!(index("request.aux_data.jwt"), slot::JWT);
        assert_eq!(index(DERIVED_ROLES), slot::DERIVED_ROLES);
        assert_eq!(index("G"), slot::GLOBALS);
        assert_eq!(env.slots(), slot::COUNT);
    }
}
