//! Cookies that only the gateway can read and write.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::Secret;

/// A key for cookies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CookieKey {
    /// Its id: letters, digits, `-` and `_`, written in front of every cookie.
    pub id: Box<str>,
    /// 32 bytes.
    pub secret: Secret,
}

/// Seals with the first key and opens with any.
pub(super) struct Seals {
    keys: Vec<(Box<str>, LessSafeKey)>,
    /// What all cookies of this login are bound to.
    context: [u8; 32],
}

impl std::fmt::Debug for Seals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seals(..)")
    }
}

/// What a cookie is for: one kind is never taken for the other.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Session,
    Login,
    /// A session that is kept elsewhere, under this digest: one is never taken for another.
    Stored([u8; 32]),
}

impl Seals {
    pub(super) fn new(keys: &[CookieKey], context: [u8; 32]) -> Option<Self> {
        let keys = keys.iter().map(|key| {
            let unbound = UnboundKey::new(&AES_256_GCM, key.secret.expose()).ok()?;
            Some((key.id.clone(), LessSafeKey::new(unbound)))
        });
        Some(Self { keys: keys.collect::<Option<_>>()?, context })
    }

    /// `ID.BASE64URL(nonce, ciphertext, tag)`
    pub(super) fn seal(&self, purpose: Purpose, text: &[u8]) -> Option<String> {
        let (id, key) = self.keys.first()?;
        let mut nonce = [0; NONCE_LEN];
        aws_lc_rs::rand::fill(&mut nonce).ok()?;
        let mut sealed = text.to_vec();
        let aad = Aad::from(self.aad(purpose));
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed).ok()?;
        Some(format!("{id}.{}", URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat())))
    }

    pub(super) fn open(&self, purpose: Purpose, cookie: &str) -> Option<Vec<u8>> {
        let (id, sealed) = cookie.split_once('.')?;
        let (_, key) = self.keys.iter().find(|(known, _)| **known == *id)?;
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = sealed.to_vec();
        let length = key.open_in_place(nonce, Aad::from(self.aad(purpose)), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }

    fn aad(&self, purpose: Purpose) -> Vec<u8> {
        match purpose {
            Purpose::Session => [&self.context[..], b"s"].concat(),
            Purpose::Login => [&self.context[..], b"l"].concat(),
            Purpose::Stored(digest) => [&self.context[..], b"r", &digest].concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, byte: u8) -> CookieKey {
        CookieKey { id: id.into(), secret: Secret::new([byte; 32]) }
    }

    #[test]
    fn a_cookie_opens_with_the_key_and_for_the_purpose_it_was_sealed_with() {
        let old = Seals::new(&[key("1", 1)], [0; 32]).unwrap();
        let sealed = old.seal(Purpose::Session, b"text").unwrap();
        let rotated = Seals::new(&[key("2", 2), key("1", 1)], [0; 32]).unwrap();
        assert_eq!(rotated.open(Purpose::Session, &sealed).unwrap(), b"text");
        assert!(rotated.seal(Purpose::Session, b"text").unwrap().starts_with("2."));
        assert_eq!(old.open(Purpose::Login, &sealed), None);
        assert_eq!(old.open(Purpose::Stored([0; 32]), &sealed), None);
        let stored = old.seal(Purpose::Stored([1; 32]), b"text").unwrap();
        assert_eq!(old.open(Purpose::Stored([1; 32]), &stored).unwrap(), b"text");
        assert_eq!(old.open(Purpose::Stored([2; 32]), &stored), None);
        assert_eq!(Seals::new(&[key("2", 2)], [0; 32]).unwrap().open(Purpose::Session, &sealed), None);
        assert_eq!(Seals::new(&[key("1", 1)], [1; 32]).unwrap().open(Purpose::Session, &sealed), None);
        for changed in ["", "1", "1.", "1.AAAA", &format!("{sealed}A"), &sealed.replacen("1.", "2.", 1)] {
            assert_eq!(old.open(Purpose::Session, changed), None, "{changed}");
        }
        assert!(Seals::new(&[CookieKey { id: "x".into(), secret: Secret::new("short") }], [0; 32]).is_none());
    }
}
