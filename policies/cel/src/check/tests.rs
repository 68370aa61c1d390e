use super::*;
use crate::syntax::parse;

/// Some of what policies may name.
struct Declared;

impl Names for Declared {
    fn meaning(&self, path: &str) -> Option<Type> {
        let object = |name: &str| Some(Type::Object(Object { path: path.into(), name: name.into() }));
        match path {
            "request" => object("request"),
            "request.principal" | "P" => object("principal"),
            "V" => object("cerbos.Variables"),
            "request.principal.id" | "P.id" => Some(Type::String),
            "P.roles" => Some(Type::list(Type::String)),
            "P.attr" => Some(Type::map(Type::String, Type::Dyn)),
            "V.known" => Some(Type::Dyn),
            _ => None,
        }
    }
}

fn findings(text: &str) -> Vec<String> {
    let expr = parse(text).expect(text);
    let (_, issues) = check(&expr, &Declared);
    let underlined =
        |issue: &Issue| text.get(issue.start as usize..issue.end as usize).unwrap_or("?").to_owned();
    issues.iter().map(|issue| format!("{} @ {}", issue.message, underlined(issue))).collect()
}

#[test]
fn what_may_be_right_is_not_found_fault_with() {
    for text in [
        "P.id == 'a' && P.attr.level > 3.0 && P.attr.a.b.c == 1",
        "'admin' in P.roles || P.roles.exists(r, r.startsWith('x'))",
        "V.known + 1 > 2 && has(V.known) && has(P.attr.x)",
        "hasIntersection(P.roles, P.attr.teams) && P.attr.teams.hasIntersection(['a'])",
        "timestamp(P.attr.t) > now() - duration('24h')",
        "now().timeSince() > duration('1h') && timeSince(now()) < duration('1h')",
        "P.attr.m.transformMap(k, v, v > 1, k + v).size() == 1",
        "[1, 'a', 2.0].map(x, x == 1)",
        "P.attr.?x.orValue('y') == 'y' && P.attr[?'x'].hasValue()",
        "math.greatest(1, 2.0, 3u) > 1 && math.abs(-1) == 1",
        "cel.bind(x, P.attr.y, x + 1) == 2",
        "type(P.id) == string && type(1) == int && type(now()) == google.protobuf.Timestamp",
        "hierarchy(P.id)[0] == 'a' && hierarchy('a.b') == hierarchy(['a'])",
        "spiffeID(P.id) == dyn('spiffe://a/b') && optional.of(1).optFlatMap(x, dyn(x)) == 1",
        "'%d %f %s'.format([P.attr.x, 1, P.id]) == '' && '%d'.format(P.attr.list) == ''",
        "P.attr.x.sort() > null && P.attr.x.sort() == 1",
        "[[1], [2]].flatten() == [1, 2] && [1].flatten(1) == [1] && [1, [2]].flatten() == []",
        "P.roles.sortBy(r, size(r)) == P.roles && {'a': 1}.all(k, v, k == 'a' && v == 1)",
        "optional.of(1).optMap(x, x + 1).value() == 2",
        "cidr('10.0.0.0/8').containsIP(ip('10.1.1.1')) && '10.1.1.1'.inIPAddrRange(P.attr.range)",
        "'%s is %d'.format([P.id, 1]) == '' && P.attr.x == null",
        "[] == [1] || {} == {'a': 1} || [1, 2].size() > 1",
        "1 < 2.0 && 1u <= 2 && (true ? 1 : 2) == 1",
    ] {
        assert_eq!(findings(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn what_cannot_be_right_is_found_where_it_is() {
    for (text, expected) in [
        ("wat == 1", "undeclared reference to 'wat' @ wat"),
        ("P.nope == 1", "undefined field 'nope' @ P.nope"),
        ("has(P.nope)", "undefined field 'nope' @ P.nope"),
        ("V.unknown", "undefined field 'unknown' @ V.unknown"),
        (
            "V[\"x\"] == 1",
            "found no matching overload for '_[_]' applied to '(cerbos.Variables, string)' @ V[\"x\"]",
        ),
        ("P.id + 1", "found no matching overload for '_+_' applied to '(string, int)' @ P.id + 1"),
        ("1 == '1'", "found no matching overload for '_==_' applied to '(int, string)' @ 1 == '1'"),
        ("P.id.foo()", "undeclared reference to 'foo' @ P.id.foo()"),
        ("foo(1)", "undeclared reference to 'foo' @ foo(1)"),
        (
            "P.id.startsWith(1)",
            "found no matching overload for 'startsWith' applied to 'string.(int)' @ P.id.startsWith(1)",
        ),
        (
            "hasIntersection([1], ['a'])",
            "found no matching overload for 'hasIntersection' applied to '(list(int), list(string))' @ hasIntersection([1], ['a'])",
        ),
        ("1 && true", "expected type 'bool' but found 'int' @ 1"),
        (
            "P.id.exists(x, true)",
            "expression of type 'string' cannot be range of a comprehension (must be list, map, or dynamic) @ P.id",
        ),
        ("[1].all(x, x)", "expected type 'bool' but found 'int' @ x"),
        ("[1].exists_one(x, x)", "found no matching overload for '_?_:_' applied to '(int, int, int)' @ x"),
        ("[1].exists(x.y, true)", "argument must be a simple name @ x.y"),
        ("duration('1d')", "invalid duration `1d`: its units are h, m, s, ms, us and ns @ '1d'"),
        ("P.id.matches('(')", "invalid regular expression: missing closing ) @ '('"),
        ("has(P)", "invalid argument to has() macro @ has(P)"),
        ("P.id.length", "type 'string' does not support field selection @ P.id.length"),
        ("a.B{c: 1}", "undeclared reference to 'a.B' @ a.B{c: 1}"),
        ("'a' in 'abc'", "found no matching overload for '@in' applied to '(string, string)' @ 'a' in 'abc'"),
        (
            "spiffeID('spiffe://a/b') == 'spiffe://a/b'",
            "found no matching overload for '_==_' applied to '(cerbos.lib.spiffeID, string)' @ spiffeID('spiffe://a/b') == 'spiffe://a/b'",
        ),
        (
            "[1].sortBy(x, [x])",
            "found no matching overload for '@sortByAssociatedKeys' applied to 'list(int).(list(list(int)))' @ [1]",
        ),
        (
            "!P.attr.x.sortBy(x, x)",
            "found no matching overload for '!_' applied to '(list(dyn))' @ !P.attr.x.sortBy(x, x)",
        ),
        (
            "P.attr.sortBy(x, x)",
            "found no matching overload for '@sortByAssociatedKeys' applied to 'map(string, dyn).(list(string))' @ P.attr",
        ),
        (
            "{'a': 1}.sortBy(x, x)",
            "sortBy can only be applied to a list, identifier, comprehension, call or select expression @ {'a': 1}",
        ),
        (
            "[1].flatten()",
            "found no matching overload for 'flatten' applied to 'list(int).()' @ [1].flatten()",
        ),
        (
            "[1].transformMapEntry(i, v, v)",
            "found no matching overload for 'cel.@mapInsert' applied to '(map(dyn, dyn), int)' @ v",
        ),
        (
            "optional.of(1).optFlatMap(x, x)",
            "found no matching overload for '_?_:_' applied to '(bool, int, optional_type(dyn))' @ optional.of(1)",
        ),
        (
            "{'a': optional.of({'b': 1})}.?a.b",
            "type 'optional_type(map(string, int))' does not support field selection @ {'a': optional.of({'b': 1})}.?a.b",
        ),
        (
            "hierarchy('a')[?0]",
            "found no matching overload for '_[?_]' applied to '(cerbos.lib.hierarchy, int)' @ hierarchy('a')[?0]",
        ),
        ("[1].map(__result__, 1)", "iteration variable overwrites accumulator variable @ __result__"),
        (
            "timestamp(253402300800)",
            "invalid timestamp: 253402300800 is not within the years 1 to 9999 @ 253402300800",
        ),
        (
            "'%s %d'.format([1, P.id])",
            "error during formatting: decimal clause can only be used on ints, uints, and doubles, was given string @ P.id",
        ),
        (
            "'%x'.format([[1]])",
            "error during formatting: only ints, uints, bytes, and strings can be formatted as hex, was given list @ [1]",
        ),
        (
            "'%d'.format([P.id.trim()])",
            "error during formatting: decimal clause can only be used on ints, uints, and doubles, was given string @ P.id.trim()",
        ),
        (
            "'%s'.format([[ip(P.id)]])",
            "error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given net.IP @ [ip(P.id)]",
        ),
        ("math.greatest([])", "math.greatest() invalid single argument value @ []"),
        ("duration(null)", "invalid duration `null` @ null"),
        ("P.id.existsOne(P.id, true)", "undeclared reference to 'existsOne' @ P.id.existsOne(P.id, true)"),
    ] {
        assert_eq!(findings(text), [expected], "{text}");
    }
}

#[test]
fn what_is_in_an_empty_list_or_map_is_what_is_put_beside_it() {
    for (text, types) in [
        ("[] + [1] + ['a']", "(list(int), list(string))"),
        ("(P.attr.x ? [] : [1]) + ['a']", "(list(int), list(string))"),
        ("[[], [1]][0] + ['a']", "(list(int), list(string))"),
        ("[{}, {'a': 1}][0].a + 'x'", "(int, string)"),
        ("P.attr.x + [1] + ['a']", "(list(int), list(string))"),
        ("cel.bind(x, [], x + [1] + ['a'])", "(list(int), list(string))"),
    ] {
        let expected = format!("found no matching overload for '_+_' applied to '{types}'");
        let found = findings(text);
        assert!(matches!(&*found, [only] if only.starts_with(&expected)), "{text}: {found:?}");
    }
    for text in ["[] + [1]", "[][0].a + 1", "[].map(x, x.y[0])", "{}.?a.b[0].hasValue()"] {
        assert_eq!(findings(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn findings_are_in_the_order_of_the_text() {
    let said = ["undeclared reference to 'has' @ has(x.y, 1)", "undeclared reference to 'x' @ x"];
    assert_eq!(findings("has(x.y, 1)"), said);
}

#[test]
fn every_mistake_is_one_finding() {
    assert_eq!(findings("a.b.c == 1 && d > 2 && P.e.f.g").len(), 3);
}

#[test]
fn long_chains_of_macros_are_checked_in_time_that_grows_with_their_length() {
    let chain = format!("P.roles{}", ".map(x, x).filter(x, true).sortBy(x, x)".repeat(50));
    assert_eq!(findings(&chain), Vec::<String>::new());
}
