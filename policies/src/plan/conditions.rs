//! Conditions, variables and derived roles, as far as they go before a resource is known.

use std::{rc::Rc, sync::Arc};

use portreeve_cel::{
    Env, ErrorKind, Known, Limits, Map, Residual, Unplannable, Val, Value, syntax::Operator,
};
use rustc_hash::FxHashMap;

use super::{
    membership::checked,
    node::{Node, Region},
    question::{Manner, PlanError, PlanQuestion},
};
use crate::{
    Along, Check, EvaluationError, PolicySet, RuleId,
    check::{self, Place},
    compile::slot,
    glob::Glob,
    set::{Condition, Derived, Expression},
};

/// Largest residual that a variable may stand for.
const MAX_SIZE: usize = 10_000;

/// Deepest residual that a variable may stand for: filters are walked by recursion.
const MAX_DEPTH: usize = 250;

/// What is known while one question is answered.
pub(super) struct Conditions<'a, 'p> {
    pub(super) set: &'a PolicySet,
    /// The question, with a resource of which nothing counts but what is known.
    pub(super) check: &'a Check<'a>,
    pub(super) along: &'a Along<'a>,
    pub(super) place: &'p Place<'a>,
    attr: &'a Map,
    now: portreeve_cel::Timestamp,
    pub(super) manner: Manner,
    base: [Option<Val<'a>>; slot::COUNT],
    /// By condition, names and resource policy.
    regions: FxHashMap<(u32, u32, Option<u32>), Region>,
    /// By variable, names and resource policy.
    variables: FxHashMap<(u32, u32, Option<u32>), Rc<Fact>>,
    /// The effective derived roles, by resource policy.
    effective: FxHashMap<u32, Rc<Fact>>,
    /// The rules that are about an action and a role.
    pub(super) looked_at: Vec<RuleId>,
    /// Expressions that have no value whatever the resource is.
    pub(super) errors: Vec<EvaluationError>,
}

/// What is known of a name.
enum Fact {
    Value(Value),
    /// It has no value, which is an error, and why, where that is known.
    Unset(Option<ErrorKind<'static>>),
    Left(Residual),
}

type Facts = Vec<(usize, Rc<Fact>)>;

impl<'a, 'p> Conditions<'a, 'p> {
    pub(super) fn new(
        set: &'a PolicySet,
        (check, along): (&'a Check<'a>, &'a Along<'a>),
        place: &'p Place<'a>,
        question: &PlanQuestion<'a>,
    ) -> Self {
        let (attr, now, manner) = (question.resources.attr, question.now, question.manner);
        let base = check::base(check, along);
        let (regions, variables, effective) = Default::default();
        let (looked_at, errors) = Default::default();
        Self {
            set,
            check,
            along,
            place,
            attr,
            now,
            manner,
            base,
            regions,
            variables,
            effective,
            looked_at,
            errors,
        }
    }

    /// Where a condition holds; nothing is everywhere.
    pub(super) fn condition(
        &mut self,
        id: Option<u32>,
        names: u32,
        unit: Option<u32>,
    ) -> Result<Region, PlanError> {
        let Some(id) = id else { return Ok(Region::always(true)) };
        if let Some(known) = self.regions.get(&(id, names, unit)) {
            return Ok(known.clone());
        }
        let region = self.tree(id, names, unit)?;
        self.regions.insert((id, names, unit), region.clone());
        Ok(region)
    }

    fn tree(&mut self, id: u32, names: u32, unit: Option<u32>) -> Result<Region, PlanError> {
        let set = self.set;
        let (parts, stops) = match set.conditions.get(id as usize) {
            None => return Ok(Region::always(false)),
            Some(Condition::Expr(expression)) => return self.leaf(*expression, names, unit),
            Some(Condition::All(parts)) => (parts, false),
            Some(Condition::Any(parts) | Condition::None(parts)) => (parts, true),
        };
        let (mut found, mut fails, mut goes_on) = (Vec::new(), Vec::new(), Vec::new());
        for part in parts {
            let part = self.tree(*part, names, unit)?;
            // One that fails does so only where those before it have not settled the answer.
            if !part.fails.is(false) {
                fails.push(Node::all([Node::all(goes_on.clone()), part.fails]));
            }
            goes_on.push(if stops { part.holds.clone().negated() } else { part.holds.clone() });
            let settled = part.holds.is(stops);
            found.push(part.holds);
            if settled {
                break;
            }
        }
        let holds = match set.conditions.get(id as usize) {
            Some(Condition::All(_)) => Node::all(found),
            Some(Condition::None(_)) => Node::all(found.into_iter().map(Node::negated)),
            _ => Node::any(found),
        };
        Ok(Region { holds, fails: Node::any(fails) })
    }

