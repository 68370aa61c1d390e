//! Tokens that come with questions: whether they can be trusted, and what they say.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use arc_swap::ArcSwapOption;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use portreeve_api::pdp::{
    ReadTokens, Untrusted,
    config::{KeySet, Keys, Tokens},
};
use portreeve_cel::{Map, Value};
use portreeve_diagnostics::Diagnostic;
use serde_json::Value as Json;

use super::keys::KeyRing;

/// Verifies tokens with the key sets of a configuration.
#[derive(Debug)]
pub(crate) struct Verifier {
    unverified: bool,
    skew: Duration,
    sets: BTreeMap<String, Set>,
}

#[derive(Debug)]
struct Set {
    told: KeySet,
    /// Nothing as long as it could not be fetched.
    ring: ArcSwapOption<KeyRing>,
}

impl Verifier {
    /// Reads the keys that are in files and in the configuration.
    pub(super) fn new(tokens: &Tokens) -> Result<Self, Diagnostic> {
        let mut sets = BTreeMap::new();
        for told in &tokens.key_sets {
            let ring = ring(told).map_err(|why| {
                let message = format!("the key set `{}` cannot be used: {why}", told.id);
                Diagnostic::error("pdp/key-set", message).at(told.written, "this one")
            })?;
            let ring = ArcSwapOption::from(ring.map(Arc::new));
            sets.insert(told.id.clone(), Set { told: told.clone(), ring });
        }
        Ok(Self { unverified: tokens.unverified, skew: tokens.skew, sets })
    }

    /// Fetches the keys that are elsewhere. Those that cannot be fetched are logged, and those before stay.
    pub(super) async fn fetch(&self) {
        for set in self.sets.values() {
            self.fetch_one(set).await;
        }
    }

    async fn fetch_one(&self, set: &Set) {
        let Keys::Remote { url, .. } = &set.told.keys else { return };
        match fetched(url, &set.told).await {
            Ok(ring) => set.ring.store(Some(Arc::new(ring))),
            Err(error) => tracing::error!(url, error, "keys cannot be fetched"),
        }
    }

    /// Fetches them again and again, each set in its own interval. Ends when there are none.
    pub(super) async fn refresh(self: Arc<Self>) {
        let every = self.sets.values().map(|set| {
            let verifier = &self;
            async move {
                let Keys::Remote { refresh, .. } = &set.told.keys else { return };
                loop {
                    tokio::time::sleep((*refresh).max(Duration::from_secs(1))).await;
                    verifier.fetch_one(set).await;
                }
            }
        });
        futures_util::future::join_all(every).await;
    }

    fn signed(&self, token: &str, key_set: Option<&str>) -> Result<(), String> {
        let set = match (key_set, self.sets.len()) {
            (Some(id), _) => self.sets.get(id).ok_or_else(|| format!("there is no key set `{id}`"))?,
            (None, 1) => self.sets.values().next().ok_or("there is no key set")?,
            (None, 0) => return Err("there is no key set".into()),
            (None, _) => return Err("there are several key sets, and none is named".into()),
        };
        let ring = set.ring.load_full().ok_or("its keys could not be fetched")?;
        ring.signed(token)
    }
}

impl ReadTokens for Verifier {
    fn read(&self, token: &str, key_set: Option<&str>) -> Result<Map, Untrusted> {
        if !self.unverified {
            self.signed(token, key_set).map_err(Untrusted)?;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        claims(token, now, self.skew.as_secs_f64()).map_err(Untrusted)
    }
}

fn ring(told: &KeySet) -> Result<Option<KeyRing>, String> {
    let (text, pem) = match &told.keys {
        Keys::Remote { .. } => return Ok(None),
        Keys::File { path, pem } => {
            (std::fs::read(path).map_err(|error| format!("`{path}`: {error}"))?, *pem)
        }
        Keys::Data { text, pem } => {
            (STANDARD.decode(text.trim()).map_err(|_| "`data` is not base64".to_owned())?, *pem)
        }
    };
    let ring = if pem { KeyRing::of_pem(&text, told) } else { KeyRing::of_json(&text, told) };
    ring.map(Some)
}

async fn fetched(url: &str, told: &KeySet) -> Result<KeyRing, String> {
    let get = async {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;
        client.get(url).send().await?.error_for_status()?.bytes().await
    };
    let text = get.await.map_err(|error| error.to_string())?;
    KeyRing::of_json(&text, told)
}

/// What the token says, if that is to be believed now: `aud` is a list, moments are RFC 3339, nulls are left out.
fn claims(token: &str, now: f64, skew: f64) -> Result<Map, String> {
    let payload = token.split('.').nth(1).ok_or("it is no token")?;
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| "its claims are not base64")?;
    let Ok(Json::Object(claims)) = serde_json::from_slice(&payload) else {
        return Err("its claims are no JSON object".into());
    };
    let moment = |name: &str| match claims.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(value) => {
            let seconds = value.as_f64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
            seconds.map(Some).ok_or_else(|| format!("its `{name}` is no moment"))
        }
    };
    if moment("exp")?.is_some_and(|exp| now >= exp.trunc() + skew) {
        return Err("it has expired".into());
    }
    for name in ["nbf", "iat"] {
        if moment(name)?.is_some_and(|at| now < at.trunc() - skew) {
            return Err(format!("its `{name}` is in the future"));
        }
    }
    let mut read = Vec::with_capacity(claims.len());
    for (name, value) in &claims {
        let value = match (name.as_str(), value) {
            (_, Json::Null) => continue,
            ("exp" | "nbf" | "iat", _) => Value::from(&*rfc3339(moment(name)?.unwrap_or_default())),
            ("aud", Json::String(one)) => Value::List([Value::from(one.as_str())].into()),
            (_, value) => Value::from(value.clone()),
        };
        read.push((name.as_str(), value));
    }
    Ok(read.into_iter().collect())
}

fn rfc3339(seconds: f64) -> String {
    let whole = Duration::try_from_secs_f64(seconds.trunc()).unwrap_or_default();
    humantime::format_rfc3339_seconds(UNIX_EPOCH + whole.min(Duration::from_secs(253_402_300_799)))
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn claims_become_what_conditions_expect() {
        let token = token(r#"{"aud": "a", "exp": 1949934039, "n": 1, "x": null, "l": [1]}"#);
        let read = claims(&token, 1_000.0, 0.0).unwrap();
        let mut names: Vec<_> = read.iter().map(|(name, _)| name.to_string()).collect();
        names.sort();
        assert_eq!(names, ["aud", "exp", "l", "n"]);
        assert_eq!(read.get("aud"), Some(&Value::List([Value::from("a")].into())));
        assert_eq!(read.get("exp"), Some(&Value::from("2031-10-16T16:20:39Z")));
        assert_eq!(read.get("n"), Some(&Value::Double(1.0)));
    }

    #[test]
    fn a_token_is_good_from_nbf_to_exp_and_as_long_as_the_skew_allows() {
        let token = token(r#"{"nbf": 100, "exp": 200}"#);
        for (now, skew, good) in [
            (99.0, 0.0, false),
            (100.0, 0.0, true),
            (199.0, 0.0, true),
            (200.0, 0.0, false),
            (205.0, 10.0, true),
        ] {
            assert_eq!(claims(&token, now, skew).is_ok(), good, "{now} {skew}");
        }
    }
}
