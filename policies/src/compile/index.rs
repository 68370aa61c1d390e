//! What is there, by name; what is there twice, and what is missing.

use std::{collections::BTreeMap, sync::Arc};

use portreeve_diagnostics::{Bundle, Diagnostic, Span, suggest};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    finding::{Cause, Finding, Findings},
    names, place,
    raw::{Body, Constants, Definables, Definitions, DerivedRoles, Policy, Text},
};

/// The sets that policies import, by name.
#[derive(Default)]
pub(super) struct Index<'p> {
    pub(super) derived_roles: FxHashMap<&'p str, (&'p DerivedRoles, &'p Policy)>,
    /// The names of the sets of derived roles that a policy imports.
    pub(super) imported: FxHashSet<&'p str>,
    pub(super) variables: FxHashMap<&'p str, &'p Definitions>,
    pub(super) constants: FxHashMap<&'p str, &'p Constants>,
    /// Whether allows need consent, by scope.
    pub(super) consent: FxHashMap<&'p str, bool>,
}

pub(super) fn key(policy: &Policy) -> String {
    match &policy.body {
        Body::Resource(p) => names::key("resource", &p.resource.value, &p.version.value, &p.scope.value),
        Body::Principal(p) => names::key("principal", &p.principal.value, &p.version.value, &p.scope.value),
        Body::Role(p) => names::key("role", &p.role.value, version(&p.version.value), &p.scope.value),
        Body::DerivedRoles(set) => format!("derived_roles.{}", names::sanitise(&set.name.value)),
        Body::Variables(name, _) => format!("export_variables.{}", names::sanitise(&name.value)),
        Body::Constants(name, _) => format!("export_constants.{}", names::sanitise(&name.value)),
    }
}

/// The version of a role policy that names none.
pub(super) fn version(written: &str) -> &str {
    if written.is_empty() { "default" } else { written }
}

pub(super) fn build<'p>(bundle: &Bundle, policies: &'p [Arc<Policy>], findings: &mut Findings) -> Index<'p> {
    let (mut index, keys) = sets(bundle, policies, findings);
    missing_scopes(policies, &keys, findings);
    permissions(policies, &mut index, findings);
    index
}

/// Says of what is missing because it is not right itself where it is.
pub(super) fn point_to(refused: &[Arc<Policy>], bundle: &Bundle, found: &mut [Finding]) {
    for finding in found {
        let missing = match &finding.cause {
            Cause::MissingImport { kind, name, .. } => key_of_set(kind, name),
            Cause::MissingScope { policy, .. } => policy.clone(),
            _ => continue,
        };
        let policy = refused.iter().find(|policy| key(policy) == missing);
        if let Some(file) = policy.and_then(|policy| bundle.file(policy.place)) {
            let help = format!("it is in `{}`, which cannot be used as it is", file.name);
            finding.diagnostic = finding.diagnostic.clone().help(help);
        }
    }
}

/// The key of what is imported; the kind is what Cerbos calls it.
fn key_of_set(kind: &str, name: &str) -> String {
    let family = match kind {
        "derived roles" => "derived_roles",
        "variables" => "export_variables",
        _ => "export_constants",
    };
    format!("{family}.{}", names::sanitise(name))
}

/// Policies by their keys.
type Keys<'p> = FxHashMap<String, &'p Policy>;

/// The index without the scopes: what is there twice, and which imports are missing.
pub(super) fn sets<'p>(
    bundle: &Bundle,
    policies: &'p [Arc<Policy>],
    findings: &mut Findings,
) -> (Index<'p>, Keys<'p>) {
    let mut index = Index::default();
    let mut keys = Keys::default();
    for policy in policies {
        let key = key(policy);
        if let Some(first) = keys.get(&key) {
            duplicate(bundle, &key, first, policy, findings);
            continue;
        }
        match &policy.body {
            Body::DerivedRoles(set) => {
                index.derived_roles.insert(&set.name.value, (set, policy));
            }
            Body::Variables(name, definitions) => {
                index.variables.insert(&name.value, definitions);
            }
            Body::Constants(name, definitions) => {
                index.constants.insert(&name.value, definitions);
            }
            _ => {}
        }
        keys.insert(key, policy);
    }
    for policy in policies {
        if let Body::Resource(resource) = &policy.body {
            index.imported.extend(resource.imports.iter().map(|import| import.value.as_str()));
        }
        imports(policy, &index, findings);
    }
    (index, keys)
}

fn duplicate(bundle: &Bundle, key: &str, first: &Policy, second: &Policy, findings: &mut Findings) {
    let other = bundle.file(first.place).map(|file| file.name.to_string()).unwrap_or_default();
    let diagnostic = Diagnostic::error("policy/duplicate", format!("`{key}` is defined twice"))
        .at(second.place, "defined again here")
        .at(first.place, "first defined here")
        .help("names that differ only in `:`, `/`, `-` and `_` are one name; give one of them another version or scope");
    let place = place::mapping(bundle, second.document);
    let cause = Cause::Duplicate { policy: key.into(), other: first.file };
    findings.push(second.file, cause, format!("duplicate of {other}"), Some(place), diagnostic);
}