    fn leaf(&mut self, id: u32, names: u32, unit: Option<u32>) -> Result<Region, PlanError> {
        let mut left = self.expression(id, names, unit)?;
        if let Residual::Error(why) = &left {
            self.failed(id, why);
        }
        if self.manner == Manner::Exact {
            left = checked(left);
        }
        let holds = Node::leaf(left.clone());
        let is_sure = match &left {
            Residual::Value(value) => matches!(value, Value::Bool(_)),
            other => other.clone().settled() == *other,
        };
        if is_sure || !self.along.options.strict {
            return Ok(Region { holds, fails: Node::constant(false) });
        }
        let refused = Node::leaf(left.negated());
        let fails = Node::any([holds.clone(), refused]).negated();
        Ok(Region { holds, fails })
    }

    fn failed(&mut self, id: u32, why: &ErrorKind) {
        let Some(expression) = self.set.expressions.get(id as usize) else { return };
        let error = EvaluationError { expression: Arc::clone(&expression.text), message: why.to_string() };
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    fn expression(&mut self, id: u32, names: u32, unit: Option<u32>) -> Result<Residual, PlanError> {
        let set = self.set;
        let (Some(expression), Some(known)) =
            (set.expressions.get(id as usize), set.names.get(names as usize))
        else {
            return Ok(Residual::Value(Value::Bool(false)));
        };
        let mut facts = Facts::new();
        for variable in &expression.variables {
            let Some(slot) = known.variables.get(*variable as usize).map(|variable| variable.slot) else {
                continue;
            };
            facts.push((slot, self.variable(*variable, names, unit)?));
        }
        if let (true, Some(unit)) = (expression.runtime, unit) {
            facts.push((slot::DERIVED_ROLES, self.effective(unit)?));
        }
        let left = self.partial(&known.env, expression, &known.constants, &facts)?;
        Ok(match left {
            // Without a value is what refers to what has none.
            Residual::Error(ErrorKind::Undefined(name)) => Residual::Error(
                facts.into_iter().find_map(|(_, fact)| root(&fact)).unwrap_or(ErrorKind::Undefined(name)),
            ),
            left => left,
        })
    }

    fn partial(
        &self,
        env: &Env,
        expression: &Expression,
        constants: &[(usize, Value)],
        facts: &[(usize, Rc<Fact>)],
    ) -> Result<Residual, PlanError> {
        let mut known: Vec<Known<'_>> =
            self.base.iter().map(|value| value.map_or(Known::Unset, Known::Value)).collect();
        known.resize(env.slots(), Known::Unset);
        put(&mut known, slot::RESOURCE_ID, Known::Unknown);
        put(&mut known, slot::RESOURCE_VERSION, Known::Unknown);
        put(&mut known, slot::RESOURCE_ATTR, Known::Fields(self.attr));
        for (slot, value) in constants {
            put(&mut known, *slot, Known::Value(Val::from(value)));
        }
        for (slot, fact) in facts {
            let fact = match &**fact {
                Fact::Value(value) => Known::Value(Val::from(value)),
                Fact::Unset(_) => Known::Unset,
                Fact::Left(residual) => Known::Residual(residual),
            };
            put(&mut known, *slot, fact);
        }
        env.partial(&expression.program, &known, Some(self.now), Limits::default())
            .map_err(|why| PlanError { expression: Arc::clone(&expression.text), why })
    }

    /// What a variable stands for.
    fn variable(&mut self, id: u32, names: u32, unit: Option<u32>) -> Result<Rc<Fact>, PlanError> {
        if let Some(known) = self.variables.get(&(id, names, unit)) {
            return Ok(Rc::clone(known));
        }
        let set = self.set;
        let variable = set.names.get(names as usize).and_then(|names| names.variables.get(id as usize));
        let fact = match variable {
            None => Fact::Unset(None),
            Some(variable) => match self.expression(variable.expression, names, unit)? {
                Residual::Value(value) => Fact::Value(value),
                Residual::Error(why) => Fact::Unset(Some(why)),
                left if left.size() > MAX_SIZE || left.depth() > MAX_DEPTH => {
                    let expression = Arc::clone(&variable.name);
                    return Err(PlanError { expression, why: Unplannable::TooLarge });
                }
                left => Fact::Left(left),
            },
        };
        let fact = Rc::new(fact);
        self.variables.insert((id, names, unit), Rc::clone(&fact));
        Ok(fact)
    }

    /// Where a derived role is active.
    pub(super) fn derived_role(&mut self, derived: &Derived) -> Result<Region, PlanError> {
        // Q11: no derived role is effective while the condition of one is evaluated.
        self.condition(derived.condition, derived.names, None)
    }

    /// A resource policy is visited. Cerbos works out all of its derived roles then, which tells of errors in them.
    pub(super) fn visit(&mut self, unit: u32) {
        if self.manner == Manner::AsCerbos && self.along.options.derived_roles {
            // What cannot be planned is told where a rule needs it.
            let _ = self.effective(unit);
        }
    }

    /// The derived roles that are effective in the scope of a resource policy: a sorted list.
    fn effective(&mut self, unit: u32) -> Result<Rc<Fact>, PlanError> {
        if let Some(known) = self.effective.get(&unit) {
            return Ok(Rc::clone(known));
        }
        let set = self.set;
        let ids = set.units.get(unit as usize).map(|unit| &*unit.derived).unwrap_or_default();
        let (mut lists, mut fails) = (Vec::new(), false);
        for derived in ids.iter().filter_map(|id| set.derived.get(*id as usize)) {
            // Q10: only parents that are no patterns count here.
            let has = derived.parents.iter().any(|parent| match parent {
                Glob::Any => true,
                Glob::Literal(role) => self.place.all_roles.contains(&&**role),
                Glob::Stars(_) | Glob::Regex(_) => false,
            });
            if !has {
                continue;
            }
            let active = self.derived_role(derived)?;
            fails = fails || !active.fails.is(false);
            lists.push(one_or_none(&derived.name, active.holds));
        }
        let fact = Rc::new(if fails { Fact::Unset(None) } else { added(lists) });
        self.effective.insert(unit, Rc::clone(&fact));
        Ok(fact)
    }
}

/// Why it has no value.
fn root(fact: &Fact) -> Option<ErrorKind<'static>> {
    match fact {
        Fact::Unset(why) => why.clone(),
        Fact::Value(_) | Fact::Left(_) => None,
    }
}

fn put<'k>(known: &mut [Known<'k>], slot: usize, fact: Known<'k>) {
    if let Some(known) = known.get_mut(slot) {
        *known = fact;
    }
}

/// The list of this role where it is active, the empty list elsewhere.
fn one_or_none(role: &Arc<str>, active: Node) -> Residual {
    let list = |items: Vec<Value>| Residual::Value(Value::List(items.into()));
    let (one, none) = (list(vec![Value::String(Arc::clone(role))]), list(Vec::new()));
    match active.as_constant() {
        Some(true) => one,
        Some(false) => none,
        None => Residual::If(Box::new(active.residual()), Box::new(one), Box::new(none)),
    }
}

/// All of these lists in one.
fn added(lists: Vec<Residual>) -> Fact {
    let mut sum: Option<Residual> = None;
    for list in lists.into_iter().rev() {
        sum = Some(match (list, sum) {
            (list, None) => list,
            (Residual::Value(Value::List(a)), Some(Residual::Value(Value::List(b)))) => {
                Residual::Value(Value::List(a.into_iter().chain(b).collect()))
            }
            (list, Some(sum)) => Residual::Binary(Operator::Add, Box::new(list), Box::new(sum)),
        });
    }
    match sum {
        None => Fact::Value(Value::List(Box::default())),
        Some(Residual::Value(value)) => Fact::Value(value),
        Some(left) => Fact::Left(left),
    }
}
