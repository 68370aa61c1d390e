use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use portreeve_diagnostics::{Bundle, Report};
use portreeve_policies::{
    Enforcement, Options, PolicySet,
    suite::{Coverage, Suites},
};

use portreeve_store::archive;

use super::suites::{self, Form, Known};
use crate::{
    config::{self, Evaluation},
    source::Source,
};

/// `portreeve test`.
#[derive(Debug, Args)]
#[command(
    after_help = "Ends with 0 when all tests pass, 1 when there is nothing to run, 2 when the command line is \
                        wrong, 3 when the policies do not compile and 4 when a test does not pass."
)]
pub(crate) struct Test {
    /// A project, or a folder or archive of policies
    #[arg(default_value = ".")]
    path: PathBuf,
    /// How to print the results
    #[arg(short, long, value_enum, default_value_t = Form::Tree)]
    output: Form,
    /// Only tests whose `suite/test` this regular expression finds
    #[arg(long, value_name = "REGEX")]
    run: Option<String>,
    /// Only what matches, as in `suite=a*;principal=ann,bob`: suite, test, principal, resource, action; may be repeated
    #[arg(long, value_name = "FILTER")]
    test_filter: Vec<String>,
    /// Say which rules, conditions and derived roles no test touches
    #[arg(long)]
    coverage: bool,
    /// Let an error in a condition deny, as projects do unless they say otherwise
    #[arg(long, conflicts_with = "lenient")]
    strict_evaluation: bool,
    /// Let an error in a condition be as if it did not hold, as Cerbos does
    #[arg(long)]
    lenient: bool,
    /// Show the tests that pass, too
    #[arg(short, long)]
    verbose: bool,
}

/// Policies with the suites beside them.
struct Read {
    bundle: Bundle,
    files: Vec<u32>,
    options: Options,
    report: Report,
}

impl Test {
    /// Runs the tests. 0: all pass. 1: there is nothing to run. 3: the policies do not compile.
    /// 4: a test does not pass.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let selection = suites::selection(self.run.as_deref(), &self.test_filter)?;
        let Read { bundle, files, mut options, report } = read(&self.path);
        super::show(&report, &bundle);
        if report.has_errors() {
            let nothing = bundle.files.is_empty();
            return Ok(if nothing { ExitCode::FAILURE } else { ExitCode::from(3) });
        }
        if self.strict_evaluation || self.lenient {
            options.strict = self.strict_evaluation;
        }
        let (set, report) = PolicySet::compile(&bundle, &files, &options);
        super::show(&report, &bundle);
        let Some(set) = set else { return Ok(ExitCode::from(3)) };
        let suites = Suites::read(&bundle, &files);
        if suites.is_empty() {
            let path = self.path.display();
            anyhow::bail!(
                "there are no tests of policies in `{path}`: no file of theirs is called `*_test.yaml`"
            );
        }
        let mut coverage = Coverage::default();
        let results = suites.run(&set, &options, &selection, &mut coverage);
        let known = Known { set: &set, bundle: &bundle };
        match self.output {
            Form::Json if self.coverage => {
                let mut object = serde_json::to_value(&results)?;
                if let Some(object) = object.as_object_mut() {
                    object.insert("uncovered".to_owned(), suites::coverage_object(&coverage, known));
                }
                super::print(&format!("{object:#}\n"))?;
            }
            form => {
                let color = super::colored(&std::io::stdout());
                suites::print(&results, form, self.verbose, color, Some(known))?;
                if self.coverage {
                    self.say_coverage(&suites::coverage_text(&coverage, known))?;
                }
            }
        }
        Ok(if suites::failed(&results) { ExitCode::from(4) } else { ExitCode::SUCCESS })
    }

    /// A document for a program stays one.
    fn say_coverage(&self, text: &str) -> anyhow::Result<()> {
        if self.output == Form::Junit {
            super::say(text);
            return Ok(());
        }
        super::print(text)
    }
}

fn read(path: &Path) -> Read {
    if (path.is_file() && !archive::is_archive(path)) || path.join(config::DEFAULT_FILE).is_file() {
        let text = Source::of(path).read_policies();
        let evaluation = text.config.as_ref().map(|config| config.evaluation);
        let strict = evaluation.is_none_or(|evaluation| evaluation == Evaluation::Strict);
        let options = Options { strict, ..Options::default() };
        return Read { bundle: text.bundle, files: text.policies, options, report: text.report };
    }
    let (bundle, report) = suites::folder(path);
    let files = suites::all(&bundle);
    let options = Options { strict: false, schemas: Enforcement::Reject, ..Options::default() };
    Read { bundle, files, options, report }
}
