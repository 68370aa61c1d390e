use super::*;
use crate::{Kind, SourceFile};

fn bundle(text: &str) -> Bundle {
    let file = SourceFile { name: "a.yaml".into(), text: text.into() };
    Bundle { revision: "r".into(), files: vec![file] }
}

fn one(text: &str) -> Node {
    let mut documents = read(&bundle(text), 0).unwrap();
    assert_eq!(documents.len(), 1, "{text}");
    documents.remove(0)
}

/// The code and the text that is underlined first.
fn fault(text: &str) -> (&'static str, String) {
    let bundle = bundle(text);
    let diagnostic = read(&bundle, 0).unwrap_err();
    let underlined = bundle.text(diagnostic.span().unwrap()).unwrap().to_owned();
    (diagnostic.code, underlined)
}

#[test]
fn every_value_knows_where_it_stands() {
    let text = "a: 1\nb:\n  - x\n  - 'y z'\nc: {d: \"e\"}\n";
    let (bundle, node) = (bundle(text), one(text));
    let at = |node: &Node| bundle.text(node.span).unwrap().to_owned();
    assert_eq!(at(node.get("a").unwrap()), "1");
    let b = node.get("b").unwrap();
    assert_eq!(at(b), "- x\n  - 'y z'");
    assert_eq!(at(&b.as_seq().unwrap()[1]), "'y z'");
    assert_eq!(at(node.get("c").unwrap().get("d").unwrap()), "\"e\"");
    assert_eq!(bundle.text(node.as_map().unwrap()[1].key.span), Some("b"));
}

#[test]
fn json_is_yaml() {
    let node = one(r#"{"a": [1, 2.5, true, null, "x"], "b": {}}"#);
    let kinds: Vec<_> = node.get("a").unwrap().as_seq().unwrap().iter().map(Node::describe).collect();
    assert_eq!(kinds, ["a number", "a number", "a boolean", "nothing", "text"]);
}

#[test]
fn equal_keys_are_an_error_that_shows_both_places() {
    let bundle = bundle("a: 1\nb: 2\na: 3\n");
    let diagnostic = read(&bundle, 0).unwrap_err();
    assert_eq!(diagnostic.code, "yaml/duplicate-key");
    let lines: Vec<_> =
        diagnostic.labels.iter().map(|(span, _)| bundle.files[0].place(span.start).line).collect();
    assert_eq!(lines, [3, 1]);
    assert_eq!(fault("{a: 1, \"a\": 2}").0, "yaml/duplicate-key");
}

#[test]
fn what_cannot_be_read_is_underlined() {
    for (text, code, underlined) in [
        ("a: !!python/object x\n", "yaml/tag", "x"),
        ("a: !custom {b: 1}\n", "yaml/tag", "{"),
        ("1: a\n", "yaml/key", "1"),
        ("true: a\n", "yaml/key", "true"),
        ("a: &x [*x]\n", "yaml/alias", "*x"),
        ("<<: 1\n", "yaml/merge", "1"),
    ] {
        let (found, at) = fault(text);
        assert_eq!((found, at.starts_with(underlined)), (code, true), "{text}: {at}");
    }
    for text in ["a: [1\n", "a: *nowhere\n", "a:\n\t- b\n", "a: 'b\n", "a: b: c\n"] {
        assert_eq!(fault(text).0, "yaml/syntax", "{text}");
    }
}

#[test]
fn text_after_a_closing_quote_is_explained() {
    let diagnostic = read(&bundle("match:\n  expr: \"a\" == b\n"), 0).unwrap_err();
    assert_eq!(
        diagnostic.help.unwrap(),
        "the value ends at its closing quote; quote all of it: `expr: '\"a\" == b'`"
    );
}

#[test]
fn anchors_aliases_and_merge_keys_are_resolved() {
    let node = one("base: &b {x: 1, y: 2}\nextra: &e {y: 3, z: 4}\nuse: {<<: [*b, *e], x: 9}\nlist: [*b]\n");
    let used = node.get("use").unwrap();
    assert_eq!(used.get("x").unwrap().kind, Kind::Int(9));
    assert_eq!(used.get("y").unwrap().kind, Kind::Int(2));
    assert_eq!(used.get("z").unwrap().kind, Kind::Int(4));
    assert_eq!(node.get("list").unwrap().as_seq().unwrap()[0].get("y").unwrap().kind, Kind::Int(2));
}

#[test]
fn a_quoted_merge_key_is_an_ordinary_key() {
    assert_eq!(one("\"<<\": 1\n").as_map().unwrap()[0].key.value, "<<");
}

#[test]
fn empty_documents_are_dropped() {
    for (text, count) in [
        ("", 0),
        ("# nothing\n", 0),
        ("---\n---\na: 1\n---\n", 1),
        ("a: 1\n---\nb: 2\n", 2),
        ("\u{feff}a: 1\n", 1),
        ("a: 1\n...\n", 1),
    ] {
        assert_eq!(read(&bundle(text), 0).unwrap().len(), count, "{text:?}");
    }
}

#[test]
fn a_byte_order_mark_moves_no_place() {
    let text = "\u{feff}a: b\n";
    let (bundle, node) = (bundle(text), one(text));
    assert_eq!(bundle.text(node.get("a").unwrap().span), Some("b"));
}

#[test]
fn an_anchor_bomb_is_refused() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let below = level - 1;
        let items = vec![format!("*a{below}"); 9].join(", ");
        text += &format!("a{level}: &a{level} [{items}]\n");
    }
    assert_eq!(fault(&text).0, "yaml/too-large");
}

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    for text in ["[".repeat(100_000), format!("{}1{}", "[".repeat(100), "]".repeat(100)), "- ".repeat(5000)] {
        let code = fault(&text).0;
        assert!(code == "yaml/too-deep" || code == "yaml/syntax", "{code}");
    }
}

#[test]
fn a_file_of_ten_thousand_rules_is_read() {
    let rule = "  - actions: [view, edit]\n    effect: EFFECT_ALLOW\n    roles: [user]\n";
    let text = format!("rules:\n{}", rule.repeat(10_000));
    assert_eq!(one(&text).get("rules").unwrap().as_seq().unwrap().len(), 10_000);
}

#[test]
fn a_part_of_a_text_is_found_where_it_was_written() {
    for (text, part, line, column) in [
        ("expr: P.id == R.wat\n", "R.wat", 1, 15),
        ("expr: \"P.id == R.wat\"\n", "R.wat", 1, 16),
        ("expr: |\n  P.id ==\n    R.wat\n", "R.wat", 3, 5),
        ("expr: >-\n  P.id == 1\n  && R.wat\n", "P.id", 2, 3),
    ] {
        let bundle = bundle(text);
        let node = one(text);
        let expr = node.get("expr").unwrap();
        let start = expr.as_str().unwrap().find(part).unwrap();
        let span = place_in(expr, &bundle, start, start + part.len());
        let place = bundle.files[0].place(span.start);
        assert_eq!((place.line, place.column), (line, column), "{text:?} {:?}", bundle.text(span));
    }
}
