//! What is wrong with policies, as Cerbos says it: in which file, at which line and column, in which words.

use std::path::Path;

use portreeve_diagnostics::{Bundle, SourceFile};
use portreeve_policies::{Cause, Options, PolicySet};
use serde_json::Value as Json;

use crate::support;

/// Cases that end differently here, each with the reason.
const DIFFERENT: [(&str, &str); 1] = [(
    "invalid_schemas.yaml",
    "the schema is no JSON, and that is said instead of what comes of its first word",
)];

/// One finding: the group, the file, the words, and `line:column` where Cerbos gives one.
type Said = (String, String, String, String);

fn text(json: &Json, key: &str) -> String {
    json.get(key).and_then(Json::as_str).unwrap_or_default().to_owned()
}

fn position(json: Option<&Json>) -> String {
    let Some(json) = json else { return String::new() };
    format!("{}:{}", json["line"], json["column"])
}

fn bundle(files: impl IntoIterator<Item = (String, String)>) -> Bundle {
    let files = files.into_iter().map(|(name, text)| SourceFile { name: name.into(), text: text.into() });
    Bundle { revision: "test".into(), files: files.collect() }
}

/// What is found in a bundle, in the words that Cerbos uses.
fn found(bundle: &Bundle) -> Vec<Said> {
    let all: Vec<u32> = (0..u32::try_from(bundle.files.len()).unwrap()).collect();
    let compiled = PolicySet::compile_verbose(bundle, &all, &Options::default());
    let errors = compiled.findings.iter().filter(|finding| finding.cause != Cause::Advice);
    let said = errors.map(|finding| {
        let file = bundle.files[finding.file as usize].name.to_string();
        let place = finding.place.and_then(|span| bundle.place(span));
        let place = place.map(|place| format!("{}:{}", place.line, place.column)).unwrap_or_default();
        let (group, words) = match &finding.cause {
            Cause::Parse => ("parse".to_owned(), finding.text.clone()),
            Cause::Validation => ("validation".to_owned(), finding.text.clone()),
            Cause::Load => ("load".to_owned(), finding.text.clone()),
            Cause::MissingImport { policy, kind, name } => {
                ("import".to_owned(), format!("{kind} {name} {policy}"))
            }
            Cause::MissingScope { policy, descendants } => {
                ("scope".to_owned(), format!("{policy} {}", descendants.join(" ")))
            }
            Cause::Duplicate { policy, other } => {
                ("duplicate".to_owned(), format!("{policy} {}", bundle.files[*other as usize].name))
            }
            Cause::ScopePermissions { scope } => ("permissions".to_owned(), scope.clone()),
            Cause::Compile(error) => ((*error).to_owned(), finding.text.clone()),
            Cause::Advice => (String::new(), String::new()),
        };
        (group, file, words, place)
    });
    sorted(said.collect())
}

fn sorted(mut said: Vec<Said>) -> Vec<Said> {
    said.sort();
    said
}

/// What a case about an index expects.
fn listed(want: &Json) -> Vec<Said> {
    let list = |key: &str| want.get(key).and_then(Json::as_array).cloned().unwrap_or_default();
    let mut said = Vec::new();
    for failure in list("loadFailures") {
        let details = &failure["errorDetails"];
        let group = match details["kind"].as_str() {
            Some("KIND_PARSE_ERROR") => "parse",
            Some("KIND_VALIDATION_ERROR") => "validation",
            _ => "load",
        };
        let (file, words) = (text(&failure, "file"), text(&failure, "error"));
        said.push((group.into(), file, words, position(details.get("position"))));
    }
    for import in list("missingImports") {
        let words = ["importKind", "importName", "importingPolicy"].map(|key| text(&import, key)).join(" ");
        said.push(("import".into(), text(&import, "importingFile"), words, position(import.get("position"))));
    }
    for twice in list("duplicateDefs") {
        let words = format!("{} {}", text(&twice, "policy"), text(&twice, "otherFile"));
        said.push(("duplicate".into(), text(&twice, "file"), words, position(twice.get("position"))));
    }
    sorted(said)
}

