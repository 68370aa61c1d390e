use std::{fs, path::PathBuf, process::ExitCode, sync::Arc, time::SystemTime};

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use clap::{Args, ValueEnum};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Uri,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST},
};
use portreeve_diagnostics::Bundle;
use portreeve_enforce::{
    Assumed, Attribute, Explanation, Origin, PassedOver, Request, Snapshot, Step, explain,
};
use portreeve_identity::Identity;
use portreeve_policies::{Because, RuleId};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::here::compiled;
use crate::{reload::prepare, revision::Revision, serve, source::Source};

/// `portreeve explain`.
#[derive(Debug, Args)]
#[command(
    after_help = "Ends with 0 when it was explained, whatever would be decided, 1 when the request or the caller \
                  makes no sense, and 2 when the project does not compile."
)]
pub(crate) struct Explain {
    /// The request: `GET /contacts/1`, or with a host `GET https://api.test/contacts/1`
    request: String,
    /// The configuration, or the folder that has it
    #[arg(short, long, default_value = crate::config::DEFAULT_FILE, env = "PORTREEVE_CONFIG")]
    config: PathBuf,
    /// Who is calling: a JSON file with `id`, and perhaps `roles`, `attr`, `issuer`, `scope` and `claims`
    #[arg(long = "as", value_name = "FILE", conflicts_with = "token")]
    caller: Option<PathBuf>,
    /// Who is calling: a bearer token, checked as the route's authenticators do
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// A header field of the request; may be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = field)]
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The body of the request, for routes that read it: a file. It is taken for JSON unless a header field says
    /// otherwise
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// What is stored about the resource, for routes that load it: a JSON file
    #[arg(long, value_name = "FILE")]
    stored: Option<PathBuf>,
    /// How to print it
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    output: Form,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// For programs
    Json,
}

/// A caller as a person writes one down.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    attr: Map<String, Value>,
    issuer: Option<String>,
    scope: Option<String>,
    #[serde(default)]
    claims: Value,
}

impl Explain {
    /// Explains, by the code that serves, what would be decided and why. 0: it was explained. 1: the request or the
    /// caller cannot be made sense of. 2: the project does not compile, and why was shown.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let compiled = compiled(&Source::of(&self.config));
        super::show(&compiled.report, &compiled.bundle);
        let Some(revision) = &compiled.revision else { return Ok(ExitCode::from(2)) };
        serve::run(self.explain(revision, &compiled.bundle))
    }

    async fn explain(&self, revision: &Revision, bundle: &Bundle) -> anyhow::Result<ExitCode> {
        let mut asked = Asked::read(&self.request, &self.headers)?;
        if let Some(token) = &self.token {
            let value = HeaderValue::from_str(&format!("Bearer {token}"))
                .context("no header field can hold the token")?;
            asked.headers.insert(AUTHORIZATION, value);
        }
        let caller = match &self.caller {
            Some(path) => Some(written(path)?),
            None => {
                prepare(&revision.kept.authenticators).await;
                None
            }
        };
        let mut body = Bytes::new();
        if let Some(path) = &self.body {
            body = read(path)?.into();
            asked.headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        }
        let request = asked.request();
        let stored = match &self.stored {
            Some(path) => {
                Some(serde_json::from_slice(&read(path)?).with_context(|| path.display().to_string())?)
            }
            None => None,
        };
        let explanation = explain(&revision.snapshot, &request, Assumed { caller, body, stored }).await;
        let text = match self.output {
            Form::Text => explanation.text(&revision.snapshot, bundle),
            Form::Json => format!("{:#}", object(&explanation, &revision.snapshot, bundle)?),
        };
        super::print(&format!("{}\n", text.trim_end()))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The explanation for programs: the record that serving would write, and what is known beyond it.
fn object(explanation: &Explanation, snapshot: &Snapshot, bundle: &Bundle) -> anyhow::Result<Value> {
    let record: Value = serde_json::from_str(&portreeve_audit::line(&explanation.event))?;
    let steps: Vec<_> = explanation.steps.iter().map(|step| describe(step, snapshot)).collect();
    let attributes: Result<Map<_, _>, _> =
        explanation.attributes.iter().map(|found| attribute(found, bundle)).collect();
    let passed_over: Vec<_> =
        explanation.passed_over.iter().map(|other| passed_over(other, bundle)).collect();
    Ok(json!({
        "status": explanation.status,
        "target": explanation.target,
        "forwarded": explanation.forwarded,
        "route": {
            "at": explanation.matcher.and_then(|span| super::place(span, bundle)),
            "goesBefore": passed_over,
        },
        "loads": explanation.loads,
        "attributes": attributes?,
        "steps": steps,
        "record": record,
    }))
}

fn passed_over(other: &PassedOver, bundle: &Bundle) -> Value {
    let at = super::place(other.matcher, bundle);
    json!({ "route": &*other.route, "at": at, "because": other.because.to_string() })
}

fn attribute(found: &Attribute, bundle: &Bundle) -> serde_json::Result<(String, Value)> {
    let origin = match &found.origin {
        Origin::Stated { expression, at } => {
            json!({ "expression": &**expression, "at": super::place(*at, bundle) })
        }
        Origin::Stored => json!("stored"),
    };
    let value = serde_json::to_value(&found.value)?;
    Ok((found.name.to_string(), json!({ "value": value, "from": origin })))
}

fn describe(step: &Step, snapshot: &Snapshot) -> Value {
    let held = |held: &Result<bool, String>| match held {
        Ok(held) => json!(held),
        Err(error) => json!({ "error": error }),
    };
    let rule = |id: RuleId| {
        snapshot.policies().rule(id).map(|rule| {
            json!({ "name": &*rule.name, "policy": &*rule.policy, "condition": rule.condition.as_deref() })
        })
    };
    match step {
        Step::DerivedRole { name, held: outcome } => json!({ "derivedRole": name, "held": held(outcome) }),
        Step::Rule { rule: id, role, held: outcome } => {
            json!({ "rule": rule(*id), "role": role, "held": held(outcome) })
        }
        Step::Settled { action, because } => {
            let by = match because {
                Because::Rule(id) | Because::Failed(id) => rule(*id),
                Because::NoRule | Because::NoPolicy => None,
            };
            json!({ "settled": action, "by": by })
        }
    }
}

/// The request that is asked about.
struct Asked {
    method: Method,
    tls: bool,
    host: String,
    target: String,
    headers: HeaderMap,
}

impl Asked {
    fn read(text: &str, fields: &[(HeaderName, HeaderValue)]) -> anyhow::Result<Self> {
        let (method, url) = text.split_once(' ').unwrap_or(("GET", text));
        let method = method.parse().map_err(|_| anyhow!("`{method}` is not a method"))?;
        let mut headers: HeaderMap = HeaderMap::new();
        for (name, value) in fields {
            headers.append(name.clone(), value.clone());
        }
        let given = headers.get(HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
        // A path is taken as it stands: whether it can be read is one of the questions.
        if url.starts_with('/') {
            let host = given.unwrap_or_else(|| "localhost".to_owned());
            return Ok(Self { method, tls: false, host, target: url.to_owned(), headers });
        }
        let uri: Uri = url.parse().map_err(|_| anyhow!("`{url}` is neither a path nor a URL"))?;
        let Some(authority) = uri.authority().filter(|_| url.contains("://")) else {
            bail!("`{url}` is neither a path nor a URL")
        };
        let after = url.split_once("://").map_or(url, |(_, rest)| rest);
        let target = after.find(['/', '?']).and_then(|at| after.get(at..)).unwrap_or("/");
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        let tls = uri.scheme_str() == Some("https");
        Ok(Self { method, tls, host: given.unwrap_or_else(|| authority.to_string()), target, headers })
    }

    fn request(&self) -> Request<'_> {
        Request {
            at: SystemTime::now(),
            method: &self.method,
            scheme: self.scheme(),
            authority: Some(&self.host),
            target: &self.target,
            headers: &self.headers,
            certificate: None,
            peer: None,
        }
    }

    fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }
}

