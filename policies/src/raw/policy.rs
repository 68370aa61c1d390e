use portreeve_diagnostics::{Diagnostic, Entry, Node, Report, Span, Spanned, read};

use super::{
    condition::RawMatch,
    fields::{Fields, list, texts},
    rules::{RawPrincipalRule, RawRoleRule, RawRule},
};

/// One policy file.
#[derive(Clone, Debug)]
pub(crate) struct RawPolicy {
    pub(crate) disabled: bool,
    pub(crate) variables: RawVariables,
    pub(crate) constants: RawVariables,
    pub(crate) body: RawBody,
    pub(crate) span: Span,
}

/// What a policy is.
#[derive(Clone, Debug)]
pub(crate) enum RawBody {
    Resource {
        resource: Spanned<String>,
        version: String,
        scope: String,
        consent: bool,
        imports: Vec<Spanned<String>>,
        rules: Vec<RawRule>,
    },
    Principal {
        principal: Spanned<String>,
        version: String,
        scope: String,
        consent: bool,
        rules: Vec<RawPrincipalRule>,
    },
    Role {
        role: Spanned<String>,
        version: String,
        scope: String,
        parents: Vec<Spanned<String>>,
        rules: Vec<RawRoleRule>,
    },
    DerivedRoles {
        name: Spanned<String>,
        definitions: Vec<RawDefinition>,
    },
    ExportVariables {
        name: Spanned<String>,
        definitions: Vec<(Spanned<String>, Node)>,
    },
    ExportConstants {
        name: Spanned<String>,
        definitions: Vec<(Spanned<String>, Node)>,
    },
}

/// `variables` or `constants`
#[derive(Clone, Debug, Default)]
pub(crate) struct RawVariables {
    pub(crate) imports: Vec<Spanned<String>>,
    pub(crate) local: Vec<(Spanned<String>, Node)>,
}

/// One derived role.
#[derive(Clone, Debug)]
pub(crate) struct RawDefinition {
    pub(crate) name: Spanned<String>,
    pub(crate) parents: Vec<Spanned<String>>,
    pub(crate) condition: Option<RawMatch>,
}

const API_VERSION: &str = "api.cerbos.dev/v1";

impl RawPolicy {
    pub(crate) fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut fields = Fields::of(node, "a policy", report)?;
        if let Some(version) = fields.either("apiVersion", "api_version", report) {
            if version.as_str() != Some(API_VERSION) {
                let message = format!("`apiVersion` must equal `{API_VERSION}`");
                report.push(
                    Diagnostic::error("policy/api-version", message).at(version.span, "another version"),
                );
            }
        } else {
            let message = "a policy has no `apiVersion`";
            let diagnostic =
                Diagnostic::error("config/missing-key", message).at(node.span, "`apiVersion` is missing");
            report.push(diagnostic.help(format!("write `apiVersion: {API_VERSION}`")));
        }
        let disabled =
            fields.one("disabled").and_then(|n| read::boolean(n, "`disabled`", report)).unwrap_or_default();
        for known in ["description", "metadata", "$schema"] {
            fields.one(known);
        }
        let deprecated =
            fields.one("variables").map(|n| entries(n, "`variables`", report)).unwrap_or_default();
        let kinds = [
            fields.either("resourcePolicy", "resource_policy", report),
            fields.either("principalPolicy", "principal_policy", report),
            fields.either("rolePolicy", "role_policy", report),
            fields.either("derivedRoles", "derived_roles", report),
            fields.either("exportVariables", "export_variables", report),
            fields.either("exportConstants", "export_constants", report),
        ];
        fields.finish(report);
        if kinds.iter().flatten().count() != 1 {
            let message = "a policy file must have exactly one of `resourcePolicy`, `principalPolicy`, `rolePolicy`, \
                           `derivedRoles`, `exportVariables` and `exportConstants`";
            report.push(Diagnostic::error("policy/kind", message).at(node.span, "this file"));
            return None;
        }
        let readers = [resource, principal, role, derived_roles, export_variables, export_constants];
        let (node, reader) =
            kinds.into_iter().zip(readers).find_map(|(node, reader)| Some((node?, reader)))?;
        let mut policy = reader(node, report)?;
        policy.disabled = disabled;
        policy.variables.local.extend(deprecated);
        Some(policy)
    }
}

fn policy(body: RawBody, variables: RawVariables, constants: RawVariables, span: Span) -> RawPolicy {
    RawPolicy { disabled: false, variables, constants, body, span }
}

fn resource(node: &Node, report: &mut Report) -> Option<RawPolicy> {
    let mut fields = Fields::of(node, "a resource policy", report)?;
    let resource = fields.required_text("resource", report);
    let version = fields.required_text("version", report);
    let (scope, consent) = scope(&mut fields, report);
    let imports = fields.either("importDerivedRoles", "import_derived_roles", report);
    let imports = imports.map(|n| texts(n, "`importDerivedRoles`", report)).unwrap_or_default();
    fields.one("schemas");
    let rules = fields.one("rules").map(|n| list(n, "`rules`", report)).unwrap_or_default();
    let rules =
        rules.iter().zip(1..).filter_map(|(rule, number)| RawRule::read(rule, number, report)).collect();
    let (variables, constants) = names(&mut fields, report);
    let span = fields.node().span;
    fields.finish(report);
    let body =
        RawBody::Resource { resource: resource?, version: version?.value, scope, consent, imports, rules };
    Some(policy(body, variables, constants, span))
}

