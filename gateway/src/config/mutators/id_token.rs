use std::{sync::Arc, time::Duration};

use http::header::AUTHORIZATION;
use portreeve_diagnostics::{
    Diagnostic, Entry, Node, Report, Spanned,
    read::{Fields, choice, duration, items, text, wrong_type},
};
use portreeve_enforce::{AudienceOf, IdToken, Mutator};
use portreeve_identity::{
    jwt::Algorithm,
    mint::{Mint, SigningKey},
};
use portreeve_route_config::{HeaderTemplate, Value};

use super::{Reading, each};
use crate::config::secrets::secret;

/// How long a token lives when nothing is said.
const LIFE: Duration = Duration::from_secs(300);

/// What only the mint says.
const RESERVED: [&str; 6] = ["iss", "aud", "iat", "nbf", "exp", "jti"];

/// One who signs, with what it was made from.
#[derive(Clone, Debug)]
pub(crate) struct KeptMint {
    /// Who signs.
    pub(crate) mint: Arc<Mint>,
    name: Arc<str>,
    settings: (String, Duration, Vec<String>),
}

/// A token about the caller that the gateway signs.
pub(super) fn id_token(
    reading: &Reading<'_>,
    node: &Node,
    mints: &mut Vec<KeptMint>,
    report: &mut Report,
) -> Option<Mutator> {
    let mut fields = Fields::of(node, "`id-token`", report)?;
    let issuer = fields.required("issuer", report).and_then(|node| text(node, "`issuer`", report));
    let algorithm = fields.optional("algorithm").map(|node| algorithm(node, report));
    let algorithm = algorithm.unwrap_or(Some(Algorithm::ES256));
    let key = fields.required("key", report).zip(algorithm).and_then(|(node, algorithm)| {
        let key = key(node, algorithm, reading, report)?;
        Some((key, algorithm))
    });
    let previous = fields.optional("previous");
    let life = fields.optional("life").map_or(Some(LIFE), |node| life(node, report));
    let audience = fields.optional("audience").map(|node| audience(node, reading, report));
    let claims = fields.optional("claims").map(|node| each(node, "`claims`", claim, report));
    let header = fields.optional("header").map(|node| {
        let name = text(node, "`header`", report)?;
        HeaderTemplate::name_of_mutator(&name, report)
    });
    let scheme = fields.optional("scheme").map(|node| scheme(node, report));
    fields.finish(report);
    let (key, algorithm) = key?;
    let previous = items_of(previous).iter().map(|node| self::key(node, algorithm, reading, report));
    let previous = previous.collect::<Option<Vec<_>>>()?;
    let mint = mint(reading, issuer?.value, life?, key, previous, mints);
    let header = header.unwrap_or(Some(AUTHORIZATION))?;
    // A field of one's own holds the token alone.
    let usual = (header == AUTHORIZATION).then(|| "Bearer".into());
    Some(Mutator::IdToken(Arc::new(IdToken {
        mint,
        audience: audience.unwrap_or_else(|| Some(AudienceOf::default()))?,
        claims: claims.unwrap_or_else(|| Some(Vec::new()))?.into(),
        scheme: scheme.map_or(Some(usual), |scheme| scheme.map(Some))?,
        header,
    })))
}

fn items_of(node: Option<&Node>) -> &[Node] {
    node.map(items).unwrap_or_default()
}

/// The one that signed before with the same key, or a new one that publishes what the one before signed with too.
fn mint(
    reading: &Reading<'_>,
    issuer: String,
    life: Duration,
    key: SigningKey,
    previous: Vec<SigningKey>,
    mints: &mut Vec<KeptMint>,
) -> Arc<Mint> {
    let ids = std::iter::once(&key).chain(&previous).map(|key| key.id().to_owned()).collect();
    let settings = (issuer, life, ids);
    let before = reading.before.iter().find(|kept| *kept.name == *reading.name.value);
    let mint = match before {
        Some(kept) if kept.settings == settings => Arc::clone(&kept.mint),
        _ => {
            let last = before.and_then(|kept| kept.mint.keys().into_iter().next());
            let others = previous.into_iter().map(Arc::new).chain(last);
            Arc::new(Mint::new(&settings.0, life, key).publishing(others))
        }
    };
    let name = reading.name.value.as_str().into();
    mints.push(KeptMint { mint: Arc::clone(&mint), name, settings });
    mint
}

fn algorithm(node: &Node, report: &mut Report) -> Option<Algorithm> {
    let all = Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric());
    let all: Vec<_> = all.map(|algorithm| (algorithm.name(), algorithm)).collect();
    choice(node, "`algorithm`", &all, report)
}

fn key(node: &Node, algorithm: Algorithm, reading: &Reading<'_>, report: &mut Report) -> Option<SigningKey> {
    let pem = secret(node, "a private key", reading.folder, report)?;
    match SigningKey::read(&pem, algorithm) {
        Ok(key) => Some(key),
        Err(bad) => {
            let message = format!("this cannot sign with `{}`: {bad}", algorithm.name());
            report.push(Diagnostic::error("mutator/signing-key", message).at(node.span, "this key").help(
                "make one with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`, or name its `algorithm`",
            ));
            None
        }
    }
}

fn life(node: &Node, report: &mut Report) -> Option<Duration> {
    let life = duration(node, "`life`", report)?;
    if life < Duration::from_secs(10) {
        report.push(
            Diagnostic::error("mutator/life", "a token must live for 10 s at least")
                .at(node.span, "too short to be used"),
        );
        return None;
    }
    Some(life)
}

/// One audience for all upstreams, or one for each by name.
fn audience(node: &Node, reading: &Reading<'_>, report: &mut Report) -> Option<AudienceOf> {
    if node.as_map().is_none() {
        let otherwise = Some(text(node, "`audience`", report)?.value.into());
        return Some(AudienceOf { otherwise, ..AudienceOf::default() });
    }
    let one = |Entry { key, value, .. }: &Entry, report: &mut Report| {
        if !reading.upstreams.iter().any(|known| **known == *key.value) {
            let message = format!("there is no upstream `{}`", key.value);
            let found = Diagnostic::error("mutator/unknown-upstream", message).at(key.span, "unknown");
            let known = reading.upstreams.iter().map(AsRef::as_ref);
            report.push(match portreeve_diagnostics::suggest::nearest(&key.value, known) {
                Some(near) => found.help(format!("did you mean `{near}`?")),
                None => found,
            });
        }
        Some((key.value.as_str().into(), text(value, "an audience", report)?.value.into()))
    };
    let entries = node.as_map()?;
    let upstreams: Vec<_> = entries.iter().map(|entry| one(entry, report)).collect();
    Some(AudienceOf { upstreams: upstreams.into_iter().collect::<Option<_>>()?, otherwise: None })
}

fn claim(name: &Spanned<String>, node: &Node, report: &mut Report) -> Option<(Box<str>, Value)> {
    if RESERVED.contains(&name.value.as_str()) {
        let message = format!("`{}` is for the gateway to say", name.value);
        report.push(Diagnostic::error("mutator/claim", message).at(name.span, "every token has it"));
        return None;
    }
    let value = Value::of_mutator(node, &format!("`{}`", name.value), report)?;
    Some((name.value.as_str().into(), value))
}

pub(super) fn scheme(node: &Node, report: &mut Report) -> Option<Box<str>> {
    let written = text(node, "`scheme`", report)?;
    let token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if written.value.is_empty() || !written.value.bytes().all(token) {
        report.push(wrong_type(node, "`scheme`", "one word, such as `Bearer`"));
        return None;
    }
    Some(written.value.into())
}
