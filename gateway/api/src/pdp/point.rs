use std::{collections::BTreeMap, fmt, sync::Arc, time::SystemTime};

use arc_swap::ArcSwap;
use portreeve_cel::{Map, Timestamp, Value};
use portreeve_diagnostics::Bundle;
use portreeve_policies::{
    Along, Check, Decision, EvaluationError, Manner, Options, Plan, PlanQuestion, PolicySet, Rule, RuleId,
    Silent, Trace,
};

use super::{
    Config,
    config::{Cors, ErrorLevel, Limits},
    failure::Failure,
    journal::Journal,
    question::{AuxData, CheckResources, PlanResources, Token, text},
    reading::Object,
};

/// Reads the tokens that come with questions.
pub trait ReadTokens: fmt::Debug + Send + Sync {
    /// The claims of a token that is good now, as conditions see them.
    ///
    /// # Errors
    /// It is not signed by a key of the set, or not valid now, or there is no such set.
    fn read(&self, token: &str, key_set: Option<&str>) -> Result<Map, Untrusted>;
}

/// A token that nothing can be taken from. Why is for the log; who asks is not told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Untrusted(pub String);

/// Answers questions about the policies that are live.
#[derive(Debug)]
pub struct Point {
    live: ArcSwap<Live>,
    /// How questions are answered: when only effects are asked for, and when derived roles are.
    brief: Options,
    full: Options,
    pub(super) limits: Limits,
    pub(super) cors: Option<Cors>,
    errors: Option<ErrorLevel>,
    tokens: Arc<dyn ReadTokens>,
    pub(super) journal: Option<Journal>,
    /// Whether the journal is told what was decided.
    recorded: bool,
}

/// One revision of the policies.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) set: PolicySet,
    /// The files of its policies, by the keys of those; for the journal, and empty if that wants no decisions.
    pub(super) sources: BTreeMap<Arc<str>, Arc<str>>,
}

/// A question that was answered.
pub(super) struct Answered {
    pub(super) decisions: Vec<Decision>,
    /// For the journal: the rules that had a say.
    pub(super) looked_at: Vec<RuleId>,
    pub(super) live: Arc<Live>,
    /// What the tokens say.
    pub(super) claims: Claims,
}

/// A question for a filter that was answered.
pub(super) struct PlanAnswered {
    pub(super) plan: Plan,
    pub(super) live: Arc<Live>,
    /// What the tokens say.
    pub(super) claims: Claims,
}

/// What tokens say.
#[derive(Debug, Default)]
pub(super) struct Claims {
    pub(super) jwt: Option<Value>,
    /// `{name: {claims: {…}}}`
    pub(super) jwts: Option<Value>,
}

impl Point {
    /// Answers from these policies, compiled from this bundle.
    #[must_use]
    pub fn new(
        config: &Config,
        set: PolicySet,
        bundle: &Bundle,
        tokens: Arc<dyn ReadTokens>,
        journal: Option<Journal>,
    ) -> Self {
        let options = |derived_roles| Options { derived_roles, ..config.options.clone() };
        let recorded = journal.as_ref().is_some_and(Journal::wants_decisions);
        Self {
            live: ArcSwap::from_pointee(Live::new(set, recorded.then_some(bundle))),
            brief: options(false),
            full: options(true),
            limits: config.limits,
            cors: config.cors.clone(),
            errors: config.evaluation_errors,
            tokens,
            journal,
            recorded,
        }
    }

    /// Answers from other policies from now on. Questions that are being answered finish with those before.
    pub fn replace(&self, set: PolicySet, bundle: &Bundle) {
        self.live.store(Arc::new(Live::new(set, self.recorded.then_some(bundle))));
    }

    /// Writes what waits to be written.
    pub fn close(&self) {
        if let Some(journal) = &self.journal {
            journal.close();
        }
    }

    /// Decides a question that keeps the rules.
    pub(super) fn check(&self, asked: &CheckResources, now: SystemTime) -> Result<Answered, Failure> {
        let entries = asked.resources.as_deref().unwrap_or_default();
        let claims = asked.aux_data.as_ref().map(|aux| self.claims(aux)).transpose()?.unwrap_or_default();
        let live = self.live.load_full();
        let full = self.recorded || asked.include_meta == Some(true);
        let along = Along {
            options: if full { &self.full } else { &self.brief },
            jwts: claims.jwts.as_ref().map(Into::into),
        };
        let mut observer = Observer::default();
        let mut decisions = Vec::with_capacity(entries.len());
        for entry in entries {
            let (Some(principal), Some(resource)) = (&asked.principal, &entry.resource) else { continue };
            let check = Check {
                principal: principal.view(),
                resource: resource.view(),
                actions: entry.actions.as_deref().unwrap_or_default(),
                aux: claims.jwt.as_ref().map(Into::into),
                now,
            };
            decisions.push(if self.recorded || self.errors.is_some() {
                live.set.check_as(&check, &along, &mut observer)
            } else {
                live.set.check_as(&check, &along, &mut Silent)
            });
        }
        self.log_errors(decisions.iter().flat_map(|decision| &decision.evaluation_errors));
        let looked_at = observer.said(&live.set);
        Ok(Answered { decisions, looked_at, live, claims })
    }