fn report(folder: &str, cases: Vec<(String, Vec<Said>, Vec<Said>)>) {
    println!("{folder}: {} cases", cases.len());
    let mut failures = Vec::new();
    for (name, found, want) in cases {
        let known = DIFFERENT.iter().find(|(case, _)| *case == name);
        match (found == want, known) {
            (true, Some((case, why))) => failures.push(format!("{case} passes, and is listed: {why}")),
            (false, None) => failures.push(format!("{name}\n  found {found:#?}\n  want  {want:#?}")),
            _ => {}
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn cases(folder: &Path) -> impl Iterator<Item = (String, std::path::PathBuf)> {
    let named = |path: std::path::PathBuf| Some((path.file_name()?.to_str()?.to_owned(), path));
    support::files(folder).into_iter().filter_map(named).filter(|(name, _)| name.ends_with(".yaml"))
}

#[test]
fn an_index_is_refused_for_what_cerbos_refuses_it_for() {
    let Some(root) = support::cerbos() else { return };
    let run = |(name, path): (String, std::path::PathBuf)| {
        let case = support::json(&path);
        let files = case["files"].as_object().unwrap().iter();
        let bundle =
            bundle(files.map(|(name, text)| (name.clone(), text.as_str().unwrap_or_default().to_owned())));
        let mut found = found(&bundle);
        // An index is not compiled.
        found.retain(|(group, ..)| {
            ["parse", "validation", "load", "import", "scope", "duplicate", "permissions"]
                .contains(&group.as_str())
        });
        (name, found, listed(&case["wantErrList"]))
    };
    report("index", cases(&root.join("index")).map(run).collect());
}

/// The files of a txtar archive.
pub(crate) fn archive(text: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        let header = line.trim_end().strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --"));
        match (header, files.last_mut()) {
            (Some(name), _) => files.push((name.to_owned(), String::new())),
            (None, Some((_, text))) => text.push_str(line),
            (None, None) => {}
        }
    }
    files
}

fn schemas(root: &Path, bundle: &mut Bundle) {
    for path in support::files(&root.join("schema/fs/_schemas")).into_iter().filter(|path| path.is_file()) {
        let name = format!("_schemas/{}", path.file_name().unwrap().to_str().unwrap()).into();
        bundle.files.push(SourceFile { name, text: std::fs::read_to_string(&path).unwrap().into() });
    }
}

/// What is found here before anything is compiled, as Cerbos says it when it compiles one policy by itself.
fn compiled((group, file, words, place): Said, main: &str) -> Option<Said> {
    match group.as_str() {
        "import" => {
            let (kind, name) = words.split_once(' ')?;
            let (name, _) = name.split_once(' ')?;
            let kind = if kind == "variables" { "Variables" } else { "Constants" };
            let words = format!("{kind} import '{name}' cannot be found");
            Some(("import not found".into(), file, words, place))
        }
        "scope" => {
            let words = format!("Missing ancestor policy \"{}\"", words.split(' ').next()?);
            Some(("missing policy definition".into(), main.into(), words, place))
        }
        _ => Some((group, file, words, place)),
    }
}

#[test]
fn policies_are_refused_for_what_cerbos_refuses_to_compile() {
    let Some(root) = support::cerbos() else { return };
    let folder = root.join("compile");
    let run = |(name, path): (String, std::path::PathBuf)| {
        let case = support::json(&path);
        let input = std::fs::read_to_string(folder.join(format!("{name}.input"))).unwrap();
        let want = case["wantErrors"].as_array().cloned().unwrap_or_default();
        let main = text(&case, "mainDef");
        let mut bundle = bundle(archive(&input));
        schemas(&root, &mut bundle);
        // A case is about one policy and what it imports.
        let alone = |file: &str| {
            let source = bundle.files.iter().find(|source| *source.name == *file).unwrap();
            file == main
                || !["resourcePolicy:", "principalPolicy:"].iter().any(|kind| source.text.contains(kind))
        };
        let found = found(&bundle).into_iter().filter_map(|said| compiled(said, &main));
        let found = sorted(found.filter(|(_, file, ..)| alone(file)).collect());
        let want = want.iter().map(|error| {
            let (group, file, words) =
                (text(error, "error"), text(error, "file"), text(error, "description"));
            (group, file, words, position(error.get("position")))
        });
        (name, found, sorted(want.collect()))
    };
    report("compile", cases(&folder).map(run).collect());
}

/// The documents of a file, each where it is in the file.
pub(crate) fn documents(text: &str) -> Vec<String> {
    let mut documents = vec![String::new()];
    for (before, line) in text.split_inclusive('\n').enumerate() {
        if line.trim_end() == "---" {
            documents.push("\n".repeat(before + 1));
        } else {
            documents.last_mut().unwrap().push_str(line);
        }
    }
    documents.retain(|text| text.lines().any(|line| !line.is_empty() && !line.starts_with('#')));
    documents
}

#[test]
fn files_are_refused_for_what_cerbos_refuses_to_read() {
    let Some(root) = support::cerbos() else { return };
    let mut cases = Vec::new();
    for path in support::files(&root.join("parser")) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.ends_with(".json") {
            continue;
        }
        let case = support::json(&path);
        let input = std::fs::read_to_string(path.with_file_name(format!("{name}.input"))).unwrap();
        let want = case["wantErrors"].as_array().cloned().unwrap_or_default();
        let want = want.iter().map(|error| {
            let parse = error["kind"] == "KIND_PARSE_ERROR";
            let group = if parse { "parse" } else { "validation" };
            (group.to_owned(), name.clone(), text(error, "message"), position(error.get("position")))
        });
        let want = sorted(want.collect());
        // Only where documents share no anchors can they be read one by one.
        let texts = if want.is_empty() { vec![input] } else { documents(&input) };
        let read = texts.into_iter().flat_map(|text| found(&bundle([(name.clone(), text)])));
        let unread = ["more than one YAML document detected", "the file holds no policy"];
        let read = read.filter(|(group, _, words, _)| {
            matches!(group.as_str(), "parse" | "validation") && !unread.contains(&words.as_str())
        });
        cases.push((name.clone(), sorted(read.collect()), want));
    }
    report("parser", cases);
}
