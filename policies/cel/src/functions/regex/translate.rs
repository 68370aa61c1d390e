//! RE2 syntax, as Go's `regexp` reads it, written out again in the syntax of the `regex` crate.
//!
//! Both engines are linear and prefer the leftmost-first match; only the surface syntax differs. The result
//! contains nothing but escaped literals, explicit classes, groups, flags and repetitions, so no character of
//! the source can mean something to one engine and something else to the other.

use super::class;
use super::cursor::Cursor;

/// Go refuses a repetition, or nested repetitions multiplied, beyond this count.
const MAX_REPEAT: u32 = 1000;
/// Deeper nesting is refused; Go's own limit is 1000, the `regex` crate's is 250.
const MAX_DEPTH: usize = 200;

/// A pattern that RE2 would refuse: what is wrong, lower case, without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid regular expression: {0}")]
pub(crate) struct BadPattern(pub(crate) String);

impl BadPattern {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// Writes `pattern` in the `regex` crate's syntax.
pub(crate) fn translate(pattern: &str) -> Result<String, BadPattern> {
    let mut writer = Writer::new(pattern);
    while let Some(c) = writer.input.bump() {
        writer.one(c)?;
    }
    if writer.frames.len() > 1 {
        return Err(BadPattern::new("missing closing )"));
    }
    Ok(writer.out)
}

/// What a repetition operator would apply to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Atom {
    /// Nothing: at the start of a branch.
    Nothing,
    /// Something that contains counted repetitions whose counts multiply to this much.
    Counted(u32),
    /// A repetition already: Go does not stack them.
    Repeated(u32),
}

/// One open group.
struct Frame {
    atom: Atom,
    /// The largest product of counts seen inside.
    most: u32,
}

struct Writer<'p> {
    input: Cursor<'p>,
    out: String,
    frames: Vec<Frame>,
    names: Vec<&'p str>,
}

impl<'p> Writer<'p> {
    fn new(pattern: &'p str) -> Self {
        let outermost = Frame { atom: Atom::Nothing, most: 1 };
        Self {
            input: Cursor::new(pattern),
            out: String::with_capacity(pattern.len()),
            frames: vec![outermost],
            names: Vec::new(),
        }
    }

    fn one(&mut self, c: char) -> Result<(), BadPattern> {
        match c {
            '(' => self.open(),
            ')' => self.close(),
            '|' => {
                self.out.push('|');
                self.set_atom(Atom::Nothing);
                Ok(())
            }
            '^' | '$' | '.' => {
                self.out.push(c);
                self.set_atom(Atom::Counted(1));
                Ok(())
            }
            '[' => {
                class::bracketed(&mut self.input, &mut self.out)?;
                self.set_atom(Atom::Counted(1));
                Ok(())
            }
            '*' | '+' | '?' => self.repeat(&c.to_string(), None),
            '{' => self.braces(),
            '\\' => self.escape(),
            _ => {
                self.literal(c);
                Ok(())
            }
        }
    }

    fn literal(&mut self, c: char) {
        class::push_literal(&mut self.out, c);
        self.set_atom(Atom::Counted(1));
    }

    fn set_atom(&mut self, atom: Atom) {
        if let Some(frame) = self.frames.last_mut() {
            frame.atom = atom;
            if let Atom::Counted(n) | Atom::Repeated(n) = atom {
                frame.most = frame.most.max(n);
            }
        }
    }

