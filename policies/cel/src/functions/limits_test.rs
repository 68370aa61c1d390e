//! No function takes more memory or steps than the evaluation has.

use super::find;
use crate::{Arena, Cx, ErrorKind, Limits, List, Val};

fn called(name: &str, member: bool, args: &[Val<'_>], limits: Limits) -> Result<(), ErrorKind<'static>> {
    // The arena has to outlive the arguments' lifetime; a leak of a test is no harm.
    let arena: &'static Arena = Box::leak(Box::default());
    let args: &'static [Val<'static>] = Box::leak(args.iter().map(|arg| leaked(*arg)).collect());
    let mut cx = Cx::new(arena, &[], None, limits);
    let function = find(name, member).expect(name);
    (function.call)(&mut cx, args).map(|_| ())
}

fn leaked(value: Val<'_>) -> Val<'static> {
    match value {
        Val::Str(text) => Val::Str(Box::leak(text.into())),
        Val::Bytes(bytes) => Val::Bytes(Box::leak(bytes.into())),
        Val::Int(number) => Val::Int(number),
        Val::List(list) => Val::List(List::Vals(Box::leak(list.iter().map(leaked).collect()))),
        _ => Val::Null,
    }
}

#[test]
fn results_are_made_only_within_the_limits() {
    let long = "a".repeat(2000);
    let (long, many) = (Val::Str(&long), vec![Val::Str("aaaaaaaaaa"); 200]);
    let (a, b, list) = (Val::Str("a"), Val::Str("bbbbbbbb"), Val::List(List::Vals(&many)));
    let bytes = [b'x'; 2000];
    for (name, member, args) in [
        ("replace", true, vec![long, a, b]),
        ("replace", true, vec![long, Val::Str(""), b]),
        ("split", true, vec![long, Val::Str("")]),
        ("join", true, vec![list, b]),
        ("reverse", true, vec![long]),
        ("reverse", true, vec![list]),
        ("lowerAscii", true, vec![long]),
        ("upperAscii", true, vec![long]),
        ("format", true, vec![long, list]),
        ("strings.quote", false, vec![long]),
        ("lists.range", false, vec![Val::Int(10_000)]),
        ("slice", true, vec![list, Val::Int(0), Val::Int(200)]),
        ("flatten", true, vec![list]),
        ("sort", true, vec![list]),
        ("except", false, vec![list, Val::List(List::Vals(&[]))]),
        ("base64.encode", false, vec![Val::Bytes(&bytes)]),
        ("base64.decode", false, vec![long]),
        ("json.encode", false, vec![list]),
        ("regex.replace", false, vec![long, a, b]),
        ("regex.extractAll", false, vec![long, a]),
        ("hierarchy", false, vec![long, Val::Str("")]),
        ("joinPath", false, vec![list]),
        ("basePath", false, vec![long]),
    ] {
        let small = Limits { steps: 1_000_000, memory: 1000 };
        assert_eq!(called(name, member, &args, small), Err(ErrorKind::MemoryLimit), "{name}");
        assert_ne!(called(name, member, &args, Limits::default()), Err(ErrorKind::MemoryLimit), "{name}");
    }
}

#[test]
fn long_comparisons_count_as_steps() {
    let many: Vec<Val<'_>> = (0..500).map(Val::Int).collect();
    let list = Val::List(List::Vals(&many));
    let other: Vec<Val<'_>> = (1000..1500).map(Val::Int).collect();
    let other = Val::List(List::Vals(&other));
    for (name, member, args) in [
        ("distinct", true, vec![list]),
        ("hasIntersection", false, vec![list, other]),
        ("intersect", false, vec![list, other]),
        ("sets.contains", false, vec![list, list]),
        ("sets.equivalent", false, vec![list, list]),
        ("sort", true, vec![list]),
    ] {
        let few = Limits { steps: 1000, memory: 1 << 20 };
        assert_eq!(called(name, member, &args, few), Err(ErrorKind::StepLimit), "{name}");
    }
}
