//! `client-credentials` and `token-exchange`: tokens that an authorization server gives, for upstreams.

use std::sync::Arc;

use http::header::AUTHORIZATION;
use portreeve_diagnostics::{
    Diagnostic, Node, Report,
    read::{Fields, boolean, positive_duration, some_texts, text},
};
use portreeve_enforce::{Grant, GrantedToken, Mutator};
use portreeve_identity::{
    ClientProof, Flaw, Secret,
    grant::{EndpointConfig, Exchange, ExchangeConfig, OwnGrant, OwnGrantConfig, TokenUrl, Wish},
};
use portreeve_route_config::HeaderTemplate;
use url::Url;

use super::{Reading, id_token::scheme};
use crate::config::{
    authenticators::{
        remote::remote,
        shared::{client, set_duration, trusted},
    },
    secrets::secret,
};

/// A token of the gateway's own.
pub(super) fn client_credentials(reading: &Reading<'_>, node: &Node, report: &mut Report) -> Option<Mutator> {
    let mut fields = Fields::of(node, "`client-credentials`", report)?;
    let proof = fields.required("client", report).and_then(|node| proof(node, reading, report));
    let endpoint = endpoint(&mut fields, node, report);
    let shown = Shown::read(&mut fields, report);
    fields.finish(report);
    let (endpoint, shown) = (endpoint?.proven_by(proof?), shown?);
    let grant = built(OwnGrant::new(OwnGrantConfig { endpoint, wish: shown.wish.clone() }), node, report)?;
    Some(shown.mutator(Grant::Own(Box::new(grant))))
}

/// A token in place of the caller's.
pub(super) fn token_exchange(reading: &Reading<'_>, node: &Node, report: &mut Report) -> Option<Mutator> {
    let mut fields = Fields::of(node, "`token-exchange`", report)?;
    let client = fields.optional("client").map(|node| proof(node, reading, report));
    let endpoint = endpoint(&mut fields, node, report);
    let shown = Shown::read(&mut fields, report);
    let subject = fields.optional("subject-token-type").map(|node| token_type(node, report));
    let requested = fields.optional("requested-token-type").map(|node| token_type(node, report));
    let actor = fields.optional("actor").map(|node| actor(node, reading, report));
    fields.finish(report);
    let (endpoint, shown) = (endpoint?.proven_by(client.unwrap_or(Some(ClientProof::Nothing))?), shown?);
    let config = ExchangeConfig {
        endpoint,
        wish: shown.wish.clone(),
        subject_token_type: subject.unwrap_or_else(|| Some(Exchange::ACCESS_TOKEN.into()))?,
        requested_token_type: requested.map_or(Some(None), |requested| requested.map(Some))?,
        actor: actor.map_or(Some(None), |actor| actor.map(Some))?,
    };
    let exchange = built(Exchange::new(config), node, report)?;
    Some(shown.mutator(Grant::Exchanged(Box::new(exchange))))
}

/// What RFC 8693 §3 has a name for, or an identifier of somebody else's.
fn token_type(node: &Node, report: &mut Report) -> Option<Box<str>> {
    const NAMED: [&str; 6] = ["access_token", "refresh_token", "id_token", "saml1", "saml2", "jwt"];
    let written = text(node, "a type of token", report)?;
    if NAMED.contains(&&*written.value) {
        return Some(format!("urn:ietf:params:oauth:token-type:{}", written.value).into());
    }
    if Url::parse(&written.value).is_ok() {
        return Some(written.value.into());
    }
    let message = format!("`{}` is not a type of token", written.value);
    report.push(
        Diagnostic::error("mutator/token-type", message)
            .at(written.span, "unknown")
            .help(format!("use `{}`, or the URI of another type", NAMED.join("`, `"))),
    );
    None
}

/// `actor: { token: SECRET, type: TYPE }`.
fn actor(node: &Node, reading: &Reading<'_>, report: &mut Report) -> Option<(Secret, Box<str>)> {
    let mut fields = Fields::of(node, "`actor`", report)?;
    let token = fields.required("token", report);
    let token = token.and_then(|node| secret(node, "the actor's token", reading.folder, report));
    let kind = fields.optional("type").map(|node| token_type(node, report));
    fields.finish(report);
    Some((token?, kind.unwrap_or_else(|| Some(Exchange::ACCESS_TOKEN.into()))?))
}

/// An endpoint without the proof of who asks it.
struct Asked(EndpointConfig);

impl Asked {
    fn proven_by(self, client: ClientProof) -> EndpointConfig {
        EndpointConfig { client, ..self.0 }
    }
}

