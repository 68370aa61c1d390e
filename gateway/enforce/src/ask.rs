use http::{HeaderMap, header};
use portreeve_route_config::{Credentials, Inputs, Load, Match};

use crate::{Refusal, Request, facts::Ask};

/// The request of the gateway's own that reads the stored resource.
pub(crate) fn ask(
    load: &Load,
    matched: &Match<'_, '_>,
    request: &Request<'_>,
    inputs: &Inputs<'_>,
) -> Result<Ask, Refusal> {
    let mut headers = HeaderMap::new();
    if load.credentials == Credentials::Forward {
        for name in [header::AUTHORIZATION, header::COOKIE] {
            for value in request.headers.get_all(&name) {
                headers.append(name.clone(), value.clone());
            }
        }
    }
    for field in &load.headers {
        headers.insert(field.name.clone(), field.read(inputs)?);
    }
    Ok(Ask {
        upstream: load.upstream.value.clone(),
        host: load.host.clone(),
        target: load.target(&matched.captures).into(),
        headers,
        timeout: load.timeout,
        limit: usize::try_from(load.max_bytes).unwrap_or(usize::MAX),
        keep: load.cache.unwrap_or_default(),
        changes: !request.method.is_safe(),
    })
}
