use portreeve_diagnostics::{Diagnostic, Report, Span, Spanned};
use rustc_hash::FxHashMap;

use crate::{names::sanitise, set::Key};

pub(super) fn key(name: &Spanned<String>, version: &str, scope: &str) -> Key {
    Key { name: sanitise(&name.value).into(), version: version.into(), scope: scope.into() }
}

/// `resource.leave_request.vdefault/acme.hr`
pub(super) fn shown(kind: &str, key: &Key) -> String {
    policy_key(kind, &key.name, &key.version, &key.scope)
}

pub(crate) fn policy_key(kind: &str, name: &str, version: &str, scope: &str) -> String {
    let separator = if scope.is_empty() { "" } else { "/" };
    format!("{kind}.{name}.v{version}{separator}{scope}")
}

/// Two policies with one key cannot both be meant.
pub(super) fn insert<T>(into: &mut FxHashMap<Key, T>, key: Key, unit: T, span: Span, report: &mut Report) {
    let shown = format!("`{}`, version `{}`, scope `{}`", key.name, key.version, key.scope);
    if into.insert(key, unit).is_some() {
        report.push(
            Diagnostic::error("policy/duplicate", format!("there is another policy for {shown}"))
                .at(span, "defined again")
                .help("names that differ only in `:`, `/`, `-` and `_` are one name"),
        );
    }
}
