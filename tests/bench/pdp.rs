//! What does `portreeve pdp` cost beside a real Cerbos? `cargo bench -p portreeve-tests --bench pdp`.
//!
//! Cerbos' own load-test policies (`CONFORMANCE_DIR`), 100 units by default (`BENCH_UNITS`), and its own questions, one
//! after the other over HTTP on a connection that is kept: of `wrk` where it is installed, of this program otherwise.
//! Printed are the CPU time of each process for one question (user and system, from `/proc`), its resident memory, and
//! the time from its start to its first good answer, and the ratios of ours to theirs. The two take turns and the
//! cheapest round of each counts.

use std::{
    fmt::Write as _,
    io::Write as _,
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use portreeve_tests::{Request, Server, cerbos, client::read_reply, portreeve, workspace};

/// How long one round is, for `wrk`.
const SECONDS: u32 = 4;
const ROUNDS: usize = 3;

struct Point {
    name: &'static str,
    server: Server,
    ready: f64,
    micros: f64,
}

fn main() {
    // `cargo test --benches` only asks whether it starts.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let folder = std::env::var("CONFORMANCE_DIR").unwrap_or_else(|_| "../shared/conformance".into());
    let loadtest = workspace().join(folder).join("cerbos/loadtest");
    let Some(program) = cerbos() else { return };
    if !loadtest.is_dir() {
        println!("SKIPPED: there are no load-test policies at {}", loadtest.display());
        return;
    }
    let units = std::env::var("BENCH_UNITS").ok().and_then(|text| text.parse().ok()).unwrap_or(100);
    let release = portreeve();
    for kind in ["classic", "multitenant"] {
        measure(&loadtest.join(kind), kind, units, &program, release);
    }
}

fn measure(loadtest: &Path, kind: &str, units: usize, program: &Path, release: &Path) {
    let policies = tempfile::tempdir().expect("a temporary directory can be made");
    render(loadtest, policies.path(), units);
    let config = if kind == "classic" { "schema: { enforcement: none }" } else { "" };
    let started = Instant::now();
    let theirs = Server::cerbos(program, policies.path(), config).expect("Cerbos starts");
    let their_ready = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let ours = Server::ours_of(release, policies.path(), config).expect("portreeve starts");
    let our_ready = started.elapsed().as_secs_f64();
    let mut points = [
        Point { name: "cerbos", server: theirs, ready: their_ready, micros: f64::MAX },
        Point { name: "portreeve", server: ours, ready: our_ready, micros: f64::MAX },
    ];
    let questions = questions(loadtest, units);
    let answers: Vec<_> = points.iter().map(|point| actions(&point.server, &questions)).collect();
    assert_eq!(answers[0], answers[1], "both decide the same");
    for _ in 0..ROUNDS {
        for point in &mut points {
            point.micros = point.micros.min(round(&point.server, &questions));
        }
    }
    report(kind, units, &points);
}

fn report(kind: &str, units: usize, points: &[Point; 2]) {
    println!("\n{kind}, {units} units");
    println!("{:12}{:>16}{:>14}{:>16}", "", "CPU/request µs", "memory MiB", "start-ready ms");
    let figures = points.each_ref().map(|point| {
        let memory = memory(point.server.process().id());
        println!("{:12}{:>16.1}{:>14.1}{:>16.0}", point.name, point.micros, memory, point.ready * 1000.0);
        [point.micros, memory, point.ready]
    });
    let [theirs, ours] = figures;
    let ratio = |index: usize| theirs[index] / ours[index];
    println!("{:12}{:>14.1} x{:>12.1} x{:>14.1} x", "less by", ratio(0), ratio(1), ratio(2));
    println!("{:12}{:>14} x{:>12} x{:>14} x", "wanted", 20, 4, 10);
}

/// Fills in the templates for so many units.
fn render(loadtest: &Path, into: &Path, units: usize) {
    let folder = |name: &str| into.join(name);
    std::fs::create_dir_all(folder("_schemas")).expect("a folder can be made");
    for (from, to) in [("policies", ""), ("schemas", "_schemas"), ("files/policies", "")] {
        for path in files(&loadtest.join(from)) {
            let text = std::fs::read_to_string(&path).expect("a template can be read");
            let name = path.file_name().and_then(|name| name.to_str()).expect("a template has a name");
            let Some(name) = name.strip_suffix(".tpl") else {
                std::fs::write(folder(to).join(name), text).expect("a policy can be written");
                continue;
            };
            for unit in 0..units {
                let (stem, extension) = name.rsplit_once('.').expect("a policy has an extension");
                // Schemas are referred to by these names.
                let name = format!("{stem}_{unit:05}.{extension}");
                std::fs::write(folder(to).join(name), filled(&text, unit)).expect("a policy can be written");
            }
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    paths.sort();
    paths
}

/// `{{ .NameMod "x" }}` is the name with the unit's number.
fn filled(text: &str, unit: usize) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (action, after) = after.split_once("}}").expect("a template ends");
        out.push_str(before);
        let quoted = action.split(['"', '`']).nth(1);
        match quoted {
            Some(name) => write!(out, "{name}_{unit:05}").expect("a string takes text"),
            None => out.push_str("request"),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn questions(loadtest: &Path, units: usize) -> Vec<String> {
    let templates: Vec<String> = files(&loadtest.join("requests"))
        .iter()
        .map(|path| std::fs::read_to_string(path).expect("a question can be read"))
        .collect();
    (0..units).flat_map(|unit| templates.iter().map(move |text| filled(text, unit))).collect()
}

fn actions(server: &Server, questions: &[String]) -> Vec<serde_json::Value> {
    let ask = |question: &String| {
        let request = Request::new("POST", "/api/check/resources").body(question.as_bytes());
        let answer = request.send(server.port()).json();
        let results = answer["results"].as_array().cloned().unwrap_or_default();
        results.iter().map(|result| result["actions"].clone()).collect()
    };
    questions.iter().map(ask).collect()
}

/// CPU microseconds for one question.
fn round(server: &Server, questions: &[String]) -> f64 {
    let before = cpu(server.process().id());
    let asked = if Command::new("wrk").arg("-v").output().is_ok() {
        wrk(server.port(), questions)
    } else {
        by_hand(server.port(), questions)
    };
    (cpu(server.process().id()) - before) / f64::from(asked)
}

fn wrk(port: u16, questions: &[String]) -> u32 {
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    let script = folder.path().join("ask.lua");
    let bodies: Vec<String> = questions.iter().map(|question| format!("[==[{question}]==]")).collect();
    let text = format!(
        "local bodies = {{{}}}\nlocal n = 0\nrequest = function()\n n = n % #bodies + 1\n \
         return wrk.format('POST', '/api/check/resources', {{['Content-Type'] = 'application/json'}}, bodies[n])\nend\n",
        bodies.join(",\n")
    );
    std::fs::write(&script, text).expect("a script can be written");
    let ran = Command::new("wrk")
        .args(["-t1", "-c4", &format!("-d{SECONDS}s"), "-s"])
        .arg(&script)
        .arg(format!("http://127.0.0.1:{port}"))
        .output()
        .expect("wrk starts");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(!said.contains("Non-2xx"), "{said}");
    let line = said.lines().find(|line| line.contains(" requests in ")).expect("wrk says how many");
    line.trim().split(' ').next().and_then(|count| count.parse().ok()).expect("it is a number")
}

fn by_hand(port: u16, questions: &[String]) -> u32 {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let end = Instant::now() + std::time::Duration::from_secs(SECONDS.into());
    let mut asked = 0;
    for question in questions.iter().cycle() {
        let request = Request::new("POST", "/api/check/resources").header("Connection", "keep-alive");
        stream.write_all(&request.body(question.as_bytes()).bytes()).expect("it takes a question");
        assert_eq!(read_reply(&mut stream, false).expect("it answers").status, 200);
        asked += 1;
        if Instant::now() > end {
            break;
        }
    }
    asked
}

/// User and system time so far, in microseconds.
fn cpu(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("it runs");
    let after = stat.rsplit_once(") ").expect("a name comes before").1;
    let ticks: f64 = after.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    // 100 ticks in a second wherever Linux runs.
    ticks * 10_000.0
}

/// Resident memory in MiB.
fn memory(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it is said");
    let kib: f64 = line.trim().trim_end_matches(" kB").trim().parse().expect("it is a number");
    kib / 1024.0
}
