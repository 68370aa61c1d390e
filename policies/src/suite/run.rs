//! Asks the questions of suites and compares the answers.

use std::{sync::Arc, time::SystemTime};

use portreeve_cel::{Timestamp, Val, Value};

use super::{
    Broken, Loaded, Suites,
    engine_trace::{EngineTrace, Recorder},
    matrix::{self, Expected, Pair, broken},
    results::{
        ActionResult, Details, Failure, OutputFailure, OutputProblem, PrincipalResult, ResourceResult,
        Results, Spoken, Success, SuiteResult, Summary, TestResult, Verdict,
    },
    select::{Asked, Left, Selection},
    watch::{Coverage, Watch},
    why::Why,
    written::{Changes, Suite, Test},
};
use crate::{Along, Check, Decision, Effect, Options, PolicySet, Principal, Resource, Trace};

const NO_CLOCK: &str = "a policy used a time-based condition, but `now` was not provided in the test options";

impl Suites {
    /// Asks the policies. What a suite or test does not say itself about how questions are answered, `options` do; what
    /// was touched is added to `coverage`.
    #[must_use]
    pub fn run(
        &self,
        set: &PolicySet,
        options: &Options,
        selection: &Selection,
        coverage: &mut Coverage,
    ) -> Results {
        let mut results = Results::default();
        for loaded in &self.suites {
            let mut run = Run { set, options, selection, coverage, loaded, traced: self.traced };
            let suite = run.suite();
            results.summary.extend(&suite.summary);
            results.suites.push(suite);
        }
        results
    }
}

/// One suite being run.
struct Run<'r> {
    set: &'r PolicySet,
    options: &'r Options,
    selection: &'r Selection,
    coverage: &'r mut Coverage,
    loaded: &'r Loaded,
    traced: bool,
}

impl<'r> Run<'r> {
    fn suite(&mut self) -> SuiteResult {
        let loaded = self.loaded;
        let mut result = SuiteResult {
            file: Arc::clone(&loaded.file),
            name: "Unknown".into(),
            summary: Summary::default(),
            error: None,
            test_cases: Vec::new(),
            description: String::new(),
            skip_reason: String::new(),
            findings: Vec::new(),
        };
        if let Some(suite) = &loaded.suite {
            result.name.clone_from(&suite.name.value);
            result.description.clone_from(&suite.description);
        }
        let tests = match (&loaded.broken, &loaded.suite) {
            (None, Some(suite)) if suite.skip.skip => {
                result.skip_reason.clone_from(&suite.skip.reason);
                result.summary.worsen(Verdict::Skipped);
                return result;
            }
            (None, Some(suite)) => self.prepare(suite),
            (Some(broken), _) => Err(broken.clone()),
            (None, None) => Ok(Vec::new()),
        };
        match tests {
            Ok(tests) => {
                for (test, pairs) in tests {
                    let case = self.test(test, &pairs, &mut result.summary);
                    result.test_cases.push(case);
                }
            }
            Err(broken) => {
                result.error = Some(broken.text);
                result.findings = broken.findings;
                result.summary.worsen(Verdict::Errored);
            }
        }
        result
    }