fn written(path: &std::path::Path) -> anyhow::Result<Arc<Identity>> {
    let caller: Written = serde_json::from_slice(&read(path)?)
        .with_context(|| format!("`{}` describes no caller", path.display()))?;
    if caller.id.is_empty() {
        bail!("`{}` describes no caller: `id` is empty, and nobody is called that", path.display());
    }
    let roles: Vec<Arc<str>> = caller.roles.iter().map(|role| role.as_str().into()).collect();
    Ok(Arc::new(Identity {
        subject: caller.id.into(),
        issuer: caller.issuer.unwrap_or_else(|| "explain".into()).into(),
        // Policies refuse a principal without roles, so a caller without any has the usual fallback.
        roles: if roles.is_empty() { Box::new(["authenticated".into()]) } else { roles.into() },
        attributes: caller.attr.into_iter().map(|(name, value)| (name, value.into())).collect(),
        claims: caller.claims.into(),
        scope: caller.scope.map(Into::into),
        expires_at: None,
        authenticator: "explain".into(),
    }))
}

fn read(path: &std::path::Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
}

fn field(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("must be like `Accept: text/html`")?;
    let name = name.trim().parse().map_err(|_| "is not the name of a header field".to_owned())?;
    let value = value.trim().parse().map_err(|_| "has a value that no header field can have".to_owned())?;
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_a_method_and_a_path_or_a_url() {
        for (text, method, scheme, host, target) in [
            ("/a/../b", "GET", "http", "localhost", "/a/../b"),
            ("DELETE /a?x=1", "DELETE", "http", "localhost", "/a?x=1"),
            ("GET https://api.test/a%2Fb", "GET", "https", "api.test", "/a%2Fb"),
            ("GET http://api.test:8080", "GET", "http", "api.test:8080", "/"),
            ("GET http://api.test?x=1", "GET", "http", "api.test", "/?x=1"),
        ] {
            let asked = Asked::read(text, &[]).unwrap();
            let read = (asked.method.as_str(), asked.scheme(), &*asked.host, &*asked.target);
            assert_eq!(read, (method, scheme, host, target), "{text}");
        }
        assert!(Asked::read("GET contacts", &[]).is_err());
    }
}
