//! Hierarchies, as expressions call them.

use crate::functions::args::no_overload;
use crate::functions::{Function, Outcome, hierarchy};
use crate::{Cx, ErrorKind, Opaque, Val};

const DELIMITER: &str = ".";

macro_rules! related {
    ($name:literal, $test:expr) => {
        Function::member(
            $name,
            |_, args| related(args, $test),
            &[concat!("cerbos.lib.hierarchy.", $name, "(cerbos.lib.hierarchy) -> bool")],
        )
    };
}

pub(in crate::functions) const TABLE: &[Function] = &[
    Function::global(
        "hierarchy",
        make,
        &[
            "hierarchy(string) -> cerbos.lib.hierarchy",
            "hierarchy(string, string) -> cerbos.lib.hierarchy",
            "hierarchy(list(string)) -> cerbos.lib.hierarchy",
        ],
    ),
    related!("ancestorOf", hierarchy::is_ancestor),
    related!("descendentOf", |h, other| hierarchy::is_ancestor(other, h)),
    related!("immediateParentOf", hierarchy::is_parent),
    related!("immediateChildOf", |h, other| hierarchy::is_parent(other, h)),
    related!("siblingOf", hierarchy::are_siblings),
    related!("overlaps", hierarchy::overlap),
    Function::member(
        "commonAncestors",
        common,
        &["cerbos.lib.hierarchy.commonAncestors(cerbos.lib.hierarchy) -> cerbos.lib.hierarchy"],
    ),
];

fn make<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let mut elements: Vec<&'a str> = Vec::new();
    match args {
        [Val::Str(text)] => elements.extend(text.split(DELIMITER)),
        // Nothing between characters: every character is an element.
        [Val::Str(text), Val::Str("")] => elements.extend(text.split("").filter(|one| !one.is_empty())),
        [Val::Str(text), Val::Str(delimiter)] => elements.extend(text.split(*delimiter)),
        [Val::List(list)] => {
            for item in list.iter() {
                let Val::Str(text) = item else { return no_overload() };
                elements.push(text);
            }
        }
        _ => return no_overload(),
    }
    let elements = cx.slice(&elements)?;
    cx.opaque(Opaque::Hierarchy(elements))
}

fn related<'a>(args: &[Val<'a>], test: fn(&[&str], &[&str]) -> bool) -> Outcome<'a> {
    match args {
        [Val::Opaque(Opaque::Hierarchy(h)), Val::Opaque(Opaque::Hierarchy(other))] => {
            Ok(Val::Bool(test(h, other)))
        }
        _ => no_overload(),
    }
}

fn common<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Opaque(Opaque::Hierarchy(h)), Val::Opaque(Opaque::Hierarchy(other))] = args else {
        return no_overload();
    };
    let shared = h.get(..hierarchy::shared(h, other)).unwrap_or_default();
    cx.opaque(Opaque::Hierarchy(shared))
}

/// `h[i]`
pub(crate) fn element<'a>(elements: &[&'a str], index: Val<'_>) -> Outcome<'a> {
    let Val::Int(at) = index else { return no_overload() };
    let found = usize::try_from(at).ok().and_then(|at| elements.get(at));
    found.map(|element| Val::Str(element)).ok_or(ErrorKind::IndexOutOfBounds(at))
}