    /// All tests with their pairs, or what is wrong with one of them.
    fn prepare(&self, suite: &'r Suite) -> Result<Vec<(&'r Test, Vec<Pair<'r>>)>, Broken> {
        let loaded = self.loaded;
        matrix::whole(&suite.fixtures.principal_groups, |name| {
            loaded.fixture(name, |all| &all.principals).is_some()
        })
        .map_err(|broken| broken.under("Invalid principal groups in test suite: "))?;
        matrix::whole(&suite.fixtures.resource_groups, |name| {
            loaded.fixture(name, |all| &all.resources).is_some()
        })
        .map_err(|broken| broken.under("Invalid resource groups in test suite: "))?;
        for (index, test) in suite.tests.iter().enumerate() {
            if suite.tests.iter().take(index).any(|other| other.name == test.name) {
                let text =
                    format!("Invalid test suite: another test named {} already exists", test.name.value);
                return Err(broken("suite/duplicate-test", text, test.name.span));
            }
        }
        let pairs = |test: &'r Test| match matrix::pairs(loaded, test) {
            Ok(pairs) => Ok((test, pairs)),
            Err(broken) => {
                let before = format!("Failed to load the test suite: invalid test \"{}\": ", test.name.value);
                Err(broken.under(&before))
            }
        };
        suite.tests.iter().map(pairs).collect()
    }

    fn test(&mut self, test: &Test, pairs: &[Pair<'_>], summary: &mut Summary) -> TestResult {
        let settings = Settings::of(self.options, self.loaded.suite.as_ref(), test);
        let mut principals: Vec<PrincipalResult> = Vec::new();
        for pair in pairs {
            let actions = self.pair(test, pair, &settings);
            for action in actions.iter().filter(|action| !action.details.filtered) {
                summary.add(action.details.result);
            }
            summary.worsen(Verdict::Skipped);
            let resource = ResourceResult { name: pair.resource.0.to_owned(), actions };
            match principals.iter_mut().find(|known| known.name == pair.principal.0) {
                Some(known) => known.resources.push(resource),
                None => principals
                    .push(PrincipalResult { name: pair.principal.0.to_owned(), resources: vec![resource] }),
            }
        }
        TestResult { name: test.name.value.clone(), principals }
    }

    fn pair(&mut self, test: &Test, pair: &Pair<'_>, settings: &Settings) -> Vec<ActionResult> {
        let actions: Vec<Arc<str>> =
            test.input.actions.iter().map(|name| name.value.as_str().into()).collect();
        if let Some((reason, filtered)) = self.left_out(test, pair, settings) {
            return actions.into_iter().map(|name| skipped(name, reason.clone(), filtered)).collect();
        }
        let asked: Vec<Arc<str>> =
            actions.iter().filter(|name| self.selection.leaves_action(name).is_none()).cloned().collect();
        let mut watch = Watch::new(self.coverage);
        let decision = ask(self.set, pair, &asked, settings, &mut watch);
        let (no_clock, settled) = (watch.no_clock, std::mem::take(&mut watch.settled));
        self.coverage.active(decision.effective_derived_roles());
        let mut whys = settled.into_iter();
        let trace = self.trace(pair, &asked, settings);
        let result = |name: Arc<str>| {
            if let Some(left) = self.selection.leaves_action(&name) {
                return skipped(name, left.reason.to_owned(), left.uncounted);
            }
            let why = whys.next();
            let details = if no_clock { errored() } else { compare(&decision, &name, &pair.expected, why) };
            ActionResult { name, details: Details { engine_trace_batch: trace.clone(), ..details } }
        };
        // Those that are left out come last.
        let (asked, left): (Vec<_>, Vec<_>) =
            actions.into_iter().partition(|name| self.selection.leaves_action(name).is_none());
        asked.into_iter().chain(left).map(result).collect()
    }

    /// The steps in which the questions about a pair are answered, where they are wanted: it is asked again.
    fn trace(&self, pair: &Pair<'_>, actions: &[Arc<str>], settings: &Settings) -> Option<Arc<EngineTrace>> {
        let mut recorder = Recorder::default();
        if self.traced {
            ask(self.set, pair, actions, settings, &mut recorder);
        }
        (!recorder.trace.is_empty()).then(|| Arc::new(recorder.trace))
    }

    /// Why a pair is left out, if it is.
    fn left_out(&self, test: &Test, pair: &Pair<'_>, settings: &Settings) -> Option<(String, bool)> {
        let suite = self.loaded.suite.as_ref()?;
        let asked = Asked {
            suite: &suite.name.value,
            test: &test.name.value,
            principal: pair.principal.0,
            resource: pair.resource.0,
        };
        let at = |version: &'_ str, scope: &'_ str| settings.place(version, scope);
        let (principal, resource) = (pair.principal.1, pair.resource.1);
        let principal_place = at(&principal.version, &principal.scope);
        let resource_place = at(&resource.version, &resource.scope);
        let policies = || {
            self.selection.leaves_policies(
                (&principal.id, (&principal_place.0, &principal_place.1)),
                (&resource.kind, (&resource_place.0, &resource_place.1)),
            )
        };
        let said = |left: Left| (left.reason.to_owned(), left.uncounted);
        let left = self.selection.leaves(&asked).or_else(policies).map(said);
        left.or_else(|| test.skip.skip.then(|| (test.skip.reason.clone(), false)))
    }
}

/// How the questions of a test are answered.
struct Settings {
    options: Options,
    now: Option<Timestamp>,
}

