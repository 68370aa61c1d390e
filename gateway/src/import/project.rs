//! The files of a project, from rules and a configuration.

use portreeve_diagnostics::{Bundle, Node, Report, yaml};

use super::{
    authenticator::{Authenticators, REFUSED, Secrets},
    mutator::Mutators,
    notes::Notes,
    route::{KIND, Made, Workshop, file_name},
    routes,
    rule::{Rule, rules},
    settings::{self, Parts},
    upstream::Upstreams,
    yaml::Yaml,
};

/// A project that is not written yet.
#[derive(Debug)]
pub(crate) struct Imported {
    /// The files, by their paths in the project.
    pub(crate) files: Vec<(String, String)>,
    /// Files that only their owner may read.
    pub(crate) secrets: Vec<(String, String)>,
    /// What needs a decision (errors) and what works differently (warnings).
    pub(crate) report: Report,
    /// How many rules there were.
    pub(crate) rules: usize,
    /// How many of them let nobody in until somebody decides.
    pub(crate) refused: usize,
}

/// Makes a project of Oathkeeper's configuration, which is the bundle's first file, and its access rules, which are all
/// others.
///
/// # Errors
/// What of them cannot be read.
pub(crate) fn oathkeeper(bundle: &Bundle) -> Result<Imported, Report> {
    let mut report = Report::default();
    let documents: Vec<Vec<Node>> =
        (0..).zip(&bundle.files).map(|(file, _)| read(bundle, file, &mut report)).collect();
    let (configuration, files) = documents.split_first().ok_or_else(Report::default)?;
    let read: Vec<Vec<Rule<'_>>> =
        files.iter().map(|file| file.iter().flat_map(|node| rules(node, &mut report)).collect()).collect();
    if let Some(node) = configuration.first().filter(|node| node.as_map().is_none()) {
        report.push(portreeve_diagnostics::read::wrong_type(node, "the configuration", "a mapping"));
    }
    if report.has_errors() {
        return Err(report);
    }
    Ok(converted(bundle, configuration.first(), &read))
}

fn read(bundle: &Bundle, file: u32, report: &mut Report) -> Vec<Node> {
    yaml::read(bundle, file).unwrap_or_else(|found| {
        report.push(found);
        Vec::new()
    })
}

fn converted(bundle: &Bundle, configuration: Option<&Node>, files: &[Vec<Rule<'_>>]) -> Imported {
    let (mut notes, mut secrets) = (Notes::default(), Secrets::default());
    let parts = settings::parts(configuration, &mut secrets, &mut notes);
    let mut workshop = Workshop {
        strategy: parts.strategy,
        authenticators: Authenticators::new(parts.authenticators, secrets),
        authorizers: parts.authorizers,
        mutators: Mutators::new(parts.mutators),
        upstreams: Upstreams::default(),
        names: Vec::new(),
    };
    let sizes: Vec<usize> = files.iter().map(Vec::len).collect();
    let mut all: Vec<Made> = files.iter().flatten().map(|rule| workshop.make(rule)).collect();
    routes::settle(&mut all);
    let mut report = Report::default();
    notes.tell(&mut report);
    for made in &all {
        made.notes.tell(&mut report);
    }
    report.sort();
    let refused = all.iter().filter(|made| made.notes.refuses()).count();
    let mut written =
        vec![(crate::config::DEFAULT_FILE.to_owned(), configured(&parts, &workshop, &notes, refused > 0))];
    written.extend(routes::policy(&all).map(|text| (format!("policies/{KIND}.yaml"), text)));
    written.extend(route_files(bundle, &all, &sizes));
    let secrets = workshop.authenticators.secrets.0;
    Imported { files: written, secrets, report, rules: all.len(), refused }
}

fn route_files(bundle: &Bundle, all: &[Made], sizes: &[usize]) -> Vec<(String, String)> {
    let (mut written, mut refused, mut rest): (Vec<(String, String)>, _, _) = (Vec::new(), Vec::new(), all);
    for (file, size) in (1..).zip(sizes) {
        let (here, after) = rest.split_at(*size);
        rest = after;
        let taken: Vec<String> = written.iter().map(|(name, _)| name.clone()).collect();
        let source = bundle.files.get(file as usize).map(|file| file.name.to_string()).unwrap_or_default();
        written.push((file_name(bundle, file, &taken), routes::text(&source, here, &mut refused)));
    }
    written
}

fn configured(parts: &Parts<'_>, workshop: &Workshop<'_>, notes: &Notes, refuses: bool) -> String {
    let mut text =
        String::from("# Imported from Oathkeeper. See the documentation of `import oathkeeper`.\n");
    text.extend(notes.comments());
    let mut authenticators = workshop.authenticators.written();
    if refuses {
        authenticators.push((REFUSED.to_owned(), Yaml::map([("deny", Yaml::text("all"))])));
    }
    let mut all: Vec<(&str, Yaml)> = parts.written.clone();
    all.push(("upstreams", Yaml::map(workshop.upstreams.written().to_vec())));
    if !authenticators.is_empty() {
        all.push(("authenticators", Yaml::map(authenticators)));
    }
    if !workshop.mutators.written().is_empty() {
        all.push(("mutators", Yaml::map(workshop.mutators.written().to_vec())));
    }
    all.push(("routes", Yaml::texts(["routes/"])));
    all.push(("policies", Yaml::map([("directory", Yaml::text("policies"))])));
    for (key, value) in all {
        match value {
            // Each on a line of its own, however short they are.
            Yaml::Map(entries) if entries.len() > 1 || matches!(entries.as_slice(), [(_, Yaml::Map(_))]) => {
                text.push_str(&format!("{key}:\n{}", Yaml::Map(entries).block(2)));
            }
            value => text.push_str(&Yaml::map([(key, value)]).block(0)),
        }
    }
    text
}
