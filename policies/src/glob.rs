/// A name, or a pattern of names: `view`, `view:*`, `*`. `*` stays between two colons, `**` does not, and `*` alone is
/// everything. A text without `*` is a name, whatever else is in it (Cerbos' rule).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Glob {
    Any,
    Name(Box<str>),
    Pattern(Box<[Part]>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Char(char),
    /// `?`
    One,
    /// `*`
    Some,
    /// `**`
    All,
    /// `[abc]`, `[a-z]`, `[!a]`
    Class {
        not: bool,
        ranges: Box<[(char, char)]>,
    },
    /// `{a,b}`
    Either(Box<[Box<[Part]>]>),
}

impl Glob {
    pub(crate) fn new(text: &str) -> Self {
        match text {
            "*" => Self::Any,
            _ if text.contains('*') => Self::pattern(text),
            _ => Self::Name(text.into()),
        }
    }

    /// Always a pattern, for the places where Cerbos reads one even without `*`.
    pub(crate) fn pattern(text: &str) -> Self {
        if text == "*" {
            return Self::Any;
        }
        let mut chars = text.chars().peekable();
        Self::Pattern(parts(&mut chars, false))
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Name(name) => **name == *text,
            Self::Pattern(parts) => {
                let text: smallvec::SmallVec<[char; 64]> = text.chars().collect();
                matches(parts, &text, &mut |rest| rest.is_empty())
            }
        }
    }
}

type Chars<'t> = std::iter::Peekable<std::str::Chars<'t>>;

fn parts(chars: &mut Chars<'_>, inner: bool) -> Box<[Part]> {
    let mut parts = Vec::new();
    while let Some(&c) = chars.peek() {
        if inner && matches!(c, ',' | '}') {
            break;
        }
        chars.next();
        parts.push(match c {
            '*' if chars.next_if_eq(&'*').is_some() => Part::All,
            '*' => Part::Some,
            '?' => Part::One,
            '[' => class(chars),
            '{' => either(chars),
            '\\' => Part::Char(chars.next().unwrap_or('\\')),
            c => Part::Char(c),
        });
    }
    parts.into()
}

fn class(chars: &mut Chars<'_>) -> Part {
    let not = chars.next_if_eq(&'!').is_some();
    let mut ranges = Vec::new();
    while let Some(low) = chars.next().filter(|c| *c != ']') {
        let high = if chars.next_if_eq(&'-').is_some() { chars.next().unwrap_or(low) } else { low };
        ranges.push((low, high));
    }
    Part::Class { not, ranges: ranges.into() }
}

fn either(chars: &mut Chars<'_>) -> Part {
    let mut choices = Vec::new();
    loop {
        choices.push(parts(chars, true));
        if chars.next() != Some(',') {
            return Part::Either(choices.into());
        }
    }
}

fn matches(parts: &[Part], text: &[char], done: &mut dyn FnMut(&[char]) -> bool) -> bool {
    let Some((part, later)) = parts.split_first() else { return done(text) };
    match part {
        Part::Some | Part::All => {
            let reach =
                if *part == Part::All { text.len() } else { text.iter().take_while(|c| **c != ':').count() };
            (0..=reach).any(|end| text.get(end..).is_some_and(|rest| matches(later, rest, done)))
        }
        Part::Either(choices) => {
            choices.iter().any(|choice| matches(choice, text, &mut |rest| matches(later, rest, done)))
        }
        single => match text.split_first() {
            Some((c, rest)) => fits(single, *c) && matches(later, rest, done),
            None => false,
        },
    }
}

fn fits(part: &Part, c: char) -> bool {
    match part {
        Part::Char(wanted) => *wanted == c,
        Part::One => c != ':',
        Part::Class { not, ranges } => ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *not,
        Part::Some | Part::All | Part::Either(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::Glob;

    #[test]
    fn stars_stop_at_colons_and_double_stars_do_not() {
        for (pattern, text, expected) in [
            ("*", "a:b:c", true),
            ("view:*", "view:x", true),
            ("view:*", "view", false),
            ("view:*", "view:x:y", false),
            ("view:**", "view:x:y", true),
            ("*:view", "a:view", true),
            ("*:view", "a:b:view", false),
            ("sys*", "system", true),
            ("sys*", "sys:tem", false),
            ("{a,b}", "a", false),
            ("{a,b}", "{a,b}", true),
            ("{a,b}*", "bx", true),
            ("vie?", "view", false),
            ("[a-c]*", "bx", true),
            ("[!a-c]*", "bx", false),
        ] {
            assert_eq!(Glob::new(pattern).matches(text), expected, "{pattern} {text}");
        }
    }
}
