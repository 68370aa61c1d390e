use portreeve_diagnostics::{
    Node, Report,
    read::{Fields, boolean, items, text, wrong_type},
};
use portreeve_identity::{Attribute, MappingConfig, Named, Requirement};

use super::Written;

/// Who a genuine credential makes the caller: `principal`, with `let` and `require` beside it. The values are CEL over
/// what the credential says.
pub(super) fn mapping(written: &Written<'_>, report: &mut Report) -> Option<MappingConfig> {
    mapping_over(MappingConfig::default(), written, report)
}

/// The same over defaults of the mechanism's own.
pub(super) fn mapping_over(
    defaults: MappingConfig,
    written: &Written<'_>,
    report: &mut Report,
) -> Option<MappingConfig> {
    let mut mapping = MappingConfig { params: written.params.clone(), ..defaults };
    if let Some(node) = written.principal {
        principal(node, &mut mapping, report)?;
    }
    if let Some(node) = written.lets {
        let named = |(name, expression)| Named { name, expression };
        mapping.lets = pairs(node, "`let`", report)?.into_iter().map(named).collect();
    }
    if let Some(node) = written.require {
        mapping.require = items(node).iter().filter_map(|node| requirement(node, report)).collect();
    }
    Some(mapping)
}

fn principal(node: &Node, mapping: &mut MappingConfig, report: &mut Report) -> Option<()> {
    let mut fields = Fields::of(node, "`principal`", report)?;
    for (key, slot) in [("id", &mut mapping.id), ("roles", &mut mapping.roles)] {
        if let Some(node) = fields.optional(key) {
            *slot = text(node, "an expression", report)?.value.into();
        }
    }
    if let Some(node) = fields.optional("scope") {
        mapping.scope = Some(text(node, "`scope`", report)?.value.into());
    }
    if let Some(node) = fields.optional("fallback-role") {
        mapping.fallback_role = text(node, "`fallback-role`", report)?.value.into();
    }
    if let Some(node) = fields.optional("attr") {
        let attribute = |(name, expression)| Attribute { name, expression };
        mapping.attributes = pairs(node, "`attr`", report)?.into_iter().map(attribute).collect();
    }
    fields.finish(report);
    Some(())
}

fn requirement(node: &Node, report: &mut Report) -> Option<Requirement> {
    let mut fields = Fields::of(node, "a requirement", report)?;
    let expression = fields.required("expr", report).and_then(|node| text(node, "`expr`", report));
    let reason = fields.required("reason", report).and_then(|node| text(node, "`reason`", report));
    let insufficient = fields.optional("insufficient").map(|node| boolean(node, "`insufficient`", report));
    fields.finish(report);
    let insufficient = insufficient.flatten().unwrap_or_default();
    Some(Requirement { expression: expression?.value.into(), reason: reason?.value.into(), insufficient })
}

fn pairs(node: &Node, what: &str, report: &mut Report) -> Option<Vec<(Box<str>, Box<str>)>> {
    let Some(entries) = node.as_map() else {
        report.push(wrong_type(node, what, "a mapping from names to expressions"));
        return None;
    };
    let mut all = Vec::new();
    for entry in entries {
        let expression = text(&entry.value, "an expression", report)?;
        all.push((entry.key.value.as_str().into(), expression.value.into()));
    }
    Some(all)
}
