//! Explanation: what would be decided, and why? By the code that serves, with a caller and a stored resource that are
//! given instead of proven and fetched.

use std::{fmt, sync::Arc};

use portreeve_audit::{Event, Record, Sink};
use portreeve_cel::{EvalError, Value};
use portreeve_identity::{Chain, Identity, Presented, Rejection, Unauthenticated};
use portreeve_policies::{Because, Effect, RuleId, Trace};
use portreeve_route_config::{Match, Target};

use crate::{
    Request, Snapshot,
    facts::{Ask, FactsError},
    flow::judge,
    world::World,
};

/// What is taken for given.
#[derive(Clone, Debug, Default)]
pub struct Assumed {
    /// The caller. Without one, the route's authenticators judge what the request shows.
    pub caller: Option<Arc<Identity>>,
    /// The stored resource of a route that loads one.
    pub stored: Option<Value>,
}

/// What was found on the way, in order.
#[derive(Debug)]
pub struct Explanation {
    /// What would have been recorded: route, caller, resource, decision, refusal.
    pub event: Event,
    /// The status the caller would see; 200 stands for what the upstream answers.
    pub status: u16,
    /// The path and query that would be forwarded, if it would be.
    pub forwarded: Option<String>,
    /// What the request speaks of: attributes with their values, if it came so far.
    pub attributes: Option<Value>,
    /// The path of the stored resource that the route reads, if it reads one.
    pub loads: Option<String>,
    /// Every rule that was considered and every action that was settled.
    pub steps: Vec<Step>,
}

/// One thing that the policies looked at.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A derived role's condition.
    DerivedRole {
        /// Its name.
        name: String,
        /// Whether it held, or why that is not known.
        held: Result<bool, String>,
    },
    /// A rule whose action and role match.
    Rule {
        /// Which one.
        rule: RuleId,
        /// The role that it was looked at for.
        role: String,
        /// Whether its condition held, or why that is not known.
        held: Result<bool, String>,
    },
    /// An action was settled.
    Settled {
        /// The action.
        action: String,
        /// By what.
        because: Because,
    },
}

/// Judges a request without forwarding it.
pub async fn explain(snapshot: &Snapshot, request: &Request<'_>, assumed: Assumed) -> Explanation {
    let kept: Arc<dyn Sink> = Arc::new(Nowhere);
    let mut record = Record::open(request.at, snapshot.revision(), &kept);
    let mut world = Given { assumed, attributes: None, loads: None, trace: Steps(Vec::new()) };
    let result = judge(snapshot, request, &mut record, &mut world).await;
    if let Err(refusal) = &result {
        record.refused = Some(refusal.code());
        record.detail = refusal.detail();
    }
    Explanation {
        event: (*record).clone(),
        status: result.as_ref().err().map_or(200, |refusal| refusal.status().as_u16()),
        forwarded: result.ok().map(|permit| permit.target().to_owned()),
        attributes: world.attributes,
        loads: world.loads,
        steps: world.trace.0,
    }
}

/// An explanation is no event.
#[derive(Debug)]
struct Nowhere;

impl Sink for Nowhere {
    fn record(&self, _: Event) {}
}

struct Given {
    assumed: Assumed,
    attributes: Option<Value>,
    loads: Option<String>,
    trace: Steps,
}

struct Steps(Vec<Step>);

impl World for Given {
    type Trace = Steps;

    async fn caller(
        &mut self,
        chain: &Chain,
        shown: &Presented<'_>,
    ) -> Result<Arc<Identity>, Unauthenticated> {
        match &self.assumed.caller {
            Some(caller) if chain.authenticators().is_empty() => Err(Unauthenticated {
                rejection: Rejection::Missing,
                authenticator: Some(Arc::clone(&caller.authenticator)),
                challenges: Vec::new(),
            }),
            Some(caller) => Ok(Arc::clone(caller)),
            None => chain.authenticate(shown).await,
        }
    }

    async fn stored(&mut self, ask: Ask) -> Result<Arc<Value>, FactsError> {
        self.loads = Some(ask.target.to_string());
        self.assumed.stored.clone().map(Arc::new).ok_or(FactsError::NotGiven)
    }

    fn matched(&mut self, _: &Match<'_, '_>) {}

    fn described(&mut self, target: &Target<'_>, _: Option<&Value>) {
        self.attributes = Some(Value::Map(target.attr.clone()));
    }

