use std::fmt::Write as _;

use portreeve_diagnostics::SourceFile;
use proptest::prelude::*;

use crate::{Kept, Options, PolicySet, Recompiled, Work};

use super::*;

fn bundle(files: &[(String, String)]) -> (Bundle, Vec<u32>) {
    let files: Vec<SourceFile> = files
        .iter()
        .map(|(name, text)| SourceFile { name: name.as_str().into(), text: text.as_str().into() })
        .collect();
    let all = (0..).take(files.len()).collect();
    (Bundle { revision: "".into(), files }, all)
}

fn compile(files: &[(String, String)], before: &Kept) -> Recompiled {
    let (bundle, all) = bundle(files);
    PolicySet::recompile(
        &bundle,
        &all,
        &Options { schemas: crate::Enforcement::Reject, ..Options::default() },
        before,
    )
}

/// Everything that decides, but for what hashing puts into another order.
fn shown(compiled: &Recompiled) -> String {
    let mut text = format!("{:?}\n", compiled.report);
    let Some(set) = &compiled.set else { return text };
    let _ = write!(text, "{:?}{:?}{:?}{:?}", set.rules, set.conditions, set.outputs, set.derived);
    for unit in &set.units {
        let _ = write!(
            text,
            "\n{} {} {:?} {:?} {:?}",
            unit.key, unit.names, unit.rows, unit.derived, unit.resource_schema
        );
    }
    for policy in &set.role_policies {
        let _ = write!(text, "\n{policy:?}");
    }
    for names in &set.names {
        let fields: Vec<&str> =
            ["variables", "constants"].into_iter().flat_map(|roof| names.env.names_under(roof)).collect();
        let _ = write!(text, "\n{fields:?} {:?} {:?}", names.constants, names.variables);
    }
    for one in &set.expressions {
        let _ = write!(text, "\n{} {:?} {} {:?}", one.text, one.variables, one.runtime, one.program);
    }
    let mut schemas: Vec<_> = set.schemas.iter().map(|(name, schema)| format!("{name} {schema:?}")).collect();
    schemas.sort();
    let _ = write!(text, "\n{schemas:?}");
    text
}

fn resource(index: usize) -> (String, String) {
    let text = format!(
        "apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: r{index}
  version: default
  importDerivedRoles: [d{group}]
  variables: {{import: [v{group}], local: {{own: R.attr.owner == P.id}}}}
  rules:
    - {{actions: [view], effect: EFFECT_ALLOW, roles: [user], condition: {{match: {{expr: V.own && V.shared && R.attr.n > {index}}}}}}}
    - {{actions: [edit], effect: EFFECT_ALLOW, derivedRoles: [owner]}}
",
        group = index % 10
    );
    (format!("r{index:04}.yaml"), text)
}

fn derived(group: usize) -> (String, String) {
    let text = format!(
        "apiVersion: api.cerbos.dev/v1
derivedRoles:
  name: d{group}
  variables: {{import: [v{group}]}}
  definitions:
    - {{name: owner, parentRoles: [user], condition: {{match: {{expr: V.shared && P.attr.g == {group}}}}}}}
"
    );
    (format!("d{group}.yaml"), text)
}

fn variables(group: usize, expression: &str) -> (String, String) {
    let text = format!(
        "apiVersion: api.cerbos.dev/v1\nexportVariables:\n  name: v{group}\n  definitions: {{shared: '{expression}'}}\n"
    );
    (format!("v{group}.yaml"), text)
}

fn folder(policies: usize) -> Vec<(String, String)> {
    let groups = (0..10).flat_map(|group| [derived(group), variables(group, "R.attr.open == true")]);
    groups.chain((0..policies).map(resource)).collect()
}

#[test]
fn a_change_costs_what_was_changed() {
    let mut files = folder(1000);
    let first = compile(&files, &Kept::default());
    assert!(first.set.is_some(), "{:?}", first.report);
    assert_eq!(first.work.files, 1020);
    let work = |files: &[(String, String)]| compile(files, &first.kept).work;
    assert_eq!(work(&files), Work::default());
    files[500].1 = files[500].1.replace("R.attr.n >", "R.attr.n >=");
    assert_eq!(work(&files), Work { files: 1, expressions: 1, schemas: 0 });
    files[500].1 = resource(480).1.replace("own: R", "mine: R").replace("V.own", "V.mine");
    assert_eq!(work(&files), Work { files: 1, expressions: 3, schemas: 0 }, "all that sees other names");
    files[500] = resource(480);
    files[1] = variables(0, "R.attr.open == false");
    assert_eq!(
        work(&files),
        Work { files: 1, expressions: 2, schemas: 0 },
        "one in each of two environments"
    );
    files[1] = variables(0, "R.attr.open == true");
    files.insert(0, ("a.yaml".into(), resource(2000).1));
    assert_eq!(
        work(&files),
        Work { files: 1, expressions: 1, schemas: 0 },
        "the others are in another place now"
    );
    files.remove(700);
    assert_eq!(work(&files).files, 1);
}

