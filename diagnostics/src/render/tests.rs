use super::*;
use crate::{Bundle, Diagnostic, Report, SourceFile, Span};

fn found() -> (Bundle, Report) {
    let file = |name: &str, text: &str| SourceFile { name: name.into(), text: text.into() };
    let files = vec![file("routes/a.yaml", "routes:\n  - upstrem: app\n"), file("b.yaml", "é: x\n")];
    let mut report = Report::default();
    report.push(
        Diagnostic::error("config/unknown-key", "unknown key `upstrem` in a route")
            .at(Span { file: 0, start: 12, end: 19 }, "unknown key")
            .at(Span { file: 1, start: 4, end: 5 }, "asked for here")
            .help("did you mean `upstream`?"),
    );
    report.push(Diagnostic::warning("policy/none", "there is no policy: 100%"));
    (Bundle { revision: "r".into(), files }, report)
}

#[test]
fn a_person_sees_the_text_underlined_in_every_file() {
    let (bundle, report) = found();
    let expected = "\
error[config/unknown-key]: unknown key `upstrem` in a route
 --> routes/a.yaml:2:5
  |
2 |   - upstrem: app
  |     ^^^^^^^ unknown key
  |
 ::: b.yaml:1:4
  |
1 | é: x
  |    - asked for here
  |
  = help: did you mean `upstream`?

warning[policy/none]: there is no policy: 100%

1 error, 1 warning
";
    assert_eq!(terminal(&report, &bundle, false), expected);
}

#[test]
fn what_is_read_cannot_speak_to_the_terminal() {
    let file =
        SourceFile { name: "a\u{1b}[31m.yaml".into(), text: "k\u{1b}[31m: 1\r\n\tl\u{7}: 2\r\n".into() };
    let bundle = Bundle { revision: "r".into(), files: vec![file] };
    let mut report = Report::default();
    report.push(
        Diagnostic::error("a/b", "m\u{1b}[31m")
            .at(Span { file: 0, start: 0, end: 6 }, "l\u{1b}[31m")
            .at(Span { file: 0, start: 11, end: 13 }, "\u{9b}31m")
            .help("h\u{1b}[31m\nmore"),
    );
    let shown = terminal(&report, &bundle, false);
    assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
    assert!(shown.contains("more"));
}

#[test]
fn places_outside_the_text_are_shown_at_its_end() {
    let (bundle, mut report) = found();
    report.findings.truncate(1);
    for (file, start, end) in [(1, 6, 6), (1, 90, 99), (9, 0, 1), (1, 1, 1), (1, 0, 1), (1, 3, 2)] {
        report.findings[0].labels = vec![(Span { file, start, end }, "here".to_owned())];
        assert!(terminal(&report, &bundle, false).starts_with("error[config/unknown-key]"));
        assert!(json(&report, &bundle).contains("config/unknown-key"));
    }
}

#[test]
fn a_place_over_several_lines_has_no_columns_for_github() {
    let (bundle, mut report) = found();
    report.findings.truncate(1);
    report.findings[0].labels[0].0 = Span { file: 0, start: 0, end: 12 };
    assert!(github(&report, &bundle).starts_with("::error file=routes/a.yaml,line=1,endLine=2,title="));
}

#[test]
fn sarif_names_files_as_uris() {
    let (mut bundle, report) = found();
    bundle.files[0].name = "my routes/ä%.yaml".into();
    let value: serde_json::Value = serde_json::from_str(&sarif(&report, &bundle, "1")).unwrap();
    let uri = &value["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "my%20routes/%C3%A4%25.yaml");
}

#[test]
fn thousands_of_findings_in_one_large_file_are_shown() {
    let text = "key: value\n".repeat(20_000);
    let file = SourceFile { name: "a.yaml".into(), text: text.into() };
    let bundle = Bundle { revision: "r".into(), files: vec![file] };
    let mut report = Report::default();
    for line in 0..20_000 {
        report.push(
            Diagnostic::error("a/b", "no").at(Span { file: 0, start: line * 11, end: line * 11 + 3 }, ""),
        );
    }
    assert!(terminal(&report, &bundle, false).contains("--> a.yaml:20000:1\n"));
    assert!(github(&report, &bundle).ends_with("line=20000,col=1,endColumn=4,title=a/b::no\n"));
}

#[test]
fn nothing_found_shows_nothing() {
    assert_eq!(terminal(&Report::default(), &Bundle::default(), false), "");
}

#[test]
fn json_has_places_in_characters() {
    let (bundle, report) = found();
    let value: serde_json::Value = serde_json::from_str(&json(&report, &bundle)).unwrap();
    let first = &value["findings"][0];
    assert_eq!(
        (&first["file"], &first["line"], &first["column"]),
        (&"routes/a.yaml".into(), &2.into(), &5.into())
    );
    assert_eq!(first["end_column"], 12);
    assert_eq!(first["labels"][1]["column"], 4);
    assert_eq!(value["findings"][1].get("file"), None);
}

#[test]
fn github_gets_one_escaped_line_for_each_finding() {
    let (bundle, report) = found();
    assert_eq!(
        github(&report, &bundle),
        "::error file=routes/a.yaml,line=2,col=5,endColumn=12,title=config/unknown-key::unknown key `upstrem` \
         in a route%0Ahelp: did you mean `upstream`?\n::warning title=policy/none::there is no policy: 100%25\n"
    );
}

#[test]
fn sarif_names_rules_places_and_related_places() {
    let (bundle, report) = found();
    let value: serde_json::Value = serde_json::from_str(&sarif(&report, &bundle, "1.2.3")).unwrap();
    assert_eq!(value["version"], "2.1.0");
    let run = &value["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "config/unknown-key");
    let result = &run["results"][0];
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startColumn"], 5);
    assert_eq!(result["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"], "b.yaml");
    assert_eq!(run["results"][1]["locations"], serde_json::json!([]));
}
