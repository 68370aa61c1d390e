use portreeve_cel::syntax::Issue;
use portreeve_cel::{Arena, Cx, Env, Limits, Type, Val};
use serde_json::Value as Json;

use crate::{assert_only, cases, typed};

/// Cases that are decided otherwise here, each with the reason.
const DIFFERENT: &[&str] = &[
    // JSON has no other numbers than doubles, so that they have to be keys.
    "fields/qualified_identifier_resolution/map_key_float",
    // Names are declared under one roof or with a value, not both; there are no containers.
    "fields/qualified_identifier_resolution/qualified_identifier_resolution_unchecked",
    "namespace/namespace_shadowing/basic",
];

/// What is asked for without the checker is still checked: a name or a function that is not declared, and literals of
/// types that never go together, are refused before evaluation.
fn is_refused_by_the_checker(case: &Json, issues: &[Issue]) -> bool {
    const SAYS: [&str; 3] = ["undeclared reference", "found no matching overload", "expected type"];
    let said = |start: &&str| issues.iter().any(|issue| issue.message.starts_with(start));
    case["disable_check"] == true && SAYS.iter().any(said)
}

/// `cel.block` is what optimizers write, not people, and policies do not have it.
fn is_left_out(case: &Json) -> bool {
    case["file"] == "block_ext"
}

#[test]
fn the_language_is_as_its_specification_says() {
    let Some(cases) = cases("cel-spec.json") else { return };
    let failures: Vec<(String, String)> = cases
        .iter()
        .filter(|case| !is_left_out(case))
        .filter_map(|case| {
            let part = |key: &str| case[key].as_str().unwrap_or_default();
            let name = format!("{}/{}/{}", part("file"), part("section"), part("name"));
            run(case).err().map(|why| (name, format!("`{}` {why}", part("expr"))))
        })
        .collect();
    assert_only(DIFFERENT, &failures);
}

fn run(case: &Json) -> Result<(), String> {
    let bindings = case["bindings"].as_object().expect("bindings");
    let container = case["container"].as_str().unwrap_or_default();
    let mut builder = Env::builder();
    for name in bindings.keys() {
        builder.declare(name, Type::Dyn);
        // A name in the container the expression is evaluated in is known by its short form too.
        if let Some(short) = name.strip_prefix(&format!("{container}."))
            && !container.is_empty()
            && !short.contains('.')
        {
            builder.alias(short, name);
        }
    }
    let env = builder.build();
    let arena = Arena::new();
    let mut slots = vec![None; env.slots()];
    for (name, value) in bindings {
        let slot = env.slot(name).ok_or("a binding has no slot")?;
        slots[slot.index()] = Some(typed::read(value, &arena));
    }
    let text = case["expr"].as_str().expect("an expression");
    let program = env.compile(text);
    let mut cx = Cx::new(&arena, &slots, None, Limits::default());
    if let Err(issues) = &program
        && is_refused_by_the_checker(case, issues)
    {
        return Ok(());
    }
    let result = match &program {
        Ok(program) => program.eval(&mut cx).map_err(|error| error.to_string()),
        Err(issues) => Err(issues.iter().map(|issue| issue.message.clone()).collect::<Vec<_>>().join("; ")),
    };
    let expected = &case["exp"];
    match (expected["k"].as_str().expect("an expectation"), result) {
        ("value", Ok(found)) if typed::same(found, typed::read(&expected["v"], &arena)) => Ok(()),
        ("true", Ok(Val::Bool(true))) | ("error" | "any error", Err(_)) => Ok(()),
        (_, found) => Err(format!("is {found:?}, not {expected}")),
    }
}
