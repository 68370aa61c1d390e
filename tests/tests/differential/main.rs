//! Does Portreeve decide what Cerbos decides?
//!
//! Random policies are given to a real Cerbos and to `portreeve pdp`, random requests are put to both, and what they
//! answer is compared: effects, policies, scopes, effective derived roles and outputs. A difference is made small and
//! printed with the policies and the request.
//!
//! `DIFFERENTIAL_DECISIONS` is how many decisions to compare (20,000), `DIFFERENTIAL_SEED` another seed.

mod chance;
mod policies;
mod requests;
mod shrink;

use std::path::Path;

use portreeve_tests::{Request, Server, cerbos};
use serde_json::{Value, json};

use chance::Chance;
use policies::Policies;

/// How many resources one request is about.
const RESOURCES: usize = 12;

#[derive(Clone, Copy, Debug)]
struct Mode {
    name: &'static str,
    config: &'static str,
}

const MODES: [Mode; 3] = [
    Mode { name: "as Cerbos is by default", config: "engine: { globals: { num: 3, env: t } }" },
    Mode { name: "strict", config: "engine: { strictEvaluation: true, globals: { num: 3, env: t } }" },
    Mode { name: "lenient", config: "engine: { lenientScopeSearch: true, globals: { num: 3, env: t } }" },
];

#[test]
fn random_policies_decide_as_in_cerbos() {
    let Some(program) = cerbos() else { return };
    let wanted = number("DIFFERENTIAL_DECISIONS", 20_000);
    let seed = number("DIFFERENTIAL_SEED", 1);
    let mut compared = 0;
    for (index, mode) in MODES.iter().enumerate() {
        let mut chance = Chance((seed + index * 7919) as u64);
        let share = wanted * (index + 1) / MODES.len();
        let sets: Vec<Policies> =
            (0..(wanted / 1500).clamp(5, 100)).map(|id| policies::set(id, &mut chance)).collect();
        let folder = tempfile::tempdir().unwrap();
        sets.iter().for_each(|set| write(folder.path(), &set.id.to_string(), &set.files));
        let both = Both::start(&program, folder.path(), mode.config).unwrap_or_else(|error| {
            panic!("the policies in {} are not good: {error}", folder.keep().display());
        });
        let mut turn = 0;
        while compared < share {
            let set = &sets[turn % sets.len()];
            // Q7: with lenient search Cerbos loses the parents of roles where a scope is missing.
            let request = requests::request(set, RESOURCES, mode.name != "lenient", &mut chance);
            compared += both.compare(&request).unwrap_or_else(|difference| {
                explain(&program, *mode, set, &request, &difference, seed);
            });
            turn += 1;
        }
    }
    println!("{compared} decisions are the same");
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect("it is a number"))
}

/// Both decision points over one folder.
struct Both {
    cerbos: Server,
    ours: Server,
    strict: bool,
}

impl Both {
    fn start(program: &Path, policies: &Path, config: &str) -> Result<Both, String> {
        let cerbos = Server::cerbos(program, policies, config);
        let ours = Server::ours(policies, config);
        match (cerbos, ours) {
            (Ok(cerbos), Ok(ours)) => {
                Ok(Both { cerbos, ours, strict: config.contains("strictEvaluation: true") })
            }
            (Err(error), Ok(_)) => Err(format!("only Cerbos refuses: {error}")),
            (Ok(_), Err(error)) => Err(format!("only Portreeve refuses: {error}")),
            (Err(error), Err(_)) => Err(format!("both refuse: {error}")),
        }
    }

    /// How many decisions were compared, or the first that differs.
    fn compare(&self, request: &Value) -> Result<usize, Difference> {
        let theirs = answers(&self.cerbos, request, self.strict);
        let ours = answers(&self.ours, request, self.strict);
        for (index, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
            if theirs != ours {
                return Err(Difference { entry: index, theirs: theirs.clone(), ours: ours.clone() });
            }
        }
        assert_eq!(theirs.len(), ours.len(), "one answer for each resource");
        Ok(theirs.iter().map(|answer| answer["actions"].as_object().map_or(0, |actions| actions.len())).sum())
    }
}

#[derive(Clone, Debug)]
struct Difference {
    entry: usize,
    theirs: Value,
    ours: Value,
}