    /// Plans a question that keeps the rules, as Cerbos does.
    pub(super) fn plan(&self, asked: &PlanResources, now: SystemTime) -> Result<PlanAnswered, Failure> {
        let claims = asked.aux_data.as_ref().map(|aux| self.claims(aux)).transpose()?.unwrap_or_default();
        let (Some(principal), Some(resource)) = (&asked.principal, &asked.resource) else {
            return Err(Failure::Invalid("there is nothing to plan".to_owned()));
        };
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        let question = PlanQuestion {
            principal: principal.view(),
            resources: resource.view(),
            actions: asked.all_actions(),
            aux: claims.jwt.as_ref().map(Into::into),
            now: Timestamp { seconds, nanos: since.subsec_nanos(), offset: 0 },
            manner: Manner::AsCerbos,
        };
        let options = if self.recorded || self.errors.is_some() { &self.full } else { &self.brief };
        let along = Along { options, jwts: claims.jwts.as_ref().map(Into::into) };
        let live = self.live.load_full();
        let plan = live.set.plan_as(&question, &along);
        match plan {
            Ok(plan) => {
                self.log_errors(plan.evaluation_errors.iter());
                Ok(PlanAnswered { plan, live, claims })
            }
            Err(error) => Err(Failure::Internal(error.to_string())),
        }
    }

    /// Whether it asks more than it may.
    pub(super) fn within_limits(&self, asked: &CheckResources) -> Result<(), Failure> {
        let exceeded = |what: &str, count: usize, limit: usize| {
            Failure::Invalid(format!("number of {what} ({count}) exceeds configured limit ({limit})"))
        };
        let entries = asked.resources.as_deref().unwrap_or_default();
        if entries.len() > self.limits.resources {
            return Err(exceeded("resources in batch", entries.len(), self.limits.resources));
        }
        let actions = entries.iter().map(|entry| entry.actions.as_ref().map_or(0, Vec::len));
        match actions.into_iter().find(|count| *count > self.limits.actions) {
            Some(count) => Err(exceeded("actions", count, self.limits.actions)),
            None => Ok(()),
        }
    }

    pub(super) fn claims(&self, aux: &AuxData) -> Result<Claims, Failure> {
        let read = |token: &Object<Token>| {
            let set = token.key_set_id.as_deref().filter(|id| !id.is_empty());
            self.tokens.read(text(&token.token), set).map(Value::Map).map_err(|error| {
                tracing::warn!(%error, "a token cannot be trusted");
                Failure::Invalid("invalid auxData".to_owned())
            })
        };
        let jwt = aux.jwt.as_ref().map(read).transpose()?;
        let jwts = aux.jwts.as_ref().filter(|jwts| !jwts.is_empty());
        let jwts = jwts.map(|jwts| {
            let named = jwts.iter().map(|(name, token)| {
                let claims = Map::from_iter([("claims", read(token)?)]);
                Ok((name.as_str(), Value::Map(claims)))
            });
            named.collect::<Result<Map, Failure>>().map(Value::Map)
        });
        Ok(Claims { jwt, jwts: jwts.transpose()? })
    }

    fn log_errors<'e>(&self, errors: impl Iterator<Item = &'e EvaluationError>) {
        let Some(level) = self.errors else { return };
        for error in errors {
            let (expression, message) = (&*error.expression, error.message.as_str());
            const SAID: &str = "an expression has no value";
            match level {
                ErrorLevel::Debug => tracing::debug!(expression, message, "{SAID}"),
                ErrorLevel::Info => tracing::info!(expression, message, "{SAID}"),
                ErrorLevel::Warn => tracing::warn!(expression, message, "{SAID}"),
                ErrorLevel::Error => tracing::error!(expression, message, "{SAID}"),
            }
        }
    }
}

impl Live {
    /// `named` has the files of the policies, if they are to be known.
    fn new(set: PolicySet, named: Option<&Bundle>) -> Self {
        let sources = named.map(|bundle| sources(&set, bundle)).unwrap_or_default();
        Self { set, sources }
    }
}

fn sources(set: &PolicySet, bundle: &Bundle) -> BTreeMap<Arc<str>, Arc<str>> {
    let source = |rule: &Rule| {
        let file = bundle.files.get(rule.span.file as usize)?;
        Some((Arc::clone(&rule.policy), Arc::clone(&file.name)))
    };
    set.rules().filter_map(source).collect()
}

/// Collects what a decision log says and a decision does not.
#[derive(Debug, Default)]
struct Observer {
    looked_at: Vec<RuleId>,
    /// Role policies that do not list an action, each by the rule that stands for all of it.
    unlisted: Vec<RuleId>,
}

impl Observer {
    /// The rules that had a say. One of a role policy has none without a condition: it takes nothing away.
    fn said(mut self, set: &PolicySet) -> Vec<RuleId> {
        let grants = |rule: &Rule| rule.policy.starts_with("role.") && rule.condition.is_none();
        self.looked_at.retain(|id| !set.rule(*id).is_some_and(grants));
        self.looked_at.append(&mut self.unlisted);
        self.looked_at
    }
}

impl Trace for Observer {
    const ERRORS: bool = true;

    fn rule(&mut self, rule: RuleId, _: &str, _: Result<bool, &portreeve_cel::EvalError>) {
        if !self.looked_at.contains(&rule) {
            self.looked_at.push(rule);
        }
    }

    fn unlisted(&mut self, policy: RuleId) {
        if !self.unlisted.contains(&policy) {
            self.unlisted.push(policy);
        }
    }
}