fn principal(node: &Node, report: &mut Report) -> Option<RawPolicy> {
    let mut fields = Fields::of(node, "a principal policy", report)?;
    let principal = fields.required_text("principal", report);
    let version = fields.required_text("version", report);
    let (scope, consent) = scope(&mut fields, report);
    let rules = fields.one("rules").map(|n| list(n, "`rules`", report)).unwrap_or_default();
    let rules = rules.iter().flat_map(|rule| RawPrincipalRule::read(rule, report)).collect();
    let (variables, constants) = names(&mut fields, report);
    fields.finish(report);
    let body = RawBody::Principal { principal: principal?, version: version?.value, scope, consent, rules };
    Some(policy(body, variables, constants, node.span))
}

fn role(node: &Node, report: &mut Report) -> Option<RawPolicy> {
    let mut fields = Fields::of(node, "a role policy", report)?;
    let role = fields.required_text("role", report);
    let version = fields.text("version", report).map(|v| v.value).filter(|v| !v.is_empty());
    let (scope, _) = scope(&mut fields, report);
    let parents = fields.either("parentRoles", "parent_roles", report);
    let parents = parents.map(|n| texts(n, "`parentRoles`", report)).unwrap_or_default();
    let rules = fields.one("rules").map(|n| list(n, "`rules`", report)).unwrap_or_default();
    let rules = rules.iter().filter_map(|rule| RawRoleRule::read(rule, report)).collect();
    let (variables, constants) = names(&mut fields, report);
    fields.finish(report);
    let version = version.unwrap_or_else(|| "default".to_owned());
    let body = RawBody::Role { role: role?, version, scope, parents, rules };
    Some(policy(body, variables, constants, node.span))
}

fn derived_roles(node: &Node, report: &mut Report) -> Option<RawPolicy> {
    let mut fields = Fields::of(node, "a set of derived roles", report)?;
    let name = fields.required_text("name", report);
    let items =
        fields.required("definitions", report).map(|n| list(n, "`definitions`", report)).unwrap_or_default();
    let definitions = items.iter().filter_map(|item| definition(item, report)).collect();
    let (variables, constants) = names(&mut fields, report);
    fields.finish(report);
    Some(policy(RawBody::DerivedRoles { name: name?, definitions }, variables, constants, node.span))
}

fn definition(node: &Node, report: &mut Report) -> Option<RawDefinition> {
    let mut fields = Fields::of(node, "a derived role", report)?;
    let name = fields.required_text("name", report);
    let parents = fields.either("parentRoles", "parent_roles", report);
    if parents.is_none() {
        let message = "a derived role has no `parentRoles`";
        report
            .push(Diagnostic::error("config/missing-key", message).at(node.span, "`parentRoles` is missing"));
    }
    let parents = parents.map(|n| texts(n, "`parentRoles`", report)).unwrap_or_default();
    let condition = fields.one("condition").and_then(|n| RawMatch::condition(n, report));
    fields.finish(report);
    Some(RawDefinition { name: name?, parents, condition })
}

fn export_variables(node: &Node, report: &mut Report) -> Option<RawPolicy> {
    let (name, definitions) = export(node, "exported variables", report)?;
    let body = RawBody::ExportVariables { name, definitions };
    Some(policy(body, RawVariables::default(), RawVariables::default(), node.span))
}

fn export_constants(node: &Node, report: &mut Report) -> Option<RawPolicy> {
    let (name, definitions) = export(node, "exported constants", report)?;
    let body = RawBody::ExportConstants { name, definitions };
    Some(policy(body, RawVariables::default(), RawVariables::default(), node.span))
}

type Exported = (Spanned<String>, Vec<(Spanned<String>, Node)>);

fn export(node: &Node, what: &'static str, report: &mut Report) -> Option<Exported> {
    let mut fields = Fields::of(node, what, report)?;
    let name = fields.required_text("name", report);
    let definitions =
        fields.one("definitions").map(|n| entries(n, "`definitions`", report)).unwrap_or_default();
    fields.finish(report);
    Some((name?, definitions))
}

/// The scope, and whether an allow needs the parent scope's consent.
fn scope(fields: &mut Fields<'_>, report: &mut Report) -> (String, bool) {
    let scope = fields.text("scope", report).map(|scope| scope.value).unwrap_or_default();
    let scope = crate::names::root_alias(&scope).to_owned();
    let choices = [
        ("SCOPE_PERMISSIONS_OVERRIDE_PARENT", false),
        ("SCOPE_PERMISSIONS_REQUIRE_PARENTAL_CONSENT_FOR_ALLOWS", true),
        ("SCOPE_PERMISSIONS_UNSPECIFIED", false),
    ];
    let node = fields.either("scopePermissions", "scope_permissions", report);
    let consent =
        node.and_then(|node| read::choice(node, "`scopePermissions`", &choices, report)).unwrap_or_default();
    (scope, consent)
}

fn names(fields: &mut Fields<'_>, report: &mut Report) -> (RawVariables, RawVariables) {
    let mut read = |name: &'static str, report: &mut Report| {
        let Some(mut inner) = fields.one(name).and_then(|node| Fields::of(node, name, report)) else {
            return RawVariables::default();
        };
        let imports = inner.one("import").map(|n| texts(n, "`import`", report)).unwrap_or_default();
        let local = inner.one("local").map(|n| entries(n, "`local`", report)).unwrap_or_default();
        inner.finish(report);
        RawVariables { imports, local }
    };
    (read("variables", report), read("constants", report))
}

fn entries(node: &Node, what: &str, report: &mut Report) -> Vec<(Spanned<String>, Node)> {
    let Some(entries) = node.as_map() else {
        report.push(read::wrong_type(node, what, "a mapping"));
        return Vec::new();
    };
    entries.iter().map(|Entry { key, value }| (key.clone(), value.clone())).collect()
}