    fn open(&mut self) -> Result<(), BadPattern> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(BadPattern::new("groups are nested too deeply"));
        }
        if self.input.eat("?P<") || self.input.eat("?<") {
            self.name()?;
            self.out.push('(');
        } else if self.input.eat("?") {
            return self.flags();
        } else {
            self.out.push('(');
        }
        self.frames.push(Frame { atom: Atom::Nothing, most: 1 });
        Ok(())
    }

    /// Names are checked and dropped: nothing here refers to a group by name, and RE2 allows names that the
    /// `regex` crate does not.
    fn name(&mut self) -> Result<(), BadPattern> {
        let name = self.input.until(">").ok_or_else(|| BadPattern::new("invalid named capture"))?;
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(BadPattern::new(format!("invalid named capture `{name}`")));
        }
        if self.names.contains(&name) {
            return Err(BadPattern::new(format!("duplicate capture group name `{name}`")));
        }
        self.names.push(name);
        Ok(())
    }

    /// `(?i)`, `(?i:…)`, `(?-s)`, `(?:…)`; only the flags `i`, `m`, `s` and `U` exist.
    fn flags(&mut self) -> Result<(), BadPattern> {
        let (mut flags, mut negated, mut after_minus) = (String::new(), false, false);
        loop {
            match self.input.bump() {
                Some(c @ ('i' | 'm' | 's' | 'U')) => {
                    after_minus = negated;
                    flags.push(c);
                }
                Some('-') if !negated => {
                    negated = true;
                    flags.push('-');
                }
                Some(end @ (':' | ')')) if negated == after_minus => return self.flags_end(&flags, end),
                _ => return Err(BadPattern::new("invalid or unsupported syntax after `(?`")),
            }
        }
    }

    fn flags_end(&mut self, flags: &str, end: char) -> Result<(), BadPattern> {
        let flags = without_repeats(flags)?;
        if end == ':' {
            self.out.push_str("(?");
            self.out.push_str(&flags);
            self.out.push(':');
            self.frames.push(Frame { atom: Atom::Nothing, most: 1 });
        } else if !flags.is_empty() {
            self.out.push_str("(?");
            self.out.push_str(&flags);
            self.out.push(')');
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), BadPattern> {
        if self.frames.len() < 2 {
            return Err(BadPattern::new("unexpected )"));
        }
        let most = self.frames.pop().map_or(1, |frame| frame.most);
        self.out.push(')');
        self.set_atom(Atom::Counted(most));
        Ok(())
    }

    /// A `{` that is not a repetition is a brace.
    fn braces(&mut self) -> Result<(), BadPattern> {
        let Some((min, max)) = self.input.counts() else {
            self.literal('{');
            return Ok(());
        };
        let largest = max.flatten().unwrap_or(min);
        if min > MAX_REPEAT || largest > MAX_REPEAT || matches!(max, Some(Some(m)) if m < min) {
            return Err(BadPattern::new("invalid repeat count"));
        }
        let written = match max {
            None => format!("{{{min}}}"),
            Some(None) => format!("{{{min},}}"),
            Some(Some(max)) => format!("{{{min},{max}}}"),
        };
        self.repeat(&written, Some(largest.max(1)))
    }

    fn repeat(&mut self, operator: &str, count: Option<u32>) -> Result<(), BadPattern> {
        let inner = match self.frames.last().map(|frame| frame.atom) {
            Some(Atom::Counted(inner)) => inner,
            Some(Atom::Repeated(_)) => return Err(BadPattern::new("invalid nested repetition operator")),
            _ => {
                return Err(BadPattern::new(format!("missing argument to repetition operator `{operator}`")));
            }
        };
        let product = inner.saturating_mul(count.unwrap_or(1));
        if product > MAX_REPEAT {
            return Err(BadPattern::new("invalid repeat count"));
        }
        self.out.push_str(operator);
        if self.input.eat("?") {
            self.out.push('?');
        }
        self.set_atom(Atom::Repeated(product));
        Ok(())
    }

    fn escape(&mut self) -> Result<(), BadPattern> {
        match self.input.peek() {
            Some('Q') => {
                self.input.bump();
                self.quoted();
                return Ok(());
            }
            Some(c @ ('A' | 'z' | 'b' | 'B')) => {
                self.input.bump();
                self.out.push_str(match c {
                    'A' => r"\A",
                    'z' => r"\z",
                    'b' => r"(?-u:\b)",
                    _ => r"(?-u:\B)",
                });
            }
            _ => {
                if !class::shorthand(&mut self.input, &mut self.out)? {
                    let c = class::escaped_char(&mut self.input)?;
                    class::push_literal(&mut self.out, c);
                }
            }
        }
        self.set_atom(Atom::Counted(1));
        Ok(())
    }

    /// `\Q…\E`: everything up to `\E`, or the end, is literal.
    fn quoted(&mut self) {
        let rest = self.input.rest();
        let text = self.input.until(r"\E").unwrap_or_else(|| {
            self.input.skip_all();
            rest
        });
        for c in text.chars() {
            self.literal(c);
        }
    }
}

/// The `regex` crate refuses a flag that is given twice on one side; RE2 does not mind.
fn without_repeats(flags: &str) -> Result<String, BadPattern> {
    let (on, off) = flags.split_once('-').unwrap_or((flags, ""));
    let once = |text: &str| {
        let mut seen = String::new();
        for c in text.chars().filter(|c| !off.contains(*c) || text == off) {
            if !seen.contains(c) {
                seen.push(c);
            }
        }
        seen
    };
    let on = once(on);
    let off = once(off);
    Ok(if off.is_empty() { on } else { format!("{on}-{off}") })
}
