//! Ordinary conditions allocate nothing while they are evaluated.
#![expect(unsafe_code, reason = "counting allocations takes an allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use portreeve_cel::{Arena, Cx, Env, Limits, Timestamp, Type, Val, Value};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn ordinary_conditions_allocate_nothing() {
    let mut builder = Env::builder();
    builder.declare("P.id", Type::String);
    builder.declare("P.attr", Type::map(Type::String, Type::Dyn));
    let env = builder.build();
    let attributes: Value = serde_json::from_str(
        r#"{"owner": "me", "roles": ["a", "admin"], "n": 2, "created": "2024-01-01T00:00:00Z",
            "items": [{"qty": 1, "tags": ["x"]}, {"qty": 3, "tags": ["y", "z"]}]}"#,
    )
    .unwrap_or_default();
    let slots = [Some(Val::Str("me")), Some(Val::from(&attributes))];
    let now = Timestamp::parse("2024-01-02T00:00:00Z");
    let arena = Arena::new();
    // The arena's first piece of memory.
    let _ = arena.text("first");
    for text in [
        "P.attr.owner == P.id && P.attr.n in [1.0, 2.0]",
        "'admin' in P.attr.roles && size(P.attr.roles) > 1",
        "P.attr.roles.exists(r, r == 'admin') && !P.attr.roles.all(r, r == 'admin')",
        "timestamp(P.attr.created) > now() - duration('48h')",
        "P.attr.owner.matches('^m.$') && P.attr.owner.startsWith('m')",
        "hasIntersection(P.attr.roles, ['x', 'admin'])",
        "P.attr.items.exists(i, i.qty > 2.0 && i.tags.exists(t, t == 'z'))",
        "has(P.attr.missing) ? false : P.attr.n * 2.0 == 4.0",
        "P.attr.missing == 1 || P.attr.n == 2",
        "P.attr.items.filter(i, i.qty > 1.0).map(i, i.tags).size() == 1",
        "P.attr.owner + '!' == 'me!' && P.attr[P.id + 'x'] == 1 || true",
    ] {
        let program = env.compile(text).unwrap_or_else(|issues| panic!("{text}: {issues:?}"));
        let mut cx = Cx::new(&arena, &slots, now, Limits::default());
        // A pattern makes its memory when it is first used.
        let _ = program.eval(&mut cx);
        let before = ALLOCATIONS.with(Cell::get);
        let value = program.eval(&mut cx);
        let allocated = ALLOCATIONS.with(Cell::get) - before;
        assert!(matches!(value, Ok(Val::Bool(true))), "{text}: {value:?}");
        // The text of a key that is missing, where the key was made while evaluating.
        let allowed = usize::from(text.contains("P.id + 'x'"));
        assert!(allocated <= allowed, "{text}: {allocated} allocations");
    }
}
