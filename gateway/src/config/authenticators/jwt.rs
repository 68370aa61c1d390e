use std::sync::Arc;

use portreeve_diagnostics::{
    Diagnostic, Entry, Kind, Node, Report,
    read::{Fields, choice, duration, items, positive_duration, some_texts, text, texts, wrong_type},
};
use portreeve_identity::{
    Authenticator,
    jwt::{Algorithm, Issuer, Jwt, JwtConfig, KeySource, RequiredClaim, Spelling, TokenKind, Typ},
};

use super::{
    Way, built,
    mapping::mapping,
    shared::{audience, cache, headers, places, scopes, set_duration, trusted},
};
use crate::config::{Folder, secrets::secret};

/// Tokens that an issuer signed.
pub(super) fn jwt(way: &Way<'_>, report: &mut Report) -> Option<Arc<dyn Authenticator>> {
    let mut fields = Fields::of(way.node, "`jwt`", report)?;
    let issuers = issuers(&mut fields, way.folder, report);
    let mut config = JwtConfig { name: way.name(), ..JwtConfig::default() };
    let options = options(&mut fields, &mut config, report);
    fields.finish(report);
    config.issuers = issuers?;
    options?;
    config.mapping = mapping(way.written, report)?;
    built(Jwt::new(config), way, report)
}

/// One issuer, written out, or several in a list.
fn issuers(fields: &mut Fields<'_>, folder: &Folder, report: &mut Report) -> Option<Vec<Issuer>> {
    let Some(list) = fields.optional("issuers") else {
        return issuer(fields, folder, report).map(|only| vec![only]);
    };
    let each = |node| {
        let mut fields = Fields::of(node, "an issuer", report)?;
        let issuer = issuer(&mut fields, folder, report);
        fields.finish(report);
        issuer
    };
    let all: Vec<Option<Issuer>> = items(list).iter().map(each).collect();
    all.into_iter().collect()
}

fn issuer(fields: &mut Fields<'_>, folder: &Folder, report: &mut Report) -> Option<Issuer> {
    let issuer = fields.required("issuer", report).and_then(|node| text(node, "`issuer`", report));
    let audience = fields.required("audience", report).and_then(|node| audience(node, report));
    let algorithms = fields.required("algorithms", report).map(|node| algorithms(node, report));
    let keys = keys(fields, folder, report);
    // `none` must be said for tokens that name no issuer by design.
    let issuer = Some(issuer?.value).filter(|issuer| issuer != "none").map(Into::into);
    Some(Issuer { issuer, audience: audience?, algorithms: algorithms?, keys: keys? })
}

pub(super) fn algorithms(node: &Node, report: &mut Report) -> Vec<Algorithm> {
    let mut all = Vec::new();
    for name in texts(node, "an algorithm", report) {
        match name.value.parse() {
            Ok(algorithm) => all.push(algorithm),
            Err(_) => {
                let message = format!("`{}` is not an algorithm that can be trusted", name.value);
                report
                    .push(Diagnostic::error("jwt/unknown-algorithm", message).at(name.span, "unknown").help(
                    "use `RS256`, `PS256`, `ES256`, `EdDSA` and their longer kin, or `HS256` with a secret",
                ));
            }
        }
    }
    all
}

