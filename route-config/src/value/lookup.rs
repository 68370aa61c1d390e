//! Plain selections, looked up where they are.

use std::{borrow::Cow, sync::Arc};

use http::HeaderMap;
use portreeve_cel::Value as Cel;

use super::{Caller, Found, Inputs, Source, TargetProblem};

type Looked<'a> = Result<Found<'a>, TargetProblem>;

/// What a selection is in this request.
pub(crate) fn select<'a>(source: Source, keys: &'a [Box<str>], inputs: &Inputs<'a>) -> Looked<'a> {
    let Some((first, rest)) = keys.split_first() else { return Err(TargetProblem::Missing) };
    let found = match source {
        Source::Path => inputs.captures.get(first).map(Found::Text),
        Source::Query => inputs.head.query.one(first).map_err(TargetProblem::Query)?.map(Found::Text),
        Source::Queries => queries(first, inputs)?,
        Source::Headers => header(inputs.head.headers, first)?.map(|text| Found::Text(Cow::Borrowed(text))),
        Source::Request => request(first, inputs),
        Source::Body => return inside(inputs.body, keys).ok_or(TargetProblem::Missing),
        Source::Claims => {
            return inside(inputs.caller.map(|c| c.claims), keys).ok_or(TargetProblem::Missing);
        }
        Source::Stored => {
            return inside(inputs.stored, keys).ok_or(TargetProblem::Stored("does not have this"));
        }
        Source::Principal => return principal(inputs.caller, first, rest).ok_or(TargetProblem::Missing),
    };
    // All of these are text or a list: nothing is inside them.
    found.filter(|_| rest.is_empty()).ok_or(TargetProblem::Missing)
}

/// The one value of a header field.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, TargetProblem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(TargetProblem::RepeatedHeader);
    }
    std::str::from_utf8(value.as_bytes()).map(Some).map_err(|_| TargetProblem::HeaderNotText)
}

fn queries<'a>(name: &str, inputs: &Inputs<'a>) -> Result<Option<Found<'a>>, TargetProblem> {
    let all = inputs.head.query.all().map_err(TargetProblem::Query)?;
    let values = all.into_iter().find(|(key, _)| key == name).map(|(_, values)| values);
    let list =
        |values: Vec<Cow<'_, str>>| Cel::List(values.iter().map(|value| Cel::from(&**value)).collect());
    Ok(values.map(|values| Found::Value(Cow::Owned(list(values)))))
}

fn request<'a>(field: &str, inputs: &Inputs<'a>) -> Option<Found<'a>> {
    let head = inputs.head;
    let text = match field {
        "method" => head.method.as_str(),
        "scheme" => head.scheme,
        "host" => head.host,
        "path" => head.path.as_str(),
        "query" => head.query.as_str(),
        "client" => {
            return head.client.map(|address| Found::Text(Cow::Owned(address.to_canonical().to_string())));
        }
        _ => return None,
    };
    Some(Found::Text(Cow::Borrowed(text)))
}

fn principal<'a>(caller: Option<Caller<'a>>, field: &str, rest: &[Box<str>]) -> Option<Found<'a>> {
    let caller = caller?;
    if field == "attr" {
        return match rest.split_first() {
            Some((key, rest)) => inside(caller.attr.get(key), rest),
            None => Some(Found::Value(Cow::Owned(Cel::Map(caller.attr.clone())))),
        };
    }
    if !rest.is_empty() {
        return None;
    }
    match field {
        "id" => Some(Found::Text(Cow::Borrowed(caller.id))),
        "issuer" => Some(Found::Text(Cow::Borrowed(caller.issuer))),
        "scope" => Some(Found::Text(Cow::Borrowed(caller.scope.unwrap_or_default()))),
        "roles" => Some(Found::Value(Cow::Owned(roles(caller.roles)))),
        _ => None,
    }
}

pub(crate) fn roles(roles: &[Arc<str>]) -> Cel {
    Cel::List(roles.iter().map(|role| Cel::String(Arc::clone(role))).collect())
}

fn inside<'a>(value: Option<&'a Cel>, keys: &[Box<str>]) -> Option<Found<'a>> {
    let found = keys.iter().try_fold(value?, |value, key| match value {
        Cel::Map(map) => map.get(key),
        _ => None,
    })?;
    Some(Found::Value(Cow::Borrowed(found)))
}
