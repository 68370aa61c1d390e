# `just` lists these.
default:
    @just --list

# system packages that a build and the tests need
setup:
    scripts/setup

# everything that has to pass before a change lands
ci:
    .ci/run

# the quick round while writing
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo deny check licenses bans sources

# every test; a crate's own: `just test -p portreeve-policies`
test *ARGS='--workspace':
    cargo build
    cargo test {{ARGS}}

# serve the embedded example
demo:
    cargo run --release -- demo

# CPU per request beside bare pingora, nginx and Envoy
bench *ARGS:
    tests/bench/run {{ARGS}}

# every fuzz target, for so many seconds each
fuzz SECONDS='240':
    cd diagnostics && cargo +nightly fuzz run yaml -- -max_len=4096 -max_total_time={{SECONDS}}
    cd policies/cel && cargo +nightly fuzz run expression -- -max_len=4096 -max_total_time={{SECONDS}}
    cd policies/cel && cargo +nightly fuzz run print -- -max_len=4096 -max_total_time={{SECONDS}}