/// Where the keys are: exactly one of `jwks`, `discovery`, `per-key` and `secret`.
fn keys(fields: &mut Fields<'_>, folder: &Folder, report: &mut Report) -> Option<KeySource> {
    let jwks = fields.optional("jwks");
    let discovery = fields.optional("discovery");
    let hidden = fields.optional("secret");
    let per_key = fields.optional("per-key");
    let said = [jwks, discovery, hidden, per_key].iter().flatten().count();
    if said != 1 {
        let message =
            format!("a `jwt` authenticator must say once where its keys are, and this says so {said} times");
        report.push(
            Diagnostic::error("jwt/keys", message)
                .at(fields.head(), "this one")
                .help("say `jwks: FILE-OR-URL`, `discovery: URL`, `per-key: URL` or `secret: ${NAME}`"),
        );
        return None;
    }
    if let Some(node) = hidden {
        return secret(node, "`secret`", folder, report).map(KeySource::Secret);
    }
    if let Some(node) = discovery {
        let written = text(node, "`discovery`", report)?;
        return trusted(&written, report).map(KeySource::Discovery);
    }
    if let Some(node) = per_key {
        let written = text(node, "`per-key`", report)?;
        return trusted(&written, report).map(KeySource::PerKey);
    }
    let written = text(jwks?, "`jwks`", report)?;
    if written.value.contains("://") {
        return trusted(&written, report).map(KeySource::Url);
    }
    Some(KeySource::File(folder.path(&written.value)))
}

fn options(fields: &mut Fields<'_>, config: &mut JwtConfig, report: &mut Report) -> Option<()> {
    if let Some(node) = fields.optional("from") {
        config.from = places(node, report);
    }
    if let Some(node) = fields.optional("kind") {
        let kinds = [("access", TokenKind::Access), ("any", TokenKind::Any)];
        config.kind = choice(node, "`kind`", &kinds, report)?;
    }
    if let Some(node) = fields.optional("typ") {
        let values = some_texts(node, "`typ`", report).into_iter().map(|value| value.value.into()).collect();
        config.typ = Typ { absent: false, values };
    }
    if let Some(node) = fields.optional("spelling") {
        let spellings = [("standard", Spelling::Standard), ("aws-alb", Spelling::AwsAlb)];
        config.spelling = choice(node, "`spelling`", &spellings, report)?;
    }
    if let Some(node) = fields.optional("required-claims") {
        config.required_claims = claims(node, report)?;
    }
    if let Some(node) = fields.optional("scopes") {
        config.scopes = scopes(node, report)?;
    }
    if let Some(node) = fields.optional("realm") {
        config.realm = Some(text(node, "`realm`", report)?.value.into());
    }
    if let Some(node) = fields.optional("key-use") {
        config.key_limits.key_use = text(node, "`key-use`", report)?.value.into();
    }
    if let Some(node) = fields.optional("strip") {
        config.strip = headers(node, report);
    }
    if let Some(node) = fields.optional("cache") {
        config.cache = cache(node, config.cache.clone(), report)?;
    }
    times(fields, config, report)
}

fn times(fields: &mut Fields<'_>, config: &mut JwtConfig, report: &mut Report) -> Option<()> {
    set_duration(&mut config.skew, fields.optional("skew"), "`skew`", duration, report);
    let timing = &mut config.key_timing;
    set_duration(&mut timing.refresh, fields.optional("refresh"), "`refresh`", positive_duration, report);
    set_duration(
        &mut timing.cool_down,
        fields.optional("cool-down"),
        "`cool-down`",
        positive_duration,
        report,
    );
    if let Some(node) = fields.optional("max-age") {
        config.max_age = Some(positive_duration(node, "`max-age`", report)?);
    }
    if let Some(node) = fields.optional("max-lifetime") {
        config.max_lifetime = Some(positive_duration(node, "`max-lifetime`", report)?);
    }
    Some(())
}

fn claims(node: &Node, report: &mut Report) -> Option<Vec<RequiredClaim>> {
    let Some(entries) = node.as_map() else {
        report.push(wrong_type(node, "`required-claims`", "a mapping from claims to what they may be"));
        return None;
    };
    let claim = |entry: &Entry, report: &mut Report| RequiredClaim {
        name: entry.key.value.as_str().into(),
        any_of: match entry.value.kind {
            Kind::Null => Vec::new(),
            _ => some_texts(&entry.value, "a claim", report)
                .into_iter()
                .map(|text| text.value.into())
                .collect(),
        },
    };
    Some(entries.iter().map(|entry| claim(entry, report)).collect())
}
