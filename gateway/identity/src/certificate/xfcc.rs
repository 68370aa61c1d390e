//! `x-forwarded-client-cert`, as Envoy writes it.

use serde_json::{Value, json};

/// One proxy's word about the certificate of its client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    by: Vec<String>,
    hash: String,
    subject: String,
    uri: Vec<String>,
    dns: Vec<String>,
}

impl Element {
    /// As expressions see it.
    pub(crate) fn value(&self) -> Value {
        json!({"by": self.by, "hash": self.hash, "subject": self.subject, "uri": self.uri, "dns": self.dns})
    }
}

/// The elements, from the first proxy's to the last's. `None` when the text is not of this form: nothing is guessed.
pub(crate) fn parse(text: &str) -> Option<Vec<Element>> {
    let mut elements = vec![Element::default()];
    let mut rest = text;
    loop {
        let (key, after) = rest.split_once('=')?;
        let (value, after) = value(after)?;
        set(elements.last_mut()?, key.trim_matches([' ', '\t']), value)?;
        let after = after.trim_start_matches([' ', '\t']);
        let mut characters = after.chars();
        match characters.next() {
            None => return Some(elements),
            Some(';') => {}
            Some(',') => elements.push(Element::default()),
            Some(_) => return None,
        }
        rest = characters.as_str();
    }
}

/// A value and what follows it. In quotes, `\"` is a quote; without, the value ends at a separator.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ';']).unwrap_or(text.len());
        let (value, rest) = text.split_at_checked(end)?;
        return (!value.contains('"')).then(|| (value.to_owned(), rest));
    };
    let mut out = String::new();
    let mut characters = quoted.chars();
    loop {
        match characters.next()? {
            '"' => return Some((out, characters.as_str())),
            '\\' => match characters.next()? {
                escaped @ ('"' | '\\') => out.push(escaped),
                other => out.extend(['\\', other]),
            },
            character => out.push(character),
        }
    }
}

fn set(element: &mut Element, key: &str, value: String) -> Option<()> {
    match key.to_ascii_lowercase().as_str() {
        "by" => element.by.push(value),
        "uri" => element.uri.push(value),
        "dns" => element.dns.push(value),
        "hash" if element.hash.is_empty() => element.hash = value,
        "subject" if element.subject.is_empty() => element.subject = value,
        "cert" | "chain" => {}
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_in_quotes_separate_nothing() {
        let text = r#"By=spiffe://a/gw;Hash=1f;Subject="CN=evil, O=\"Acme; Inc\",URI=spiffe://a/admin";URI=spiffe://a/guest;DNS=g.svc;DNS=g"#;
        let element = Element {
            by: vec!["spiffe://a/gw".into()],
            hash: "1f".into(),
            subject: r#"CN=evil, O="Acme; Inc",URI=spiffe://a/admin"#.into(),
            uri: vec!["spiffe://a/guest".into()],
            dns: vec!["g.svc".into(), "g".into()],
        };
        assert_eq!(parse(text).unwrap(), [element]);
    }

    #[test]
    fn elements_keep_their_order_and_keys_have_no_case() {
        let elements = parse("URI=first;hash=1, uri=second;HASH=2").unwrap();
        assert_eq!(elements.iter().map(|element| &*element.uri[0]).collect::<Vec<_>>(), ["first", "second"]);
    }

    #[test]
    fn what_is_not_of_the_form_is_not_read() {
        for bad in [
            "",
            "URI",
            "URI=a,",
            "URI=\"a",
            "URI=\"a\"b",
            "URI=a\"b\"",
            "Hash=1;Hash=2",
            "Other=1",
            "URI=a;;DNS=b",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
