//! What is wrong with policies, in Cerbos' words and where Cerbos says it is.

use portreeve_diagnostics::{Bundle, SourceFile};
use portreeve_policies::{Options, PolicySet};

const RULES: &str = "  rules:\n    - actions: [a]\n      effect: EFFECT_ALLOW\n      roles: [u]\n";

/// `line:column text` for each finding that Cerbos has, too.
fn said(texts: &[&str]) -> Vec<String> {
    let files = texts.iter().zip("abc".chars()).map(|(text, name)| SourceFile {
        name: format!("{name}.yaml").into(),
        text: format!("apiVersion: api.cerbos.dev/v1\n{text}").into(),
    });
    let bundle = Bundle { revision: "r".into(), files: files.collect() };
    let all: Vec<u32> = (0..).take(texts.len()).collect();
    let compiled = PolicySet::compile_verbose(&bundle, &all, &Options::default());
    let theirs =
        compiled.findings.iter().filter(|finding| finding.cause != portreeve_policies::Cause::Advice);
    theirs
        .map(|finding| {
            let place = finding.place.and_then(|span| bundle.place(span));
            let place = place.map_or("-".to_owned(), |place| format!("{}:{}", place.line, place.column));
            format!("{place} {}", finding.text)
        })
        .collect()
}

/// A resource policy with more fields before its rules, and more in its rule.
fn policy(fields: &str, rule: &str) -> String {
    format!("resourcePolicy:\n  resource: r\n  version: default\n{fields}{RULES}{rule}")
}

#[test]
fn a_null_is_no_list_mapping_or_boolean_and_no_text_is_the_empty_one() {
    for (text, expected) in [
        (policy("  variables: null\n", ""), "5:14 expected object got Null"),
        (policy("  importDerivedRoles: ~\n", ""), "5:23 expected sequence got Null"),
        (policy("  constants:\n    local: null\n", ""), "6:12 expected map got Null"),
        (policy("", "      condition: null\n"), "9:18 expected object got Null"),
        (policy("", "disabled: null\n"), "9:11 expected boolean value got Null"),
        (
            policy("", "").replace("[u]", "[null]"),
            "8:15 resourcePolicy.rules[0].roles[0]: must be at least 1 characters",
        ),
        (
            policy("", "").replace("resource: r", "resource: null"),
            "3:3 resourcePolicy.resource: value is required",
        ),
        (
            policy("", "").replace("EFFECT_ALLOW", "null"),
            "7:7 resourcePolicy.rules[0].effect: value is required",
        ),
        (policy("  variables:\n", ""), "5:13 expected object got Null"),
        (
            policy("", "").replace("resource: r", "resource:"),
            "3:3 resourcePolicy.resource: value is required",
        ),
    ] {
        assert_eq!(said(&[&text]), [expected], "{text}");
    }
    assert_eq!(said(&[&policy("  scope: null\n  scopePermissions: null\n", "description: null\n")]), [""; 0]);
}

#[test]
fn what_breaks_a_rule_is_named_by_its_whole_path() {
    for (text, expected) in [
        (
            policy("", "").replace("default", "a b"),
            r"4:3 resourcePolicy.version: does not match regex pattern `^[\w]+$`",
        ),
        (
            policy("", "      condition: { match: {} }\n"),
            "- resourcePolicy.rules[0].condition.match.op: exactly one field is required in oneof",
        ),
        (
            policy("  variables: { import: [x, x] }\n", ""),
            "5:16 resourcePolicy.variables.import: repeated value must contain unique items",
        ),
        (
            policy("", "      condition: { match: { expr: a, all: { of: [{ expr: b }] } } }\n"),
            "9:38 invalid value: oneof field is already set at [9:29]",
        ),
        (policy("", "resource_policy: {}\n"), "9:1 duplicate field definition: previous definition at [2:1]"),
        (
            policy("", "description: a\ndescription: b\n"),
            "10:1 mapping key \"description\" already defined at [9:1]",
        ),
        (policy("", "description: *x\n"), "9:14 unknown anchor \"x\""),
        (policy("", "metadata: { hash: -1 }\n"), "9:19 unexpected negative value -1"),
        (policy("", "metadata: { foo: 1 }\n"), "9:13 unknown field \"foo\""),
        (
            "rolePolicy:\n  version: default\n".to_owned(),
            "- rolePolicy.policyType: exactly one field is required in oneof",
        ),
        (
            "rolePolicy:\n  role: x\n  parentRoles: ['']\n".to_owned(),
            "4:17 rolePolicy.parentRoles[0]: must be at least 1 characters",
        ),
    ] {
        assert_eq!(said(&[&text]), [expected], "{text}");
    }
}

#[test]
fn what_does_not_compile_is_told_as_cerbos_tells_it() {
    let exported = "exportConstants:\n  name: x\n  definitions:\n    a: 2\n";
    for (texts, expected) in [
        (
            vec![policy("  variables:\n    local:\n      a: V.b\n      b: V.a\n", "")],
            "7:10 Variables 'a' (a.yaml:7:10) and 'b' (a.yaml:8:10) form a cycle",
        ),
        (vec![policy("  variables:\n    local:\n      a: V.a\n", "")], "7:10 Variable 'a' references itself"),
        (
            vec![policy("  constants:\n    import: [x]\n    local:\n      a: 1\n", ""), exported.to_owned()],
            "- Constant 'a' has multiple definitions in import 'x' (b.yaml:5:8) and policy local constants (a.yaml:8:10)",
        ),
        (
            vec![policy("", "      output:\n        when: {}\n")],
            "9:7 output must have at least one expression",
        ),
        (
            vec![policy("", "      output:\n        expr: ''\n")],
            "9:7 output must have at least one expression",
        ),
        (
            vec![policy("", "      condition:\n        match:\n          expr: foo && a.b\n")],
            "11:11 Invalid expression `foo && a.b`: [undeclared reference to 'foo' (in container ''), undeclared reference to 'a' (in container '')]",
        ),
        (
            vec![policy("", "      condition:\n        match:\n          expr: now() > timestamp('x')\n")],
            "11:11 Invalid expression `now() > timestamp('x')`: [invalid timestamp argument]",
        ),
    ] {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        assert_eq!(said(&texts), [expected], "{texts:?}");
    }
}

#[test]
fn what_cerbos_does_not_look_at_is_no_error() {
    let set = "derivedRoles:\n  name: x\n  definitions: [{ name: a, parentRoles: [u], condition: { match: { expr: foo } } }]\n";
    assert_eq!(said(&[set]), [""; 0], "nobody imports it");
    assert_eq!(said(&[set, &policy("  importDerivedRoles: [x]\n", "")]).len(), 1);
    assert_eq!(said(&[&policy("  variables: { local: { if: '1', package: '2' } }\n", "")]), [""; 0]);
}

#[test]
fn a_role_policy_without_rules_fills_no_gap_between_scopes() {
    let leaf = policy("  scope: a.b\n", "");
    let role = "rolePolicy:\n  role: x\n  scope: a\n";
    assert_eq!(said(&[&leaf, &policy("", ""), role]), ["- resource.r.vdefault/a"]);
    let with_rules = format!("{role}  rules: [{{ resource: r, allowActions: [a] }}]\n");
    assert_eq!(said(&[&leaf, &policy("", ""), &with_rules]), [""; 0]);
}
