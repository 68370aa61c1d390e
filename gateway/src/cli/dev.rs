use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use crate::devkey::DevKey;

/// `portreeve dev`.
#[derive(Debug, Subcommand)]
pub(crate) enum Dev {
    /// Print a token signed with a development key, made on the first call
    Token(Token),
}

/// `portreeve dev token`.
#[derive(Debug, Args)]
pub(crate) struct Token {
    /// Who the token is about
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    sub: String,
    /// A role of theirs; may be repeated
    #[arg(long = "role")]
    roles: Vec<String>,
    /// Another claim; the value is JSON where it can be read as JSON, and text otherwise. May be repeated
    #[arg(long = "attr", value_name = "NAME=VALUE", value_parser = attribute)]
    attributes: Vec<(String, Value)>,
    /// Who says so
    #[arg(long, default_value = ISSUER)]
    issuer: String,
    /// Whom it is for
    #[arg(long, default_value = AUDIENCE)]
    audience: String,
    /// How long it is good for
    #[arg(long, default_value = "1h", value_parser = humantime::parse_duration)]
    ttl: Duration,
    /// Where the key and its key set (`jwks.json`) are
    #[arg(long, default_value = "dev")]
    dir: PathBuf,
}

/// The issuer of development tokens.
pub(crate) const ISSUER: &str = "https://dev.portreeve.test";
/// Their audience when none is given.
pub(crate) const AUDIENCE: &str = "dev";

impl Dev {
    /// Does it.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Token(token) => token.run(),
        }
    }
}

impl Token {
    fn run(self) -> anyhow::Result<ExitCode> {
        let (key, made) = DevKey::in_folder(&self.dir)
            .with_context(|| format!("cannot keep a key in `{}`", self.dir.display()))?;
        let token = key.sign(&self.claims()?)?;
        if made {
            super::say(&format!(
                "A new development key is in `{}`, with its key set in `jwks.json`.\n",
                self.dir.display()
            ));
        }
        super::say(&format!(
            "WARNING: this token is for development. Whoever can read `{}` can be anybody: never name that key set in \
             the configuration of a gateway that others can reach.\n",
            self.dir.display()
        ));
        super::print(&format!("{token}\n"))?;
        Ok(ExitCode::SUCCESS)
    }

    fn claims(&self) -> anyhow::Result<Value> {
        let mut claims = Map::new();
        for (name, value) in &self.attributes {
            if ["iss", "aud", "sub", "iat", "exp", "roles"].contains(&name.as_str()) {
                bail!("`--attr {name}=…`: this claim has an option of its own or is set from the clock");
            }
            if claims.insert(name.clone(), value.clone()).is_some() {
                bail!("`--attr {name}=…` is given twice; a list is written `{name}=[\"a\",\"b\"]`");
            }
        }
        let now = jsonwebtoken::get_current_timestamp();
        claims.insert("iss".into(), json!(self.issuer));
        claims.insert("aud".into(), json!(self.audience));
        claims.insert("sub".into(), json!(self.sub));
        claims.insert("roles".into(), json!(self.roles));
        claims.insert("iat".into(), json!(now));
        claims.insert("exp".into(), json!(now.saturating_add(self.ttl.as_secs())));
        Ok(Value::Object(claims))
    }
}

fn attribute(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("must be like `department=Sales`")?;
    if name.is_empty() {
        return Err("has no name before `=`".into());
    }
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok((name.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_json_where_it_can_be() {
        for (text, expected) in [
            ("department=Sales", json!("Sales")),
            ("level=3", json!(3)),
            ("groups=[\"a\"]", json!(["a"])),
            ("active=true", json!(true)),
            ("phone=\"007\"", json!("007")),
            ("x=a=b", json!("a=b")),
            ("x=", json!("")),
        ] {
            assert_eq!(attribute(text).unwrap().1, expected, "{text}");
        }
        assert!(attribute("department").is_err());
        assert!(attribute("=x").is_err());
    }
}
