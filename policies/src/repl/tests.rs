use portreeve_cel::Timestamp;
use portreeve_diagnostics::{Bundle, SourceFile, render};

use super::*;

const POLICY: &str = r#"
apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: note
  version: default
  scope: acme.hr
  importDerivedRoles: [common]
  variables:
    local:
      own: R.attr.owner == P.id
      late: R.attr.due < now()
  constants:
    local: { limit: 100 }
  rules:
    - actions: [view, list]
      effect: EFFECT_ALLOW
      roles: [user]
    - name: edit
      actions: [edit]
      effect: EFFECT_DENY
      derivedRoles: [owner]
      condition:
        match:
          all:
            of:
              - expr: V.own
              - any:
                  of:
                    - expr: R.attr.amount < C.limit
                    - expr: P.attr.level > 2
              - none:
                  of: [{ expr: V.late }]
"#;

const COMMON: &str = r"
apiVersion: api.cerbos.dev/v1
derivedRoles:
  name: common
  variables: { local: { own: P.id == R.attr.owner } }
  definitions:
    - { name: owner, parentRoles: [user], condition: { match: { expr: V.own } } }
    - { name: other, parentRoles: [user] }
";

fn bundle() -> Bundle {
    let files = [
        ("note.yaml", POLICY),
        ("common.yaml", COMMON),
        ("broken.yaml", "resourcePolicy: {"),
        ("x.yaml", POLICY),
    ];
    let files = files.map(|(name, text)| SourceFile { name: name.into(), text: text.into() });
    Bundle { revision: "".into(), files: files.into() }
}

/// The last answer, or what is shown instead.
fn last(lines: &[&str]) -> String {
    let mut session = Session::default();
    let mut said = String::new();
    for line in lines {
        let now = Timestamp::parse("2024-05-01T00:00:00Z").unwrap();
        let answer = match session.run(line, now) {
            Ok(Answer::Load(name)) => {
                let bundle = bundle();
                let file = bundle.files.iter().position(|file| *file.name == *name).unwrap();
                session.load(bundle, u32::try_from(file).unwrap())
            }
            other => other,
        };
        said = answer.map_or_else(
            |failure| render::terminal(&failure.report, &failure.bundle, false),
            |a| a.to_string(),
        );
    }
    said
}

#[test]
fn a_line_is_answered_with_a_value() {
    for (lines, expected) in [
        (&["1 + 1"][..], "_ = 2"),
        (&["1 + 1", "_ * 3"], "_ = 6"),
        (&[":let x = [1, 2]", "x.map(i, i + 1)"], "_ = [2, 3]"),
        (&[":let x = 1", ":let x = x + 1"], "x = 2"),
        (&["now()"], "_ = timestamp(\"2024-05-01T00:00:00Z\")"),
        (
            &[
                ":let P = {'id': 'ann', 'roles': ['user']}",
                "P.id in ['ann'] && P.roles == ['user'] && P.attr == {}",
            ],
            "_ = true",
        ),
        (
            &[
                ":let request = {'principal': {'id': 'ann'}, 'aux_data': {'jwt': {'iss': 'x'}}}",
                "request.auxData.jwt.iss",
            ],
            "_ = \"x\"",
        ),
        (&[":let V.a = 1", ":let V.b = 2", "V.a + V.b"], "_ = 3"),
        (
            &[":let V = {'a': 1}", ":let V = {'b': 1}", "has(V.a)"],
            "error[repl/expression]: undefined field 'a'\n --> input:1:5\n  |\n1 | has(V.a)\n  |     ^^^\n\n1 error\n",
        ),
        (&[":let G = {'region': 'eu'}", "globals.region"], "_ = \"eu\""),
        (
            &["optional.of(1)", "_"],
            "error[repl/expression]: undeclared reference to '_'\n --> input:1:1\n  |\n1 | _\n  | ^\n\n1 error\n",
        ),
        (&[":let x = 1", ":reset", ":vars"], "Nothing has a value yet."),
        (&[":let x = 1", ":let P = {'id': 'ann'}", "2", ":vars"], "P.id = \"ann\"\n_ = 2\nx = 1"),
        (&["1", ""], ""),
    ] {
        assert_eq!(last(lines), expected, "{lines:?}");
    }
}

