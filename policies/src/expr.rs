//! The names that conditions may use, and what their values are.

use std::sync::{Arc, LazyLock};

use portreeve_cel::{Env, EnvBuilder, Slot, Type};

/// The slots of what a question holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slots {
    pub(crate) principal: [Slot; 5],
    pub(crate) resource: [Slot; 5],
    pub(crate) jwt: Slot,
    pub(crate) jwts: Slot,
    pub(crate) derived_roles: Slot,
    pub(crate) globals: Slot,
}

/// The environment that every policy's own extends.
pub(crate) static BASE: LazyLock<(Arc<Env>, Slots)> = LazyLock::new(|| {
    let mut names = Env::builder();
    let attr = || Type::map(Type::String, Type::Dyn);
    let party = |names: &mut EnvBuilder, path: &str, first: &str, second: (&str, Type)| {
        let at = |field: &str| format!("{path}.{field}");
        let slots = [
            names.declare(&at(first), Type::String),
            names.declare(&at(second.0), second.1),
            names.declare(&at("attr"), attr()),
            names.declare(&at("policyVersion"), Type::String),
            names.declare(&at("scope"), Type::String),
        ];
        names.alias(&at("policy_version"), &at("policyVersion"));
        slots
    };
    let principal = party(&mut names, "request.principal", "id", ("roles", Type::list(Type::String)));
    let resource = party(&mut names, "request.resource", "kind", ("id", Type::String));
    let jwt = names.declare("request.auxData.jwt", attr());
    let jwts = names.declare("request.auxData.jwts", attr());
    let derived_roles = names.declare("runtime.effectiveDerivedRoles", Type::list(Type::String));
    let globals = names.declare("globals", attr());
    for (alias, path) in [
        ("P", "request.principal"),
        ("R", "request.resource"),
        ("request.aux_data", "request.auxData"),
        ("runtime.effective_derived_roles", "runtime.effectiveDerivedRoles"),
        ("V", "variables"),
        ("C", "constants"),
        ("G", "globals"),
    ] {
        names.alias(alias, path);
    }
    (names.build(), Slots { principal, resource, jwt, jwts, derived_roles, globals })
});
