//! `basic`: name and password (RFC 7617).

mod throttle;

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use argon2::{Argon2, PasswordVerifier, password_hash::phc::PasswordHash};
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::future::BoxFuture;
use http::header::AUTHORIZATION;
use tokio::sync::Semaphore;

use crate::{
    Authenticator, CacheConfig, CacheFigures, Challenge, Credential, Flaw, Identity, Place, Places,
    Presented, Profile, Rejection, Secret, fingerprint,
    verdicts::{Fresh, Verdicts},
};
use throttle::Throttle;
pub use throttle::ThrottleConfig;

/// The longest name and password together that are looked at.
const LONGEST: usize = 1_024;

/// Identity by name and password.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BasicConfig {
    /// The name in the configuration.
    pub name: Arc<str>,
    /// The users.
    pub users: Vec<BasicUser>,
    /// The realm told in `WWW-Authenticate`.
    pub realm: Box<str>,
    /// How guessing is slowed down.
    pub throttle: ThrottleConfig,
    /// What is remembered. A password that was checked is remembered as a MAC under a key of this process.
    pub cache: CacheConfig,
}

/// One user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BasicUser {
    /// The name, compared byte for byte.
    pub name: Box<str>,
    /// The password's hash: argon2 in PHC format (`$argon2id$…`), or bcrypt (`$2b$…`).
    pub hash: Secret,
    /// Who that is.
    pub profile: Profile,
}

/// Authenticates callers by name and password.
pub struct Basic {
    config: BasicConfig,
    from: Places,
    users: HashMap<Box<str>, User>,
    /// A hash of the same kind and cost, so that an unknown name takes as long as a wrong password.
    decoy: Arc<str>,
    mac: hmac::Key,
    throttle: Throttle,
    hashing: Semaphore,
    verdicts: Verdicts,
    digest: [u8; 32],
}

struct User {
    hash: Arc<str>,
    identity: Arc<Identity>,
}

impl fmt::Debug for Basic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Basic").field("name", &self.config.name).finish_non_exhaustive()
    }
}

impl Basic {
    /// # Errors
    /// Everything that is wrong with the configuration.
    pub fn new(config: BasicConfig) -> Result<Self, Vec<Flaw>> {
        let mut flaws = flaws(&config);
        let mut key = [0; 32];
        if aws_lc_rs::rand::fill(&mut key).is_err() {
            flaws.push(Flaw::new("basic", "basic/no-randomness", "the system gives no random numbers"));
        }
        let Some(first) = config.users.first().filter(|_| flaws.is_empty()) else { return Err(flaws) };
        let digest = fingerprint::of(&("basic", &config));
        let users = config.users.iter().map(|user| {
            let identity = user.profile.identity(&config.name, None);
            (user.name.clone(), User { hash: user.hash.expose_text().into(), identity })
        });
        Ok(Self {
            from: Places::new([Place::Header {
                name: AUTHORIZATION,
                scheme: Some("Basic".into()),
                prefix: None,
            }]),
            users: users.collect(),
            decoy: first.hash.expose_text().into(),
            mac: hmac::Key::new(hmac::HMAC_SHA256, &key),
            throttle: Throttle::new(config.throttle.clone()),
            hashing: Semaphore::new(config.throttle.at_once.max(1)),
            verdicts: Verdicts::new(config.cache.clone(), digest),
            digest,
            config,
        })
    }

    /// A MAC of the whole credential: whoever reads the process's memory finds no fast digest of a password in it.
    fn key(&self, credential: &str) -> [u8; 32] {
        let tag = hmac::sign(&self.mac, credential.as_bytes());
        self.verdicts.key(tag.as_ref())
    }

    async fn check(&self, user: &str, password: &str, presented: &Presented<'_>) -> Result<Fresh, Rejection> {
        let now = presented.now;
        let guessers = guessers(user, presented);
        if let Some(wait) = self.throttle.wait(&guessers, now) {
            return Err(Rejection::Throttled { retry_after: Some(wait) });
        }
        let busy = || Rejection::Throttled { retry_after: Some(Duration::from_secs(1)) };
        let _turn = self.hashing.try_acquire().map_err(|_| busy())?;
        let known = self.users.get(user);
        let hash = Arc::clone(known.map_or(&self.decoy, |user| &user.hash));
        let password = Secret::new(password);
        let fits = tokio::task::spawn_blocking(move || fits(password.expose(), &hash)).await.unwrap_or(false);
        match known.filter(|_| fits) {
            Some(user) => {
                Ok(Fresh { identity: Arc::clone(&user.identity), until: now + self.config.cache.ttl })
            }
            None => {
                self.throttle.failed(&guessers, now);
                Err(Rejection::invalid("basic/wrong"))
            }
        }
    }
}