impl Settings {
    /// What a test says about it, or else all that its suite says, or else what holds anyway.
    fn of(base: &Options, suite: Option<&Suite>, test: &Test) -> Self {
        let mut options = base.clone();
        let said = test.options.as_ref().or_else(|| suite.and_then(|suite| suite.options.as_ref()));
        let Changes { now, lenient_scope_search, globals, default_version, default_scope, strict } =
            said.cloned().unwrap_or_default();
        options.lenient_scope_search |= lenient_scope_search.unwrap_or_default();
        options.strict |= strict.unwrap_or_default();
        if let Some(globals) = globals {
            options.globals = globals;
        }
        if let Some(version) = default_version {
            options.default_version = version.into();
        }
        if let Some(scope) = default_scope {
            options.default_scope = scope.into();
        }
        Self { options, now }
    }

    /// The version and scope that a request means.
    fn place(&self, version: &str, scope: &str) -> (String, String) {
        let version = if version.is_empty() { &*self.options.default_version } else { version };
        let scope = if scope.is_empty() { &*self.options.default_scope } else { scope };
        (version.to_owned(), scope.strip_prefix('.').unwrap_or(scope).to_owned())
    }
}

fn ask(
    set: &PolicySet,
    pair: &Pair<'_>,
    actions: &[Arc<str>],
    settings: &Settings,
    trace: &mut impl Trace,
) -> Decision {
    let (principal, resource) = (pair.principal.1, pair.resource.1);
    let check = Check {
        principal: Principal {
            id: &principal.id,
            roles: &principal.roles,
            attr: Val::from(&principal.attr),
            version: &principal.version,
            scope: &principal.scope,
        },
        resource: Resource {
            kind: &resource.kind,
            id: &resource.id,
            attr: Val::from(&resource.attr),
            version: &resource.version,
            scope: &resource.scope,
        },
        actions,
        aux: pair.aux.map(|aux| Val::from(&aux.jwt)),
        now: SystemTime::UNIX_EPOCH,
    };
    let along = Along { options: &settings.options, jwts: pair.aux.map(|aux| Val::from(&aux.jwts)) };
    set.check_at(&check, &along, settings.now, trace)
}

fn skipped(name: Arc<str>, reason: String, filtered: bool) -> ActionResult {
    let details = Details { skip_reason: Some(reason), filtered, ..Details::of(Verdict::Skipped) };
    ActionResult { name, details }
}

fn errored() -> Details {
    Details { error: Some(NO_CLOCK.to_owned()), ..Details::of(Verdict::Errored) }
}

fn compare(decision: &Decision, action: &Arc<str>, expected: &Expected<'_>, why: Option<Why>) -> Details {
    let outcome = decision.outcomes().iter().find(|outcome| outcome.action == *action);
    let actual = outcome.map_or(Effect::Deny, |outcome| outcome.effect);
    let wanted = expected.effect(action);
    let failed = |outputs| Details {
        failure: Some(Failure { expected: wanted, actual, outputs }),
        why,
        ..Details::of(Verdict::Failed)
    };
    if actual != wanted {
        return failed(Vec::new());
    }
    let said: Vec<Spoken> = spoken(decision, action);
    let wrong: Vec<OutputFailure> =
        expected.outputs(action).filter_map(|(source, value)| wrong_output(&said, source, value)).collect();
    if !wrong.is_empty() {
        return failed(wrong);
    }
    Details { success: Some(Success { effect: actual, outputs: said }), ..Details::of(Verdict::Passed) }
}

fn spoken(decision: &Decision, action: &Arc<str>) -> Vec<Spoken> {
    let of_action = decision.outputs.iter().filter(|output| output.action == *action);
    of_action.map(Spoken::from).collect()
}

fn wrong_output(said: &[Spoken], source: &str, wanted: &Value) -> Option<OutputFailure> {
    let expected = wanted.clone();
    let problem = match said.iter().find(|spoken| spoken.src == source) {
        None => OutputProblem::Missing { expected },
        Some(Spoken { error: Some(error), .. }) => OutputProblem::Errored { expected, error: error.clone() },
        Some(Spoken { val: Some(actual), .. }) if actual != wanted => {
            OutputProblem::Mismatched { expected, actual: actual.clone() }
        }
        Some(_) => return None,
    };
    Some(OutputFailure { src: source.to_owned(), problem })
}
