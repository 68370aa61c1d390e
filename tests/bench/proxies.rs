//! How much does the gateway cost beside its peers? `tests/bench/run`, or `cargo bench -p portreeve-tests`.
//!
//! Everything runs on loopback, one worker thread each, in front of one nginx that answers 1 KiB from memory; `wrk`
//! asks. For each proxy: CPU microseconds per request of that process alone (from `/proc`), requests per second, and
//! both as ratios to a bare pingora pass-through measured in the same run. The gateway is what `scripts/dist` builds;
//! bare pingora is built from the same lock file and optimized alike, but for the guide. Rounds are interleaved and the
//! cheapest of each proxy counts, so that what else the machine does weighs on all alike.
//! Figures are for comparing, never for a test to hold.
//!
//! `BENCH_SECONDS` (default 4) is the length of a round, `BENCH_ROUNDS` (default 3) their number.

mod peers;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use portreeve_tests::{Door, Gateway, Issuer, Process, Request, eventually, free_port, optimized};
use serde_json::json;

/// A proxy under measurement.
struct Proxy {
    name: &'static str,
    process: u32,
    url: String,
    token: Option<String>,
    rounds: Vec<Round>,
}

/// What one round showed.
#[derive(Clone, Copy)]
struct Round {
    /// CPU microseconds that the proxy's process used per request.
    cpu: f64,
    /// Requests per second.
    rate: f64,
}

fn main() {
    // `cargo test --benches` only asks whether it starts.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let work = tempfile::tempdir().expect("a temporary directory can be made");
    let issuer = Issuer::new();
    let token = issuer.token("sally", &["user"], &json!({ "department": "SALES" }));
    let (_origin, origin) = peers::origin(work.path());
    let public = Gateway::start(Door::project(origin, &issuer));
    let authorized = Gateway::start(Door::project(origin, &issuer));
    let (bare, bare_port) = bare_pingora(origin);
    let (nginx, nginx_port) = peers::nginx(work.path(), origin);
    let envoys = peers::envoy(work.path(), origin, &issuer);

    let proxy = |name, process: u32, port: u16, path: &str, token: Option<&String>| Proxy {
        name,
        process,
        url: format!("http://127.0.0.1:{port}{path}"),
        token: token.cloned(),
        rounds: Vec::new(),
    };
    let (mut public, mut authorized) = (public, authorized);
    let (public_port, authorized_port) = (public.project().port(), authorized.project().port());
    let mut proxies = vec![
        proxy("bare pingora", bare.id(), bare_port, "/public/x", None),
        proxy("bare pingora, same token", bare.id(), bare_port, "/files/sally/x", Some(&token)),
        proxy("portreeve, public", public.process().id(), public_port, "/public/x", None),
        proxy(
            "portreeve, JWT + policy",
            authorized.process().id(),
            authorized_port,
            "/files/sally/x",
            Some(&token),
        ),
        proxy("nginx, plain", nginx.id(), nginx_port, "/public/x", None),
    ];
    if let Some([plain, guarded]) = &envoys {
        proxies.push(proxy("envoy, plain", plain.0.id(), plain.1, "/public/x", None));
        proxies.push(proxy(
            "envoy, jwt_authn + rbac",
            guarded.0.id(),
            guarded.1,
            "/files/sally/x",
            Some(&token),
        ));
    }
    measure(&mut proxies);
    report(&proxies);
}

/// Starts the yardstick.
fn bare_pingora(origin: u16) -> (Process, u16) {
    let program = optimized("bare_pingora");
    let port = free_port();
    let mut command = Command::new(program);
    command
        .args([format!("127.0.0.1:{port}"), format!("127.0.0.1:{origin}")])
        .env("TOKIO_WORKER_THREADS", "1");
    let process = Process::start(&mut command);
    eventually("bare pingora answers", || Request::get("/").try_send(port).is_some());
    (process, port)
}

fn measure(proxies: &mut [Proxy]) {
    let number =
        |name: &str, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (seconds, rounds) = (number("BENCH_SECONDS", 4), number("BENCH_ROUNDS", 3));
    for round in 1..=rounds {
        for proxy in proxies.iter_mut() {
            eprintln!("round {round} of {rounds}: {}", proxy.name);
            wrk(proxy, 1);
            let before = cpu(proxy.process);
            let (requests, rate) = wrk(proxy, seconds);
            let used = cpu(proxy.process) - before;
            proxy.rounds.push(Round { cpu: used.as_secs_f64() * 1e6 / requests, rate });
        }
    }
}

/// Asks for so many seconds; how many requests were answered, and how many a second.
/// Any answer but a success ends the run.
fn wrk(proxy: &Proxy, seconds: u64) -> (f64, f64) {
    let mut command = Command::new("wrk");
    command.args(["-t1", "-c32", &format!("-d{seconds}s")]);
    if let Some(token) = &proxy.token {
        command.args(["-H", &format!("Authorization: Bearer {token}")]);
    }
    let ran = command.arg(&proxy.url).output().expect("wrk is installed: scripts/setup");
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(!text.contains("Non-2xx") && !text.contains("Socket errors"), "{}: {text}", proxy.name);
    let word_before = |mark: &str| {
        let words: Vec<&str> = text.split_whitespace().collect();
        let place =
            words.windows(2).position(|pair| pair[1] == mark).expect("wrk says how many requests it made");
        words[place].parse::<f64>().expect("wrk counts in numbers")
    };
    let requests = word_before("requests");
    let rate = text.lines().find_map(|line| line.strip_prefix("Requests/sec:")).expect("wrk says a rate");
    (requests, rate.trim().parse().expect("wrk says the rate as a number"))
}

/// CPU time that a process and its threads have used, in user and system mode.
fn cpu(process: u32) -> Duration {
    let stat = std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat"));
    let stat = stat.expect("the process still runs");
    // Fields 14 and 15, counted after the name in parentheses, which may hold spaces (proc_pid_stat(5)).
    let (_, fields) = stat.rsplit_once(')').expect("a name in parentheses");
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks: u64 = [fields[11], fields[12]].iter().filter_map(|field| field.parse::<u64>().ok()).sum();
    // USER_HZ is 100 on every Linux that matters.
    Duration::from_millis(ticks * 10)
}

fn report(proxies: &[Proxy]) {
    let best = |proxy: &Proxy| {
        let cpu = proxy.rounds.iter().map(|round| round.cpu).fold(f64::INFINITY, f64::min);
        let rate = proxy.rounds.iter().map(|round| round.rate).fold(0.0, f64::max);
        Round { cpu, rate }
    };
    let yardstick = best(&proxies[0]);
    println!("{:<26} {:>12} {:>9} {:>12} {:>9}", "", "CPU us/req", "x bare", "requests/s", "x bare");
    for proxy in proxies {
        let Round { cpu, rate } = best(proxy);
        let (cpu_ratio, rate_ratio) = (cpu / yardstick.cpu, rate / yardstick.rate);
        println!("{:<26} {cpu:>12.1} {cpu_ratio:>9.2} {rate:>12.0} {rate_ratio:>9.2}", proxy.name);
    }
    // The same octets through both.
    let ours = best(&proxies[3]).cpu / best(&proxies[1]).cpu;
    println!("\nJWT + policy costs {ours:.2} x the CPU of bare pingora (target: 1.25, later 1.15)");
}
