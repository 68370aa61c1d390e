//! Whatever the text, reading it ends, every place is inside the text, and what was found can be shown.
//!
//! `cargo +nightly fuzz run yaml` in the folder of the crate.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portreeve_diagnostics::{Bundle, Kind, Node, Report, SourceFile, render, yaml};

fuzz_target!(|text: &str| {
    let file = SourceFile { name: "fuzz.yaml".into(), text: text.into() };
    let bundle = Bundle { revision: "fuzz".into(), files: vec![file] };
    match yaml::read(&bundle, 0) {
        Ok(documents) => documents.iter().for_each(|node| visit(node, &bundle, 0)),
        Err(finding) => {
            assert!(finding.labels.iter().all(|(span, _)| bundle.text(*span).is_some()), "{finding:?}");
            let report = Report { findings: vec![finding] };
            let shown = render::terminal(&report, &bundle, false);
            assert!(!shown.contains('\u{1b}'));
            let _ = render::json(&report, &bundle);
        }
    }
});

fn visit(node: &Node, bundle: &Bundle, depth: usize) {
    assert!(depth <= yaml::MAX_DEPTH);
    assert!(bundle.text(node.span).is_some(), "{node:?}");
    match &node.kind {
        Kind::Str { text, .. } => {
            let (start, end) = (text.len() / 3, text.len() / 2);
            let place = yaml::place_in(node, bundle, start, end);
            assert!(place.start >= node.span.start && place.end <= node.span.end && place.start <= place.end);
        }
        Kind::Float(value) => assert!(value.is_finite()),
        Kind::Seq(items) => items.iter().for_each(|item| visit(item, bundle, depth + 1)),
        Kind::Map(entries) => entries.iter().for_each(|entry| visit(&entry.value, bundle, depth + 1)),
        _ => {}
    }
}
