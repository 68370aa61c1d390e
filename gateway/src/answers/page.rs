use std::ops::Range;

/// A page with places to fill in: `{{ status }}`, `{{ title }}`, `{{ event }}` and `{{ login }}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(Box<str>),
    Value(Name),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Status,
    Title,
    Event,
    Login,
}

const NAMES: [(&str, Name); 4] =
    [("status", Name::Status), ("title", Name::Title), ("event", Name::Event), ("login", Name::Login)];

/// What is filled in. Everything is escaped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Values<'v> {
    /// The status, a number.
    pub(crate) status: u16,
    /// What it is called.
    pub(crate) title: &'v str,
    /// The event's id.
    pub(crate) event: &'v str,
    /// Where to log in.
    pub(crate) login: &'v str,
}

/// A place that cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unknown {
    /// What is written there; nothing where the place has no end.
    pub(crate) name: Option<String>,
    /// Where, in bytes.
    pub(crate) at: Range<usize>,
}

impl Page {
    /// The names of what can be filled in.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// Reads a page.
    ///
    /// # Errors
    /// Every place that cannot be filled in.
    pub(crate) fn read(text: &str) -> Result<Self, Vec<Unknown>> {
        let (mut parts, mut unknown, mut at) = (Vec::new(), Vec::new(), 0);
        while let Some((before, rest)) = text.get(at..).and_then(|left| left.split_once("{{")) {
            parts.push(Part::Text(before.into()));
            let start = at + before.len();
            let Some((inside, _)) = rest.split_once("}}") else {
                unknown.push(Unknown { name: None, at: start..start + 2 });
                return Err(unknown);
            };
            at = start + 2 + inside.len() + 2;
            let name = inside.trim();
            match NAMES.iter().find(|(known, _)| *known == name) {
                Some((_, name)) => parts.push(Part::Value(*name)),
                None => unknown.push(Unknown { name: Some(name.to_owned()), at: start..at }),
            }
        }
        parts.push(Part::Text(text.get(at..).unwrap_or_default().into()));
        if unknown.is_empty() { Ok(Self(parts)) } else { Err(unknown) }
    }

    /// Whether it speaks of a login.
    pub(crate) fn speaks_of_a_login(&self) -> bool {
        self.0.contains(&Part::Value(Name::Login))
    }

    /// The page, filled in.
    pub(crate) fn filled(&self, values: &Values<'_>) -> String {
        let mut page = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => page.push_str(text),
                Part::Value(Name::Status) => page.push_str(&values.status.to_string()),
                Part::Value(Name::Title) => escape(values.title, &mut page),
                Part::Value(Name::Event) => escape(values.event, &mut page),
                Part::Value(Name::Login) => escape(values.login, &mut page),
            }
        }
        page
    }
}

/// So that it is text within an element and within an attribute of either quotes.
fn escape(text: &str, page: &mut String) {
    for character in text.chars() {
        match character {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            other => page.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> String {
        let login = "https://l.test/?a=b&c='\"><script>";
        Page::read(text).unwrap().filled(&Values { status: 403, title: "<Forbidden>", event: "0199", login })
    }

    #[test]
    fn a_page_is_filled_in_and_what_is_filled_in_is_text() {
        for (text, expected) in [
            ("", ""),
            ("<h1>{{status}} {{ title }}</h1>", "<h1>403 &lt;Forbidden&gt;</h1>"),
            ("{{ event }}{{event}}", "01990199"),
            ("<a href='{{ login }}'>", "<a href='https://l.test/?a=b&amp;c=&#39;&quot;&gt;&lt;script&gt;'>"),
            ("body { color: red } }}", "body { color: red } }}"),
            ("ä{{ status }}ö", "ä403ö"),
        ] {
            assert_eq!(filled(text), expected, "{text}");
        }
    }

    #[test]
    fn every_place_that_cannot_be_filled_in_is_said() {
        let said = |text: &str| {
            let unknown = Page::read(text).unwrap_err();
            unknown
                .into_iter()
                .map(|unknown| (unknown.name, text.get(unknown.at).unwrap_or_default().to_owned()))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            said("é{{ statu }}{{ status }}{{}}"),
            [(Some("statu".to_owned()), "{{ statu }}".to_owned()), (Some(String::new()), "{{}}".to_owned())]
        );
        assert_eq!(said("{{ status }} {{ title"), [(None, "{{".to_owned())]);
        assert_eq!(said("{{ env.SECRET }}").len(), 1);
    }

    #[test]
    fn only_a_page_that_says_so_speaks_of_a_login() {
        assert!(Page::read("{{ login }}").unwrap().speaks_of_a_login());
        assert!(!Page::read("login {{ title }}").unwrap().speaks_of_a_login());
    }
}
