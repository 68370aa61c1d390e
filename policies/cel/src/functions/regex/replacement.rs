//! The replacement text of `regex.replace`: `\0` to `\9` are groups, `\\` is a backslash, `$` is a dollar.

/// A replacement text taken apart.
#[derive(Debug)]
pub(crate) struct Replacement<'r>(Vec<Piece<'r>>);

/// A part of a replacement text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'r> {
    /// Text to be taken as it is.
    Text(&'r str),
    /// What the group of this number matched.
    Group(usize),
}

impl<'r> Replacement<'r> {
    /// Takes `text` apart; the pattern has `groups` groups.
    ///
    /// # Errors
    /// A message, if a backslash is followed by something else than a digit or a backslash, or names a group
    /// that the pattern has not.
    pub(crate) fn parse(text: &'r str, groups: usize) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('\\') {
            if !before.is_empty() {
                pieces.push(Piece::Text(before));
            }
            let mut chars = after.chars();
            pieces.push(match chars.next() {
                Some('\\') => Piece::Text("\\"),
                Some(c @ '0'..='9') => Piece::Group(group(c, groups)?),
                _ => {
                    return Err(format!(
                        "invalid replacement `{text}`: `\\` must be followed by a digit or `\\`"
                    ));
                }
            });
            rest = chars.as_str();
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest));
        }
        Ok(Self(pieces))
    }

    pub(crate) fn pieces(&self) -> impl Iterator<Item = &Piece<'r>> {
        self.0.iter()
    }
}

impl<'r> Piece<'r> {
    /// The text this piece stands for; `group` knows what the groups matched.
    pub(crate) fn text<'t>(&self, group: impl Fn(usize) -> &'t str) -> &'t str
    where
        'r: 't,
    {
        match self {
            Self::Text(text) => text,
            Self::Group(number) => group(*number),
        }
    }
}

fn group(digit: char, groups: usize) -> Result<usize, String> {
    let number = digit.to_digit(10).map_or(0, |d| d as usize);
    if number > groups {
        return Err(format!(
            "replacement refers to group {number} but the expression has only {groups} group(s)"
        ));
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_after_a_backslash_are_groups_and_dollars_are_text() {
        let parsed = Replacement::parse(r"$1\\a\10", 1).expect("parses");
        let expected =
            [Piece::Text("$1"), Piece::Text("\\"), Piece::Text("a"), Piece::Group(1), Piece::Text("0")];
        assert_eq!(parsed.0, expected);
    }

    #[test]
    fn other_escapes_and_missing_groups_are_errors() {
        for (text, groups) in [(r"\a", 1), (r"\2", 1), ("a\\", 1)] {
            assert!(Replacement::parse(text, groups).is_err(), "{text}");
        }
    }
}
