//! Every preset against what its provider sends: tokens signed here, answers served here, callers as expected.
//!
//! The cases are files outside the project (`FIXTURES_DIR`, or `../shared/fixtures` beside the workspace); without them
//! the test says so and passes.

use std::{path::PathBuf, sync::Arc, time::Duration};

use http::HeaderName;
use portreeve_diagnostics::{Bundle, Node, SourceFile, yaml};
use serde_json::{Map, Value, json};

use super::Preset;
use crate::{
    Attribute, Authenticator, CacheConfig, Certificate, CertificateConfig, CertificateSource, Chain, Headers,
    HeadersConfig, Introspection, IntrospectionConfig, MappingConfig, Named, Place, Places, Requirement,
    Session, SessionConfig, TrustedPeers,
    jwt::{Algorithm, Audience, Issuer, Jwt, JwtConfig, KeyLimits, KeySource, Spelling, TokenKind, Typ},
    test_keys::{TestKey, jwks},
    test_request::TestRequest,
    test_server::{Reply, TestServer, install_tls_provider},
};

/// What stands in for the provider.
struct Stage {
    keys: Vec<TestKey>,
    answer: Option<Value>,
}

fn fixtures() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    let folder = std::env::var_os("FIXTURES_DIR").map_or(beside, PathBuf::from).join("idp");
    folder.is_dir().then_some(folder)
}

fn read(preset: Preset) -> Node {
    let file = SourceFile { name: preset.name.into(), text: preset.text.into() };
    yaml::read(&Bundle { revision: "".into(), files: vec![file] }, 0).unwrap().remove(0)
}

/// A preset with its parameters put in.
fn filled(preset: Preset, given: &Map<String, Value>) -> (Value, Map<String, Value>) {
    let text = read(preset).to_json();
    let mut params = Map::new();
    let written = read(preset);
    for entry in written.get("params").and_then(Node::as_map).unwrap() {
        let (name, default) = (&entry.key.value, entry.value.to_json());
        let value = match (given.get(name), default.as_str()) {
            (Some(Value::Null), _) => json!("none"),
            (Some(value), _) => value.clone(),
            (None, Some("required")) => panic!("{} needs {name}", preset.name),
            (None, _) => json!(put_in(default.as_str().unwrap(), &params)),
        };
        params.insert(name.clone(), value);
    }
    let lets = written.get("let").and_then(Node::as_map).unwrap_or_default();
    let lets: Vec<Value> = lets.iter().map(|entry| json!([entry.key.value, entry.value.to_json()])).collect();
    let mut mechanism = text.clone();
    for key in ["preset", "about", "params", "require", "let", "principal"] {
        mechanism.as_object_mut().unwrap().remove(key);
    }
    let mut out = fill(&mechanism, &params);
    for key in ["require", "let", "principal"] {
        out[key] = text[key].clone();
    }
    out["let"] = lets.into();
    (out, params)
}

fn put_in(text: &str, params: &Map<String, Value>) -> String {
    let mut text = text.to_owned();
    for (name, value) in params {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text = text.replace(&format!("${{{name}}}"), &value);
    }
    text
}

fn fill(value: &Value, params: &Map<String, Value>) -> Value {
    match value {
        Value::String(text) => json!(put_in(text, params)),
        Value::Array(items) => items.iter().map(|item| fill(item, params)).collect(),
        Value::Object(entries) => {
            Value::Object(entries.iter().map(|(key, value)| (key.clone(), fill(value, params))).collect())
        }
        other => other.clone(),
    }
}

fn texts(value: &Value) -> Vec<Box<str>> {
    match value {
        Value::String(text) if text.starts_with('[') => texts(&serde_json::from_str(text).unwrap()),
        Value::String(text) => vec![text.as_str().into()],
        Value::Array(items) => items.iter().map(|item| item.as_str().unwrap().into()).collect(),
        _ => Vec::new(),
    }
}

fn names(value: &Value) -> Vec<HeaderName> {
    texts(value).iter().map(|name| name.parse().unwrap()).collect()
}

