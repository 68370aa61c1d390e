//! Does `portreeve repl` answer a script, find policies, and say whether all went well?
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use portreeve_tests::{Ran, portreeve};

const NOTE: &str = "apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: note
  version: default
  importDerivedRoles: [common]
  variables: {local: {own: R.attr.owner == P.id}}
  rules:
    - name: view
      actions: [view]
      effect: EFFECT_ALLOW
      derivedRoles: [reader]
      condition: {match: {all: {of: [{expr: V.own}, {expr: R.attr.pages > 10.0}]}}}
";

const COMMON: &str = "apiVersion: api.cerbos.dev/v1
derivedRoles:
  name: common
  definitions:
    - {name: reader, parentRoles: [user], condition: {match: {expr: '\"pro\" in P.attr.plans'}}}
";

fn talk(folder: &Path, arguments: &[&str], script: &str) -> Ran {
    let mut child = Command::new(portreeve())
        .arg("repl")
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn a_script_is_answered_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let ran =
        talk(folder.path(), &[], "1 + 1\n\n:let x = {\n 'a': _\n}\nx.a * \\\n 10\n:quit\nnot reached\n");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert_eq!(ran.stdout, "_ = 2\nx = {\"a\": 2}\n_ = 20\n");
}

#[test]
fn a_line_that_fails_is_shown_and_the_others_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    let ran = talk(folder.path(), &[], "1 +\n2\n");
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.stdout, "_ = 2\n");
    assert!(ran.stderr.contains("input:1:4") && ran.stderr.contains("1 | 1 +"), "{}", ran.stderr);
    assert_eq!(talk(folder.path(), &[], ":load nothing.yaml").code, Some(1));
    assert_eq!(talk(folder.path(), &[], "(1 + 2").code, Some(1));
}

#[test]
fn a_policy_finds_its_imports_beside_it_or_below_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    for inner in ["beside", "apart", "apart/common"] {
        std::fs::create_dir_all(folder.path().join(inner)).unwrap();
    }
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("beside/note.yaml", NOTE);
    write("beside/common.yaml", COMMON);
    write("apart/note.yaml", NOTE);
    write("apart/common/common.yaml", COMMON);
    let rules = "#1 derived role `reader`\n  \"pro\" in P.attr.plans\n#2 `view`: allow view to reader\n  all of\n    V.own\n    R.attr.pages > 10.0\n";
    let ask =
        ":let P = {'id': 'ann', 'attr': {'plans': ['pro']}}\n:let R.attr = {'owner': 'ann'}\n:exec #2\n";
    for (arguments, file, from) in [
        (&[][..], "beside/note.yaml", ""),
        (&[], "../beside/note.yaml", "apart"),
        (&["apart"], "note.yaml", ""),
        (&["apart"], "apart/note.yaml", ""),
    ] {
        let ran = talk(&folder.path().join(from), arguments, &format!(":load {file}\n{ask}"));
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{file}");
        assert!(ran.stdout.starts_with(rules), "{file}: {}", ran.stdout);
        let tree = "  error  all of\n    true   V.own\n    error  R.attr.pages > 10.0\n           no such key: pages\n";
        assert!(ran.stdout.ends_with(tree), "{file}: {}", ran.stdout);
    }
    let ran = talk(folder.path(), &[], ":load apart/note.yaml");
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("there are no derived roles called `common`"), "{}", ran.stderr);
}