#[test]
fn what_is_wrong_is_shown_where_it_stands() {
    for (lines, parts) in [
        (&[":let x = 1 +"][..], &["input:1:", "repl/expression"][..]),
        (&["  x == 1"], &["undeclared reference to 'x'", "input:1:3"]),
        (&["{'a': 1}.b + 1"], &["repl/no-value", "no such key: b", "input:1:1"]),
        (&["P.id == 'ann'"], &["undefined field 'id'", ":let P = {"]),
        (&[":let P.id = 1"], &["`request.principal.id` is text, not 1 (int)", "input:1:6"]),
        (&[":let x = ip('10.0.0.1')"], &["a value of type net.IP cannot be kept", "input:1:10"]),
        (&[":lod x"], &["there is no `:lod`", "did you mean `:load`?"]),
        (&[":let x"], &["repl/let", "NAME = EXPRESSION"]),
        (&[":load"], &["repl/load"]),
        (&[":rules"], &["no policy is loaded"]),
        (&[":exec #1"], &["no policy is loaded"]),
        (&[":load note.yaml", ":exec #9"], &["there are `#1` to `#3`"]),
        (&[":load note.yaml", ":exec"], &["expected the number of a rule"]),
        (&[":load broken.yaml"], &["broken.yaml:1"]),
        (&[":load note.yaml", ":let R.attr = {}", "V.own"], &["`V.own` has no value: no such key: owner"]),
        (&[":load note.yaml", "V.won"], &["undefined field 'won'"]),
    ] {
        let said = last(lines);
        assert!(parts.iter().all(|part| said.contains(part)), "{lines:?}: {said}");
    }
}

#[test]
fn a_policy_is_listed_with_its_conditions() {
    let expected = "\
#1 derived role `owner`
  V.own
#2 `rule-001`: allow view, list to user
#3 `edit`: deny edit to owner
  all of
    V.own
    any of
      R.attr.amount < C.limit
      P.attr.level > 2
    none of
      V.late";
    assert_eq!(last(&[":load note.yaml"]), expected);
    assert_eq!(last(&[":load note.yaml", "1", ":rules"]), expected);
    assert_eq!(last(&[":load common.yaml"]), "#1 derived role `owner`\n  V.own\n#2 derived role `other`");
}

#[test]
fn a_condition_is_evaluated_part_by_part() {
    let load = ":load note.yaml";
    let who = ":let P = {'id': 'ann', 'roles': ['user'], 'attr': {'level': 3}}";
    let what = ":let R = {'kind': 'note', 'id': '1', 'attr': {'owner': 'ann', 'amount': 200}}";
    assert_eq!(last(&[load, ":exec #2"]), "The rule has no condition.");
    assert_eq!(last(&[load, who, what, ":exec #1"]), "  true   V.own");
    assert_eq!(
        last(&[load, who, what, ":exec #3"]),
        "  error  all of
    true   V.own
    true   any of
      false  R.attr.amount < C.limit
      true   P.attr.level > 2
    error  none of
      error  V.late
             `V.late` has no value: no such key: due"
    );
    let late = ":let V.late = false";
    assert!(last(&[load, who, what, late, ":exec 3"]).starts_with("  true   all of"));
    assert!(
        last(&[load, who, what, late, ":let C.limit = 1000", ":exec 3"])
            .contains("true   R.attr.amount < C.limit")
    );
    assert!(last(&[load, who, what, late, ":let P.id = 'bob'", ":exec 3"]).starts_with("  false  all of"));
}

#[test]
fn the_variables_and_constants_of_a_policy_have_values() {
    let what = ":let R.attr = {'owner': 'ann', 'due': timestamp('2024-01-01T00:00:00Z')}";
    assert_eq!(
        last(&[":load note.yaml", what, ":let P.id = 'bob'", ":vars"]),
        "C.limit = 100.0\nP.id = \"bob\"\nR.attr = {\"owner\": \"ann\", \"due\": timestamp(\"2024-01-01T00:00:00Z\")}\n\
         V.late = true\nV.own = false"
    );
    assert!(
        last(&[":load note.yaml", ":vars"])
            .contains("V.own = no value: `V.own` has no value: no such key: owner")
    );
}

#[test]
fn what_can_be_named_can_be_completed() {
    let mut session = Session::default();
    session.run(":let mine = 1", Timestamp::parse("2024-05-01T00:00:00Z").unwrap()).unwrap();
    session.load(bundle(), 0).unwrap();
    let words = session.words();
    for word in
        ["mine", "V.own", "C.limit", "P.id", "math.abs", "startsWith", "exists_one", "request.principal"]
    {
        assert!(words.iter().any(|known| known == word), "{word}");
    }
}
