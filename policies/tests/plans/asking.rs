//! Policies and questions in few words, and what a filter says about one resource.

use std::{sync::Arc, time::SystemTime};

use portreeve_cel::{Arena, Cx, Env, Limits, Map, Timestamp, Type, Val, Value};
use portreeve_diagnostics::{Bundle, SourceFile, render};
use portreeve_policies::{
    Along, Check, Expression, Filter, Manner, Operand, Options, Plan, PlanError, PlanQuestion, PolicySet,
    Principal, Resource, Resources, Silent,
};

/// Policies as Cerbos evaluates them by default: an error passes a rule by.
pub(crate) fn lax() -> Options {
    Options { strict: false, ..Options::default() }
}

/// Policies without a mistake. Each text is the file of one, from the key that says its kind on; a text that begins
/// with `{` is the schema `cerbos:///s.json`.
pub(crate) fn set(policies: &[impl AsRef<str>]) -> PolicySet {
    let file = |(index, text): (usize, &str)| {
        if text.starts_with('{') {
            return SourceFile { name: "_schemas/s.json".into(), text: text.into() };
        }
        let text = format!("apiVersion: api.cerbos.dev/v1\n{text}");
        SourceFile { name: format!("{index}.yaml").into(), text: text.into() }
    };
    let files = policies.iter().map(AsRef::as_ref).enumerate().map(file).collect();
    let bundle = Bundle { revision: "r".into(), files };
    let all: Vec<u32> = (0..u32::try_from(policies.len()).unwrap()).collect();
    let (set, report) = PolicySet::compile(&bundle, &all, &lax());
    set.unwrap_or_else(|| panic!("{}", render::terminal(&report, &bundle, false)))
}

pub(crate) fn map(json: &str) -> Map {
    match serde_json::from_str(if json.is_empty() { "{}" } else { json }) {
        Ok(Value::Map(map)) => map,
        other => panic!("attributes are a map, and this is {other:?}"),
    }
}

/// A question about the kind `doc` by `ann`. What is empty is not there.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) roles: Vec<&'static str>,
    pub(crate) principal: &'static str,
    pub(crate) known: &'static str,
    pub(crate) scope: &'static str,
    pub(crate) actions: Vec<&'static str>,
    pub(crate) manner: Manner,
    pub(crate) options: Options,
}

impl Default for Ask {
    fn default() -> Self {
        Self {
            roles: vec!["staff"],
            principal: "",
            known: "",
            scope: "",
            actions: vec!["view"],
            manner: Manner::Exact,
            options: lax(),
        }
    }
}

fn own(texts: &[&str]) -> Vec<Arc<str>> {
    texts.iter().map(|text| Arc::from(*text)).collect()
}

impl Ask {
    pub(crate) fn plan(&self, set: &PolicySet) -> Result<Plan, PlanError> {
        let (attr, known) = (map(self.principal), map(self.known));
        let (roles, actions) = (own(&self.roles), own(&self.actions));
        let question = PlanQuestion {
            principal: self.asks(&roles, &attr),
            resources: Resources { kind: "doc", version: "", scope: self.scope, attr: &known },
            actions: &actions,
            aux: None,
            now: Timestamp::from(SystemTime::UNIX_EPOCH),
            manner: self.manner,
        };
        set.plan_as(&question, &Along { options: &self.options, jwts: None })
    }

    /// The filter as an s-expression, variables without `request.resource.attr`.
    pub(crate) fn filter(&self, set: &PolicySet) -> String {
        match self.plan(set) {
            Ok(plan) => plan.debug().replace("request.resource.attr", "R"),
            Err(error) => error.to_string(),
        }
    }

    /// Whether a resource with these attributes is allowed.
    pub(crate) fn allows(&self, set: &PolicySet, resource: &Map) -> bool {
        let attr = map(self.principal);
        let (roles, actions) = (own(&self.roles), own(&self.actions));
        let check = Check {
            principal: self.asks(&roles, &attr),
            resource: Resource {
                kind: "doc",
                id: "1",
                attr: Val::from(resource),
                version: "",
                scope: self.scope,
            },
            actions: &actions,
            aux: None,
            now: SystemTime::UNIX_EPOCH,
        };
        set.check_as(&check, &Along { options: &self.options, jwts: None }, &mut Silent).allows_all()
    }

    fn asks<'a>(&self, roles: &'a [Arc<str>], attr: &'a Map) -> Principal<'a> {
        Principal { id: "ann", roles, attr: Val::from(attr), version: "", scope: self.scope }
    }
}

/// Whether a filter holds for a resource with these attributes.
pub(crate) fn holds(filter: &Filter, resource: &Map) -> bool {
    let condition = match filter {
        Filter::AlwaysAllowed => return true,
        Filter::AlwaysDenied => return false,
        Filter::Conditional(condition) => condition,
    };
    let mut env = Env::builder();
    env.declare("request.resource.attr", Type::map(Type::String, Type::Dyn));
    env.declare("request.resource.id", Type::String);
    let text = written(condition);
    let program = env.build().compile(&text).unwrap_or_else(|issues| panic!("{text}: {issues:?}"));
    let arena = Arena::new();
    let slots = [Some(Val::from(resource)), Some(Val::Str("1"))];
    let mut cx = Cx::new(&arena, &slots, None, Limits::default());
    program.condition(&mut cx).unwrap_or(false)
}

/// A part of a filter as an expression.
fn written(operand: &Operand) -> String {
    let Expression { operator, operands } = match operand {
        Operand::Value(value) => return format!("dyn({})", literal(value)),
        Operand::Variable(name) => return name.to_string(),
        Operand::Expression(expression) => expression,
    };
    let parts: Vec<String> = operands.iter().map(written).collect();
    let between = |symbol: &str| format!("({})", parts.join(symbol));
    match (&**operator, parts.as_slice()) {
        ("and", _) => between(" && "),
        ("or", _) => between(" || "),
        ("eq", _) => between(" == "),
        ("ne", _) => between(" != "),
        ("lt", _) => between(" < "),
        ("ge", _) => between(" >= "),
        ("in", _) => between(" in "),
        ("add", _) => between(" + "),
        ("not", [only]) => format!("!({only})"),
        ("has", [only]) => format!("has({only})"),
        ("if", [a, b, c]) => format!("({a} ? {b} : {c})"),
        ("list", parts) => format!("[{}]", parts.join(", ")),
        ("startsWith", [receiver, arg]) => format!("{receiver}.startsWith({arg})"),
        ("lambda", [body, variable]) => format!("{variable}, {body}"),
        (name @ ("all" | "exists"), [range, lambda]) => format!("{range}.{name}({lambda})"),
        (other, _) => panic!("no test makes the operator {other}"),
    }
}

fn literal(value: &Value) -> String {
    match value {
        Value::Double(number) => format!("{number:?}"),
        Value::List(items) => format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", ")),
        other => serde_json::to_string(other).unwrap(),
    }
}
