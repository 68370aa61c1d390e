use super::*;

fn shown(text: &str) -> String {
    match parse(text) {
        Ok(expr) => expr.to_string(),
        Err(issue) => format!("{}..{} {}", issue.start, issue.end, issue.message),
    }
}

#[test]
fn an_expression_is_read_and_written_back() {
    for (text, expected) in [
        ("1+2*3", "1 + 2 * 3"),
        ("(1+2)*3", "(1 + 2) * 3"),
        ("1-(2-3)-4", "1 - (2 - 3) - 4"),
        ("a&&b||c&&!d", "a && b || c && !d"),
        ("(a||b)&&c", "(a || b) && c"),
        ("a?b:c?d:e", "a ? b : c ? d : e"),
        ("a in [1,2u,3.5,'x',b'\\x01']", "a in [1, 2u, 3.5e0, \"x\", b\"\\x01\"]"),
        ("a.b.c(1).d[2].?e[?0]", "a.b.c(1).d[2].?e[?0]"),
        ("{'a':1,?b:c}", "{\"a\": 1, ?b: c}"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("--1", "-(-1)"),
        ("-(-1)", "-(-1)"),
        ("-1.a", "-1.a"),
        ("--1.a", "-(-(1.a))"),
        ("-(1.a[0].b())", "-(1.a[0].b())"),
        ("-(-1.a)", "-(-1.a)"),
        ("-0", "-0"),
        ("--0", "-(-0)"),
        ("a - -(-1.5)", "a - -(-1.5e0)"),
        ("!!!a", "!a"),
        ("0xFF + 1e3", "255 + 1000.0"),
        ("r'\\d' + \"\"\"a\nb\"\"\"", "\"\\\\d\" + \"a\\nb\""),
        ("a // comment\n + b", "a + b"),
        (".a.b", ".a.b"),
        ("x.if", "x.if"),
        ("[,]", "[]"),
        ("{,}", "{}"),
        ("x.exists(i, i > 1,)", "18..19 expected an argument, found `)`"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn what_is_wrong_is_said_where_it_is() {
    for (text, expected) in [
        ("", "0..0 expected a value, found the end of the expression"),
        ("1 +", "3..3 expected a value, found the end of the expression"),
        ("a b", "2..3 expected an operator or the end of the expression, found `b`"),
        ("a ^ b", "2..3 token recognition error at: '^'"),
        ("'abc", "0..4 the text has no closing quote"),
        ("9223372036854775808", "0..19 invalid int literal: out of range"),
        ("if", "0..2 reserved identifier: if"),
        ("'\\q'", "0..4 unknown escape `\\q`"),
        ("'\\ud800'", "0..8 U+D800 is not a character"),
        ("x.in", "2..4 expected the name of a field, found `in`"),
        ("x.true", "2..6 expected the name of a field, found `true`"),
        ("[,1]", "1..2 expected a value, found `,`"),
        ("1e309", "0..5 invalid double literal `1e309`"),
        ("0X1F", "0..1 invalid number `0`: a letter follows it"),
        ("rb'a'", "2..5 expected an operator or the end of the expression, found `\"a\"`"),
        ("1x", "0..1 invalid number `1`: a letter follows it"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn no_text_overflows_the_stack() {
    let long = 20_000;
    for text in [
        "(".repeat(long),
        "[".repeat(long),
        "!".repeat(long) + "a",
        "-".repeat(long) + "a",
        "1+".repeat(long) + "1",
        format!("a{}", ".b".repeat(long)),
        format!("a{}", "[0]".repeat(long)),
        format!("a{}", ".b()".repeat(long)),
        "a?b:".repeat(long) + "c",
        "{1:".repeat(long),
    ] {
        let _ = parse(&text).map_err(|issue| assert!(!issue.message.is_empty()));
    }
    assert!(parse(&("a && ".repeat(15_000) + "a")).is_ok());
    assert!(parse(&"x".repeat(MAX_LENGTH + 1)).is_err());
}
