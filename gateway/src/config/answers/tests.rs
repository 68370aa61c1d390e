use portreeve_diagnostics::{SourceFile, yaml};

use super::*;

/// What is said of a configuration's answers beside a page `page.html`, each with what it underlines.
fn said(text: &str, page: &str) -> Vec<String> {
    let file = |name: &str, text: &str| SourceFile { name: name.into(), text: text.into() };
    let files = vec![file("portreeve.yaml", text), file("page.html", page)];
    let bundle = Bundle { revision: "r".into(), files };
    let nodes = yaml::read(&bundle, 0).unwrap();
    let written: Vec<_> =
        nodes[0].as_map().unwrap().iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect();
    let mut report = Report::default();
    answers(&written, &bundle, &mut report);
    let place = |d: &Diagnostic| d.span().and_then(|span| bundle.text(span)).unwrap_or_default().to_owned();
    report.findings.iter().map(|d| format!("{} @ {}", d.message, place(d))).collect()
}

#[test]
fn answers_that_can_be_given_have_no_findings() {
    for text in [
        "a: { answer: problem }",
        "a: { answer: page, on: [401, 5xx, policy], accept: html }",
        "a: [{ html: page.html, on: 403 }, { html: ./page.html, login: 'https://l.test' }]",
        "a: { redirect: 'https://l.test', on: 401 }",
        "a: { redirect: { to: 'https://l.test/in', return-to: rd, external-url: 'https://app.test' }, on: 401 }",
    ] {
        assert_eq!(said(text, "{{ status }}"), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_its_place() {
    for (text, page, expected) in [
        ("a: {}", "", "an answer is one of `answer`, `html` and `redirect` @ {}"),
        (
            "a: { answer: page, html: page.html }",
            "",
            "an answer is one of `answer`, `html` and `redirect` @ answer: ",
        ),
        ("a: { answer: pages }", "", "`pages` is not a value of `answer` @ pages"),
        ("a: { answer: page, on: 200 }", "", "`200` is neither a status nor a kind of failure @ 200"),
        ("a: { answer: page, on: polcy }", "", "`polcy` is neither a status nor a kind of failure @ polcy"),
        (
            "a: { answer: page, on: [] }",
            "",
            "`on` names no failure, and without it an answer is for all of them @ []",
        ),
        ("a: { answer: page, accept: xml }", "", "`xml` is not a value of `accept` @ xml"),
        (
            "a: { answer: page, login: 'https://l.test' }",
            "",
            "`login` is for a page that speaks of one @ 'https://l.test'",
        ),
        (
            "a: { redirect: 'https://l.test' }",
            "",
            "a redirect without `on` would send every failure to the login @ redirect: ",
        ),
        (
            "a: { redirect: 'javascript:x', on: 401 }",
            "",
            "`javascript:x` is not a URL of `http` or `https` @ 'javascript:x'",
        ),
        ("a: { html: page.html }", "<p>{{ statu }}", "there is no `statu` to fill in @ {{ statu }}"),
        ("a: { html: page.html }", "<p>{{ status", "this place has no `}}` @ {{"),
        (
            "a: { html: page.html }",
            "{{ login }}",
            "`page.html` speaks of a login, and none is named @ page.html",
        ),
    ] {
        let said = said(text, page);
        assert!(said.iter().any(|said| said == expected), "{text}: {said:?}");
    }
}
