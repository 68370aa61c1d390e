mod lint;

use std::{path::PathBuf, process::ExitCode};

use anyhow::bail;
use clap::{Args, ValueEnum};
use portreeve_diagnostics::{Bundle, Report, Severity};
use portreeve_policies::{
    Compiled, Enforcement, Finding, Options, PolicySet,
    suite::{Coverage, Suites},
};

use super::suites::{self, Form};

/// `portreeve compile`.
#[derive(Debug, Args)]
#[command(
    after_help = "Ends as `cerbos compile` does: with 0 when all is well, 1 when nothing can be read, 3 when the \
                        policies do not compile and 4 when a test does not pass; a wrong command line ends with 2."
)]
pub(crate) struct Compile {
    /// The folder of the policies, or an archive: `.zip`, `.tar`, `.tar.gz`, `.tgz`
    path: PathBuf,
    /// How to print what is wrong with policies
    #[arg(short, long, value_enum, default_value_t = Said::Tree)]
    output: Said,
    /// How to print the results of tests; as what is wrong, unless said otherwise
    #[arg(long, value_enum)]
    test_output: Option<Form>,
    /// Do not run tests
    #[arg(long)]
    skip_tests: bool,
    /// The folder or archive of the tests; that of the policies, unless said otherwise
    #[arg(long, value_name = "DIR")]
    tests: Option<PathBuf>,
    /// Only tests whose `suite/test` this regular expression finds
    #[arg(long, value_name = "REGEX")]
    run: Option<String>,
    /// Only what matches, as in `suite=a*;principal=ann,bob`: suite, test, principal, resource, action; may be repeated
    #[arg(long, value_name = "FILTER")]
    test_filter: Vec<String>,
    /// Take no notice of schemas
    #[arg(long)]
    ignore_schemas: bool,
    /// Let an error in a condition deny
    #[arg(long)]
    strict_evaluation: bool,
    /// Show the tests that pass, too, and the steps in which answers were reached that were not expected
    #[arg(long)]
    verbose: bool,
    /// Whether to colour the words for how tests ended
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
    /// The same as `--color never`
    #[arg(long, conflicts_with = "color")]
    no_color: bool,
}

/// How what is wrong is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Said {
    /// For people; tests as a tree
    Tree,
    /// For people; tests indented
    List,
    /// For programs
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    /// When a person reads it
    Auto,
    /// Never
    Never,
    /// Always
    Always,
    /// Always
    #[value(name = "256")]
    Colors256,
    /// Always
    #[value(name = "16m")]
    Colors16m,
}

impl Compile {
    /// Compiles and tests. 0: all is well. 1: nothing can be read. 3: the policies do not compile.
    /// 4: a test does not pass.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let selection = suites::selection(self.run.as_deref(), &self.test_filter)?;
        let bundle = self.read(&self.path)?;
        let schemas = if self.ignore_schemas { Enforcement::Unread } else { Enforcement::Reject };
        let options = Options { strict: self.strict_evaluation, schemas, ..Options::default() };
        let compiled = PolicySet::compile_verbose(&bundle, &suites::all(&bundle), &options);
        let Some(set) = compiled.set else {
            self.say_findings(&compiled, &bundle)?;
            super::say("error: failed to compile\n");
            return Ok(ExitCode::from(3));
        };
        warn(&compiled.findings, &bundle);
        if self.skip_tests {
            return Ok(ExitCode::SUCCESS);
        }
        let beside = self.tests.as_ref().map(|path| self.read(path)).transpose()?;
        let bundle = beside.as_ref().unwrap_or(&bundle);
        let suites = Suites::read(bundle, &suites::all(bundle)).traced(self.verbose);
        let results = suites.run(&set, &options, &selection, &mut Coverage::default());
        suites::print(&results, self.form(), self.verbose, self.colored(), None)?;
        if suites::failed(&results) {
            super::say("error: tests failed\n");
            return Ok(ExitCode::from(4));
        }
        Ok(ExitCode::SUCCESS)
    }

    fn read(&self, path: &std::path::Path) -> anyhow::Result<Bundle> {
        let (bundle, report) = suites::folder(path);
        super::show(&report, &bundle);
        if report.has_errors() {
            bail!("`{}` cannot be read", path.display());
        }
        Ok(bundle)
    }

    fn form(&self) -> Form {
        self.test_output.unwrap_or(match self.output {
            Said::Tree => Form::Tree,
            Said::List => Form::List,
            Said::Json => Form::Json,
        })
    }

    fn colored(&self) -> bool {
        match self.color {
            _ if self.no_color => false,
            Color::Never => false,
            Color::Auto => super::colored(&std::io::stdout()),
            Color::Always | Color::Colors256 | Color::Colors16m => true,
        }
    }

    fn say_findings(&self, compiled: &Compiled, bundle: &Bundle) -> anyhow::Result<()> {
        if self.output == Said::Json {
            return super::print(&format!(
                "{}\n",
                serde_json::to_string_pretty(&lint::object(compiled, bundle))?
            ));
        }
        super::print(&lint::text(compiled, bundle))
    }
}

/// Shows what is no error.
fn warn(findings: &[Finding], bundle: &Bundle) {
    let warnings = findings.iter().map(|finding| finding.diagnostic.clone());
    let findings = warnings.filter(|found| found.severity == Severity::Warning).collect();
    super::show(&Report { findings }, bundle);
}
