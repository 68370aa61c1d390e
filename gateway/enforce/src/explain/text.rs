//! An explanation for people.

use std::fmt::{self, Display, Formatter};

use http::Method;
use portreeve_diagnostics::{Bundle, Span};
use portreeve_policies::{Because, Effect, RuleId};

use super::{Explanation, Origin, Step};
use crate::Snapshot;

pub(super) struct Text<'e> {
    pub(super) explanation: &'e Explanation,
    pub(super) snapshot: &'e Snapshot,
    pub(super) bundle: &'e Bundle,
}

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.request(f)?;
        self.route(f)?;
        self.caller(f)?;
        self.resource(f)?;
        for step in &self.explanation.steps {
            self.step(step, f)?;
        }
        self.answer(f)
    }
}

impl Text<'_> {
    fn request(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let event = &self.explanation.event;
        let target = self.explanation.target.as_deref().unwrap_or_default();
        let method = event.method.as_ref().map(Method::as_str).unwrap_or_default();
        writeln!(f, "request   {method} {}{target}", event.host.as_str())
    }

    fn route(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(route) = &self.explanation.event.route else { return writeln!(f, "route     none") };
        let at = self.explanation.matcher.map(|span| self.place(span)).unwrap_or_default();
        writeln!(f, "route     {} -> {}{at}", route.name, route.upstream.value)?;
        for other in &self.explanation.passed_over {
            let place = self.place(other.matcher);
            writeln!(f, "          goes before {}{place}: {}", other.route, other.because)?;
        }
        if self.explanation.passed_over.is_empty() {
            writeln!(f, "          the only one for this request")?;
        }
        Ok(())
    }

    fn caller(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(caller) = &self.explanation.event.caller else { return Ok(()) };
        let roles = caller.roles.join(", ");
        writeln!(f, "identity  {} ({}) roles {roles}", caller.subject, caller.authenticator)
    }

    fn resource(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(loads) = &self.explanation.loads {
            writeln!(f, "loads     GET {loads}")?;
        }
        if let Some(resource) = &self.explanation.event.resource {
            writeln!(f, "resource  {} {}", resource.kind, resource.id.as_str())?;
        }
        for attribute in &self.explanation.attributes {
            let value = serde_json::to_string(&attribute.value).unwrap_or_default();
            write!(f, "          {} = {value}, ", attribute.name)?;
            match &attribute.origin {
                Origin::Stated { expression, at } => writeln!(f, "from `{expression}`{}", self.place(*at))?,
                Origin::Stored => writeln!(f, "from the stored resource")?,
            }
        }
        Ok(())
    }

    fn step(&self, step: &Step, f: &mut Formatter<'_>) -> fmt::Result {
        match step {
            Step::DerivedRole { name, held } => writeln!(f, "derived   {name}: {}", shown(held)),
            Step::Rule { rule: id, role, held } => {
                let Some(rule) = self.snapshot.policies().rule(*id) else { return Ok(()) };
                let (name, effect, held) = (self.rule(*id), word(rule.effect), shown(held));
                let condition = rule.condition.as_deref().unwrap_or("always");
                let condition = condition.replace('\n', "\n          ");
                writeln!(f, "rule      {name} ({effect}, as {role})\n          {condition}: {held}")
            }
            Step::Settled { action, because } => match because {
                Because::Rule(id) => writeln!(f, "settled   {action} by {}", self.rule(*id)),
                Because::Failed(id) => writeln!(f, "settled   {action} by the failure of {}", self.rule(*id)),
                Because::NoRule => writeln!(f, "settled   {action}: no rule matched"),
                Because::NoPolicy => writeln!(f, "settled   {action}: no policy"),
            },
        }
    }

    fn answer(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Explanation { event, status, forwarded, .. } = self.explanation;
        for outcome in event.decision.iter().flat_map(|decision| decision.outcomes()) {
            writeln!(f, "decision  {} {}", outcome.action, word(outcome.effect))?;
        }
        match (event.refused, &event.detail) {
            (Some(refused), Some(detail)) => writeln!(f, "answer    {status} {refused}: {detail}"),
            (Some(refused), None) => writeln!(f, "answer    {status} {refused}"),
            (None, _) => writeln!(f, "answer    forwarded as {}", forwarded.as_deref().unwrap_or("/")),
        }
    }

    fn rule(&self, id: RuleId) -> String {
        let rule = self.snapshot.policies().rule(id);
        rule.map(|rule| format!("{}#{}{}", rule.policy, rule.name, self.place(rule.span))).unwrap_or_default()
    }

    /// ` (file:line)`, or nothing.
    fn place(&self, span: Span) -> String {
        let file = self.bundle.file(span);
        file.map(|file| format!(" ({}:{})", file.name, file.place(span.start).line)).unwrap_or_default()
    }
}

const fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    }
}

fn shown(held: &Result<bool, String>) -> String {
    match held {
        Ok(true) => "holds".to_owned(),
        Ok(false) => "does not hold".to_owned(),
        Err(error) => format!("failed: {error}"),
    }
}