fn imports(policy: &Policy, index: &Index<'_>, findings: &mut Findings) {
    let (derived, names): (&[Text], Option<&Definables>) = match &policy.body {
        Body::Resource(p) => (&p.imports, Some(&p.names)),
        Body::Principal(p) => (&[], Some(&p.names)),
        Body::Role(p) => (&[], Some(&p.names)),
        Body::DerivedRoles(set) => (&[], Some(&set.names)),
        Body::Variables(..) | Body::Constants(..) => (&[], None),
    };
    let (variables, constants) =
        names.map_or((&[][..], &[][..]), |names| (&names.import_variables, &names.import_constants));
    missing(policy, derived, "derived roles", &index.derived_roles, findings);
    missing(policy, constants, "constants", &index.constants, findings);
    missing(policy, variables, "variables", &index.variables, findings);
}

fn missing<T>(
    policy: &Policy,
    imports: &[Text],
    kind: &'static str,
    known: &FxHashMap<&str, T>,
    findings: &mut Findings,
) {
    for import in imports.iter().filter(|import| !known.contains_key(import.value.as_str())) {
        let (name, key) = (&import.value, key(policy));
        let mut diagnostic =
            Diagnostic::error("policy/missing-import", format!("there are no {kind} called `{name}`"))
                .at(import.span, "not found");
        if let Some(near) = suggest::nearest(name, known.keys().copied()) {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
        }
        let text = format!("cannot find {kind} '{name}' imported by policy {key}");
        let cause = Cause::MissingImport { policy: key, kind, name: name.clone() };
        findings.push(policy.file, cause, text, Some(import.span), diagnostic);
    }
}

/// Every scope above a policy's scope must have a policy of that name; a role policy with rules in the
/// scope will do for resources.
fn missing_scopes(policies: &[Arc<Policy>], keys: &FxHashMap<String, &Policy>, findings: &mut Findings) {
    let mut gaps: BTreeMap<String, Vec<&Policy>> = BTreeMap::new();
    let mut role_scopes = FxHashSet::default();
    for policy in policies {
        if let Body::Role(p) = &policy.body
            && !p.rules.is_empty()
        {
            role_scopes.insert((version(&p.version.value), p.scope.value.as_str()));
        }
    }
    for policy in policies {
        let (family, name, at, scope) = match &policy.body {
            Body::Resource(p) => ("resource", &p.resource, &p.version, &p.scope),
            Body::Principal(p) => ("principal", &p.principal, &p.version, &p.scope),
            _ => continue,
        };
        for parent in names::parents(&scope.value) {
            let key = names::key(family, &name.value, &at.value, parent);
            let filled = family == "resource" && role_scopes.contains(&(at.value.as_str(), parent));
            if !filled && !keys.contains_key(&key) {
                gaps.entry(key).or_default().push(policy);
            }
        }
    }
    for (missing, descendants) in gaps {
        let Some(first) = descendants.first() else { continue };
        let diagnostic = Diagnostic::error("policy/missing-scope", format!("there is no policy `{missing}`"))
            .at(first.place, "needs a policy in every scope above its own")
            .help("add the policy; it may be without rules");
        let cause = Cause::MissingScope {
            policy: missing.clone(),
            descendants: descendants.iter().map(|policy| key(policy)).collect(),
        };
        findings.push(first.file, cause, missing, None, diagnostic);
    }
}

/// Q1: a scope has one kind of permissions, and saying nothing means that it overrides its parent.
fn permissions<'p>(policies: &'p [Arc<Policy>], index: &mut Index<'p>, findings: &mut Findings) {
    let mut seen: FxHashMap<&str, (bool, Span)> = FxHashMap::default();
    let mut reported = std::collections::BTreeSet::new();
    for policy in policies {
        let (scope, consent) = match &policy.body {
            Body::Resource(p) => (&p.scope, p.consent),
            Body::Principal(p) => (&p.scope, p.consent),
            _ => continue,
        };
        let consent = consent.unwrap_or(false);
        let (first, place) = *seen.entry(&scope.value).or_insert((consent, policy.place));
        index.consent.insert(&scope.value, first);
        if first == consent || !reported.insert(&scope.value) {
            continue;
        }
        let message = format!("the policies of scope `{}` do not agree on its permissions", scope.value);
        let diagnostic = Diagnostic::error("policy/scope-permissions", message)
            .at(policy.place, "says otherwise than")
            .at(place, "this one")
            .help("give every resource and principal policy of a scope the same `scopePermissions`");
        let cause = Cause::ScopePermissions { scope: scope.value.clone() };
        findings.push(policy.file, cause, scope.value.clone(), None, diagnostic);
    }
}
