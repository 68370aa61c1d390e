//! What a check costs on the policies that Cerbos measures itself with, and whether their number matters.
//!
//! `cargo bench -p portreeve-policies`. Rounds of all sizes are interleaved, and the cheapest of each counts, so that
//! what else the machine does weighs on all alike. Allocations are counted exactly.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    clippy::expect_used,
    reason = "a measurement fails by panicking, and prints what it found"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering::Relaxed};
use std::time::{Instant, SystemTime};

use portreeve_cel::Map;
use portreeve_diagnostics::{Bundle, SourceFile};
use portreeve_policies::{Check, Kept, Options, PolicySet, Principal, Resource};
use serde::Deserialize;

/// The system's allocator, counting calls and what is held.
struct Counting;

static CALLS: AtomicUsize = AtomicUsize::new(0);
static HELD: AtomicIsize = AtomicIsize::new(0);

#[expect(unsafe_code, reason = "an allocator has no safe interface; every call is handed on as it came")]
#[expect(clippy::cast_possible_wrap, reason = "no allocation is larger than the largest isize")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Relaxed);
        HELD.fetch_add(layout.size() as isize, Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size() as isize, Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A request of the decision point's interface.
#[derive(Deserialize)]
struct Request {
    principal: Who,
    resources: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Who {
    id: String,
    roles: Vec<Arc<str>>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    policy_version: String,
    attr: Map,
}

#[derive(Deserialize)]
struct Entry {
    actions: Vec<Arc<str>>,
    resource: What,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct What {
    kind: Arc<str>,
    id: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    policy_version: String,
    attr: Map,
}

fn main() {
    // `cargo test --benches` only asks whether it starts.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let folder = std::env::var_os("CONFORMANCE_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance"),
        PathBuf::from,
    );
    for suite in ["classic", "multitenant"] {
        let folder = folder.join("cerbos/loadtest").join(suite);
        if folder.is_dir() {
            measure(suite, &folder);
        } else {
            println!("SKIPPED: there is no conformance data at {}", folder.display());
        }
    }
}

fn measure(suite: &str, folder: &Path) {
    println!("{suite}");
    let sizes = [10, 100, 1_000].map(|units| (units, compiled(folder, units)));
    let requests = requests(folder);
    let now = SystemTime::now();
    let mut best = [f64::INFINITY; 3];
    for _ in 0..20 {
        for ((_, set), best) in sizes.iter().zip(&mut best) {
            let (begun, mut decided) = (Instant::now(), 0);
            for _ in 0..200 {
                decided += requests.iter().map(|request| decide(set, request, now)).sum::<usize>();
            }
            *best = best.min(begun.elapsed().as_secs_f64() * 1e9 / decided as f64);
        }
    }
    let before = CALLS.load(Relaxed);
    let decided: usize = requests.iter().map(|request| decide(&sizes[1].1, request, now)).sum();
    let calls = CALLS.load(Relaxed) - before;
    let checks: usize = requests.iter().map(|request| request.resources.len()).sum();
    for ((units, _), cost) in sizes.iter().zip(best) {
        let ratio = cost / best[0];
        println!("  {units:>5} units: {cost:>7.0} ns for each action decided, {ratio:.2} x the cost with 10");
    }
    println!("  {calls} allocations in {checks} checks of {decided} actions");
}

/// Asks for every resource of a request; how many actions were decided.
fn decide(set: &PolicySet, request: &Request, now: SystemTime) -> usize {
    let who = &request.principal;
    let mut decided = 0;
    for Entry { actions, resource } in &request.resources {
        let decision = set.check(&Check {
            principal: Principal {
                id: &who.id,
                roles: &who.roles,
                attr: (&who.attr).into(),
                scope: &who.scope,
                version: &who.policy_version,
            },
            resource: Resource {
                kind: &resource.kind,
                id: &resource.id,
                attr: (&resource.attr).into(),
                scope: &resource.scope,
                version: &resource.policy_version,
            },
            actions,
            aux: None,
            now,
        });
        decided += black_box(decision).outcomes().len();
    }
    decided
}

fn compiled(folder: &Path, units: usize) -> PolicySet {
    let mut files = Vec::new();
    let fixed = folder.join("files/policies");
    for path in listed(&fixed) {
        files.push(file(&format!("fixed/{}", name(&path)), &std::fs::read_to_string(&path).unwrap()));
    }
    for unit in 0..units {
        for path in listed(&folder.join("policies")) {
            let text = rendered(&path, unit);
            files.push(file(&format!("{unit:05}/{}", name(&path)), &text));
        }
        for path in listed(&folder.join("schemas")) {
            let schema = name(&path).replace(".json", "");
            files.push(file(&format!("_schemas/{schema}_{unit:05}.json"), &rendered(&path, unit)));
        }
    }
    let policies = files.iter().filter(|file| !file.name.starts_with("_schemas")).count();
    let bundle = Bundle { revision: "bench".into(), files };
    let all: Vec<u32> = (0..).take(bundle.files.len()).collect();
    let (held, begun) = (HELD.load(Relaxed), Instant::now());
    let (set, report) = PolicySet::compile(&bundle, &all, &Options::default());
    let took = begun.elapsed();
    let set = set.unwrap_or_else(|| panic!("{:#?}", report.findings));
    drop(report);
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let held = (HELD.load(Relaxed) - held) as f64 / f64::from(1 << 20);
    println!("  {units:>5} units: {policies} policies compiled in {took:.1?}, {held:.1} MiB held");
    again(bundle, &all);
    set
}

/// What compiling costs when one file has changed.
fn again(mut bundle: Bundle, all: &[u32]) {
    let held = HELD.load(Relaxed);
    let first = PolicySet::recompile(&bundle, all, &Options::default(), &Kept::default());
    drop(first.set);
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let held = (HELD.load(Relaxed) - held) as f64 / f64::from(1 << 20);
    let middle = bundle.files.len() / 2;
    let Some(file) = bundle.files.get_mut(middle) else { return };
    file.text = format!("{}\n", file.text).into();
    let begun = Instant::now();
    let second = PolicySet::recompile(&bundle, all, &Options::default(), &first.kept);
    let took = begun.elapsed();
    println!("               compiled again in {took:.1?}: {:?}; {held:.1} MiB kept for that", second.work);
}

fn requests(folder: &Path) -> Vec<Request> {
    let paths = listed(&folder.join("requests"));
    paths.iter().map(|path| serde_json::from_str(&rendered(path, 3)).unwrap()).collect()
}

/// A template with its names made those of one unit.
fn rendered(path: &Path, unit: usize) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let mut parts = text.split("{{");
    let mut done = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (call, rest) = part.split_once("}}").expect("a call ends");
        match call.split(['"', '`']).nth(1) {
            Some(name) => done.push_str(&format!("{name}_{unit:05}")),
            None => done.push_str("request"),
        }
        done.push_str(rest);
    }
    done
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().replace(".tpl", "")
}

fn file(name: &str, text: &str) -> SourceFile {
    SourceFile { name: name.into(), text: text.into() }
}