    fn trace(&mut self) -> &mut Steps {
        &mut self.trace
    }
}

impl Trace for Steps {
    fn rule(&mut self, rule: RuleId, role: &str, held: Result<bool, &EvalError>) {
        let (role, held) = (role.to_owned(), held.map_err(ToString::to_string));
        let step = Step::Rule { rule, role, held };
        if !self.0.contains(&step) {
            self.0.push(step);
        }
    }

    fn derived_role(&mut self, name: &str, held: Result<bool, &EvalError>) {
        let step = Step::DerivedRole { name: name.to_owned(), held: held.map_err(ToString::to_string) };
        if !self.0.contains(&step) {
            self.0.push(step);
        }
    }

    fn settled(&mut self, action: &str, because: Because) {
        self.0.push(Step::Settled { action: action.to_owned(), because });
    }
}

impl Explanation {
    /// The explanation as text, for people.
    #[must_use]
    pub fn text(&self, snapshot: &Snapshot) -> String {
        Text { explanation: self, snapshot }.to_string()
    }
}

struct Text<'e> {
    explanation: &'e Explanation,
    snapshot: &'e Snapshot,
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let event = &self.explanation.event;
        writeln!(f, "request   {} {}{}", event.method, event.host.as_str(), event.path.as_str())?;
        match &event.route {
            Some(route) => writeln!(f, "route     {} -> {}", route.name, route.upstream.value)?,
            None => writeln!(f, "route     none")?,
        }
        if let Some(caller) = &event.caller {
            writeln!(
                f,
                "identity  {} ({}) roles {}",
                caller.subject,
                caller.authenticator,
                caller.roles.join(", ")
            )?;
        }
        if let Some(loads) = &self.explanation.loads {
            writeln!(f, "loads     GET {loads}")?;
        }
        if let Some(resource) = &event.resource {
            writeln!(f, "resource  {} {}", resource.kind, resource.id.as_str())?;
        }
        if let Some(Value::Map(attributes)) = &self.explanation.attributes {
            for (name, value) in attributes.iter() {
                writeln!(f, "          {name} = {}", serde_json::to_string(value).unwrap_or_default())?;
            }
        }
        for step in &self.explanation.steps {
            self.step(step, f)?;
        }
        for outcome in event.decision.iter().flat_map(|decision| decision.outcomes()) {
            let effect = if outcome.effect == Effect::Allow { "allow" } else { "deny" };
            writeln!(f, "decision  {} {effect}", outcome.action)?;
        }
        match (event.refused, &event.detail) {
            (Some(refused), Some(detail)) => {
                writeln!(f, "answer    {} {refused}: {detail}", self.explanation.status)
            }
            (Some(refused), None) => writeln!(f, "answer    {} {refused}", self.explanation.status),
            (None, _) => {
                writeln!(f, "answer    forwarded as {}", self.explanation.forwarded.as_deref().unwrap_or("/"))
            }
        }
    }
}

impl Text<'_> {
    fn step(&self, step: &Step, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match step {
            Step::DerivedRole { name, held } => writeln!(f, "derived   {name}: {}", shown(held)),
            Step::Rule { rule, role, held } => {
                let Some(rule) = self.snapshot.policies().rule(*rule) else { return Ok(()) };
                let effect = if rule.effect == Effect::Allow { "allow" } else { "deny" };
                let condition = rule.condition.as_deref().unwrap_or("always");
                let held = shown(held);
                writeln!(
                    f,
                    "rule      {}#{} ({effect}, as {role}) {condition}: {held}",
                    rule.policy, rule.name
                )
            }
            Step::Settled { action, because } => match because {
                Because::Rule(id) | Because::Failed(id) => {
                    let name = self
                        .snapshot
                        .policies()
                        .rule(*id)
                        .map(|rule| format!("{}#{}", rule.policy, rule.name));
                    writeln!(f, "settled   {action} by {}", name.unwrap_or_default())
                }
                Because::NoRule => writeln!(f, "settled   {action}: no rule matched"),
                Because::NoPolicy => writeln!(f, "settled   {action}: no policy"),
            },
        }
    }
}

fn shown(held: &Result<bool, String>) -> String {
    match held {
        Ok(true) => "holds".to_owned(),
        Ok(false) => "does not hold".to_owned(),
        Err(error) => format!("failed: {error}"),
    }
}
