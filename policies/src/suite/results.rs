//! What came of running suites, in Cerbos' shapes.

use std::sync::Arc;

use portreeve_cel::Value;
use portreeve_diagnostics::Diagnostic;
use serde::{Serialize, Serializer};

use super::{engine_trace::EngineTrace, why::Why};
use crate::{Effect, Output};

/// What came of it all.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Results {
    /// The suites, in the order of their files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suites: Vec<SuiteResult>,
    /// Over all suites.
    pub summary: Summary,
}

/// What came of a suite.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SuiteResult {
    /// Its file, relative to the folder that was searched.
    pub file: Arc<str>,
    /// Its name; `Unknown` when it could not be read.
    pub name: String,
    /// Over its tests.
    pub summary: Summary,
    /// Why none of it could be run, as Cerbos says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Its tests.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub test_cases: Vec<TestResult>,
    /// Its description.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Why all of it was left out.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub skip_reason: String,
    /// Why none of it could be run, and where.
    #[serde(skip)]
    pub findings: Vec<Diagnostic>,
}

/// What came of a test.
#[derive(Clone, Debug, Serialize)]
pub struct TestResult {
    /// Its name.
    pub name: String,
    /// By principal.
    pub principals: Vec<PrincipalResult>,
}

/// What came of the questions of one principal.
#[derive(Clone, Debug, Serialize)]
pub struct PrincipalResult {
    /// The name of its fixture.
    pub name: String,
    /// By resource.
    pub resources: Vec<ResourceResult>,
}

/// What came of the questions about one resource.
#[derive(Clone, Debug, Serialize)]
pub struct ResourceResult {
    /// The name of its fixture.
    pub name: String,
    /// By action.
    pub actions: Vec<ActionResult>,
}

/// What came of one question.
#[derive(Clone, Debug, Serialize)]
pub struct ActionResult {
    /// The action.
    pub name: Arc<str>,
    /// What came of it.
    pub details: Details,
}

/// What came of one question.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    /// In a word.
    pub result: Verdict,
    /// What was expected and what was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Why there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The answer that was expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success: Option<Success>,
    /// Why it was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_reason: Option<String>,
    /// The steps in which the questions about this resource were answered, where those were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine_trace_batch: Option<Arc<EngineTrace>>,
    /// How the answer was reached, where it is not the one that was expected.
    #[serde(skip)]
    pub why: Option<Why>,
    /// Left out by a filter, and not counted.
    #[serde(skip)]
    pub filtered: bool,
}

impl Details {
    pub(super) const fn of(result: Verdict) -> Self {
        Self {
            result,
            failure: None,
            error: None,
            success: None,
            skip_reason: None,
            engine_trace_batch: None,
            why: None,
            filtered: false,
        }
    }
}

/// In a word. The later one outweighs the earlier ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Verdict {
    /// There was nothing to run.
    #[default]
    #[serde(rename = "RESULT_UNSPECIFIED")]
    Nothing,
    /// It was left out.
    #[serde(rename = "RESULT_SKIPPED")]
    Skipped,
    /// The answer is the expected one.
    #[serde(rename = "RESULT_PASSED")]
    Passed,
    /// The answer is another one.
    #[serde(rename = "RESULT_FAILED")]
    Failed,
    /// There is no answer.
    #[serde(rename = "RESULT_ERRORED")]
    Errored,
}

impl Verdict {
    /// As Cerbos writes it: `RESULT_PASSED`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "RESULT_UNSPECIFIED",
            Self::Skipped => "RESULT_SKIPPED",
            Self::Passed => "RESULT_PASSED",
            Self::Failed => "RESULT_FAILED",
            Self::Errored => "RESULT_ERRORED",
        }
    }
}

/// An answer that was not expected.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// What was expected.
    #[serde(serialize_with = "effect")]
    pub expected: Effect,
    /// What was answered.
    #[serde(serialize_with = "effect")]
    pub actual: Effect,
    /// The outputs that were expected and not said.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<OutputFailure>,
}

/// An output that was expected and not said.
#[derive(Clone, Debug, Serialize)]
pub struct OutputFailure {
    /// Its source: `resource.expense.vdefault#rule-001`.
    pub src: String,
    /// What is wrong with it.
    #[serde(flatten)]
    pub problem: OutputProblem,
}

/// What is wrong with an output.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputProblem {
    /// It is another one.
    Mismatched {
        /// What was expected.
        expected: Value,
        /// What was said.
        actual: Value,
    },
    /// Nothing was said.
    Missing {
        /// What was expected.
        expected: Value,
    },
    /// Its expression has no value.
    Errored {
        /// What was expected.
        expected: Value,
        /// Why there is none.
        error: String,
    },
}

/// The answer that was expected.
#[derive(Clone, Debug, Serialize)]
pub struct Success {
    /// The effect.
    #[serde(serialize_with = "effect")]
    pub effect: Effect,
    /// What rules said beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<Spoken>,
}

/// What a rule said.
#[derive(Clone, Debug, Serialize)]
pub struct Spoken {
    /// Its source: `resource.expense.vdefault#rule-001`.
    pub src: String,
    /// What it said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub val: Option<Value>,
    /// The action it was said for.
    pub action: Arc<str>,
    /// Why there is no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl From<&Output> for Spoken {
    fn from(output: &Output) -> Self {
        Self {
            src: output.source.clone(),
            val: output.value.as_ref().ok().cloned(),
            action: Arc::clone(&output.action),
            error: output.value.as_ref().err().cloned(),
        }
    }
}

/// How many questions ended how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The worst of them.
    #[serde(skip_serializing_if = "is_nothing")]
    pub overall_result: Verdict,
    /// How many there are.
    #[serde(skip_serializing_if = "is_zero")]
    pub tests_count: u32,
    /// By result; those that did not happen are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub result_counts: Vec<Count>,
}

/// How many questions ended so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// How.
    pub result: Verdict,
    /// How many.
    pub count: u32,
}

impl Summary {
    /// How many questions ended so.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> u32 {
        self.result_counts.iter().find(|count| count.result == verdict).map_or(0, |count| count.count)
    }

    /// Adds one question.
    pub(super) fn add(&mut self, verdict: Verdict) {
        self.add_all(verdict, 1);
        self.worsen(verdict);
    }

    /// Takes a result into account that is not of a question.
    pub(super) fn worsen(&mut self, verdict: Verdict) {
        self.overall_result = self.overall_result.max(verdict);
    }

    /// Adds those of another.
    pub(super) fn extend(&mut self, other: &Self) {
        for count in &other.result_counts {
            self.add_all(count.result, count.count);
        }
        self.worsen(other.overall_result);
    }

    fn add_all(&mut self, result: Verdict, count: u32) {
        self.tests_count += count;
        match self.result_counts.binary_search_by_key(&result, |count| count.result) {
            Ok(index) => {
                if let Some(found) = self.result_counts.get_mut(index) {
                    found.count += count;
                }
            }
            Err(index) => self.result_counts.insert(index, Count { result, count }),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives references")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives references")]
fn is_nothing(verdict: &Verdict) -> bool {
    *verdict == Verdict::Nothing
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives references")]
fn effect<S: Serializer>(effect: &Effect, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(effect_name(*effect))
}

/// As Cerbos writes it: `EFFECT_ALLOW`.
pub(super) const fn effect_name(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "EFFECT_ALLOW",
        Effect::Deny => "EFFECT_DENY",
    }
}
