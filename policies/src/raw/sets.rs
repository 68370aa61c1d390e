use portreeve_cel::{Map, Value};
use portreeve_diagnostics::{Kind, Node, Span, Spanned};

use super::{
    Constants, Definables, DerivedRole, DerivedRoles, Text, condition,
    object::{Object, Path, Reading},
};
use crate::{names, place};

const SET_NAME: &str = r"does not match regex pattern `^[\w\-\.]+$`";

pub(crate) fn derived_roles(node: &Node, reading: &mut Reading<'_>) -> DerivedRoles {
    let path = Path::Field(&Path::Root, "derivedRoles");
    let mut fields = Object::of(node, reading);
    let name = fields.required(("name", path), reading, names::is_set_name, SET_NAME);
    let names = definables(&mut fields, path, reading);
    let list = Path::Field(&path, "definitions");
    let node = fields.field("definitions", reading);
    let items = reading.some_items(node, fields.head(), list);
    let mut definitions: Vec<DerivedRole> = Vec::new();
    let mut places: Vec<Span> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let definition = definition(item, Path::Index(&list, index), reading);
        if let Some(first) = definitions.iter().position(|d| d.name.value == definition.name.value)
            && !definition.name.value.is_empty()
        {
            let at = places.get(first).map(|place| mapping_place(*place, reading)).unwrap_or_default();
            let text = format!(
                "duplicate derived role definition \"{}\": definition #{} has the same name as definition #{} at {at}",
                definition.name.value,
                index + 1,
                first + 1,
            );
            reading.load_mapping(item.span, "policy/duplicate-derived-role", text);
        }
        places.push(item.span);
        definitions.push(definition);
    }
    fields.finish(reading);
    DerivedRoles { name, names, definitions }
}

/// Where Cerbos says a mapping is, as `line:column`.
pub(crate) fn mapping_place(span: Span, reading: &Reading<'_>) -> String {
    reading.line_and_column(place::mapping(reading.bundle, span))
}

fn definition(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> DerivedRole {
    let mut fields = Object::of(node, reading);
    let name = fields.required(("name", path), reading, names::is_set_name, SET_NAME);
    let list = Path::Field(&path, "parentRoles");
    let node = fields.field("parentRoles", reading);
    let parents = reading.some_texts(node, fields.head(), list);
    let condition = fields
        .field("condition", reading)
        .and_then(|node| condition::read(node, Path::Field(&path, "condition"), reading));
    fields.finish(reading);
    DerivedRole { name, parents, condition }
}

/// `variables` and `constants` of a policy.
pub(crate) fn definables(fields: &mut Object<'_>, path: Path<'_>, reading: &mut Reading<'_>) -> Definables {
    let mut found = Definables::default();
    if let Some(node) = fields.field("variables", reading) {
        let mut inner = Object::of(node, reading);
        let import = inner.field("import", reading);
        found.import_variables = reading.texts(
            import,
            Path::Field(&Path::Field(&path, "variables"), "import"),
            names::is_set_name,
            SET_NAME,
        );
        let local = inner.field("local", reading);
        found.variables = reading.definitions(local);
        inner.finish(reading);
    }
    if let Some(node) = fields.field("constants", reading) {
        let mut inner = Object::of(node, reading);
        let import = inner.field("import", reading);
        found.import_constants = reading.texts(
            import,
            Path::Field(&Path::Field(&path, "constants"), "import"),
            names::is_set_name,
            SET_NAME,
        );
        let local = inner.field("local", reading);
        found.constants = values(local, reading);
        inner.finish(reading);
    }
    found
}

/// A set of exported variables or constants: its name and the node that holds the definitions.
pub(crate) fn exported<'n>(
    node: &'n Node,
    what: &'static str,
    reading: &mut Reading<'_>,
) -> (Text, Option<&'n Node>) {
    let mut fields = Object::of(node, reading);
    let name =
        fields.required(("name", Path::Field(&Path::Root, what)), reading, names::is_set_name, SET_NAME);
    let definitions = fields.field("definitions", reading);
    fields.finish(reading);
    (name, definitions)
}

pub(crate) fn values(node: Option<&Node>, reading: &mut Reading<'_>) -> Constants {
    let entries = reading.entries(node).iter();
    entries.map(|entry| (entry.key.clone(), value(&entry.value), entry.value.span)).collect()
}

/// A JSON value: all numbers are doubles.
pub(crate) fn value(node: &Node) -> Value {
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(value) => Value::Bool(*value),
        #[expect(clippy::cast_precision_loss, reason = "JSON numbers are doubles")]
        Kind::Int(value) => Value::Double(*value as f64),
        Kind::Float(value) => Value::Double(*value),
        Kind::Str { text, .. } => Value::from(text.as_str()),
        Kind::Seq(items) => Value::List(items.iter().map(value).collect()),
        Kind::Map(entries) => Value::Map(
            entries.iter().map(|entry| (entry.key.value.as_str(), value(&entry.value))).collect::<Map>(),
        ),
    }
}

/// No text, nowhere in particular.
pub(crate) const fn nothing(span: Span) -> Text {
    Spanned::new(String::new(), span)
}