/// What is answered for each resource, with lists in one order where Cerbos has none.
fn answers(server: &Server, request: &Value, strict: bool) -> Vec<Value> {
    let asked = Request::new("POST", "/api/check/resources").json(request);
    let reply = asked.send(server.port());
    if reply.status != 200 {
        return vec![json!({"status": reply.status, "body": reply.json()})];
    }
    let mut results = reply.json()["results"].as_array().cloned().unwrap_or_default();
    for result in &mut results {
        // That there is an error is compared; its text names types of the program.
        for output in result.get_mut("outputs").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(error) = output.get_mut("error") {
                *error = "".into();
            }
        }
        if strict
            && denies(result)
            && let Some(result) = result.as_object_mut()
        {
            // The first error denies, and which rules spoke before it is up to chance in Cerbos. Where nothing is
            // denied there was no error.
            result.remove("outputs");
        }
        if strict {
            forget_who_denied(result);
        }
        sort(result.pointer_mut("/meta/effectiveDerivedRoles"));
        sort(result.get_mut("outputs"));
    }
    results
}

/// A rule of a scope may deny while another one fails there. Which of them Cerbos comes to first, and so which policy
/// it names, is up to chance each time it loads them.
fn forget_who_denied(result: &mut Value) {
    let actions = result["actions"].as_object().cloned().unwrap_or_default();
    if let Some(named) = result.pointer_mut("/meta/actions").and_then(Value::as_object_mut) {
        named.retain(|action, _| actions.get(action).is_none_or(|effect| effect == "EFFECT_ALLOW"));
    }
}

fn denies(result: &Value) -> bool {
    let actions = result["actions"].as_object();
    actions.is_none_or(|actions| actions.values().any(|effect| effect != "EFFECT_ALLOW"))
}

fn sort(list: Option<&mut Value>) {
    if let Some(list) = list.and_then(Value::as_array_mut) {
        list.sort_by_key(ToString::to_string);
    }
}

fn write(folder: &Path, name: &str, files: &[(String, Value)]) {
    let folder = folder.join(name);
    std::fs::create_dir_all(&folder).unwrap();
    for (name, policy) in files {
        std::fs::write(folder.join(name), serde_json::to_string_pretty(policy).unwrap()).unwrap();
    }
}

/// Makes a difference small and fails with it.
fn explain(
    program: &Path,
    mode: Mode,
    set: &Policies,
    request: &Value,
    found: &Difference,
    seed: usize,
) -> ! {
    let mut request = request.clone();
    request["resources"] = json!([request["resources"][found.entry]]);
    let files = json!(set.files);
    let differs = |whole: &Value| difference(program, mode, whole).is_some();
    let mut whole = json!({"request": request, "files": files});
    if !differs(&whole) {
        // It needs the other resources of its request.
        panic!("only within its request, seed {seed}, {}: {found:#?}\n{request:#}", mode.name);
    }
    whole = shrink::shrink(&whole, 150, differs);
    let found = difference(program, mode, &whole).expect("it still differs");
    let policies: Vec<String> =
        whole["files"].as_array().unwrap().iter().map(|file| format!("{:#}", file[1])).collect();
    panic!(
        "Cerbos and Portreeve differ (seed {seed}, {}, {})\n\npolicies:\n{}\n\nrequest:\n{:#}\n\nCerbos: {:#}\n\nPortreeve: {:#}",
        mode.name,
        mode.config,
        policies.join("\n"),
        whole["request"],
        found.theirs,
        found.ours
    )
}

/// What differs when these policies and no others are asked. Nothing when one of the two does not take them.
fn difference(program: &Path, mode: Mode, whole: &Value) -> Option<Difference> {
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<(String, Value)> = serde_json::from_value(whole.get("files")?.clone()).ok()?;
    // Role policies without rules about the kind are something else (Q28).
    let speaks = |policy: &Value| match policy.get("rolePolicy").map(|policy| policy["rules"].as_array()) {
        Some(rules) => rules.is_some_and(|rules| !rules.is_empty()),
        None => true,
    };
    if !files.iter().all(|(_, policy)| speaks(policy)) {
        return None;
    }
    write(folder.path(), "0", &files);
    let both = Both::start(program, folder.path(), mode.config).ok()?;
    let status = |server: &Server| {
        Request::new("POST", "/api/check/resources").json(&whole["request"]).send(server.port()).status
    };
    if status(&both.cerbos) != 200 {
        return None;
    }
    both.compare(whole.get("request")?).err()
}