fn places(value: &Value) -> Places {
    let place = |place: &Value| {
        let text = |key: &str| place[key].as_str().map(Into::into);
        match (place["header"].as_str(), place["cookie"].as_str()) {
            (Some(name), _) => {
                Place::Header { name: name.parse().unwrap(), scheme: text("scheme"), prefix: text("prefix") }
            }
            (_, Some(name)) => Place::Cookie(name.into()),
            _ => panic!("no place: {place}"),
        }
    };
    value.as_array().map_or_else(Places::default, |found| Places::new(found.iter().map(place)))
}

fn seconds(value: &Value) -> Option<Duration> {
    let text = value.as_str()?;
    let (number, unit) = text.split_at(text.len() - 1);
    Some(Duration::from_secs(number.parse::<u64>().unwrap() * if unit == "m" { 60 } else { 1 }))
}

fn audience(value: &Value) -> Audience {
    match value.as_str() {
        Some("none") => Audience::Unchecked,
        _ => Audience::AnyOf(texts(value)),
    }
}

fn mapping(text: &Value, params: Map<String, Value>) -> MappingConfig {
    let expression = |value: &Value| -> Box<str> { value.as_str().unwrap().into() };
    let entries = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let require = text["require"].as_array().cloned().unwrap_or_default();
    let principal = &text["principal"];
    let attribute =
        |(name, value): (String, Value)| Attribute { name: name.into(), expression: expression(&value) };
    let named = |pair: &Value| Named { name: expression(&pair[0]), expression: expression(&pair[1]) };
    let requirement = |required: &Value| Requirement {
        expression: expression(&required["expr"]),
        reason: expression(&required["reason"]),
        insufficient: required["insufficient"] == json!(true),
    };
    MappingConfig {
        id: expression(&principal["id"]),
        roles: expression(&principal["roles"]),
        attributes: entries(&principal["attr"]).into_iter().map(attribute).collect(),
        lets: text["let"].as_array().unwrap().iter().map(named).collect(),
        require: require.iter().map(requirement).collect(),
        params,
        ..MappingConfig::default()
    }
}

async fn build(
    preset: &str,
    given: &Map<String, Value>,
    stage: &Stage,
) -> (Arc<dyn Authenticator>, Option<TestServer>) {
    install_tls_provider();
    let (text, params) = filled(Preset::named(preset).unwrap(), given);
    let mapping = mapping(&text, params);
    if text["jwt"].is_object() {
        let set = jwks(&stage.keys.iter().collect::<Vec<_>>());
        let each = TestServer::start(move |_| Reply::json(&set)).await;
        let per_key = text["jwt"]["per-key"].is_string().then(|| KeySource::PerKey(each.url("/keys")));
        return (Arc::new(jwt(&text["jwt"], mapping, stage, per_key)), Some(each));
    }
    if text["headers"].is_object() {
        return (Arc::new(headers(&text["headers"], mapping)), None);
    }
    if text["client-certificate"].is_object() {
        return (Arc::new(certificate(&text["client-certificate"], mapping)), None);
    }
    let shown = stage.answer.clone().unwrap();
    let server = TestServer::start(move |_| {
        let reply = Reply::json(&shown["body"]).with_status(shown["status"].as_u64().unwrap());
        let headers = shown["headers"].as_object().cloned().unwrap_or_default();
        headers.iter().fold(reply, |reply, (name, value)| reply.with(name, value.as_str().unwrap()))
    })
    .await;
    if text["session"].is_object() {
        let mechanism = &text["session"];
        let mut config = SessionConfig::new(preset.into(), server.url("/whoami"), places(&mechanism["from"]));
        config.mapping = mapping;
        config.expires_at = mechanism["expires-at"].as_str().map(Into::into);
        config.cache_for = mechanism["cache-for"].as_str().map(|name| name.parse().unwrap());
        return (Arc::new(Session::new(config).unwrap()), Some(server));
    }
    let mechanism = &text["introspection"];
    let audience = audience(&mechanism["audience"]);
    let mut config = IntrospectionConfig::new(preset.into(), server.url("/introspect"), audience);
    config.mapping = mapping;
    config.opaque_only = mechanism["opaque-only"] == json!(true);
    (Arc::new(Introspection::new(config).unwrap()), Some(server))
}

