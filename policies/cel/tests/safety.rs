//! No text and no data can end the process or keep it busy: over a limit is an error.

use std::time::{Duration, Instant};

use portreeve_cel::{Arena, Cx, Env, Limits, Type, Value};

/// Far more than any of these may take, on a slow machine and without optimisation.
const SOON: Duration = Duration::from_secs(20);

/// Reads and evaluates with a variable `x`; `Err` says what went wrong.
fn run(text: &str, x: &Value) -> Result<(), String> {
    let mut builder = Env::builder();
    builder.declare("x", Type::Dyn);
    let env = builder.build();
    let program = env
        .compile(text)
        .map_err(|issues| issues.into_iter().map(|issue| issue.message).collect::<String>())?;
    let arena = Arena::new();
    let slots = [Some(x.into())];
    let mut cx = Cx::new(&arena, &slots, None, Limits::default());
    program.eval(&mut cx).map(|_| ()).map_err(|error| error.to_string())
}

/// Runs where the stack is as small as that of a worker thread.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let began = Instant::now();
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(test);
    assert!(thread.is_ok_and(|thread| thread.join().is_ok()), "a thread that ends without a panic");
    assert!(began.elapsed() < SOON, "took {:?}", began.elapsed());
}

#[test]
fn no_nesting_and_no_chain_overflows_the_stack() {
    on_a_small_stack(|| {
        for length in [10, 100, 150, 170, 1_000, 10_000, 30_000] {
            let many = |part: &str| part.repeat(length);
            for text in [
                format!("{}1{}", many("("), many(")")),
                format!("{}1{}", many("["), many("]")),
                format!("{}1{}", many("{1:"), many("}")),
                format!("{}x{}", many("size(["), many("])")),
                format!("{}true", many("!")),
                format!("{}1", many("-")),
                format!("1{}", many("+1")),
                format!("1{}", many("==1")),
                format!("true{}", many("&&true")),
                format!("true{}", many("||false&&true")),
                format!("{}1", many("true?1:")),
                format!("x{}", many("[0]")),
                format!("x{}", many(".b")),
                format!("x{}", many(".?b")),
                format!("'a'{}", many(".trim()")),
                format!("[1]{}", many(".map(y,y)")),
                format!("[1]{}", many(".filter(y,true)")),
                format!("{}true{}", many("[1].all(y,"), many(")")),
                format!("{}1{}", many("cel.bind(y,1,"), many(")")),
                format!("{}1{}", many("{'a':["), many("]}")),
            ] {
                let _ = run(&text, &Value::Null);
            }
        }
    });
}

#[test]
fn values_that_double_hit_the_memory_limit() {
    on_a_small_stack(|| {
        for step in ["x + x", "[x, x]", "[x] + [x]", "x + x + x"] {
            let mut text = "'aaaaaaaa'".to_owned();
            for _ in 0..100 {
                text = format!("[{text}].map(x, {step})[0]");
            }
            assert!(run(&text, &Value::Null).is_err(), "{step}");
        }
        let doubled = format!("['a']{}", ".map(x, x + x)".repeat(40));
        let error = run(&doubled, &Value::Null).expect_err("too much memory");
        assert!(error.contains("memory"), "{error}");
    });
}

#[test]
fn loops_within_loops_hit_the_step_limit() {
    on_a_small_stack(|| {
        let ten = "[0,1,2,3,4,5,6,7,8,9]";
        for (open, close) in
            [(".all(a, ", ")"), (".map(a, ", ")"), (".exists_one(a, ", ")"), (".transformMap(i, a, ", ")")]
        {
            let nested = format!("{}true{}", format!("{ten}{open}").repeat(12), close.repeat(12));
            assert!(run(&nested, &Value::Null).is_err(), "{open}");
        }
        let big: Value = serde_json::from_str(&format!("[{}1]", "1,".repeat(50_000))).expect("JSON");
        for text in [
            "x.all(a, x.all(b, a == b))",
            "x.all(a, x == x)",
            "x.map(a, x).size() > 0 && x.all(a, a in x)",
            "hasIntersection(x, x.map(a, a + 1.0)) || x.exists(a, !(a in x))",
            "x.map(a, string(x.size())).distinct().size() == x.map(a, x).distinct().size()",
            "x.transformMap(i, v, v).all(k, x.transformMap(i, v, v)[k] == 1)",
        ] {
            let _ = run(text, &big);
        }
    });
}

#[test]
fn deep_data_is_read_compared_and_thrown_away() {
    on_a_small_stack(|| {
        let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        let deep: Value = serde_json::from_str(&deep).expect("a hundred levels are read");
        for text in [
            "x == x",
            "[x] == [x]",
            "json.encode(x) == ''",
            "'%s'.format([x]) == ''",
            "x.flatten(1000) == [1.0]",
        ] {
            let _ = run(text, &deep);
        }
    });
}

#[test]
fn values_made_deep_by_an_expression_are_compared_or_refused() {
    on_a_small_stack(|| {
        let nest = format!("{}y{}", "[".repeat(70), "]".repeat(70));
        let made = format!("[1]{}", format!(".map(y, {nest})").repeat(70));
        for text in
            [format!("{made} == {made}"), format!("json.encode({made})"), format!("{made} in [{made}]")]
        {
            let _ = run(&text, &Value::Null);
        }
    });
}

#[test]
fn long_expressions_are_refused_before_they_are_read() {
    on_a_small_stack(|| {
        assert!(run(&"1+".repeat(100_000), &Value::Null).is_err());
        assert!(run(&format!("'{}'", "a".repeat(10_000_000)), &Value::Null).is_err());
    });
}

#[test]
fn regular_expressions_cannot_explode() {
    on_a_small_stack(|| {
        let text = Value::from("a".repeat(10_000).as_str());
        for pattern in ["((a{100}){100}){100}", "(a*)*$", "(a|a)*b", "(.*)(.*)(.*)(.*)(.*)b"] {
            let _ = run(&format!("x.matches('{pattern}')"), &text);
            let _ = run(&format!("x.matches('{pattern}' + '')"), &text);
        }
    });
}
