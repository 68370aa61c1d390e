//! Names of types, which stand for themselves in an expression.

/// The types of the language itself.
const CORE: [&str; 12] = [
    "null_type",
    "bool",
    "int",
    "uint",
    "double",
    "string",
    "bytes",
    "list",
    "map",
    "type",
    "google.protobuf.Timestamp",
    "google.protobuf.Duration",
];

/// Is it a type of the language itself?
pub(crate) fn is_core(name: &str) -> bool {
    CORE.contains(&name)
}

/// Is it a type that an expression can name?
pub(crate) fn is_known(name: &str) -> bool {
    is_core(name) || matches!(name, "optional_type" | "net.IP" | "net.CIDR" | "cerbos.lib.hierarchy")
}
