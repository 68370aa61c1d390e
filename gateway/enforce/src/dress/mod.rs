//! Dressing: what is the upstream told about the caller, and what is it not told?

mod granted;
mod jar;
mod token;

use std::sync::Arc;

use http::{HeaderName, header::COOKIE};
use portreeve_identity::{Identity, Presented};
use portreeve_route_config::{CookieTemplate, HeaderTemplate, Inputs, TargetError};

use crate::{Edit, Edits, Refusal, snapshot::Link, world::World};
use jar::Jar;

pub use granted::{Grant, GrantedToken};
pub use token::{AudienceOf, IdToken};

/// What a name in `mutators` stands for.
#[derive(Clone, Debug)]
pub enum Mutator {
    /// Sets header fields.
    Headers(Box<[HeaderTemplate]>),
    /// Sets cookies.
    Cookies(Arc<[CookieTemplate]>),
    /// Removes header fields and cookies that the client sent.
    Remove(Removal),
    /// Removes what the caller proved with who they are, wherever a route's authenticators look for it.
    StripCredential,
    /// Sets a token that the gateway signs.
    IdToken(Arc<IdToken>),
    /// Sets a token that an authorization server gives.
    Granted(Arc<GrantedToken>),
}

/// Header fields and cookies of the client's that do not go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removal {
    /// The header fields.
    pub headers: Box<[HeaderName]>,
    /// The cookies.
    pub cookies: Box<[Box<str>]>,
}

impl Mutator {
    /// Whether it says something of the caller, so that a public route cannot have it.
    #[must_use]
    pub fn needs_caller(&self) -> bool {
        use portreeve_route_config::Source::{Claims, Principal};
        let reads = |value: &portreeve_route_config::Value| value.reads(Principal) || value.reads(Claims);
        match self {
            Self::Headers(fields) => fields.iter().any(|field| reads(&field.value)),
            Self::Cookies(cookies) => cookies.iter().any(|cookie| reads(&cookie.value)),
            Self::Remove(_) => false,
            Self::Granted(token) => token.grant.exchanges(),
            Self::StripCredential | Self::IdToken(_) => true,
        }
    }

    /// The cookies that the gateway itself sets.
    pub(crate) fn cookies(&self) -> impl Iterator<Item = &str> {
        let cookies: &[CookieTemplate] = match self {
            Self::Cookies(cookies) => cookies,
            _ => &[],
        };
        cookies.iter().map(|cookie| &*cookie.name)
    }
}

/// One thing to do to a request on its way, in the order in which the route says so.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Field(HeaderTemplate),
    Cookies(Arc<[CookieTemplate]>),
    Remove(Removal),
    IdToken(Arc<IdToken>),
    Granted(Arc<GrantedToken>),
}

impl Step {
    /// The header field that is the gateway's alone because of this step.
    pub(crate) fn field(&self) -> Option<&HeaderName> {
        match self {
            Self::Field(field) => Some(&field.name),
            Self::IdToken(token) => Some(&token.header),
            Self::Granted(token) => Some(&token.header),
            Self::Cookies(_) | Self::Remove(_) => None,
        }
    }
}

/// What there is to tell of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) inputs: &'a Inputs<'a>,
    pub(crate) shown: &'a Presented<'a>,
    pub(crate) caller: Option<&'a Identity>,
    pub(crate) upstream: &'a str,
}

/// The changes to a request. `reserved` are cookies that are not the client's to send, whatever the route.
pub(crate) async fn dress<W: World>(
    link: &Link,
    reserved: &[Box<str>],
    scene: &Scene<'_>,
    world: &mut W,
) -> Result<Edits, Refusal> {
    let mut edits = Edits::new();
    let mut jar: Option<Jar> = None;
    if !reserved.is_empty() && scene.shown.headers.contains_key(COOKIE) {
        let mut cookies = Jar::of(scene.shown.headers);
        reserved.iter().for_each(|name| cookies.remove(name));
        jar = Some(cookies);
    }
    for step in &link.steps {
        match step {
            Step::Field(field) => {
                let value = field.read(scene.inputs).map_err(undressed(&field.name))?;
                edits.push(Edit::Set(field.name.clone(), value));
            }
            Step::Cookies(cookies) => {
                let jar = jar.get_or_insert_with(|| Jar::of(scene.shown.headers));
                for cookie in cookies.iter() {
                    jar.remove(&cookie.name);
                    jar.add(cookie.read(scene.inputs).map_err(undressed(&COOKIE))?);
                }
            }
            Step::Remove(removal) => {
                edits.extend(removal.headers.iter().cloned().map(Edit::Remove));
                if !removal.cookies.is_empty() {
                    let jar = jar.get_or_insert_with(|| Jar::of(scene.shown.headers));
                    removal.cookies.iter().for_each(|name| jar.remove(name));
                }
            }
            Step::IdToken(token) => edits.push(token.edit(scene)?),
            Step::Granted(token) => {
                let value = world.granted(&token.grant, scene, &link.chain).await?;
                token.edit(value, &mut edits);
            }
        }
    }
    edits.extend(jar.and_then(Jar::edit));
    Ok(edits)
}

fn undressed(header: &HeaderName) -> impl FnOnce(TargetError) -> Refusal {
    let header = header.clone();
    |error| Refusal::Undressed { header, error: Box::new(error) }
}