/// Who is guessing, and whom: a peer that tries many users is slowed down, and so is a user tried by many peers.
fn guessers(user: &str, presented: &Presented<'_>) -> Vec<String> {
    let peer = presented.peer.map(|peer| format!("peer {}", peer.to_canonical()));
    peer.into_iter().chain([format!("user {user}")]).collect()
}

fn fits(password: &[u8], hash: &str) -> bool {
    if is_bcrypt(hash) {
        // bcrypt looks at 72 bytes only; two passwords that begin alike must not be the same one.
        return password.len() <= 72 && bcrypt::verify(password, hash).unwrap_or(false);
    }
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password, &hash).is_ok())
}

fn is_bcrypt(hash: &str) -> bool {
    ["$2a$", "$2b$", "$2y$"].iter().any(|kind| hash.starts_with(kind))
}

fn flaws(config: &BasicConfig) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    if config.users.is_empty() {
        flaws.push(Flaw::new("users", "basic/no-user", "no user: nobody could call"));
    }
    for (index, user) in config.users.iter().enumerate() {
        let field = format!("users.{index}");
        let hash = user.hash.expose_text();
        let readable = match is_bcrypt(hash) {
            true => hash.len() == 60 && hash.parse::<bcrypt::HashParts>().is_ok(),
            false => hash.starts_with("$argon2") && PasswordHash::new(hash).is_ok(),
        };
        if !readable {
            let message = "not an argon2 hash (`$argon2id$…`) or a bcrypt hash (`$2b$…`)";
            flaws.push(Flaw::new(format!("{field}.hash"), "basic/hash", message));
        }
        if user.name.is_empty() || user.name.contains(':') || user.profile.subject.is_empty() {
            flaws.push(Flaw::new(
                format!("{field}.name"),
                "basic/name",
                "a name is not empty and has no `:`",
            ));
        }
        if config.users.iter().take(index).any(|earlier| earlier.name == user.name) {
            flaws.push(Flaw::new(format!("{field}.name"), "basic/twice", "the same name twice"));
        }
    }
    flaws
}

/// Name and password, as RFC 7617 joins them.
pub(crate) fn user_and_password(credential: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(credential).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

impl Authenticator for Basic {
    fn name(&self) -> &Arc<str> {
        &self.config.name
    }

    fn places(&self) -> Option<&Places> {
        Some(&self.from)
    }

    fn find<'r>(&self, presented: &Presented<'r>) -> Option<Credential<'r>> {
        self.from.find(presented)
    }

    fn recall(
        &self,
        credential: &Credential<'_>,
        presented: &Presented<'_>,
    ) -> Option<Result<Arc<Identity>, Rejection>> {
        let text = credential.text().filter(|text| text.len() <= 2 * LONGEST)?;
        self.verdicts.recall(&self.key(text), presented.now)
    }

    fn verify<'a>(
        &'a self,
        credential: Credential<'a>,
        presented: &'a Presented<'a>,
    ) -> BoxFuture<'a, Result<Arc<Identity>, Rejection>> {
        Box::pin(async move {
            let text = credential.text().ok_or(Rejection::Missing)?;
            if text.len() > 2 * LONGEST {
                return Err(Rejection::invalid("basic/too-long"));
            }
            let (user, password) = user_and_password(text)
                .filter(|(user, password)| user.len() + password.len() <= LONGEST)
                .ok_or_else(|| Rejection::invalid("basic/malformed"))?;
            let check = self.check(&user, &password, presented);
            self.verdicts.settle(self.key(text), presented.now, check).await
        })
    }

    fn challenge(&self) -> Option<Challenge> {
        Some(Challenge { realm: Some(self.config.realm.clone()), ..Challenge::new("Basic") })
    }

    fn digest(&self) -> [u8; 32] {
        self.digest
    }

    fn figures(&self) -> CacheFigures {
        self.verdicts.figures()
    }
}

#[cfg(test)]
mod tests;
