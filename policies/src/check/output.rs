//! What rules say beside their effect.

use std::sync::Arc;

use portreeve_cel::{Cx, EvalError, Limits, Map, Val, Value};

use super::Engine;
use crate::{Output, Trace};

impl<'a, T: Trace> Engine<'a, '_, T> {
    /// Adds what a rule says, if it says something in this case.
    pub(super) fn output(&mut self, unit: u32, names: u32, output: u32, activated: bool, action: &str) {
        let set = self.set;
        let Some(output) = set.outputs.get(output as usize) else { return };
        let expression = if activated { output.activated } else { output.not_met };
        let Some(expression) = expression.and_then(|id| set.expressions.get(id as usize)) else { return };
        let frame = self.prepare(expression, names, Some(unit));
        let evaluated = {
            let mut cx = Cx::new(self.arena, self.slots(frame), self.now, Limits::default());
            expression.program.eval(&mut cx).map(json).map_err(EvalError::into_owned)
        };
        let value = evaluated.unwrap_or_else(|error| {
            self.no_clock(&error);
            Err(error.to_string())
        });
        let asked = self.check.actions.iter().find(|asked| ***asked == *action);
        let action = asked.map_or_else(|| action.into(), Arc::clone);
        let said = Output { source: output.source.clone(), action, value };
        self.tell_output(&said);
        self.decision.outputs.push(said);
    }
}

/// As JSON has it, with keys in order.
pub(crate) fn json(value: Val<'_>) -> Result<Value, String> {
    const EXACT: i64 = 1 << 53;
    Ok(match value {
        #[expect(clippy::cast_precision_loss, reason = "within 2^53")]
        Val::Int(value) if (-EXACT..=EXACT).contains(&value) => Value::Double(value as f64),
        #[expect(clippy::cast_precision_loss, reason = "within 2^53")]
        Val::Uint(value) if value <= EXACT.unsigned_abs() => Value::Double(value as f64),
        Val::Int(value) => Value::String(value.to_string().into()),
        Val::Uint(value) => Value::String(value.to_string().into()),
        // Q14 fixed: an error of this one output.
        Val::Double(value) if !value.is_finite() => return Err(format!("{value} has no JSON form")),
        Val::Timestamp(_) | Val::Duration(_) | Val::Bytes(_) => text(value)?,
        Val::List(items) => Value::List(items.iter().map(json).collect::<Result<_, _>>()?),
        Val::Map(map) => {
            let entries = map.iter().map(|(key, value)| match key {
                Val::Str(key) => Ok((Arc::<str>::from(key), json(value)?)),
                key => Err(format!("bad key type {} in a JSON object", key.type_name())),
            });
            let mut entries = entries.collect::<Result<Vec<_>, String>>()?;
            entries.sort_by(|(one, _), (other, _)| one.cmp(other));
            Value::Map(entries.into_iter().collect::<Map>())
        }
        Val::Optional(Some(value)) => json(*value)?,
        Val::Optional(None) => return Err("optional.none() dereference".into()),
        value => value.to_value().ok_or_else(|| {
            format!("type conversion error from '{}' to 'google.protobuf.Value'", value.type_name())
        })?,
    })
}

/// Values that JSON writes as text.
fn text(value: Val<'_>) -> Result<Value, String> {
    let owned = value.to_value().ok_or("no JSON form")?;
    match serde_json::to_value(&owned) {
        Ok(serde_json::Value::String(text)) => Ok(Value::String(text.into())),
        _ => Err("no JSON form".into()),
    }
}
