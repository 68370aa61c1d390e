//! File paths as text: Unix ones, and Windows ones with a drive or a share, without asking the machine.

pub(in crate::functions) mod calls;
mod glob;
mod lexical;

/// A path that these functions cannot take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadPath {
    /// `C:a` or `C:/a`: a path with a drive and more has a backslash somewhere.
    #[error("unsupported windows path `{0}`")]
    Drive(String),
    /// One path begins at the root and the other does not.
    #[error("cannot make `{target}` relative to `{base}`")]
    NotRelative {
        /// Where one stands.
        base: String,
        /// Where one wants to go.
        target: String,
    },
    /// A Windows path of one element has no parent.
    #[error("`{0}` has no parent")]
    NoParent(String),
    /// Brackets without an end, an empty range, a `]` or `-` where a character should be.
    #[error("syntax error in the pattern `{0}`")]
    Pattern(String),
}

/// How a path was written, to write the result the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Unix,
    /// Backslashes, relative or from the root of the current drive.
    Windows,
    /// `C:\…`
    Drive,
    /// `\\server\share\…`
    Share,
}

/// A cleaned path with slashes; a drive reads `/C:/…`, a share `/server/share/…`.
#[derive(Debug, Clone)]
struct Encoded {
    value: String,
    style: Style,
    /// Nothing but a drive or a share.
    root: bool,
}

impl Encoded {
    fn new(path: &str) -> Result<Self, BadPath> {
        let slashed = path.replace('\\', "/");
        let (style, value, root) = if let Some(rest) = path.strip_prefix(r"\\") {
            (Style::Share, slashed, rest.split('\\').count() == 2)
        } else if drive(path).is_some() {
            if path.len() > 2 && !path.contains('\\') {
                return Err(BadPath::Drive(path.to_owned()));
            }
            (Style::Drive, format!("/{slashed}"), path.len() <= 3)
        } else if path.contains('\\') {
            (Style::Windows, slashed, false)
        } else {
            (Style::Unix, slashed, false)
        };
        Ok(Self { value: lexical::clean(&value), style, root })
    }

    /// `value` in the style of this path.
    fn decode(&self, value: &str) -> String {
        let backslashed = || value.replace('/', "\\");
        match self.style {
            Style::Unix => value.to_owned(),
            Style::Windows => backslashed(),
            Style::Share => format!("\\{}", backslashed()),
            Style::Drive => {
                let text = backslashed();
                text.strip_prefix('\\').map_or(text.clone(), str::to_owned)
            }
        }
    }
}

/// `C:`, if the path begins with a drive letter.
fn drive(path: &str) -> Option<&str> {
    let name = path.get(..2)?;
    (name.ends_with(':') && name.starts_with(|c: char| c.is_ascii_alphabetic())).then_some(name)
}

/// The last element. `.` for an empty path, `/` for the root.
pub(crate) fn base(path: &str) -> Result<String, BadPath> {
    let encoded = Encoded::new(path)?;
    Ok(lexical::base(&encoded.value).to_owned())
}

/// Everything but the last element.
pub(crate) fn dir(path: &str) -> Result<String, BadPath> {
    let encoded = Encoded::new(path)?;
    Ok(match encoded.style {
        Style::Unix => lexical::dir(&encoded.value),
        Style::Drive if encoded.root => format!("{}\\", encoded.decode(&encoded.value)),
        Style::Share if encoded.root => encoded.decode(&encoded.value),
        _ => {
            let parent = encoded.value.rsplit_once('/').map(|(parent, _)| parent);
            encoded.decode(parent.ok_or_else(|| BadPath::NoParent(path.to_owned()))?)
        }
    })
}

/// From the last dot of the last element on, with the dot.
pub(crate) fn extension(path: &str) -> Result<String, BadPath> {
    let encoded = Encoded::new(path)?;
    let last = encoded.value.rsplit('/').next().unwrap_or_default();
    Ok(last.rfind('.').and_then(|dot| last.get(dot..)).unwrap_or_default().to_owned())
}

/// The drive or the share a path begins with; nothing for other paths.
pub(crate) fn volume(path: &str) -> &str {
    let Some(rest) = path.strip_prefix(r"\\") else { return drive(path).unwrap_or_default() };
    let mut parts = rest.split('\\');
    match (parts.next(), parts.next()) {
        (Some(server), Some(share)) if !server.is_empty() && !share.is_empty() => {
            path.get(..2 + server.len() + 1 + share.len()).unwrap_or_default()
        }
        _ => "",
    }
}

/// Puts elements together, in the style of the first. A single one is left as it is.
pub(crate) fn join(elements: &[&str]) -> Result<String, BadPath> {
    match elements {
        [] => Ok(String::new()),
        [only] => Ok((*only).to_owned()),
        [first, rest @ ..] => {
            let first = Encoded::new(first)?;
            let mut joined = first.value.clone();
            for element in rest {
                joined.push('/');
                joined.push_str(&Encoded::new(element)?.value);
            }
            Ok(first.decode(&lexical::clean(&joined)))
        }
    }
}

/// The way from `base` to `target`; `.` if they are the same.
pub(crate) fn relative(base: &str, target: &str) -> Result<String, BadPath> {
    let from = Encoded::new(base)?;
    let to = Encoded::new(target)?;
    let way = lexical::relative(&from.value, &to.value)
        .ok_or_else(|| BadPath::NotRelative { base: base.to_owned(), target: target.to_owned() })?;
    Ok(match (way.as_str(), to.style) {
        ("." | "..", _) => way,
        (_, Style::Share) => way.replace('/', "\\"),
        _ => to.decode(&way),
    })
}

/// Is `path` the same text as `prefix`, or a path below it? What lies below may not begin with a dot.
pub(crate) fn has_prefix(path: &str, prefix: &str) -> Result<bool, BadPath> {
    Ok(path == prefix || !relative(prefix, path)?.starts_with('.'))
}

/// A pattern ready to be matched with paths.
pub(crate) fn pattern(pattern: &str) -> Result<Pattern<'_>, BadPath> {
    Ok(Pattern { text: pattern, encoded: Encoded::new(pattern)?.value })
}

/// A glob: `*` and `?` stay within an element, `[…]` is a class.
pub(crate) struct Pattern<'p> {
    text: &'p str,
    encoded: String,
}

impl Pattern<'_> {
    /// Does the whole of `path` match?
    pub(crate) fn matches(&self, path: &str) -> Result<bool, BadPath> {
        let path = Encoded::new(path)?;
        glob::matches(&self.encoded, &path.value).ok_or_else(|| BadPath::Pattern(self.text.to_owned()))
    }
}

/// Does `path` match `glob`?
pub(crate) fn matches(path: &str, glob: &str) -> Result<bool, BadPath> {
    pattern(glob)?.matches(path)
}

#[cfg(test)]
mod tests;
