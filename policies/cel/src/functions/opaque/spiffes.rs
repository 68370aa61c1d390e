//! SPIFFE ids, as expressions call them.

use crate::functions::args::{Text, no_overload};
use crate::functions::spiffe::{BadSpiffe, Id, Matcher, TrustDomain};
use crate::functions::{Function, Outcome};
use crate::{Cx, ErrorKind, Opaque, Val};

pub(in crate::functions) const TABLE: &[Function] = &[
    Function::global("spiffeID", id, &["spiffeID(string) -> cerbos.lib.spiffeID"]),
    Function::global(
        "spiffeTrustDomain",
        trust_domain,
        &["spiffeTrustDomain(string) -> cerbos.lib.spiffeTrustDomain"],
    ),
    Function::global("spiffeMatchAny", match_any, &["spiffeMatchAny() -> cerbos.lib.spiffeMatcher"]),
    Function::global(
        "spiffeMatchExact",
        match_exact,
        &[
            "spiffeMatchExact(cerbos.lib.spiffeID) -> cerbos.lib.spiffeMatcher",
            "spiffeMatchExact(string) -> cerbos.lib.spiffeMatcher",
        ],
    ),
    Function::global(
        "spiffeMatchOneOf",
        match_one_of,
        &[
            "spiffeMatchOneOf(list(cerbos.lib.spiffeID)) -> cerbos.lib.spiffeMatcher",
            "spiffeMatchOneOf(list(string)) -> cerbos.lib.spiffeMatcher",
        ],
    ),
    Function::global(
        "spiffeMatchTrustDomain",
        match_trust_domain,
        &[
            "spiffeMatchTrustDomain(cerbos.lib.spiffeTrustDomain) -> cerbos.lib.spiffeMatcher",
            "spiffeMatchTrustDomain(string) -> cerbos.lib.spiffeMatcher",
        ],
    ),
    Function::member("path", path, &["cerbos.lib.spiffeID.path() -> string"]),
    Function::member(
        "trustDomain",
        domain_of,
        &["cerbos.lib.spiffeID.trustDomain() -> cerbos.lib.spiffeTrustDomain"],
    ),
    Function::member(
        "isMemberOf",
        is_member_of,
        &["cerbos.lib.spiffeID.isMemberOf(cerbos.lib.spiffeTrustDomain) -> bool"],
    ),
    Function::member("name", name, &["cerbos.lib.spiffeTrustDomain.name() -> string"]),
    Function::member("id", domain_id, &["cerbos.lib.spiffeTrustDomain.id() -> string"]),
    Function::member(
        "matchesID",
        matches_id,
        &[
            "cerbos.lib.spiffeMatcher.matchesID(cerbos.lib.spiffeID) -> bool",
            "cerbos.lib.spiffeMatcher.matchesID(string) -> bool",
        ],
    ),
];

fn bad_id(bad: BadSpiffe) -> ErrorKind<'static> {
    ErrorKind::message(format!("failed to parse SPIFFE ID: {bad}"))
}

fn bad_domain(bad: BadSpiffe) -> ErrorKind<'static> {
    ErrorKind::message(format!("failed to parse SPIFFE trust domain: {bad}"))
}

/// An id, or the text of one.
fn as_id(value: Val<'_>) -> Result<Id<'_>, ErrorKind<'static>> {
    match value {
        Val::Opaque(Opaque::SpiffeId(id)) => Ok(*id),
        Val::Str(text) => Id::parse(text).map_err(bad_id),
        _ => Err(ErrorKind::NoSuchOverload),
    }
}

fn id<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Str(text)] = args else { return no_overload() };
    let id = Id::parse(text).map_err(bad_id)?;
    cx.opaque(Opaque::SpiffeId(id))
}

fn trust_domain<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Str(text)] = args else { return no_overload() };
    let domain = TrustDomain::parse(text).map_err(bad_domain)?;
    cx.opaque(Opaque::SpiffeTrustDomain(domain))
}

fn matcher<'a>(cx: &mut Cx<'a>, matcher: Matcher<'a>) -> Outcome<'a> {
    cx.opaque(Opaque::SpiffeMatcher(matcher))
}

fn match_any<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    if args.is_empty() { matcher(cx, Matcher::Any) } else { no_overload() }
}

fn match_exact<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [value] = args else { return no_overload() };
    let ids = [as_id(*value)?];
    let ids = cx.slice(&ids)?;
    matcher(cx, Matcher::OneOf(ids))
}

fn match_one_of<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::List(list)] = args else { return no_overload() };
    let ids: Vec<Id<'a>> = list.iter().map(as_id).collect::<Result<_, _>>()?;
    let ids = cx.slice(&ids)?;
    matcher(cx, Matcher::OneOf(ids))
}

fn match_trust_domain<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    match args {
        [Val::Opaque(Opaque::SpiffeTrustDomain(domain))] => matcher(cx, Matcher::MemberOf(*domain)),
        [Val::Str(text)] => matcher(cx, Matcher::MemberOf(TrustDomain::parse(text).map_err(bad_domain)?)),
        _ => no_overload(),
    }
}

fn path<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Opaque(Opaque::SpiffeId(id))] = args else { return no_overload() };
    Ok(Val::Str(id.path()))
}

fn domain_of<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Opaque(Opaque::SpiffeId(id))] = args else { return no_overload() };
    cx.opaque(Opaque::SpiffeTrustDomain(id.trust_domain()))
}

fn is_member_of<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Opaque(Opaque::SpiffeId(id)), Val::Opaque(Opaque::SpiffeTrustDomain(domain))] = args else {
        return no_overload();
    };
    Ok(Val::Bool(id.trust_domain().name() == domain.name()))
}

fn name<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Opaque(Opaque::SpiffeTrustDomain(domain))] = args else { return no_overload() };
    Ok(Val::Str(domain.name()))
}

fn domain_id<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Opaque(Opaque::SpiffeTrustDomain(domain))] = args else { return no_overload() };
    Text::build(cx, |out| out.push(&domain.id()))
}

fn matches_id<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Opaque(Opaque::SpiffeMatcher(matcher)), id] = args else { return no_overload() };
    Ok(Val::Bool(matcher.matches(as_id(*id)?)))
}
