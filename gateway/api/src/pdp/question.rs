//! What is asked, as it comes in. Attributes are read straight into the evaluator's values.

use std::{collections::BTreeMap, sync::Arc};

use portreeve_cel::{Map, SharedText, Val};
use portreeve_policies as policies;
use serde::{Deserialize, Deserializer, Serialize};

use super::reading::Object;

/// `CheckResourcesRequest`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct CheckResources {
    #[serde(alias = "request_id")]
    pub(super) request_id: Option<String>,
    #[serde(alias = "include_meta")]
    pub(super) include_meta: Option<bool>,
    pub(super) principal: Option<Object<Principal>>,
    pub(super) resources: Option<Vec<Object<Entry>>>,
    #[serde(alias = "aux_data")]
    pub(super) aux_data: Option<Object<AuxData>>,
    #[serde(alias = "request_context")]
    pub(super) request_context: Option<Object<RequestContext>>,
}

/// `PlanResourcesRequest`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct PlanResources {
    #[serde(alias = "request_id")]
    pub(super) request_id: Option<String>,
    pub(super) action: Option<Arc<str>>,
    #[serde(deserialize_with = "names")]
    pub(super) actions: Option<Vec<Arc<str>>>,
    pub(super) principal: Option<Object<Principal>>,
    pub(super) resource: Option<Object<Planned>>,
    #[serde(alias = "aux_data")]
    pub(super) aux_data: Option<Object<AuxData>>,
    #[serde(alias = "include_meta")]
    pub(super) include_meta: Option<bool>,
    #[serde(alias = "request_context")]
    pub(super) request_context: Option<Object<RequestContext>>,
}

impl PlanResources {
    /// The one action, if it is asked about as one.
    pub(super) fn single(&self) -> Option<&Arc<str>> {
        self.action.as_ref().filter(|action| !action.is_empty())
    }

    /// All that are asked about.
    pub(super) fn all_actions(&self) -> &[Arc<str>] {
        match self.single() {
            Some(action) => std::slice::from_ref(action),
            None => self.actions.as_deref().unwrap_or_default(),
        }
    }
}

/// `PlanResourcesInput.Resource`: what is known of the resources.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Planned {
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) kind: Option<String>,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) attr: Option<Map>,
    #[serde(alias = "policy_version", skip_serializing_if = "is_nothing")]
    pub(super) policy_version: Option<String>,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) scope: Option<String>,
}

/// `Principal`
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Principal {
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) id: Option<String>,
    #[serde(deserialize_with = "names")]
    pub(super) roles: Option<Vec<Arc<str>>>,
    #[serde(alias = "policy_version", skip_serializing_if = "is_nothing")]
    pub(super) policy_version: Option<String>,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) attr: Option<Map>,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) scope: Option<String>,
}

/// `CheckResourcesRequest.ResourceEntry`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Entry {
    #[serde(deserialize_with = "names")]
    pub(super) actions: Option<Vec<Arc<str>>>,
    pub(super) resource: Option<Object<Resource>>,
}

/// `Resource`
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Resource {
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) kind: Option<String>,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) id: Option<String>,
    #[serde(alias = "policy_version", skip_serializing_if = "is_nothing")]
    pub(super) policy_version: Option<String>,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) attr: Option<Map>,
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) scope: Option<String>,
}

/// `AuxData`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct AuxData {
    pub(super) jwt: Option<Object<Token>>,
    pub(super) jwts: Option<BTreeMap<String, Object<Token>>>,
}

/// `AuxData.JWT`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Token {
    pub(super) token: Option<String>,
    #[serde(alias = "key_set_id")]
    pub(super) key_set_id: Option<String>,
}

/// `RequestContext`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct RequestContext {
    pub(super) annotations: Option<Map>,
}

/// Names are shared by what is decided, and are read into that form at once.
fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Arc<str>>>, D::Error> {
    let names = Option::<Vec<SharedText>>::deserialize(deserializer)?;
    Ok(names.map(|names| names.into_iter().map(|SharedText(name)| name).collect()))
}

#[expect(clippy::ref_option, reason = "serde asks so")]
fn is_nothing(text: &Option<String>) -> bool {
    text.as_ref().is_none_or(String::is_empty)
}

#[expect(clippy::ref_option, reason = "serde asks so")]
fn is_empty(map: &Option<Map>) -> bool {
    map.as_ref().is_none_or(Map::is_empty)
}

/// What was written, or nothing.
pub(super) fn text(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}

fn attributes(attr: &Option<Map>) -> Val<'_> {
    Val::from(map(attr))
}

fn map(attr: &Option<Map>) -> &Map {
    static EMPTY: std::sync::LazyLock<Map> = std::sync::LazyLock::new(Map::default);
    attr.as_ref().unwrap_or(&EMPTY)
}

impl Planned {
    pub(super) fn view(&self) -> policies::Resources<'_> {
        policies::Resources {
            kind: text(&self.kind),
            version: text(&self.policy_version),
            scope: text(&self.scope),
            attr: map(&self.attr),
        }
    }
}

impl Principal {
    pub(super) fn view(&self) -> policies::Principal<'_> {
        policies::Principal {
            id: text(&self.id),
            roles: self.roles.as_deref().unwrap_or_default(),
            attr: attributes(&self.attr),
            version: text(&self.policy_version),
            scope: text(&self.scope),
        }
    }
}

impl Resource {
    pub(super) fn view(&self) -> policies::Resource<'_> {
        policies::Resource {
            kind: text(&self.kind),
            id: text(&self.id),
            attr: attributes(&self.attr),
            version: text(&self.policy_version),
            scope: text(&self.scope),
        }
    }
}
