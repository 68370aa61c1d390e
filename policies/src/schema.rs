//! JSON schemas of attributes.

mod misfit;

use std::{
    cell::LazyCell,
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use portreeve_cel::Val;
use portreeve_diagnostics::{Bundle, Diagnostic, Span};

use misfit::Misfit;

use crate::{
    PolicySet, Source, ValidationError,
    compile::Memory,
    finding::{Cause, Findings},
    place,
};

/// How references to schemas of the bundle begin.
const BUNDLED: &str = "cerbos:///";

/// A schema that policies refer to.
#[derive(Debug)]
pub(crate) struct Schema {
    /// Where it is referred to, and for whose attributes.
    uses: Vec<(Span, &'static str)>,
    /// Ready, or why not.
    validator: Result<Arc<Ready>, String>,
}

/// A schema to hold attributes against.
#[derive(Debug)]
pub(crate) struct Ready {
    validator: jsonschema::Validator,
    /// As they are written, by the URIs under which they refer to each other.
    schemas: Arc<Schemas>,
}

impl Ready {
    fn misfits(&self, instance: &serde_json::Value) -> Vec<Misfit> {
        misfit::all(self.validator.iter_errors(instance), |place| self.written(place))
    }

    /// What is written at a place in a schema: `cerbos:///a.json#/properties/b/type`.
    fn written(&self, place: &str) -> Option<&serde_json::Value> {
        let (uri, pointer) = place.split_once('#')?;
        self.schemas.get(uri)?.as_ref().ok()?.pointer(pointer)
    }
}

impl Default for Schema {
    /// A schema that is not read yet.
    fn default() -> Self {
        Self { uses: Vec::new(), validator: Err("schemas are not read".into()) }
    }
}

impl Schema {
    /// It is referred to here.
    pub(crate) fn used(&mut self, place: Span, who: &'static str) {
        self.uses.push((place, who));
    }
}

type Schemas = BTreeMap<String, Result<serde_json::Value, String>>;

/// Finds the schemas of the bundle and nothing else: no network and no files. Remembers the first that is missing.
struct Bundled {
    schemas: Arc<Schemas>,
    missing: Arc<OnceLock<String>>,
}

impl jsonschema::Retrieve for Bundled {
    fn retrieve(
        &self,
        uri: &jsonschema::Uri<String>,
    ) -> Result<serde_json::Value, Box<dyn std::error::Error + Send + Sync>> {
        let path = uri.as_str().split('#').next().unwrap_or_default();
        match self.schemas.get(path) {
            Some(Ok(schema)) => Ok(schema.clone()),
            Some(Err(why)) => Err(why.clone().into()),
            None => {
                let _ = self.missing.set(path.to_owned());
                Err(format!("there is no schema `{path}`").into())
            }
        }
    }
}

/// Reads the schemas that policies refer to.
pub(crate) fn load(
    bundle: &Bundle,
    files: &[u32],
    set: &mut PolicySet,
    findings: &mut Findings,
    memory: &mut Memory<'_>,
) {
    if set.schemas.is_empty() {
        return;
    }
    let written = files.iter().filter_map(|file| bundle.files.get(*file as usize)).filter_map(|file| {
        let path = schema_path(&file.name)?;
        Some((format!("{BUNDLED}{path}"), &*file.text))
    });
    let written: Vec<(String, &str)> = written.collect();
    memory.schemas(&written);
    let schemas: LazyCell<Arc<Schemas>, _> = LazyCell::new(|| {
        let read = written.iter().map(|(path, text)| {
            (path.clone(), serde_json::from_str(text).map_err(|error| error.to_string()))
        });
        Arc::new(read.collect())
    });
    for (reference, schema) in &mut set.schemas {
        schema.validator = memory.validator(reference, || compile(reference, &schemas).map(Arc::new));
        let Err(why) = &schema.validator else { continue };
        for (at, who) in &schema.uses {
            let text = format!("Failed to load {who} schema \"{reference}\": {why}");
            let message = format!("the schema `{reference}` cannot be used: {why}");
            let diagnostic = Diagnostic::error("policy/schema", message)
                .at(*at, "referred to here")
                .help("schemas are in the folder `_schemas`, and `cerbos:///a.json` is `_schemas/a.json`");
            let place = place::field(bundle, *at);
            findings.push(at.file, Cause::Compile("invalid schema"), text, Some(place), diagnostic);
        }
    }
}

/// The path below the folder of schemas, wherever in the bundle the policies are.
fn schema_path(name: &str) -> Option<&str> {
    name.strip_prefix("_schemas/").or_else(|| name.split_once("/_schemas/").map(|(_, path)| path))
}

fn compile(reference: &str, schemas: &Arc<Schemas>) -> Result<Ready, String> {
    let schema = match schemas.get(reference) {
        Some(schema) => schema.as_ref().map_err(Clone::clone)?,
        None => return Err(format!("schema {} doesn't exist", shown(reference))),
    };
    if !schema.is_object() && !schema.is_boolean() {
        return Err(format!(
            "jsonschema {reference} compilation failed: '' does not validate with https://json-schema.org/draft/2020-12/schema#/type: expected object or boolean, but got {}",
            kind(schema)
        ));
    }
    let missing = Arc::new(OnceLock::new());
    let built = jsonschema::options()
        .with_base_uri(reference)
        .with_retriever(Bundled { schemas: Arc::clone(schemas), missing: Arc::clone(&missing) })
        .should_validate_formats(true)
        .build(schema);
    match built {
        Ok(validator) => Ok(Ready { validator, schemas: Arc::clone(schemas) }),
        Err(error) => Err(match missing.get() {
            Some(uri) => format!("schema {} referenced by {reference} doesn't exist", shown(uri)),
            None => error.to_string(),
        }),
    }
}

/// Where a schema would be.
fn shown(uri: &str) -> String {
    match (uri.strip_prefix(BUNDLED), uri.strip_prefix("file://")) {
        (Some(path), _) => format!("_schemas/{path}"),
        (None, Some(path)) => path.to_owned(),
        (None, None) => uri.to_owned(),
    }
}

impl PolicySet {
    /// What of the attributes does not fit the schema.
    pub(crate) fn validate(
        &self,
        reference: &str,
        attr: Val<'_>,
        source: Source,
        errors: &mut Vec<ValidationError>,
    ) {
        let error = |path: String, message: String| ValidationError { path, message, source };
        let who = if source == Source::Principal { "principal" } else { "resource" };
        let validator = match self.schemas.get(reference).map(|schema| &schema.validator) {
            Some(Ok(validator)) => validator,
            Some(Err(why)) => {
                errors.push(error(
                    String::new(),
                    format!("Failed to load {who} schema \"{reference}\": {why}"),
                ));
                return;
            }
            None => return,
        };
        let Ok(instance) = serde_json::to_value(attr.to_value()) else { return };
        let found = validator.misfits(&instance);
        errors.extend(found.into_iter().map(|misfit| error(misfit.path, misfit.message)));
    }
}

fn kind(value: &serde_json::Value) -> &'static str {
    match value {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "boolean",
        serde_json::Value::Number(_) => "number",
        serde_json::Value::String(_) => "string",
        serde_json::Value::Array(_) => "array",
        serde_json::Value::Object(_) => "object",
    }
}
