//! Configurations for well-known providers, shipped as text: what a person would write, with parameters.

/// A preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name: `kinde`.
    pub name: &'static str,
    /// Its text (YAML): `about`, `params` (each `required`, or its default), one mechanism as under `authenticators`,
    /// and `require`, `let` and `principal`. In the mechanism and in defaults `${name}` stands for a parameter;
    /// expressions read them as `params.name`.
    pub text: &'static str,
}

macro_rules! presets {
    ($($name:literal),* $(,)?) => {
        &[$(Preset { name: $name, text: include_str!(concat!("presets/", $name, ".yaml")) }),*]
    };
}

/// Every preset, by name.
pub const ALL: &[Preset] = presets![
    "auth0",
    "aws-alb",
    "clerk",
    "cloudflare-access",
    "cognito",
    "descope",
    "entra",
    "envoy-xfcc",
    "fusionauth",
    "fusionauth-user-api",
    "google-iap",
    "keycloak",
    "kinde",
    "okta",
    "ory-hydra",
    "ory-hydra-introspection",
    "ory-kratos",
    "ory-oathkeeper",
    "ory-oathkeeper-headers",
    "spiffe-jwt-svid",
    "stytch",
    "workos",
];

impl Preset {
    /// The preset of a name.
    pub fn named(name: &str) -> Option<Self> {
        ALL.iter().copied().find(|preset| preset.name == name)
    }
}

#[cfg(test)]
mod fixtures;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_in_order_and_carry_their_own_names() {
        assert!(ALL.is_sorted_by_key(|preset| preset.name));
        for preset in ALL {
            assert!(preset.text.starts_with(&format!("preset: {}\nabout: ", preset.name)), "{}", preset.name);
            assert_eq!(Preset::named(preset.name), Some(*preset));
        }
        assert_eq!(Preset::named("none"), None);
    }
}
