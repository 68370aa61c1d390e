use std::time::Duration;

use portreeve_diagnostics::{
    Diagnostic, Kind, Node, Report, Span,
    read::{Fields, duration, wrong_type},
};

use super::{flag, passed_over, word};

/// How tokens that come with questions are verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// `disableVerification`: signatures are not looked at.
    pub unverified: bool,
    /// `acceptableTimeSkew`
    pub skew: Duration,
    /// `keySets`, their ids different.
    pub key_sets: Vec<KeySet>,
}

/// Keys that tokens are signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySet {
    /// What requests call it.
    pub id: String,
    /// Where that is written.
    pub written: Span,
    /// Where they are.
    pub keys: Keys,
    /// `insecure.optionalAlg`: a key may be without `alg`.
    pub optional_alg: bool,
    /// `insecure.optionalKid`: tokens and keys may be without `kid`.
    pub optional_kid: bool,
}

/// Where the keys of a set are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// A file with a JSON Web Key (or a set), or PEM.
    File {
        /// The path as written.
        path: String,
        /// Whether it is PEM.
        pem: bool,
    },
    /// The keys themselves, in base64.
    Data {
        /// The text as written.
        text: String,
        /// Whether it is PEM.
        pem: bool,
    },
    /// A JSON Web Key Set that is fetched.
    Remote {
        /// From where.
        url: String,
        /// How often.
        refresh: Duration,
    },
}

pub(super) fn read(node: Option<&Node>, report: &mut Report) -> Tokens {
    let mut tokens = Tokens::default();
    let Some(mut aux) = node.and_then(|node| Fields::lenient(node, "`auxData`", report)) else {
        return tokens;
    };
    let jwt = aux.optional("jwt");
    aux.finish(report);
    let Some(mut fields) = jwt.and_then(|node| Fields::lenient(node, "`auxData.jwt`", report)) else {
        return tokens;
    };
    const WHAT: &str = "auxData.jwt";
    tokens.unverified = flag(&mut fields, "disableVerification", WHAT, report).unwrap_or(false);
    if let Some(node) = fields.optional("acceptableTimeSkew") {
        tokens.skew = duration(node, "`auxData.jwt.acceptableTimeSkew`", report).unwrap_or_default();
    }
    passed_over(&mut fields, "cacheSize", WHAT, "tokens are verified each time", report);
    if let Some(node) = fields.optional("keySets") {
        match node.as_seq() {
            Some(items) => tokens.key_sets = items.iter().filter_map(|item| key_set(item, report)).collect(),
            None => report.push(wrong_type(node, "`auxData.jwt.keySets`", "a list")),
        }
    }
    fields.finish(report);
    twice(&tokens.key_sets, report);
    tokens
}

fn twice(sets: &[KeySet], report: &mut Report) {
    for (index, set) in sets.iter().enumerate() {
        if let Some(first) = sets.iter().take(index).find(|other| other.id == set.id) {
            let message = format!("two key sets have the id `{}`", set.id);
            report.push(
                Diagnostic::error("pdp/key-set", message)
                    .at(set.written, "again")
                    .at(first.written, "the first one"),
            );
        }
    }
}

fn key_set(node: &Node, report: &mut Report) -> Option<KeySet> {
    let mut fields = Fields::lenient(node, "a key set", report)?;
    let written = fields.required("id", report)?.span;
    let id = word(&mut fields, "id", "keySets", report)?;
    let keys = match (fields.optional("local"), fields.optional("remote")) {
        (Some(local), None) => local_keys(local, report),
        (None, Some(remote)) => remote_keys(remote, report),
        _ => {
            let message = format!("the key set `{id}` should have one of `local` or `remote`");
            report.push(Diagnostic::error("pdp/key-set", message).at(written, "this one"));
            None
        }
    };
    let (mut optional_alg, mut optional_kid) = (false, false);
    if let Some(mut insecure) =
        fields.optional("insecure").and_then(|node| Fields::lenient(node, "`insecure`", report))
    {
        optional_alg = flag(&mut insecure, "optionalAlg", "insecure", report).unwrap_or(false);
        optional_kid = flag(&mut insecure, "optionalKid", "insecure", report).unwrap_or(false);
        insecure.finish(report);
    }
    fields.finish(report);
    Some(KeySet { id, written, keys: keys?, optional_alg, optional_kid })
}

fn local_keys(node: &Node, report: &mut Report) -> Option<Keys> {
    let mut fields = Fields::lenient(node, "`local`", report)?;
    let data = word(&mut fields, "data", "local", report);
    let file = word(&mut fields, "file", "local", report);
    let pem = flag(&mut fields, "pem", "local", report).unwrap_or(false);
    fields.finish(report);
    match (data, file) {
        (Some(text), None) => Some(Keys::Data { text, pem }),
        (None, Some(path)) => Some(Keys::File { path, pem }),
        _ => {
            let message = "a local key set has one of `file` and `data`";
            report.push(Diagnostic::error("pdp/key-set", message).at(node.span, "has not"));
            None
        }
    }
}

fn remote_keys(node: &Node, report: &mut Report) -> Option<Keys> {
    let mut fields = Fields::lenient(node, "`remote`", report)?;
    fields.required("url", report)?;
    let url = word(&mut fields, "url", "remote", report)?;
    let refresh = match fields.optional("refreshInterval") {
        Some(node) if node.kind != Kind::Null => duration(node, "`refreshInterval`", report)?,
        _ => Duration::from_secs(3600),
    };
    fields.finish(report);
    Some(Keys::Remote { url, refresh })
}
