//! Browsers that log in, configured.

use crate::Project;

/// The authenticator `web`: browsers log in with [`crate::apps::oidc_provider`].
#[derive(Clone, Copy, Debug)]
pub struct WebLogin<'a> {
    /// The provider's port.
    pub provider: u16,
    /// The port that browsers know the gateway by.
    pub external: u16,
    /// What `oidc-login` says besides, a line each.
    pub settings: &'a [&'a str],
    /// Further authenticators, indented by two.
    pub others: &'a str,
}

impl WebLogin<'_> {
    /// The project with this login, its secrets and the other authenticators in the place of those it had.
    pub fn configure(&self, project: Project) -> Project {
        let Self { provider, external, others, .. } = self;
        let settings: String = self.settings.iter().map(|line| format!("\n      {line}")).collect();
        project.write("client-secret", "web-secret");
        project.write("cookie-key", &"5a".repeat(32));
        project.with_authenticators(&format!(
            "  web:
    oidc-login:
      issuer: http://127.0.0.1:{provider}
      client-id: web
      client: {{ basic: {{ id: web, secret: 'file:client-secret' }} }}
      external-url: http://127.0.0.1:{external}
      scopes: [openid, offline_access]
      cookie-keys: [{{ id: one, secret: 'file:cookie-key' }}]
      after-logout: /bye{settings}
    principal: {{ id: claims.sub, roles: '[\"user\"]' }}
{others}"
        ))
    }
}
