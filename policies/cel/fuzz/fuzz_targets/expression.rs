//! An expression and data, a line each: neither may end the process.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portreeve_cel::{Arena, Cx, Env, Limits, Timestamp, Type, Value};

fuzz_target!(|input: &str| {
    let (text, data) = input.split_once('\n').unwrap_or((input, "null"));
    let mut builder = Env::builder();
    builder.declare("x", Type::Dyn);
    let env = builder.build();
    let (Ok(program), Ok(x)) = (env.compile(text), serde_json::from_str::<Value>(data)) else { return };
    let arena = Arena::new();
    let slots = [Some((&x).into())];
    let limits = Limits { steps: 100_000, memory: 1 << 20 };
    let mut cx = Cx::new(&arena, &slots, Timestamp::parse("2024-01-01T00:00:00Z"), limits);
    let _ = program.eval(&mut cx).map(|value| value.to_value());
});
