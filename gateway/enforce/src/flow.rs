//! One request, top to bottom. Read this file first.

use std::sync::Arc;

use portreeve_audit::{Record, Resource, Text};
use portreeve_route_config::{Access, Head, Inputs};

use crate::{
    Body, Enforcer, Permit, Refusal, Request, Snapshot,
    ask::ask,
    dress::{Scene, dress},
    facts::FactsError,
    hopeless::hopeless,
    words::{complete, question, view},
    world::{Real, World},
};

impl Enforcer {
    /// Judges one request, whose body is read only if its route asks for it. The record stays open for the door to add
    /// the status; dropping it sends it.
    pub async fn enforce(
        &self,
        request: &Request<'_>,
        body: &mut dyn Body,
    ) -> (Result<Permit, Refusal>, Record) {
        let snapshot = self.live.current();
        let mut record = Record::open(request.at, &snapshot.revision, &self.sink);
        let mut world = Real { facts: &self.facts, body, trace: portreeve_policies::Silent };
        let result = judge(&snapshot, request, &mut record, &mut world).await;
        if let Err(refusal) = &result {
            record.refused = Some(refusal.code());
            record.detail = refusal.detail();
        }
        record.took = request.at.elapsed().unwrap_or_default();
        (result, record)
    }
}

/// The whole of it. Each step needs the one before; `?` is the only way out besides a permit.
pub(crate) async fn judge<W: World>(
    snapshot: &Snapshot,
    request: &Request<'_>,
    record: &mut Record,
    world: &mut W,
) -> Result<Permit, Refusal> {
    // Read the request one way only.
    record.method = Some(request.method.clone());
    record.peer = request.peer;
    let reading = request.read()?;
    let head = Head {
        method: request.method,
        scheme: request.scheme,
        host: reading.host.name(),
        path: &reading.target.path,
        query: &reading.target.query,
        headers: request.headers,
        client: request.peer,
    };
    record.host = Text::from(head.host);
    record.path = Text::from(head.path.as_str());

    let shown = request.presented(&reading);

    // Is it for the gateway itself?
    if let Some(own) = snapshot.own(head.path.as_str()) {
        return Err(world.answer(own, &shown).await);
    }

    // Which route is it?
    let matched = snapshot.routes.find(&head).ok_or(Refusal::NoRoute)?;
    let link = snapshot.link(matched.route).ok_or(Refusal::NoRoute)?;
    record.route = Some(Arc::clone(matched.route));
    world.matched(&head, &matched);
    let inputs = Inputs::new(&head, &matched);
    let target = || Text::of(&reading.target);
    let (upstream, cookies) = (&*matched.route.upstream.value, &*snapshot.cookies);

    // A public route asks no more; every other asks who is calling.
    let template = match &matched.route.access {
        Access::Public => {
            let scene = Scene { inputs: &inputs, shown: &shown, caller: None, upstream };
            let edits = dress(link, cookies, &scene, world).await?;
            return Ok(Permit::new(matched.route, None, target(), edits));
        }
        Access::Authenticated => None,
        Access::Authorized(template) => Some(template),
    };
    let caller = world.caller(&link.chain, &shown).await?;
    record.caller = Some(Arc::clone(&caller));
    let inputs = inputs.caller(view(&caller));

    // What do they want to do, to which resource, what is stored about it, and may they?
    if let Some(template) = template {
        let body = match link.body {
            Some(limit) => Some(world.body(request.headers, limit).await?),
            None => None,
        };
        let inputs = body.as_ref().map_or(inputs, |body| inputs.body(body));
        let mut target = template.describe(&inputs)?;
        record.resource = Some(Resource { kind: Arc::clone(target.kind), id: Text::from(&*target.id) });
        let stored = match &template.load {
            Some(load) => match world.stored(ask(load, &matched, request, &inputs)?).await {
                Err(FactsError::Absent) if hopeless(snapshot, &caller, &target, request) => {
                    return Err(Refusal::Denied);
                }
                stored => Some(stored?),
            },
            None => None,
        };
        complete(template, &mut target, &inputs, stored.as_deref())?;
        world.described(template, &target);
        let decision = snapshot.policies.check_with(&question(&caller, &target, request), world.trace());
        let allowed = decision.allows_all();
        record.decision = Some(decision);
        if !allowed {
            return Err(Refusal::Denied);
        }
    }

    let scene = Scene { inputs: &inputs, shown: &shown, caller: Some(&caller), upstream };
    let edits = dress(link, cookies, &scene, world).await?;
    Ok(Permit::new(matched.route, Some(caller), target(), edits))
}
