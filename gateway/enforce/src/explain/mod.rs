//! Explanation: what would be decided, and why? By the code that serves, with a caller and a stored resource that are
//! given instead of proven and fetched.

mod text;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use portreeve_audit::{Event, Record, Sink};
use portreeve_cel::{EvalError, Value};
use portreeve_diagnostics::{Bundle, Span};
use portreeve_identity::{Chain, Identity, Presented, Rejection, Reply, Unauthenticated, grant::NoToken};
use portreeve_policies::{Because, RuleId, Trace};
use portreeve_route_config::{Head, Match, Precedence, Target, TargetTemplate};

use crate::{
    Refusal, Request, Snapshot,
    body::{self, BodyError},
    dress::{Grant, Scene},
    facts::{Ask, FactsError},
    flow::judge,
    own::Own,
    world::World,
};

/// What is taken for given.
#[derive(Clone, Debug, Default)]
pub struct Assumed {
    /// The caller. Without one, the route's authenticators judge what the request shows.
    pub caller: Option<Arc<Identity>>,
    /// The body.
    pub body: Bytes,
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
    /// The path and query in the one reading that is judged, unless the request has none.
    pub target: Option<String>,
    /// The path and query that would be forwarded, if it would be.
    pub forwarded: Option<String>,
    /// Where the route's matcher is written, if there is a route.
    pub matcher: Option<Span>,
    /// The matchers that are for the request too, and that the route goes before.
    pub passed_over: Vec<PassedOver>,
    /// What the request speaks of, if it came so far.
    pub attributes: Vec<Attribute>,
    /// The path of the stored resource that the route reads, if it reads one.
    pub loads: Option<String>,
    /// Every rule that was considered and every action that was settled.
    pub steps: Vec<Step>,
}

/// A matcher that is for the request, and that another goes before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// The name of its route.
    pub route: Arc<str>,
    /// Where it is written.
    pub matcher: Span,
    /// What decided.
    pub because: Precedence,
}

/// An attribute of the resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Its name.
    pub name: Arc<str>,
    /// Its value.
    pub value: Value,
    /// Where the value came from.
    pub origin: Origin,
}

/// Where the value of an attribute came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The route states it.
    Stated {
        /// The expression.
        expression: Arc<str>,
        /// Where it is written.
        at: Span,
    },
    /// A field of the stored resource.
    Stored,
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
    let mut world = Given::of(snapshot, assumed);
    let result = judge(snapshot, request, &mut record, &mut world).await;
    if let Err(refusal) = &result {
        record.refused = Some(refusal.code());
        record.detail = refusal.detail();
    }
    Explanation {
        event: (*record).clone(),
        status: result.as_ref().err().map_or(200, |refusal| refusal.status().as_u16()),
        target: request.read().ok().map(|reading| reading.target.to_string()),
        forwarded: result.ok().map(|permit| permit.target().to_owned()),
        matcher: world.matcher,
        passed_over: world.passed_over,
        attributes: world.attributes,
        loads: world.loads,
        steps: world.trace.0,
    }
}

/// An explanation is no event.
#[derive(Debug)]
struct Nowhere;

impl Sink for Nowhere {
    fn record(&self, _: &Event) {}
}

struct Given<'s> {
    snapshot: &'s Snapshot,
    assumed: Assumed,
    matcher: Option<Span>,
    passed_over: Vec<PassedOver>,
    attributes: Vec<Attribute>,
    loads: Option<String>,
    trace: Steps,
}

impl<'s> Given<'s> {
    fn of(snapshot: &'s Snapshot, assumed: Assumed) -> Self {
        Self {
            snapshot,
            assumed,
            matcher: None,
            passed_over: Vec::new(),
            attributes: Vec::new(),
            loads: None,
            trace: Steps(Vec::new()),
        }
    }
}

struct Steps(Vec<Step>);

impl World for Given<'_> {
    type Trace = Steps;

    async fn caller(&mut self, chain: &Chain, shown: &Presented<'_>) -> Result<Arc<Identity>, Refusal> {
        match &self.assumed.caller {
            Some(caller) if chain.authenticators().is_empty() => Err(Unauthenticated {
                rejection: Rejection::Missing,
                authenticator: Some(Arc::clone(&caller.authenticator)),
                challenges: Vec::new(),
            }
            .into()),
            Some(caller) => Ok(Arc::clone(caller)),
            None => Ok(chain.authenticate(shown).await?),
        }
    }

    async fn answer(&mut self, _: &Own, _: &Presented<'_>) -> Refusal {
        let (headers, body) = (Vec::new(), "".into());
        Refusal::Answered(Box::new(Reply { status: StatusCode::OK, headers, body, code: "gateway/own-path" }))
    }

    async fn body(&mut self, headers: &HeaderMap, limit: u64) -> Result<Value, BodyError> {
        body::json(headers, &mut self.assumed.body, limit).await
    }

    async fn stored(&mut self, ask: Ask) -> Result<Arc<Value>, FactsError> {
        self.loads = Some(ask.target.to_string());
        match &self.assumed.stored {
            Some(stored @ Value::Map(_)) => Ok(Arc::new(stored.clone())),
            Some(_) => Err(FactsError::Unreadable),
            None => Err(FactsError::NotGiven),
        }
    }

    /// Nobody is asked for one: what it would be changes nothing.
    async fn granted(&mut self, _: &Grant, _: &Scene<'_>, _: &Chain) -> Result<HeaderValue, NoToken> {
        Ok(HeaderValue::from_static(""))
    }

    fn matched(&mut self, head: &Head<'_>, matched: &Match<'_, '_>) {
        self.matcher = Some(matched.matcher.span);
        let candidates = self.snapshot.routes().candidates(head);
        let others = candidates.into_iter().filter(|(_, matcher)| matcher.span != matched.matcher.span);
        self.passed_over = others
            .map(|(route, matcher)| PassedOver {
                route: Arc::clone(&route.name),
                matcher: matcher.span,
                because: matched.matcher.precedence(matcher),
            })
            .collect();
    }

    fn described(&mut self, template: &TargetTemplate, target: &Target<'_>) {
        let origin = |name: &Arc<str>| match template.supplied().find(|(stated, _)| stated.value == *name) {
            Some((_, value)) => Origin::Stated { expression: value.text().into(), at: value.span() },
            None => Origin::Stored,
        };
        let attributes = target.attr.iter();
        self.attributes = attributes
            .map(|(name, value)| Attribute {
                name: Arc::clone(name),
                value: value.clone(),
                origin: origin(name),
            })
            .collect();
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
    /// The explanation as text, for people. `bundle` is the text that the snapshot was compiled from.
    #[must_use]
    pub fn text(&self, snapshot: &Snapshot, bundle: &Bundle) -> String {
        text::Text { explanation: self, snapshot, bundle }.to_string()
    }
}
