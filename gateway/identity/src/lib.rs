//! Identity: who is calling, and how do we know?
//!
//! An [`Authenticator`] is one way to prove who one is; a [`Chain`] is a route's list of them. A door shows the
//! request as [`Presented`]; the chain answers with an [`Identity`] or says who is at fault ([`Rejection`]).
//!
//! Three rules hold for every mechanism:
//!
//! * **One credential decides.** The first authenticator that finds its credential decides alone. A bad credential is
//!   never tried as a weaker kind, nor as nobody.
//! * **One reading.** A place that holds two different values is refused, never picked from.
//! * **Time is an argument.** Nothing here reads the wall clock while a request waits; [`Presented::now`] does.

#![forbid(unsafe_code)]

mod api_key;
mod authenticator;
mod basic;
mod certificate;
mod chain;
mod challenge;
mod client_credentials;
mod discovery;
mod fingerprint;
mod fixed;
mod flaw;
pub mod grant;
mod headers;
mod hydrate;
mod identity;
mod introspection;
pub mod jwt;
mod login;
mod mapping;
pub mod mint;
mod oidc;
mod peers;
mod place;
mod presented;
pub mod presets;
mod profile;
mod rejection;
mod remote;
mod secret;
mod session;
mod strict_json;
#[cfg(test)]
mod test_keys;
#[cfg(test)]
mod test_request;
#[cfg(test)]
mod test_server;
mod together;
mod verdicts;

pub use api_key::{ApiKey, ApiKeyConfig, ApiKeyEntry};
pub use authenticator::{Authenticator, CacheFigures, Readiness};
pub use basic::{Basic, BasicConfig, BasicUser, ThrottleConfig};
pub use certificate::{Certificate, CertificateConfig, CertificateSource};
pub use chain::{Chain, Unauthenticated};
pub use challenge::Challenge;
pub use client_credentials::{ClientCredentials, ClientCredentialsConfig};
pub use fixed::{Anonymous, Deny};
pub use flaw::Flaw;
pub use headers::{Headers, HeadersConfig};
pub use hydrate::{HydrateConfig, Hydrated};
pub use identity::Identity;
pub use introspection::{ClientProof, Introspection, IntrospectionConfig};
pub use login::{Login, Reply};
pub use mapping::{Attribute, MappingConfig, Named, Requirement};
pub use oidc::{CookieKey, OidcConfig, OidcLogin, RedisConfig, safe_return};
pub use peers::TrustedPeers;
pub use place::{Place, Places};
pub use presented::{Credential, Presented};
pub use profile::Profile;
pub use rejection::{Reason, Rejection};
pub use remote::RemoteConfig;
pub use secret::Secret;
pub use session::{Session, SessionConfig};
pub use together::Together;
pub use verdicts::CacheConfig;