#[test]
fn schemas_are_compiled_again_when_one_of_them_changes() {
    let policy = "apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: r
  version: default
  schemas: {resourceSchema: {ref: 'cerbos:///a.json'}}
  rules: [{actions: [view], effect: EFFECT_ALLOW, roles: [user]}]
";
    let mut files = vec![
        ("_schemas/a.json".to_owned(), r#"{"$ref": "cerbos:///b.json"}"#.to_owned()),
        ("_schemas/b.json".to_owned(), r#"{"type": "object"}"#.to_owned()),
        ("r.yaml".to_owned(), policy.to_owned()),
    ];
    let first = compile(&files, &Kept::default());
    assert_eq!(first.work, Work { files: 1, expressions: 0, schemas: 1 });
    assert_eq!(compile(&files, &first.kept).work, Work::default());
    files[1].1 = r#"{"required": ["x"]}"#.to_owned();
    let again = compile(&files, &first.kept);
    assert_eq!(again.work, Work { files: 0, expressions: 0, schemas: 1 });
    assert_eq!(shown(&again), shown(&compile(&files, &Kept::default())));
    files[1].1 = "{".to_owned();
    let broken = compile(&files, &again.kept);
    assert!(broken.set.is_none());
    assert_eq!(shown(&broken), shown(&compile(&files, &Kept::default())));
}

/// A change to a folder: which file, and what.
#[derive(Clone, Debug)]
enum Edit {
    Replace(usize, &'static str, &'static str),
    Remove(usize),
    Copy(usize, usize),
    Swap(usize, usize),
}

const REPLACEMENTS: [(&str, &str); 14] = [
    ("R.attr.n >", "R.attr.n >="),
    ("R.attr.open", "R.attr.closed"),
    ("V.own", "V.shared"),
    ("V.own", "V.nothing"),
    ("own:", "mine:"),
    ("own: R.attr.owner == P.id", "b: V.own, own: R.attr.owner == P.id"),
    ("P.attr.g", "runtime.effectiveDerivedRoles.size()"),
    ("P.attr.g ==", "P.attr.g +"),
    ("EFFECT_ALLOW", "EFFECT_DENY"),
    ("owner,", "keeper,"),
    ("version: default", "version: other"),
    ("  rules:", "   rules:"),
    ("shared:", "a: G.x, shared:"),
    ("[view]", "['v*', view]"),
];

fn edit() -> impl Strategy<Value = Edit> {
    let file = || 0..40_usize;
    prop_oneof![
        6 => (file(), prop::sample::select(&REPLACEMENTS[..])).prop_map(|(at, (from, to))| Edit::Replace(at, from, to)),
        1 => file().prop_map(Edit::Remove),
        1 => (file(), file()).prop_map(|(from, to)| Edit::Copy(from, to)),
        1 => (file(), file()).prop_map(|(a, b)| Edit::Swap(a, b)),
    ]
}

fn apply(edit: &Edit, files: &mut Vec<(String, String)>) {
    let at = |index: usize| index % files.len().max(1);
    match *edit {
        _ if files.is_empty() => {}
        Edit::Replace(index, from, to) => {
            let index = at(index);
            files[index].1 = files[index].1.replace(from, to);
        }
        Edit::Remove(index) => {
            files.remove(at(index));
        }
        Edit::Copy(from, to) => {
            let (from, to) = (at(from), at(to));
            let copy = (
                format!("{}x.yaml", files[from].0.trim_end_matches(".yaml")),
                files[from].1.replace("resource: r", "resource: x"),
            );
            files.insert(to, copy);
        }
        Edit::Swap(a, b) => {
            let (a, b) = (at(a), at(b));
            files.swap(a, b);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// What is kept goes from one state of the folder to the next, through states that do not compile.
    #[test]
    fn a_folder_compiles_to_the_same_whatever_is_kept(edits in prop::collection::vec(edit(), 1..12)) {
        let mut files = folder(20);
        let mut kept = Kept::default();
        for edit in &edits {
            let again = compile(&files, &kept);
            prop_assert_eq!(shown(&again), shown(&compile(&files, &Kept::default())));
            kept = again.kept;
            apply(edit, &mut files);
        }
        let again = compile(&files, &kept);
        prop_assert_eq!(shown(&again), shown(&compile(&files, &Kept::default())));
    }
}
