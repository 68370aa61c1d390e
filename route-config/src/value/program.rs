//! Expressions that need the evaluator.

use std::sync::{Arc, LazyLock};

use portreeve_cel::{Arena, Cx, Env, Limits, List, Map, MapRef, Program, Slot, Type, Val, Value as Cel};

use super::{
    Inputs, Source, TargetProblem, lookup,
    uses::{self, Use},
};
use crate::QueryError;

/// An expression ready to be evaluated, and what it reads.
#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    program: Program,
    pub(crate) uses: Box<[Use]>,
}

/// Something wrong with an expression: bytes of its text, and what.
#[derive(Clone, Debug)]
pub(crate) struct Wrong {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) message: String,
}

/// A request waits for it, and no route needs more.
const LIMITS: Limits = Limits { steps: 100_000, memory: 1 << 20 };

/// The names that expressions in routes have.
static NAMES: LazyLock<Names> = LazyLock::new(Names::new);

struct Names {
    env: Arc<Env>,
    /// The slots of sources that are one value.
    whole: [(Source, Slot); 7],
    principal: [(&'static str, Slot); 5],
    request: [(&'static str, Slot); 6],
}

impl Names {
    fn new() -> Self {
        let mut env = Env::builder();
        let texts = Type::map(Type::String, Type::String);
        let whole = [
            (Source::Path, texts.clone()),
            (Source::Query, texts.clone()),
            (Source::Queries, Type::map(Type::String, Type::list(Type::String))),
            (Source::Headers, texts),
            (Source::Body, Type::Dyn),
            (Source::Claims, Type::Dyn),
            (Source::Stored, Type::Dyn),
        ]
        .map(|(source, ty)| (source, env.declare(source.name(), ty)));
        let principal = [
            ("id", Type::String),
            ("roles", Type::list(Type::String)),
            ("attr", Type::map(Type::String, Type::Dyn)),
            ("issuer", Type::String),
            ("scope", Type::String),
        ]
        .map(|(field, ty)| (field, env.declare(&format!("principal.{field}"), ty)));
        let request = ["method", "scheme", "host", "path", "query", "client"]
            .map(|field| (field, env.declare(&format!("request.{field}"), Type::String)));
        Self { env: env.build(), whole, principal, request }
    }
}

impl Compiled {
    pub(crate) fn new(text: &str) -> Result<Self, Vec<Wrong>> {
        let wrong = |issues: Vec<portreeve_cel::syntax::Issue>| -> Vec<Wrong> {
            let one = |issue: portreeve_cel::syntax::Issue| Wrong {
                start: issue.start as usize,
                end: issue.end as usize,
                message: issue.message,
            };
            issues.into_iter().map(one).collect()
        };
        let expr = portreeve_cel::syntax::parse(text).map_err(|issue| wrong(vec![issue]))?;
        let program = NAMES.env.compile(text).map_err(wrong)?;
        Ok(Self { program, uses: uses::of(&expr).into() })
    }

    /// The value in this request, as JSON would have it: whole numbers are doubles, times are text.
    pub(crate) fn evaluate(&self, inputs: &Inputs<'_>) -> Result<Cel, TargetProblem> {
        let owned = Owned::read(self, inputs)?;
        let mut slots = vec![None; NAMES.env.slots()];
        owned.fill(inputs, &mut slots);
        let arena = Arena::new();
        let mut cx = Cx::new(&arena, &slots, None, LIMITS);
        let value = self.program.eval(&mut cx).map_err(|error| {
            let stored = self.uses.iter().any(|found| found.source == Source::Stored);
            match stored {
                true => TargetProblem::Stored("does not have what this needs"),
                false => TargetProblem::Failed(error.to_string()),
            }
        })?;
        value
            .to_value()
            .and_then(plain)
            .ok_or_else(|| TargetProblem::Failed("is not a value that JSON has".to_owned()))
    }

    /// What is read of a source: nothing when it is not read, and an empty list when all of it is.
    fn keys(&self, source: Source) -> Option<Vec<&str>> {
        let uses: Vec<_> = self.uses.iter().filter(|found| found.source == source).collect();
        if uses.is_empty() {
            return None;
        }
        Some(uses.iter().map(|found| found.key.as_deref()).collect::<Option<_>>().unwrap_or_default())
    }
}

/// What has to be put together before an evaluation can borrow it. Only what the expression reads is.
#[derive(Default)]
struct Owned {
    path: Option<Map>,
    query: Option<Map>,
    queries: Option<Map>,
    headers: Option<Map>,
    client: Option<String>,
}

impl Owned {
    fn read(compiled: &Compiled, inputs: &Inputs<'_>) -> Result<Self, TargetProblem> {
        let text = |name: &str, value: &str| (Arc::<str>::from(name), Cel::from(value));
        let path = || inputs.captures.iter().map(|(name, value)| text(name, &value)).collect();
        Ok(Self {
            path: compiled.keys(Source::Path).map(|_| path()),
            query: compiled.keys(Source::Query).map(|keys| query(&keys, inputs)).transpose()?,
            queries: compiled.keys(Source::Queries).map(|_| queries(inputs)).transpose()?,
            headers: compiled.keys(Source::Headers).map(|keys| headers(&keys, inputs)).transpose()?,
            client: compiled
                .keys(Source::Request)
                .and(inputs.head.client)
                .map(|a| a.to_canonical().to_string()),
        })
    }

    fn fill<'a>(&'a self, inputs: &Inputs<'a>, slots: &mut [Option<Val<'a>>]) {
        let mut put = |slot: Slot, value: Option<Val<'a>>| {
            if let Some(free) = slots.get_mut(slot.index()) {
                *free = value;
            }
        };
        for (source, slot) in &NAMES.whole {
            let tree = |map: &'a Option<Map>| map.as_ref().map(|map| Val::Map(MapRef::Tree(map)));
            put(
                *slot,
                match source {
                    Source::Path => tree(&self.path),
                    Source::Query => tree(&self.query),
                    Source::Queries => tree(&self.queries),
                    Source::Headers => tree(&self.headers),
                    Source::Body => inputs.body.map(Val::from),
                    Source::Claims => inputs.caller.map(|caller| Val::from(caller.claims)),
                    Source::Stored => inputs.stored.map(Val::from),
                    Source::Principal | Source::Request => None,
                },
            );
        }
        let head = inputs.head;
        for (field, slot) in &NAMES.request {
            put(
                *slot,
                match *field {
                    "method" => Some(Val::Str(head.method.as_str())),
                    "scheme" => Some(Val::Str(head.scheme)),
                    "host" => Some(Val::Str(head.host)),
                    "path" => Some(Val::Str(head.path.as_str())),
                    "query" => Some(Val::Str(head.query.as_str())),
                    _ => self.client.as_deref().map(Val::Str),
                },
            );
        }
        for (field, slot) in &NAMES.principal {
            put(
                *slot,
                inputs.caller.map(|caller| match *field {
                    "id" => Val::Str(caller.id),
                    "roles" => Val::List(List::Texts(caller.roles)),
                    "attr" => Val::Map(MapRef::Tree(caller.attr)),
                    "issuer" => Val::Str(caller.issuer),
                    _ => Val::Str(caller.scope.unwrap_or_default()),
                }),
            );
        }
    }
}

/// The parameters that have one value. One that is read and has more than one reading is an error, and so is any when
/// it cannot be told which are read.
fn query(keys: &[&str], inputs: &Inputs<'_>) -> Result<Map, TargetProblem> {
    let all = inputs.head.query.all().map_err(TargetProblem::Query)?;
    let is_read = |name: &str| keys.is_empty() || keys.contains(&name);
    let mut single = Vec::new();
    for (name, values) in all {
        let base = name.split_once('[').map_or(&*name, |(base, _)| base);
        match values.as_slice() {
            _ if base != &*name && is_read(base) => {
                return Err(TargetProblem::Query(QueryError::Bracketed(base.to_owned())));
            }
            [value] => single.push((Arc::<str>::from(&*name), Cel::from(&**value))),
            _ if is_read(&name) => {
                return Err(TargetProblem::Query(QueryError::Repeated(name.into_owned())));
            }
            _ => {}
        }
    }
    Ok(single.into_iter().collect())
}

fn queries(inputs: &Inputs<'_>) -> Result<Map, TargetProblem> {
    let all = inputs.head.query.all().map_err(TargetProblem::Query)?;
    let list =
        |values: Vec<std::borrow::Cow<'_, str>>| Cel::List(values.iter().map(|v| Cel::from(&**v)).collect());
    Ok(all.into_iter().map(|(name, values)| (Arc::<str>::from(&*name), list(values))).collect())
}

fn headers(keys: &[&str], inputs: &Inputs<'_>) -> Result<Map, TargetProblem> {
    let all = inputs.head.headers;
    let mut single = Vec::new();
    for name in all.keys() {
        match lookup::header(all, name.as_str()) {
            Ok(Some(value)) => single.push((Arc::<str>::from(name.as_str()), Cel::from(value))),
            Ok(None) => {}
            Err(problem) if keys.is_empty() || keys.contains(&name.as_str()) => return Err(problem),
            Err(_) => {}
        }
    }
    Ok(single.into_iter().collect())
}

/// A value as JSON has it: all numbers are doubles, and what JSON has no form for is text.
#[expect(clippy::cast_precision_loss, reason = "every number in a policy's attributes is a double")]
fn plain(value: Cel) -> Option<Cel> {
    Some(match value {
        Cel::Int(number) => Cel::Double(number as f64),
        Cel::Uint(number) => Cel::Double(number as f64),
        Cel::Double(number) if !number.is_finite() => return None,
        Cel::List(items) => Cel::List(items.into_iter().map(plain).collect::<Option<_>>()?),
        Cel::Map(map) => {
            let entries = map.iter().map(|(key, value)| Some((Arc::clone(key), plain(value.clone())?)));
            Cel::Map(entries.collect::<Option<Vec<_>>>()?.into_iter().collect())
        }
        other @ (Cel::Bytes(_) | Cel::Timestamp(_) | Cel::Duration(_)) => {
            let text = serde_json::to_value(&other).ok()?;
            Cel::from(text)
        }
        other => other,
    })
}