fn jwt(mechanism: &Value, mapping: MappingConfig, stage: &Stage, per_key: Option<KeySource>) -> Jwt {
    let allowed =
        texts(&mechanism["algorithms"]).iter().map(|name| name.parse::<Algorithm>().unwrap()).collect();
    let mut set = jwks(&stage.keys.iter().collect::<Vec<_>>());
    if let Some(key_use) = mechanism["key-use"].as_str() {
        set["keys"].as_array_mut().unwrap().iter_mut().for_each(|key| key["use"] = key_use.into());
    }
    let issuer = match mechanism["issuer"].as_str().unwrap() {
        "none" => None,
        name => Some(name.into()),
    };
    let typ = texts(&mechanism["typ"]);
    let mut config = JwtConfig {
        from: places(&mechanism["from"]),
        issuers: vec![Issuer {
            issuer,
            audience: audience(&mechanism["audience"]),
            algorithms: allowed,
            keys: per_key.unwrap_or_else(|| KeySource::Inline(set.to_string().into())),
        }],
        mapping,
        max_lifetime: seconds(&mechanism["max-lifetime"]),
        ..JwtConfig::default()
    };
    if mechanism["spelling"] == json!("aws-alb") {
        config.spelling = Spelling::AwsAlb;
    }
    if mechanism["kind"] == json!("any") {
        config.kind = TokenKind::Any;
    }
    if let Some(skew) = seconds(&mechanism["skew"]) {
        config.skew = skew;
    }
    if let Some(key_use) = mechanism["key-use"].as_str() {
        config.key_limits = KeyLimits { key_use: key_use.into(), ..KeyLimits::default() };
    }
    if !typ.is_empty() {
        let absent = typ.iter().any(|value| &**value == "absent");
        config.typ = Typ { absent, values: typ.into_iter().filter(|value| &**value != "absent").collect() };
    }
    Jwt::new(config).unwrap()
}

fn peers(value: &Value) -> TrustedPeers {
    TrustedPeers {
        networks: texts(value).iter().map(|network| network.parse().unwrap()).collect(),
        secret: None,
    }
}

fn headers(mechanism: &Value, mapping: MappingConfig) -> Headers {
    let config = HeadersConfig {
        name: "headers".into(),
        trusted: peers(&mechanism["trusted-peers"]),
        fields: names(&mechanism["fields"]),
        json: names(&mechanism["json"]),
        mapping,
    };
    Headers::new(config).unwrap()
}

fn certificate(mechanism: &Value, mapping: MappingConfig) -> Certificate {
    let source = CertificateSource::Forwarded {
        field: mechanism["forwarded"].as_str().unwrap().parse().unwrap(),
        trusted: peers(&mechanism["trusted-peers"]),
        hops: mechanism["trusted-hops"].as_str().unwrap().parse().unwrap(),
    };
    Certificate::new(CertificateConfig {
        name: "xfcc".into(),
        source,
        mapping,
        cache: CacheConfig::default(),
    })
    .unwrap()
}

/// The keys that a case's token is signed with, under the ids it uses.
fn stage(case: &Value) -> Stage {
    let algorithm = case["jose_header"]["alg"].as_str().and_then(|name| name.parse().ok());
    let id = case["jose_header"]["kid"].as_str().unwrap_or("k");
    let mut keys = vec![TestKey::new(Algorithm::RS256, "other")];
    keys.extend(algorithm.map(|algorithm| TestKey::new(algorithm, id)));
    Stage { keys, answer: case.get("response").cloned() }
}

