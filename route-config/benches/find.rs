//! Finding a route among 50 and among 50,000: the times must be alike.

use std::{fmt::Write as _, hint::black_box};

use criterion::{Criterion, criterion_group, criterion_main};
use http::{HeaderMap, Method};
use portreeve_diagnostics::{Bundle, SourceFile};
use portreeve_route_config::{Head, RequestTarget, RouteTable};

fn table(count: usize) -> RouteTable {
    let mut text = String::from("defaults: { upstream: app }\nroutes:\n");
    for number in 0..count / 2 {
        let _ = writeln!(
            text,
            "  - {{ match: 'GET /service{number}/items/{{id}}/notes/{{note}}', access: public }}"
        );
        let _ = writeln!(text, "  - {{ match: 'POST /service{number}/items/{{id}}', access: public }}");
    }
    let file = SourceFile { name: "routes.yaml".into(), text: text.into() };
    let bundle = Bundle { revision: "bench".into(), files: vec![file] };
    let (table, report) = RouteTable::compile(&bundle, &[0]);
    assert!(report.is_empty(), "{:?}", report.findings.first());
    table.unwrap_or_default()
}

fn find(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("find");
    for count in [50, 50_000] {
        let table = table(count);
        let headers = HeaderMap::new();
        let raw = format!("/service{}/items/4711/notes/1", count / 2 - 1);
        group.bench_function(format!("{count} routes"), |bencher| {
            bencher.iter(|| {
                let Ok(target) = RequestTarget::parse(black_box(&raw)) else { return false };
                let head = Head {
                    method: &Method::GET,
                    scheme: "https",
                    host: "api.test",
                    path: &target.path,
                    query: &target.query,
                    headers: &headers,
                    client: None,
                };
                table.find(black_box(&head)).is_some_and(|found| found.captures.as_sent("id").is_some())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, find);
criterion_main!(benches);