/// `token-url` or `issuer`, and how it is asked.
fn endpoint(fields: &mut Fields<'_>, node: &Node, report: &mut Report) -> Option<Asked> {
    let url = fields.optional("token-url").map(|node| url(node, "`token-url`", report));
    let issuer = fields.optional("issuer").map(|node| issuer(node, report));
    let mut life = EndpointConfig::LIFE;
    set_duration(&mut life, fields.optional("life"), "`life`", positive_duration, report);
    let remote = remote(fields, report);
    let at = match (url, issuer) {
        (Some(url), None) => TokenUrl::Given(url?),
        (None, Some(issuer)) => issuer?,
        _ => {
            let message = "the token endpoint is either a `token-url` or found by an `issuer`";
            report.push(
                Diagnostic::error("mutator/token-url", message)
                    .at(first_key(node), "must say one of the two"),
            );
            return None;
        }
    };
    Some(Asked(EndpointConfig { at, client: ClientProof::Nothing, life, remote }))
}

fn url(node: &Node, what: &str, report: &mut Report) -> Option<Url> {
    let written = text(node, what, report)?;
    trusted(&written, report)
}

/// The document of an issuer is where OpenID Connect Discovery has it.
fn issuer(node: &Node, report: &mut Report) -> Option<TokenUrl> {
    let mut written = text(node, "`issuer`", report)?;
    let issuer = written.value.as_str().into();
    written.value = format!("{}/.well-known/openid-configuration", written.value.trim_end_matches('/'));
    let document = trusted(&written, report)?;
    Some(TokenUrl::Discovered { issuer, document })
}

/// `client: { basic | post: { id, secret } }`.
fn proof(node: &Node, reading: &Reading<'_>, report: &mut Report) -> Option<ClientProof> {
    match client(node, reading.folder, report)? {
        ClientProof::Bearer(_) => {
            let message = "a token endpoint knows clients by an id and a secret";
            report.push(
                Diagnostic::error("mutator/client", message)
                    .at(node.span, "must be `basic` or `post`, with `id` and `secret`"),
            );
            None
        }
        proof => Some(proof),
    }
}

/// What is asked for, and how the upstream is shown it.
struct Shown {
    wish: Wish,
    header: http::HeaderName,
    keeps_authorization: bool,
}

impl Shown {
    fn read(fields: &mut Fields<'_>, report: &mut Report) -> Option<Self> {
        let mut several = |key: &'static str, what: &str, report: &mut Report| -> Vec<Box<str>> {
            let written = fields.optional(key).map(|node| some_texts(node, what, report)).unwrap_or_default();
            written.into_iter().map(|text| text.value.into()).collect()
        };
        let scopes = several("scopes", "`scopes`", report);
        let audience = several("audience", "`audience`", report);
        let resource = several("resource", "`resource`", report);
        let header = fields.optional("header").map(|node| {
            let name = text(node, "`header`", report)?;
            HeaderTemplate::name_of_mutator(&name, report)
        });
        let written = fields.optional("scheme").map(|node| scheme(node, report));
        let keep = fields.optional("keep-authorization");
        let keeps_authorization =
            keep.map_or(Some(false), |node| boolean(node, "`keep-authorization`", report));
        let header = header.unwrap_or(Some(AUTHORIZATION))?;
        if let (Some(node), true) = (keep, header == AUTHORIZATION) {
            let message = "the token takes the place of `authorization`, which cannot be kept";
            report.push(
                Diagnostic::error("mutator/keep-authorization", message)
                    .at(node.span, "cannot be")
                    .help("name another `header` for the token"),
            );
            return None;
        }
        // A field of one's own holds the token alone.
        let usual = (header == AUTHORIZATION).then(|| "Bearer".into());
        let scheme = written.map_or(Some(usual), |scheme| scheme.map(Some))?;
        let wish = Wish { scopes, audience, resource, scheme };
        Some(Self { wish, header, keeps_authorization: keeps_authorization? })
    }

    fn mutator(self, grant: Grant) -> Mutator {
        let Self { header, keeps_authorization, .. } = self;
        Mutator::Granted(Arc::new(GrantedToken { grant, header, keeps_authorization }))
    }
}

fn built<T>(made: Result<T, Flaw>, node: &Node, report: &mut Report) -> Option<T> {
    made.map_err(|flaw| report.push(Diagnostic::error(flaw.code, flaw.message).at(first_key(node), ""))).ok()
}

/// A whole mapping is too much to underline: its first key stands for it.
fn first_key(node: &Node) -> portreeve_diagnostics::Span {
    node.as_map().and_then(<[_]>::first).map_or(node.span, |entry| entry.key.span)
}
