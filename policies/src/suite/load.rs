//! Finding suites and the fixtures beside them.

use portreeve_diagnostics::{Bundle, Diagnostic, Node, Severity, Span, yaml};
use rustc_hash::FxHashMap;

use super::{
    Broken, Loaded, Suites, fixtures,
    names::{self, ENDINGS, is_suite},
    read,
    written::{Fixtures, Suite},
};
use crate::{
    Cause, Finding,
    finding::Findings,
    raw::{self, object::Reading},
};

/// How fixtures are called: the file, what Cerbos calls them, and how they are read.
type Kind = (&'static [&'static str], &'static str, fn(&Node, &mut Reading<'_>) -> Fixtures);

const KINDS: [Kind; 3] = [
    (&["principals"], "principals", fixtures::principal_file),
    (&["resources"], "resources", fixtures::resource_file),
    (&["auxdata", "auxData", "aux_data"], "aux data", fixtures::aux_file),
];

pub(super) fn suites(bundle: &Bundle, files: &[u32]) -> Suites {
    let named: FxHashMap<&str, u32> =
        files.iter().filter_map(|index| Some((&*bundle.files.get(*index as usize)?.name, *index))).collect();
    let mut suites: Vec<(&str, u32)> =
        named.iter().map(|(name, index)| (*name, *index)).filter(|(name, _)| is_suite(name)).collect();
    suites.sort_unstable();
    Suites {
        traced: false,
        suites: suites.into_iter().map(|(name, index)| load(bundle, name, index, &named)).collect(),
    }
}

fn load(bundle: &Bundle, name: &str, index: u32, named: &FxHashMap<&str, u32>) -> Loaded {
    let file = name.into();
    let suite = match document(bundle, index, read::suite) {
        Ok(suite) => suite,
        Err(broken) => {
            let broken = Some(broken.under("failed to load test suite:\n"));
            return Loaded { file, suite: None, shared: Fixtures::default(), broken };
        }
    };
    let folder = names::testdata(name);
    let (shared, broken) = match shared(bundle, &folder, named) {
        Ok(shared) => (shared, None),
        Err(broken) => {
            let before = format!("failed to load test fixtures from {folder}: ");
            (Fixtures::default(), Some(broken.under(&before)))
        }
    };
    Loaded { file, suite: Some(suite), shared, broken }
}

/// The fixtures of a folder.
fn shared(bundle: &Bundle, folder: &str, named: &FxHashMap<&str, u32>) -> Result<Fixtures, Broken> {
    let mut found = Fixtures::default();
    for (stems, what, read) in KINDS {
        let mut paths = stems
            .iter()
            .flat_map(|stem| ENDINGS.iter().map(move |ending| format!("{folder}/{stem}.{ending}")));
        let Some(index) = paths.find_map(|path| named.get(&*path).copied()) else { continue };
        let one = document(bundle, index, read)
            .map_err(|broken| broken.under(&format!("failed to load {what}:\n")))?;
        for (groups, fixtures) in [
            (&one.principal_groups, names_of(&one.principals)),
            (&one.resource_groups, names_of(&one.resources)),
        ] {
            super::matrix::whole(groups, |name| fixtures.contains(&name))
                .map_err(|broken| broken.under(&format!("failed to load {what}: ")))?;
        }
        found.principals.extend(one.principals);
        found.resources.extend(one.resources);
        found.aux.extend(one.aux);
        found.principal_groups.extend(one.principal_groups);
        found.resource_groups.extend(one.resource_groups);
    }
    Ok(found)
}

fn names_of<T>(fixtures: &[(crate::raw::Text, T)]) -> Vec<&str> {
    fixtures.iter().map(|(name, _)| name.value.as_str()).collect()
}

/// The one document of a file, or everything that is wrong with it.
fn document<T>(bundle: &Bundle, file: u32, read: fn(&Node, &mut Reading<'_>) -> T) -> Result<T, Broken> {
    let mut findings = Findings::default();
    let mut reading = Reading { bundle, file, findings: &mut findings };
    let read = match yaml::read(bundle, file) {
        Err(diagnostic) => {
            raw::unread(bundle, file, diagnostic, reading.findings);
            None
        }
        Ok(documents) => match documents.as_slice() {
            [] => {
                reading.unreadable(Span { file, start: 0, end: 0 }, "empty document");
                None
            }
            [document] if document.as_map().is_none() => {
                reading.unreadable(document.span, "invalid document: contents are not valid YAML or JSON");
                None
            }
            [document] => Some(read(document, &mut reading)),
            [_, second, ..] => {
                let text = "more than one YAML document detected";
                let found = Diagnostic::error("policy/several-documents", text)
                    .at(second.span, "second document")
                    .help("put each into a file of its own");
                reading.findings.push(file, Cause::Parse, text, None, found);
                None
            }
        },
    };
    match read {
        Some(read) if findings.0.is_empty() => Ok(read),
        _ => Err(said(bundle, findings.0)),
    }
}

/// All that was found, in Cerbos' words: of what is unreadable the first thing, or else everything that is invalid.
fn said(bundle: &Bundle, mut findings: Vec<Finding>) -> Broken {
    findings.sort_by_key(|finding| (finding.place.is_none(), finding.place.map(|place| place.start)));
    let line = |finding: &Finding| {
        let place = finding.place.and_then(|span| bundle.place(span));
        match place {
            Some(place) => format!("{}:{} {}", place.line, place.column, finding.text),
            None => finding.text.clone(),
        }
    };
    let unreadable = findings.iter().find(|finding| finding.cause == Cause::Parse);
    let text = match unreadable {
        Some(first) => line(first),
        None => findings.iter().map(line).collect::<Vec<_>>().join("\n"),
    };
    let errors = findings.into_iter().filter(|finding| finding.diagnostic.severity == Severity::Error);
    Broken { text, findings: errors.map(|finding| finding.diagnostic).collect() }
}

impl Broken {
    /// With what it happened under before Cerbos' words.
    pub(super) fn under(self, before: &str) -> Self {
        Self { text: format!("{before}{}", self.text), ..self }
    }
}

impl Loaded {
    /// The fixture of a name: the suite's own one, or else one that lies beside it.
    pub(super) fn fixture<T>(
        &self,
        name: &str,
        list: fn(&Fixtures) -> &Vec<(crate::raw::Text, T)>,
    ) -> Option<&T> {
        let own = self.suite.iter().flat_map(|suite: &Suite| list(&suite.fixtures));
        own.chain(list(&self.shared)).find(|(known, _)| known.value == name).map(|(_, found)| found)
    }
}
