use portreeve_diagnostics::{Node, Span};

use super::{
    Condition, Output,
    object::{ONE_OF, Object, Path, Reading},
};

/// `condition: { match: … }`
pub(crate) fn read(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Condition> {
    let mut fields = Object::of(node, reading);
    let matched = fields.field("match", reading);
    let script = fields.key("script");
    let _ = fields.field("script", reading);
    let found = match (matched, script) {
        (Some(_), Some(script)) => {
            one_of_set(fields.key("match").unwrap_or(script), script, reading);
            None
        }
        (Some(node), None) => r#match(node, Path::Field(&path, "match"), reading),
        (None, Some(script)) => Some(Condition::Script(script)),
        (None, None) => {
            reading.invalid(node.span, Path::Field(&path, "condition"), ONE_OF);
            None
        }
    };
    fields.finish(reading);
    found
}

fn one_of_set(first: Span, second: Span, reading: &mut Reading<'_>) {
    let (first, second) = if first.start < second.start { (first, second) } else { (second, first) };
    let at = reading.line_and_column(first);
    reading.unreadable(second, format!("invalid value: oneof field is already set at [{at}]"));
}

fn r#match(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Condition> {
    let mut fields = Object::of(node, reading);
    let mut found: Option<Condition> = None;
    let mut given: Option<Span> = None;
    if let Some(expr) = fields.field("expr", reading) {
        given = fields.key("expr");
        found = reading.text(expr).map(Condition::Expr);
    }
    for name in ["all", "any", "none"] {
        let Some(list) = fields.field(name, reading) else { continue };
        let key = fields.key(name).unwrap_or(node.span);
        match given {
            Some(first) => one_of_set(first, key, reading),
            None => given = Some(key),
        }
        let parts = list_of(list, Path::Field(&path, name), reading);
        found = Some(match name {
            "all" => Condition::All(parts),
            "any" => Condition::Any(parts),
            _ => Condition::None(parts),
        });
    }
    if given.is_none() {
        reading.invalid(node.span, Path::Field(&path, "op"), ONE_OF);
    }
    fields.finish(reading);
    found
}

fn list_of(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Vec<Condition> {
    let mut fields = Object::of(node, reading);
    let of = fields.field("of", reading);
    let path = Path::Field(&path, "of");
    let items = reading.some_items(of, node.span, path);
    fields.finish(reading);
    let read = |(index, item)| r#match(item, Path::Index(&path, index), reading);
    items.iter().enumerate().filter_map(read).collect()
}

/// `output: { when: { ruleActivated, conditionNotMet }, expr }`
pub(crate) fn output(node: &Node, reading: &mut Reading<'_>) -> Output {
    let mut fields = Object::of(node, reading);
    let mut out = Output { span: node.span, ..Output::default() };
    if let Some(when) = fields.field("when", reading) {
        let mut when = Object::of(when, reading);
        out.activated = when.text("ruleActivated", reading).filter(|text| !text.value.is_empty());
        out.not_met = when.text("conditionNotMet", reading).filter(|text| !text.value.is_empty());
        when.finish(reading);
    }
    let deprecated = fields.text("expr", reading).filter(|text| !text.value.is_empty());
    out.activated = out.activated.or(deprecated);
    fields.finish(reading);
    out
}
