//! Templates that write an object of JSON: their text is read as JSON with holes, and becomes values.

use serde_json::Value;

use super::template::{Expression, Piece, Scene, expression, joined, quoted};

/// Around the number of a hole in text, and around that of a hole that is a whole value.
const IN_TEXT: char = '\u{e000}';
const ALONE: char = '\u{e001}';

/// The names of the object, each with its expression.
pub(super) fn object(pieces: &[Piece], scene: Scene<'_>) -> Result<Vec<(String, Expression)>, String> {
    let (mut json, mut actions, mut inside) = (String::new(), Vec::new(), false);
    for piece in pieces {
        match piece {
            Piece::Literal(text) => {
                if text.contains([IN_TEXT, ALONE]) {
                    return Err("it has a character that nobody uses".into());
                }
                inside = ends_inside(text, inside);
                json.push_str(text);
            }
            Piece::Action(action) => {
                let index = actions.len();
                match inside {
                    true => json.push_str(&format!("{IN_TEXT}{index}{IN_TEXT}")),
                    false => json.push_str(&format!("\"{ALONE}{index}{ALONE}\"")),
                }
                actions.push(action.as_str());
            }
        }
    }
    let read: Value = serde_json::from_str(&json).map_err(|_| "it is not a template of JSON alone")?;
    let Value::Object(map) = read else { return Err("it does not write an object of JSON".into()) };
    let holes = Holes { actions, scene };
    map.iter().map(|(name, value)| Ok((holes.name(name)?, holes.value(value)?))).collect()
}

/// Whether a text of JSON ends within a string.
fn ends_inside(text: &str, mut inside: bool) -> bool {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => inside = !inside,
            '\\' if inside => drop(chars.next()),
            _ => {}
        }
    }
    inside
}

struct Holes<'h> {
    actions: Vec<&'h str>,
    scene: Scene<'h>,
}

impl Holes<'_> {
    fn name(&self, name: &str) -> Result<String, String> {
        match name.contains([IN_TEXT, ALONE]) {
            true => Err("the name of a claim is a template".into()),
            false => Ok(name.to_owned()),
        }
    }

    fn value(&self, value: &Value) -> Result<Expression, String> {
        let constant = |text: String| Ok(Expression { text, encode: None, of_route: false });
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| self.value(item)).collect::<Result<_, _>>()?;
                let text = items.iter().map(|item| item.text.clone()).collect::<Vec<_>>().join(", ");
                let of_route = items.iter().any(|item| item.of_route);
                Ok(Expression { text: format!("[{text}]"), encode: None, of_route })
            }
            Value::Object(map) => {
                let entry = |(name, value): (&String, &Value)| Ok((self.name(name)?, self.value(value)?));
                let all: Vec<_> = map.iter().map(entry).collect::<Result<_, String>>()?;
                let text = all.iter().map(|(name, value)| format!("{}: {}", quoted(name), value.text));
                let text = text.collect::<Vec<_>>().join(", ");
                let of_route = all.iter().any(|(_, value)| value.of_route);
                Ok(Expression { text: format!("{{{text}}}"), encode: None, of_route })
            }
            other => constant(other.to_string()),
        }
    }

    fn text(&self, text: &str) -> Result<Expression, String> {
        let action = |index: &str| {
            let index: usize = index.parse().ok()?;
            self.actions.get(index).map(|action| (*action).to_owned())
        };
        if let Some(index) = text.strip_prefix(ALONE).and_then(|rest| rest.strip_suffix(ALONE)) {
            // A value in the middle of JSON: what it is written as, it is.
            let action = action(index).ok_or("a value of it stands where none can")?;
            let found = expression(&action, self.scene)?;
            return match found.encode {
                Some("json") => Ok(Expression { encode: None, ..found }),
                _ => Err(format!("`{{{{ {action} }}}}` writes text where a value of JSON must be")),
            };
        }
        if text.contains(ALONE) {
            return Err("two values of it stand side by side".into());
        }
        let pieces = text.split(IN_TEXT).enumerate().map(|(at, part)| match at % 2 {
            0 => Ok(Piece::Literal(part.to_owned())),
            _ => action(part).map(Piece::Action).ok_or("a value of it stands where none can"),
        });
        let mut pieces = pieces.collect::<Result<Vec<_>, _>>()?;
        pieces.retain(|piece| *piece != Piece::Literal(String::new()));
        joined(&pieces, self.scene)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::{capture::Captures, template};

    fn told(text: &str) -> String {
        let captures = Captures::default();
        match template::object(text, Scene { caller: true, ext: false, captures: &captures }) {
            Ok(all) => {
                all.iter().map(|(name, value)| format!("{name}={}", value.text)).collect::<Vec<_>>().join(" ")
            }
            Err(why) => format!("no: {why}"),
        }
    }

    #[test]
    fn a_template_of_json_becomes_values() {
        for (text, expected) in [
            (r#"{"a": "b", "n": 1, "t": true}"#, r#"a="b" n=1 t=true"#),
            (r#"{"sub2": "{{ print .Subject }}"}"#, r#"sub2=string(principal.id)"#),
            (r#"{"a": ["x", "u:{{ .Subject }}"]}"#, r#"a=["x", "u:" + string(principal.id)]"#),
            (r#"{"s": {{ .Extra | toJson }}}"#, "s=principal.attr.?extra.orValue({})"),
            (
                r#"{"s": {"e": "{{ .Extra.email }}"}}"#,
                r#"s={"e": string(principal.attr.?extra.?email.orValue(""))}"#,
            ),
            (r#"{"a": "q\"{{ .Subject }}"}"#, r#"a="q\"" + string(principal.id)"#),
            (r#"{"a": {{ .Subject }}}"#, "no: `{{ .Subject }}` writes text where a value of JSON must be"),
            (r#"{"{{ .Subject }}": 1}"#, "no: the name of a claim is a template"),
            (r#"{{ .Extra | toJson }}"#, "no: it does not write an object of JSON"),
            (r#"{{ if .Subject }}{"a": 1}{{ end }}"#, "no: it is not a template of JSON alone"),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }
}
