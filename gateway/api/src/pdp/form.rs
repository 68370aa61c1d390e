//! How Cerbos writes JSON: with a space after every comma, or over several lines, and numbers as Go writes them.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

/// In how much space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// In one line, a space after each comma: an answer.
    Line,
    /// In several lines, as `?pretty` asks for.
    Lines,
    /// In as little as there can be: a log.
    Dense,
}

/// Writes a value.
///
/// # Errors
/// The value has a number that JSON has no form for.
pub(super) fn write(value: &impl Serialize, form: Form) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::with_capacity(512);
    append(value, form, &mut out)?;
    Ok(out)
}

pub(super) fn append(value: &impl Serialize, form: Form, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let shape = Shape { form, depth: 0, empty: false };
    value.serialize(&mut serde_json::Serializer::with_formatter(out, shape))
}

struct Shape {
    form: Form,
    depth: usize,
    /// Nothing has been written yet into what was opened last.
    empty: bool,
}

impl Shape {
    fn open<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.empty = true;
        out.write_all(bracket)
    }

    fn close<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if self.form == Form::Lines && !self.empty {
            self.line(out)?;
        }
        self.empty = false;
        out.write_all(bracket)
    }

    fn next<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.empty = false;
        match (self.form, first) {
            (Form::Line | Form::Dense, true) => Ok(()),
            (Form::Line, false) => out.write_all(b", "),
            (Form::Dense, false) => out.write_all(b","),
            (Form::Lines, true) => self.line(out),
            (Form::Lines, false) => {
                out.write_all(b",")?;
                self.line(out)
            }
        }
    }

    fn line<W: ?Sized + Write>(&self, out: &mut W) -> io::Result<()> {
        out.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| out.write_all(b"  "))
    }
}

impl Formatter for Shape {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.next(out, first)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.next(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(if self.form == Form::Lines { b":  " } else { b":" })
    }

    fn write_f64<W: ?Sized + Write>(&mut self, out: &mut W, value: f64) -> io::Result<()> {
        let size = value.abs();
        if size != 0.0 && !(1e-6..1e21).contains(&size) {
            let written = format!("{value:e}");
            let (digits, exponent) = written.split_once('e').unwrap_or((&written, "0"));
            let sign = if exponent.starts_with('-') { "" } else { "+" };
            return write!(out, "{digits}e{sign}{exponent}");
        }
        write!(out, "{value}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &impl Serialize, form: Form) -> String {
        String::from_utf8(write(value, form).unwrap()).unwrap()
    }

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        let numbers = [1e21, 1e20, 1e-7, 0.000_001, 123_456_789_012_345_680.0, 0.1, 1.5e300, -0.0, -2.5, 3.0];
        let expected =
            "[1e+21,100000000000000000000,1e-7,0.000001,123456789012345680,0.1,1.5e+300,-0,-2.5,3]";
        assert_eq!(text(&numbers, Form::Dense), expected);
    }

    #[test]
    fn there_is_space_where_cerbos_leaves_it() {
        let value = serde_json::json!({"a": [1, {"b": "x"}], "c": {}, "d": []});
        assert_eq!(text(&value, Form::Dense), r#"{"a":[1,{"b":"x"}],"c":{},"d":[]}"#);
        assert_eq!(text(&value, Form::Line), r#"{"a":[1, {"b":"x"}], "c":{}, "d":[]}"#);
        let lines =
            "{\n  \"a\":  [\n    1,\n    {\n      \"b\":  \"x\"\n    }\n  ],\n  \"c\":  {},\n  \"d\":  []\n}";
        assert_eq!(text(&value, Form::Lines), lines);
    }
}
