//! The other proxies, and the service that all of them stand before.

use std::fs;
use std::path::Path;
use std::process::Command;

use portreeve_tests::{Issuer, Process, Request, apps, eventually, free_port, workspace};

/// nginx as the service: 1 KiB from memory for every path.
pub(crate) fn origin(work: &Path) -> (Process, u16) {
    let body = "x".repeat(1024);
    let port = free_port();
    let server = format!("server {{ listen 127.0.0.1:{port}; location / {{ return 200 '{body}'; }} }}");
    (start_nginx(work, "origin", port, &server), port)
}

/// nginx as a proxy with connections kept open.
pub(crate) fn nginx(work: &Path, origin: u16) -> (Process, u16) {
    let port = free_port();
    let server = format!(
        "upstream origin {{ server 127.0.0.1:{origin}; keepalive 64; keepalive_requests 1000000; }}
         server {{ listen 127.0.0.1:{port}; location / {{
             proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ''; }} }}"
    );
    (start_nginx(work, "proxy", port, &server), port)
}

fn start_nginx(work: &Path, name: &str, port: u16, server: &str) -> Process {
    let home = work.join(name);
    fs::create_dir_all(&home).expect("a folder can be made");
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {}/{kind};\n", home.display()))
        .collect();
    let config = format!(
        "daemon off; master_process off; pid {home}/pid; error_log {home}/error.log;
         events {{ worker_connections 1024; }}
         http {{ access_log off; keepalive_requests 1000000; {temporary} {server} }}",
        home = home.display()
    );
    let file = home.join("nginx.conf");
    fs::write(&file, config).expect("a file can be written");
    let mut command = Command::new(program("nginx"));
    command.arg("-p").arg(&home).arg("-c").arg(&file).arg("-e").arg(home.join("error.log"));
    let process = Process::start(&mut command);
    eventually("nginx answers", || Request::get("/").try_send(port).is_some());
    process
}

/// Daemons live in sbin, which a user's path may leave out.
fn program(name: &str) -> String {
    let sbin = Path::new("/usr/sbin").join(name);
    if sbin.exists() { sbin.display().to_string() } else { name.to_owned() }
}

/// Envoy twice: plain, and with `jwt_authn` (its token cache on) and `rbac` on a role. `None`, said aloud, where the
/// wheel that brings Envoy cannot be installed.
pub(crate) fn envoy(work: &Path, origin: u16, issuer: &Issuer) -> Option<[(Process, u16); 2]> {
    if std::env::var_os("BENCH_WITHOUT_ENVOY").is_some() {
        println!("without Envoy, as asked");
        return None;
    }
    let environment = apps::python(&workspace().join("tests/bench/requirements.txt"));
    let found = Command::new(environment.join("bin/python"))
        .args([
            "-c",
            "import envoy, os; print(os.path.join(os.path.dirname(envoy.__file__), '_bin', 'envoy'))",
        ])
        .output()
        .expect("python starts");
    let binary = String::from_utf8_lossy(&found.stdout).trim().to_owned();
    let start = |name: &str, filters: &str| {
        let port = free_port();
        let file = work.join(format!("{name}.yaml"));
        fs::write(&file, envoy_config(port, origin, filters)).expect("a file can be written");
        let mut command = Command::new(&binary);
        command.args(["--concurrency", "1", "--disable-hot-restart", "--log-level", "warn", "-c"]).arg(&file);
        let process = Process::start(&mut command);
        eventually("Envoy answers", || Request::get("/").try_send(port).is_some());
        (process, port)
    };
    Some([start("envoy-plain", ""), start("envoy-guarded", &guard(issuer))])
}

fn envoy_config(port: u16, origin: u16, filters: &str) -> String {
    format!(
        r#"static_resources:
  listeners:
  - address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: bench
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes: [{{ match: {{ prefix: / }}, route: {{ cluster: origin }} }}]
          http_filters:
{filters}          - name: envoy.filters.http.router
            typed_config: {{ "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }}
  clusters:
  - name: origin
    type: STATIC
    load_assignment:
      cluster_name: origin
      endpoints:
      - lb_endpoints: [{{ endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {origin} }} }} }} }}]
"#
    )
}

/// Proves the token and asks for the role `user`, as the gateway's policy does.
fn guard(issuer: &Issuer) -> String {
    let (name, audience, keys) = (issuer.name(), issuer.audience(), issuer.jwks());
    format!(
        r#"          - name: envoy.filters.http.jwt_authn
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
              providers:
                bench:
                  issuer: {name}
                  audiences: [{audience}]
                  forward: true
                  payload_in_metadata: claims
                  local_jwks: {{ inline_string: '{keys}' }}
                  jwt_cache_config: {{ jwt_cache_size: 1000 }}
              rules: [{{ match: {{ prefix: / }}, requires: {{ provider_name: bench }} }}]
          - name: envoy.filters.http.rbac
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC
              rules:
                action: ALLOW
                policies:
                  users:
                    permissions: [{{ url_path: {{ path: {{ prefix: /files/ }} }} }}]
                    principals:
                    - metadata:
                        filter: envoy.filters.http.jwt_authn
                        path: [{{ key: claims }}, {{ key: roles }}]
                        value: {{ list_match: {{ one_of: {{ string_match: {{ exact: user }} }} }} }}
"#
    )
}
