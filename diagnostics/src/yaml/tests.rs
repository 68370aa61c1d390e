use std::fmt::Write as _;

use super::{MAX_DEPTH, read};
use crate::{Bundle, Diagnostic, Node, SourceFile};

fn bundle(text: &str) -> Bundle {
    let file = SourceFile { name: "a.yaml".into(), text: text.into() };
    Bundle { revision: "1".into(), files: vec![file] }
}

fn documents(text: &str) -> Vec<Node> {
    read(&bundle(text), 0).unwrap_or_else(|finding| panic!("{finding:?} in {text:?}"))
}

fn one(text: &str) -> Node {
    let mut documents = documents(text);
    assert_eq!(documents.len(), 1, "{text:?}");
    documents.remove(0)
}

fn refused(text: &str) -> Diagnostic {
    read(&bundle(text), 0).err().unwrap_or_else(|| panic!("not refused: {text:?}"))
}

#[test]
fn values_become_what_the_core_schema_says() {
    for (text, expected) in [
        ("a: yes\nb: No\nc: on", r#"{"a":"yes","b":"No","c":"on"}"#),
        ("a: true\nb: \"true\"\nc: 1\nd: '1'", r#"{"a":true,"b":"true","c":1,"d":"1"}"#),
        ("a:\nb: ~\nc: null\nd: ''", r#"{"a":null,"b":null,"c":null,"d":""}"#),
        ("a: !!str 1\nb: !!float 1\nc: !!str", r#"{"a":"1","b":1.0,"c":""}"#),
        ("a: 12345678901234567890", r#"{"a":12345678901234567000.0}"#),
        ("a: |\n  x\n  y\nb: >-\n  x\n  y", r#"{"a":"x\ny\n","b":"x y"}"#),
        ("{\n\t\"a\": [1, {\"b\": \"\\u00e9\\/\\ud83d\\ude00\"}]\n}", r#"{"a":[1,{"b":"é/😀"}]}"#),
        ("\u{feff}a: 1\r\nb: 2\r\n", r#"{"a":1,"b":2}"#),
        ("- a\n-\n  - b", r#"["a",["b"]]"#),
        ("text", r#""text""#),
    ] {
        assert_eq!(
            one(text).to_json(),
            serde_json::from_str::<serde_json::Value>(expected).unwrap(),
            "{text}"
        );
    }
}

#[test]
fn documents_that_hold_nothing_are_left_out() {
    for text in ["", "# only a comment\n", "---\n", "---\n---\n# x\n---", "\u{feff}"] {
        assert_eq!(documents(text), [], "{text:?}");
    }
    for text in ["a: 1\n---\n", "---\na: 1\n...\n", "---\n---\na: 1\n---\n# end\n"] {
        assert_eq!(documents(text).len(), 1, "{text:?}");
    }
    assert_eq!(documents("a: 1\n---\nb: 2\n").len(), 2);
}

#[test]
fn anchors_aliases_and_merge_keys_are_resolved() {
    for (text, expected) in [
        ("a: &x {k: 1}\nb: *x", r#"{"a":{"k":1},"b":{"k":1}}"#),
        ("a: &x {k: 1, l: 1}\nb:\n  k: 2\n  <<: *x", r#"{"a":{"k":1,"l":1},"b":{"k":2,"l":1}}"#),
        (
            "a: &x {k: 1}\nb: &y {k: 2, l: 2}\nc: {<<: [*x, *y], m: 3}",
            r#"{"a":{"k":1},"b":{"k":2,"l":2},"c":{"k":1,"l":2,"m":3}}"#,
        ),
        ("a: {<<: {k: 1}, l: 2}", r#"{"a":{"k":1,"l":2}}"#),
        ("a: {\"<<\": 1}", r#"{"a":{"<<":1}}"#),
        ("&k key: &v value\nother: *v\n*k : again\nx: *k", ""),
        ("a: &x 1\nb: &x 2\nc: *x", r#"{"a":1,"b":2,"c":2}"#),
        ("a: &x\nb: *x", r#"{"a":null,"b":null}"#),
    ] {
        if expected.is_empty() {
            assert_eq!(refused(text).code, "yaml/duplicate-key");
            continue;
        }
        assert_eq!(
            one(text).to_json(),
            serde_json::from_str::<serde_json::Value>(expected).unwrap(),
            "{text}"
        );
    }
}

#[test]
fn an_anchor_can_be_used_in_a_later_document() {
    let found = documents("base: &b [1]\n---\nuse: *b\n---\nuse: {<<: {a: *b}}");
    assert_eq!(found[1].to_json().to_string(), r#"{"use":[1]}"#);
    assert_eq!(found[2].to_json().to_string(), r#"{"use":{"a":[1]}}"#);
}

#[test]
fn spans_cover_what_was_written() {
    let text = "a: 'x''y' # c\nl:\n- 1\n- [é, b]\nm:\n  k: v\n  t: |\n    one\n    two\n\nn: *no\n"
        .replace("*no", "{ z: 0 }");
    let bundle = bundle(&text);
    let node = one(&text);
    let shown = |node: &Node| bundle.text(node.span).unwrap().to_owned();
    assert_eq!(shown(node.get("a").unwrap()), "'x''y'");
    assert_eq!(shown(node.get("l").unwrap()), "- 1\n- [é, b]");
    assert_eq!(shown(&node.get("l").unwrap().as_seq().unwrap()[1]), "[é, b]");
    assert_eq!(shown(node.get("m").unwrap()), "k: v\n  t: |\n    one\n    two");
    assert_eq!(shown(node.get("m").unwrap().get("t").unwrap()), "one\n    two");
    assert_eq!(shown(node.get("n").unwrap()), "{ z: 0 }");
    assert_eq!(bundle.text(node.as_map().unwrap()[1].key.span), Some("l"));
    assert_eq!(shown(&node).len(), text.trim_end().len());
}

/// Code and the texts under the labels, in order.
#[test]
fn what_cannot_be_read_is_underlined() {
    for (text, code, labels) in [
        ("a: 1\nb: 2\na: 3", "yaml/duplicate-key", &["a", "a"][..]),
        ("{\"a\": 1, \"b\": 2, \"a\": 3}", "yaml/duplicate-key", &["\"a\"", "\"a\""]),
        ("<<: {a: 1}\n<<: {b: 1}", "yaml/duplicate-key", &["<<", "<<"]),
        ("<<: [1]", "yaml/bad-merge", &["1", "<<"]),
        ("a:\n  1: x", "yaml/key-not-text", &["1"]),
        ("true: x", "yaml/key-not-text", &["true"]),
        ("? [a]\n: b", "yaml/key-not-text", &["["]),
        ("expr: \"a\" == b # why", "yaml/text-after-quotes", &["== b"]),
        ("- 'a' in b", "yaml/text-after-quotes", &["in b"]),
        ("expr: !R.attr.x == 1", "yaml/unknown-tag", &["!R.attr.x"]),
        ("expr: !!python/object x", "yaml/unknown-tag", &["!!python/object"]),
        ("a: !x [1]", "yaml/unknown-tag", &["!x"]),
        ("a: !!int x", "yaml/bad-tag", &["x", "!!int"]),
        ("a: *nobody", "yaml/unknown-alias", &["*nobody"]),
        ("a: &x [1, *x]", "yaml/recursive-alias", &["*x"]),
        ("a: .nan", "yaml/number-not-finite", &[".nan"]),
        ("a:\n\tb: c", "yaml/tab", &["\t"]),
        ("a: @x", "yaml/syntax", &["@"]),
        ("a: b ? \"c\" : d", "yaml/syntax", &[":"]),
        ("a: [1, 2].size()", "yaml/syntax", &[".size()"]),
        ("a: \"x \\\\ \\d+\"", "yaml/syntax", &["\\d"]),
        ("a: b\nc\n", "yaml/syntax", &["c"]),
        ("a: [1, 2", "yaml/syntax", &["["]),
        ("a: 'b", "yaml/syntax", &["'"]),
        ("a: 'b\nc: d\n", "yaml/syntax", &["c", "'"]),
    ] {
        let finding = refused(text);
        let bundle = bundle(text);
        let found: Vec<&str> = finding.labels.iter().map(|(span, _)| bundle.text(*span).unwrap()).collect();
        assert_eq!((finding.code, found.as_slice()), (code, labels), "{text:?}: {finding:?}");
        assert!(!finding.message.ends_with('.'), "{finding:?}");
    }
}

#[test]
fn a_value_that_goes_on_after_its_quotes_comes_with_a_way_to_write_it() {
    for (text, way_out) in [
        ("- expr: \"a\" == b # why", "quote all of it: `'\"a\" == b'`"),
        ("expr: 'a' in b\nc: d", "quote all of it: `\"'a' in b\"`"),
        ("expr: \"a\" == 'b'", "write all of it on its own line after `|-`"),
    ] {
        let help = refused(text).help.unwrap();
        assert!(help.ends_with(way_out), "{text}: {help}");
    }
}

#[test]
fn a_file_can_not_be_nested_so_deep_that_a_reader_overflows() {
    let flow = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(documents(&flow(MAX_DEPTH)).len(), 1);
    for text in [
        flow(MAX_DEPTH + 1),
        flow(10_000),
        "[".repeat(1_000_000),
        "{a: ".repeat(100_000),
        "- ".repeat(100_000),
    ] {
        let finding = refused(&text);
        assert_eq!(finding.code, "yaml/too-deep", "{finding:?}");
    }
    let aliased = format!("a: &a {}\nb: {}*a{}", flow(60), "[".repeat(60), "]".repeat(60));
    assert_eq!(refused(&aliased).code, "yaml/too-deep");
}

#[test]
fn an_anchor_bomb_is_refused() {
    let mut text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for i in 1..30 {
        let items = vec![format!("*a{}", i - 1); 9].join(",");
        let _ = writeln!(text, "a{i}: &a{i} [{items}]");
    }
    assert_eq!(refused(&text).code, "yaml/aliases-too-large");
    let long = format!("a: &a {}\nb: [{}]", "x".repeat(1 << 20), vec!["*a"; 100].join(","));
    assert_eq!(refused(&long).code, "yaml/aliases-too-large");
}

#[test]
fn ten_thousand_rules_load() {
    let mut text = "when: &when {match: {all: {of: [{expr: a}, {expr: b}]}}}\nrules:\n".to_owned();
    for i in 0..10_000 {
        let _ = write!(
            text,
            "  - name: rule-{i}\n    actions: [view, 'edit:{i}']\n    roles: [user, admin]\n    \
             effect: EFFECT_ALLOW\n    condition: *when\n"
        );
    }
    assert_eq!(one(&text).get("rules").unwrap().as_seq().unwrap().len(), 10_000);
}