/// The request that carries a case's credential.
fn request(case: &Value, stage: &Stage) -> TestRequest {
    let token = match case["credential"].as_str().unwrap() {
        "jwt" => {
            let (header, claims) = (case["jose_header"].to_string(), case["claims"].to_string());
            let key = stage.keys.last().unwrap();
            match case["encoding"].as_str() {
                Some("base64url-with-padding") => Some(key.sign_padded(&header, &claims)),
                _ => Some(key.sign(&header, &claims)),
            }
        }
        "opaque" => case["token"].as_str().map(str::to_owned),
        _ => None,
    };
    let mut request = TestRequest::new(&[]).from(case["peer"].as_str().unwrap_or("127.0.0.1"));
    let mut add = |name: &str, value: &str| {
        request.headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    };
    if let Some(token) = token {
        let carrier = &case["carrier"];
        match (carrier["cookie"].as_str(), carrier["header"].as_str(), carrier["scheme"].as_str()) {
            (Some(name), ..) => add("cookie", &format!("{name}={token}")),
            (_, Some(name), Some(scheme)) => add(name, &format!("{scheme} {token}")),
            (_, Some(name), None) => add(name, &token),
            _ => add("authorization", &format!("Bearer {token}")),
        }
    }
    let shown = |part: &Value| part.as_object().cloned().unwrap_or_default();
    for (name, value) in shown(&case["headers"]).iter().chain(&shown(&case["request"]["header"])) {
        add(name, value.as_str().unwrap());
    }
    for (name, value) in shown(&case["request"]["cookie"]) {
        add("cookie", &format!("{name}={}", value.as_str().unwrap()));
    }
    request
}

fn preset_for(provider: &str, credential: &str) -> String {
    match (provider, credential) {
        ("fusionauth", "session") => "fusionauth-user-api".to_owned(),
        ("ory-hydra", "opaque") => "ory-hydra-introspection".to_owned(),
        ("ory-oathkeeper", "headers") => "ory-oathkeeper-headers".to_owned(),
        _ => provider.to_owned(),
    }
}

async fn outcome(preset: &str, params: &Map<String, Value>, case: &Value) -> Value {
    let stage = stage(case);
    let (authenticator, _server) = build(preset, params, &stage).await;
    let request = request(case, &stage);
    match Chain::new([authenticator]).authenticate(&request.presented()).await {
        Ok(identity) => json!({"principal": {
            "id": &*identity.subject,
            "roles": identity.roles.iter().map(|role| &**role).collect::<Vec<_>>(),
            "attr": portreeve_cel::Value::Map(identity.attributes.clone()),
        }}),
        Err(refused) => json!({"status": refused.rejection.status().as_u16(), "why": refused.to_string()}),
    }
}

#[tokio::test]
async fn every_provider_is_read_as_its_preset_says() {
    let Some(folder) = fixtures() else {
        eprintln!("skipped: no fixtures beside the workspace (set FIXTURES_DIR)");
        return;
    };
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut cases, mut wrong) = (0, Vec::new());
    for file in files {
        let fixture: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let provider = fixture["provider"].as_str().unwrap();
        for case in fixture["cases"].as_array().unwrap().iter().filter(|case| case.get("expect").is_some()) {
            let preset = preset_for(provider, case["credential"].as_str().unwrap());
            let mut params = fixture["params"].as_object().unwrap().clone();
            params.entry("trusted_peers").or_insert_with(|| json!(["127.0.0.1/32"]));
            params.extend(case["params"].as_object().cloned().unwrap_or_default());
            let mut found = outcome(&preset, &params, case).await;
            let expected = match case["expect"]["principal"].as_object() {
                Some(principal) => json!({"principal": principal}),
                None => json!({"status": case["expect"]["status"], "why": found["why"].take()}),
            };
            if let Value::Object(map) = &mut found
                && map.get("why") == Some(&Value::Null)
            {
                map.insert("why".into(), expected["why"].clone());
            }
            cases += 1;
            if found != expected {
                let name = case["name"].as_str().unwrap();
                wrong.push(format!("{provider}/{name}\n  expected {expected}\n  found    {found}"));
            }
        }
    }
    eprintln!("{cases} cases");
    assert!(wrong.is_empty(), "{} of {cases} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(cases > 100);
}
