//! The client's cookies on their way to the upstream.

use http::{
    HeaderMap, HeaderValue,
    header::{COOKIE, InvalidHeaderValue},
};

use crate::Edit;

/// The pairs of all `Cookie` fields, in order.
#[derive(Debug)]
pub(super) struct Jar {
    pairs: Vec<Vec<u8>>,
    changed: bool,
}

impl Jar {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let fields = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
        let pairs = fields.flat_map(|field| field.split(|byte| *byte == b';')).map(<[u8]>::trim_ascii);
        Self { pairs: pairs.filter(|pair| !pair.is_empty()).map(<[u8]>::to_vec).collect(), changed: false }
    }

    /// Takes out every cookie that somebody may take for one of this name.
    pub(super) fn remove(&mut self, name: &str) {
        let before = self.pairs.len();
        self.pairs.retain(|pair| !is_named(pair, name.as_bytes()));
        self.changed |= self.pairs.len() != before;
    }

    /// Puts in `NAME=VALUE`.
    pub(super) fn add(&mut self, pair: String) {
        self.pairs.push(pair.into_bytes());
        self.changed = true;
    }

    /// The change to the header, if there is one.
    pub(super) fn edit(self) -> Option<Edit> {
        if !self.changed {
            return None;
        }
        let line: Result<HeaderValue, InvalidHeaderValue> =
            HeaderValue::from_bytes(&self.pairs.join(&b"; "[..]));
        Some(match line {
            Ok(line) if !line.is_empty() => Edit::Set(COOKIE, line),
            // Bytes of a header that was read make a header again; without any there is nothing to send.
            _ => Edit::Remove(COOKIE),
        })
    }
}

/// Some servers decode the name, take a `.` and a space for a `_`, or look it up without regard to case.
fn is_named(pair: &[u8], name: &[u8]) -> bool {
    let key = pair.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii();
    let decoded: Vec<u8> = percent(key);
    let plain = |byte: u8| match byte {
        b'.' | b' ' | b'-' | b'[' => b'_',
        other => other.to_ascii_lowercase(),
    };
    let quoted = decoded.strip_prefix(b"\"").and_then(|key| key.strip_suffix(b"\"")).unwrap_or(&decoded);
    quoted.len() == name.len() && quoted.iter().zip(name).all(|(a, b)| plain(*a) == plain(*b))
}

fn percent(text: &[u8]) -> Vec<u8> {
    let hex = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if hex(high).is_some() && hex(low).is_some() => {
                out.push(hex(high).unwrap_or_default() << 4 | hex(low).unwrap_or_default());
                rest = after;
            }
            (b'+', after) => {
                out.push(b' ');
                rest = after;
            }
            (other, after) => {
                out.push(*other);
                rest = after;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(sent: &[&'static str], removed: &str) -> Option<Option<String>> {
        let mut headers = HeaderMap::new();
        for field in sent {
            headers.append(COOKIE, HeaderValue::from_static(field));
        }
        let mut jar = Jar::of(&headers);
        jar.remove(removed);
        jar.edit().map(|edit| match edit {
            Edit::Set(_, value) => Some(value.to_str().unwrap().to_owned()),
            Edit::Remove(_) => None,
        })
    }

    #[test]
    fn a_cookie_is_removed_in_every_spelling_and_the_others_stay_as_they_are() {
        for (sent, expected) in [
            (&["a=1; user_id=2; b=\"3\""][..], Some(Some("a=1; b=\"3\"".to_owned()))),
            (&["a=1; user.id=2"], Some(Some("a=1".to_owned()))),
            (&["User%5fID=2"], Some(None)),
            (&["user%20id=2;user+id=3;user-id", "user_id"], Some(None)),
            (&["user_id_=2; xuser_id=3; a=user_id"], None),
            (&["a=1", "user_id=2", "b=3"], Some(Some("a=1; b=3".to_owned()))),
            (&[], None),
        ] {
            assert_eq!(left(sent, "user_id"), expected, "{sent:?}");
        }
    }
}
