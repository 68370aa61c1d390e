//! Filters of policies in few words.

use portreeve_policies::{Enforcement, Filter, Manner, Options, PolicySet};

use crate::asking::{Ask, holds, lax, map, set};

fn doc(scope: &str, rest: &str) -> String {
    format!("resourcePolicy:\n  resource: doc\n  version: default\n  scope: '{scope}'\n{rest}")
}

/// One rule that allows staff to view where an expression holds.
fn when(expr: &str) -> PolicySet {
    set(&[doc("", &rules(&[("ALLOW", "staff", expr)]))])
}

/// Rules about `view`: effect, role and expression, nothing for none.
fn rules(rules: &[(&str, &str, &str)]) -> String {
    let rule = |(effect, role, expr): &(&str, &str, &str)| {
        let condition = match *expr {
            "" => String::new(),
            expr => format!(", condition: {{ match: {{ expr: \"{expr}\" }} }}"),
        };
        format!("    - {{ actions: [view], effect: EFFECT_{effect}, roles: [{role}]{condition} }}\n")
    };
    format!("  rules:\n{}", rules.iter().map(rule).collect::<String>())
}

const CERBOS: Manner = Manner::AsCerbos;

fn principal() -> Ask {
    Ask { principal: r#"{"s": "x", "l": ["x", "y"], "m": {"x": 1, "y": 2}}"#, ..Ask::default() }
}

#[test]
fn known_attributes_are_worked_out_and_unknown_ones_stay() {
    let policies = when("R.attr.owner == P.id && R.attr.state == 'open'");
    for (known, expected) in [
        ("", r#"(and (eq R.owner "ann") (eq R.state "open"))"#),
        (r#"{"state": "open"}"#, r#"(eq R.owner "ann")"#),
        (r#"{"state": "closed"}"#, "(false)"),
        (r#"{"state": "open", "owner": "ann"}"#, "(true)"),
    ] {
        assert_eq!(Ask { known, ..Ask::default() }.filter(&policies), expected, "{known}");
    }
}

#[test]
fn expressions_are_written_in_the_operators_of_filters() {
    for (expr, expected) in [
        ("R.id == P.id", r#"(eq request.resource.id "ann")"#),
        ("R.kind == 'doc'", "(true)"),
        ("R.attr.n + 1.0 > 2.0", "(gt (add R.n 1) 2)"),
        ("-R.attr.n < 2.0", "(lt (-_ R.n) 2)"),
        ("R.attr.a && R.attr.b && R.attr.c", "(and (and R.a R.b) R.c)"),
        ("R.attr.a && (R.attr.b && R.attr.c)", "(and R.a (and R.b R.c))"),
        ("R.attr.s in P.attr.l", r#"(in R.s ["x","y"])"#),
        ("R.attr.s in P.attr.m", r#"(in R.s ["x","y"])"#),
        ("R.attr.s in ['x']", r#"(eq R.s "x")"#),
        ("R.attr.s in []", "(false)"),
        ("R.attr.s.startsWith(P.attr.s)", r#"(startsWith R.s "x")"#),
        ("P.attr.m[R.attr.s] == 2.0", r#"(eq R.s "y")"#),
        ("R.attr.m[R.attr.s].t", "(get-field (index R.m R.s) t)"),
        ("R.attr.l.exists(i, i.n == 1.0)", "(exists R.l (lambda (eq i.n 1) i))"),
        ("R.attr.l.map(i, i.a, i.b) == []", "(eq (transformList R.l (lambda i.a i.b i)) [])"),
        ("R.attr.l.transformMap(i, v, v) == {}", "(eq (transformMap R.l (lambda v i v)) (struct ))"),
        (
            "R.attr.x == {'b': 1, 'a': [[1]]}",
            r#"(eq R.x (struct (set-field "a" (list [1])) (set-field "b" 1)))"#,
        ),
        ("timestamp(R.attr.t) < now()", r#"(lt (timestamp R.t) (timestamp "1970-01-01T00:00:00Z"))"#),
        ("duration(R.attr.d) < duration('90m')", r#"(lt (duration R.d) (duration "5400s"))"#),
        ("R.attr.a ? R.attr.b : R.attr.c", "(if R.a R.b R.c)"),
        ("math.abs(R.attr.n) > 1.0", "(gt (math.abs R.n) 1)"),
        ("math.greatest(R.attr.n, 1) > 1", "(gt (math.@max R.n 1) 1)"),
        ("math.least(R.attr.n, 1, 2) > 1", "(gt (math.@min (list R.n 1 2)) 1)"),
        ("R.attr.s in {'x': R.attr.y, 'z': 1}", r#"(in R.s ["x","z"])"#),
        ("!(!R.attr.a)", "(not (not R.a))"),
        ("[R.attr.a, true] == [true, true]", "(eq (list R.a true) [true,true])"),
    ] {
        assert_eq!(principal().filter(&when(expr)), expected, "{expr}");
    }
}

#[test]
fn q15_whether_something_unknown_is_there_is_asked_or_taken_for_granted() {
    for (expr, exact, cerbos) in [
        ("has(R.attr.a)", "(has R.a)", "(true)"),
        ("!has(R.attr.a)", "(not (has R.a))", "(false)"),
        ("has(R.attr.a.b)", "(has R.a.b)", "(true)"),
        ("has(R.attr.a) && R.attr.a == 1.0", "(and (has R.a) (eq R.a 1))", "(eq R.a 1)"),
        ("has(P.attr.s) && !has(P.attr.none)", "(true)", "(true)"),
        ("R.attr.l.exists(i, has(i.x))", "(exists R.l (lambda (has i.x) i))", "(exists R.l (lambda true i))"),
    ] {
        let policies = when(expr);
        assert_eq!(principal().filter(&policies), exact, "{expr}");
        assert_eq!(Ask { manner: CERBOS, ..principal() }.filter(&policies), cerbos, "{expr}");
    }
    let known = Ask { known: r#"{"a": 1}"#, ..Ask::default() };
    assert_eq!(known.filter(&when("has(R.attr.a)")), "(true)");
}

#[test]
fn q15_a_filter_as_cerbos_makes_it_lets_through_what_the_exact_one_and_the_decision_do_not() {
    let (policies, without) = (when("has(R.attr.a)"), map(r#"{"b": 1}"#));
    let held = |manner| holds(&Ask { manner, ..principal() }.plan(&policies).unwrap().filter, &without);
    assert_eq!(
        (principal().allows(&policies, &without), held(Manner::Exact), held(CERBOS)),
        (false, false, true)
    );
}

#[test]
fn q26_what_one_role_is_denied_takes_nothing_from_another_unless_as_cerbos() {
    let body = rules(&[("DENY", "a", "R.attr.x == 1.0"), ("ALLOW", "b", "R.attr.y == 1.0")]);
    let policies = set(&[doc("", &body)]);
    let ask = Ask { roles: vec!["a", "b"], ..Ask::default() };
    assert_eq!(ask.filter(&policies), "(eq R.y 1)");
    assert_eq!(Ask { manner: CERBOS, ..ask }.filter(&policies), "(and (not (eq R.x 1)) (eq R.y 1))");
}

#[test]
fn membership_in_a_text_is_an_error_and_not_equality_unless_as_cerbos() {
    let policies = when("!(R.attr.s in P.attr.s)");
    assert_eq!(principal().filter(&policies), "(false)");
    assert_eq!(Ask { manner: CERBOS, ..principal() }.filter(&policies), r#"(not (eq R.s "x"))"#);
}

#[test]
fn denials_are_taken_from_allowances() {
    for (given, expected) in [
        (vec![("ALLOW", "staff", "")], "(true)"),
        (vec![("ALLOW", "staff", ""), ("DENY", "staff", "R.attr.x")], "(not R.x)"),
        (vec![("DENY", "staff", "R.attr.x")], "(false)"),
        (vec![("DENY", "staff", ""), ("ALLOW", "staff", "R.attr.x")], "(false)"),
        (vec![("ALLOW", "guest", "")], "NO_MATCH"),
        (vec![("DENY", "staff", "R.attr.x"), ("ALLOW", "staff", "R.attr.y")], "(and (not R.x) R.y)"),
    ] {
        let policies = set(&[doc("", &rules(&given))]);
        for manner in [Manner::Exact, CERBOS] {
            assert_eq!(Ask { manner, ..Ask::default() }.filter(&policies), expected, "{given:?}");
        }
    }
}

#[test]
fn a_scope_decides_before_its_parents_and_may_need_their_consent() {
    let consent = "  scopePermissions: SCOPE_PERMISSIONS_REQUIRE_PARENTAL_CONSENT_FOR_ALLOWS\n";
    let root = doc("", &rules(&[("DENY", "staff", "R.attr.x"), ("ALLOW", "staff", "R.attr.y")]));
    let own = rules(&[("ALLOW", "staff", "R.attr.z")]);
    let ask = Ask { scope: "a", ..Ask::default() };
    let overriding = set(&[root.clone(), doc("a", &own)]);
    assert_eq!(ask.filter(&overriding), "(or R.z (and (not R.x) R.y))");
    let plan = ask.plan(&overriding).unwrap();
    assert_eq!(plan.matched_scopes, [("view".into(), "".into())]);
    let consenting = set(&[root, doc("a", &format!("{consent}{own}"))]);
    assert_eq!(ask.filter(&consenting), "(and R.z (and (not R.x) R.y))");
}

#[test]
fn principal_policies_come_before_resource_policies() {
    let of_ann = |effect: &str, condition: &str| {
        let rule = format!("        - {{ action: view, effect: EFFECT_{effect}{condition} }}\n");
        let head = "principalPolicy:\n  principal: ann\n  version: default\n  rules:\n    - resource: doc\n";
        format!("{head}      actions:\n{rule}")
    };
    let x = ", condition: { match: { expr: R.attr.x } }";
    for (principal, rule, expected) in [
        (of_ann("DENY", ""), ("ALLOW", "staff", ""), "(false)"),
        (of_ann("ALLOW", ""), ("DENY", "staff", ""), "(true)"),
        (of_ann("DENY", x), ("ALLOW", "staff", ""), "(not R.x)"),
        (of_ann("ALLOW", x), ("ALLOW", "staff", "R.attr.y"), "(or R.x R.y)"),
        (of_ann("ALLOW", x), ("DENY", "staff", "R.attr.y"), "R.x"),
    ] {
        let policies = set(&[principal.clone(), doc("", &rules(&[rule]))]);
        for manner in [Manner::Exact, CERBOS] {
            assert_eq!(Ask { manner, ..Ask::default() }.filter(&policies), expected, "{principal}{rule:?}");
        }
    }
}

#[test]
fn derived_roles_and_role_policies_are_conditions_of_their_rules() {
    let derived = "derivedRoles:\n  name: d\n  definitions:\n    - { name: owner, parentRoles: [staff], condition: { match: { expr: R.attr.owner == P.id } } }\n";
    let import = "  importDerivedRoles: [d]\n  rules:\n    - { actions: [view], effect: EFFECT_ALLOW, derivedRoles: [owner], condition: { match: { expr: R.attr.open } } }\n";
    let seen = "    - { actions: [see], effect: EFFECT_ALLOW, roles: [staff], condition: { match: { expr: \"'owner' in runtime.effectiveDerivedRoles\" } } }\n";
    let clerk = "rolePolicy:\n  role: clerk\n  scope: ''\n  parentRoles: [staff]\n  rules:\n    - { resource: doc, allowActions: [view], condition: { match: { expr: R.attr.small } } }\n";
    let policies = set(&[derived.to_owned(), doc("", &format!("{import}{seen}")), clerk.to_owned()]);
    assert_eq!(Ask::default().filter(&policies), r#"(and R.open (eq R.owner "ann"))"#);
    let clerk = Ask { roles: vec!["clerk"], ..Ask::default() };
    assert_eq!(clerk.filter(&policies), r#"(and R.small (and R.open (eq R.owner "ann")))"#);
    let see = Ask { actions: vec!["see"], ..Ask::default() };
    assert_eq!(see.filter(&policies), r#"(in "owner" (if (eq R.owner "ann") ["owner"] []))"#);
    assert_eq!(Ask { known: r#"{"owner": "ann"}"#, ..see }.filter(&policies), "(true)");
}

#[test]
fn several_actions_are_allowed_where_each_is() {
    let rules = "  rules:\n    - { actions: [view, list], effect: EFFECT_ALLOW, roles: [staff], condition: { match: { expr: R.attr.x } } }\n    - { actions: [edit], effect: EFFECT_ALLOW, roles: [staff], condition: { match: { expr: R.attr.a } } }\n    - { actions: [pat], effect: EFFECT_ALLOW, roles: [staff] }\n";
    let policies = set(&[doc("", rules)]);
    for (actions, expected) in [
        (vec!["view", "list"], "R.x"),
        (vec!["view", "edit"], "(and R.a R.x)"),
        (vec!["view", "pat"], "R.x"),
        (vec!["view", "sell"], "(false)"),
        (vec!["sell"], "NO_MATCH"),
        (vec![], "NO_MATCH"),
    ] {
        assert_eq!(
            Ask { actions: actions.clone(), ..Ask::default() }.filter(&policies),
            expected,
            "{actions:?}"
        );
    }
}

#[test]
fn what_is_known_and_fails_passes_a_rule_by_or_denies_when_evaluation_is_strict() {
    let policies =
        set(&[doc("", &rules(&[("ALLOW", "staff", "R.attr.x"), ("DENY", "staff", "P.attr.none")]))]);
    let strict = Options { strict: true, ..lax() };
    for manner in [Manner::Exact, CERBOS] {
        assert_eq!(Ask { manner, ..Ask::default() }.filter(&policies), "R.x");
        assert_eq!(Ask { manner, options: strict.clone(), ..Ask::default() }.filter(&policies), "(false)");
    }
    let partly = when("R.attr.x || P.attr.none");
    assert_eq!(Ask { options: strict, ..Ask::default() }.filter(&partly), "R.x");
}

#[test]
fn schemas_reject_what_is_known_and_miss_nothing_that_is_not() {
    let schemas = "  schemas: { resourceSchema: { ref: 'cerbos:///s.json' } }\n";
    let schema = r#"{"type": "object", "required": ["owner"], "properties": {"n": {"type": "number"}}}"#;
    let policies =
        set(&[doc("", &format!("{schemas}{}", rules(&[("ALLOW", "staff", "")]))), schema.to_owned()]);
    for (schemas, known, filter, errors) in [
        (Enforcement::Reject, r#"{"n": 1}"#, "(true)", 0),
        (Enforcement::Reject, r#"{"n": "x"}"#, "(false)", 1),
        (Enforcement::Warn, r#"{"n": "x"}"#, "(true)", 1),
        (Enforcement::None, r#"{"n": "x"}"#, "(true)", 0),
    ] {
        let plan =
            Ask { known, options: Options { schemas, ..lax() }, ..Ask::default() }.plan(&policies).unwrap();
        assert_eq!(
            (plan.debug().as_str(), plan.validation_errors.len()),
            (filter, errors),
            "{schemas:?} {known}"
        );
    }
}

#[test]
fn a_condition_that_no_filter_can_say_is_an_error_with_its_text() {
    let error = Ask::default().plan(&when("R.attr.?x.orValue(true)")).unwrap_err();
    assert_eq!(&*error.expression, "R.attr.?x.orValue(true)");
    let large = (0..16).map(|i| format!("v{}: \"V.v{i} && V.v{i}.x\"", i + 1)).collect::<Vec<_>>().join(", ");
    let large = format!("  variables: {{ local: {{ v0: R.attr.x, {large} }} }}\n");
    let policies = set(&[doc("", &format!("{large}{}", rules(&[("ALLOW", "staff", "V.v16")])))]);
    assert!(Ask::default().plan(&policies).unwrap_err().to_string().contains("too many parts"));
}

#[test]
fn many_rules_and_long_chains_of_variables_are_no_deep_trees() {
    let many: String = (0..1_500).map(|i| format!("    - {{ actions: [view], effect: EFFECT_ALLOW, roles: [staff], condition: {{ match: {{ expr: R.attr.x{i} }} }} }}\n")).collect();
    let policies = set(&[doc("", &format!("  rules:\n{many}"))]);
    for manner in [Manner::Exact, CERBOS] {
        let filter = Ask { manner, ..Ask::default() }.filter(&policies);
        assert!(filter.contains("R.x0 R.x1") && filter.contains("R.x1499)"), "{manner:?}");
    }
    let chain: Vec<String> = (0..1_000).map(|i| format!("v{}: \"V.v{i} && R.attr.x{i}\"", i + 1)).collect();
    let chain = format!("  variables: {{ local: {{ v0: R.attr.x, {} }} }}\n", chain.join(", "));
    let policies = set(&[doc("", &format!("{chain}{}", rules(&[("ALLOW", "staff", "V.v1000")])))]);
    assert!(Ask::default().plan(&policies).is_err());
}

#[test]
fn filters_have_one_form() {
    use portreeve_policies::Operand;
    let x = || Operand::Variable("R.attr.x".into());
    let of = |operator, operands| Filter::of(Operand::expression(operator, operands));
    let constant = |value: bool| Operand::Value(portreeve_cel::Value::Bool(value));
    for (filter, expected) in [
        (of("and", vec![]), "(true)"),
        (of("or", vec![]), "(false)"),
        (of("or", vec![x(), x()]), "request.resource.attr.x"),
        (of("not", vec![constant(true)]), "(false)"),
        (
            of("not", vec![Operand::expression("or", vec![constant(false), x()])]),
            "(not request.resource.attr.x)",
        ),
        (of("in", vec![x(), constant(true)]), "(eq request.resource.attr.x true)"),
        (Filter::of(Operand::Variable("Rx".into())), "Rx"),
    ] {
        assert_eq!(filter.to_string(), expected);
    }
}

#[test]
fn q32_an_attribute_that_comes_with_the_question_is_there() {
    for (expr, expected) in
        [("has(R.attr.s)", "(true)"), ("!has(R.attr.s)", "(false)"), ("has(R.attr.s.x)", "(false)")]
    {
        let asked = Ask { known: r#"{"s": "x"}"#, manner: CERBOS, ..Ask::default() };
        assert_eq!(asked.filter(&when(expr)), expected, "{expr}");
    }
}

#[test]
fn q33_a_variable_that_can_be_evaluated_is_there() {
    let policies = doc("", "  variables: { local: { v: R.attr.a == P.id } }\n");
    let policies = set(&[policies + &rules(&[("ALLOW", "staff", "has(V.v)")])]);
    assert_eq!(Ask { manner: CERBOS, ..Ask::default() }.filter(&policies), "(true)");
}

#[test]
fn a_member_in_brackets_is_an_index_as_cerbos_writes_it_and_a_variable_otherwise() {
    for (expr, cerbos, exact) in [
        ("R.attr['s'] == 1.0", r#"(eq (index R "s") 1)"#, "(eq R.s 1)"),
        ("R.attr['s'].x == 1.0", r#"(eq (get-field (index R "s") x) 1)"#, "(eq R.s.x 1)"),
        ("R.attr['a.b'] == 1.0", r#"(eq (index R "a.b") 1)"#, r#"(eq (index R "a.b") 1)"#),
        ("R.attr.s[''] == 1.0", r#"(eq (index R.s "") 1)"#, r#"(eq (index R.s "") 1)"#),
    ] {
        let policies = when(expr);
        assert_eq!(Ask { manner: CERBOS, ..Ask::default() }.filter(&policies), cerbos, "{expr}");
        assert_eq!(Ask::default().filter(&policies), exact, "{expr}");
    }
}

#[test]
fn what_has_no_items_fails_for_every_resource() {
    for expr in [
        "P.attr.s.exists(i, i == R.attr.a)",
        "!P.attr.s.all(i, i == R.attr.a)",
        "P.attr.s.filter(i, i == R.attr.a).size() > 0",
    ] {
        assert_eq!(principal().filter(&when(expr)), "(false)", "{expr}");
    }
}

#[test]
fn what_has_no_value_whatever_the_resource_is_is_told() {
    let derived = "derivedRoles:\n  name: d\n  definitions:\n    - { name: late, parentRoles: [staff], condition: { match: { expr: P.attr.late } } }\n";
    let variables =
        "  importDerivedRoles: [d]\n  variables: { local: { lost: P.attr.gone, more: V.lost } }\n";
    let condition = "all: { of: [ { expr: V.more || false }, { expr: P.attr.never } ] }";
    let rule = format!(
        "    - {{ actions: [view], effect: EFFECT_ALLOW, roles: [staff], condition: {{ match: {{ {condition} }} }} }}\n"
    );
    let known = "    - { actions: [view], effect: EFFECT_ALLOW, roles: [staff], condition: { match: { expr: R.attr.x && P.attr.y } } }\n";
    let other = "    - { actions: [edit], effect: EFFECT_ALLOW, derivedRoles: [late] }\n";
    let policies = set(&[derived.to_owned(), doc("", &format!("{variables}  rules:\n{rule}{known}{other}"))]);
    for (manner, derived_roles, expected) in [
        (Manner::Exact, true, &["V.more || false: no such key: gone"][..]),
        (CERBOS, false, &["V.more || false: no such key: gone"]),
        (CERBOS, true, &["P.attr.late: no such key: late", "V.more || false: no such key: gone"]),
    ] {
        let ask = Ask { manner, options: Options { derived_roles, ..lax() }, ..Ask::default() };
        let plan = ask.plan(&policies).unwrap();
        let errors =
            plan.evaluation_errors.iter().map(|error| format!("{}: {}", error.expression, error.message));
        assert_eq!(errors.collect::<Vec<_>>(), expected, "{manner:?} {derived_roles}");
    }
}
