//! Linking: do policies speak of what routes speak of?

use portreeve_diagnostics::{Diagnostic, Report, suggest};
use portreeve_route_config::TargetTemplate;

use crate::Project;

/// The most octets of a body that can be read and still be forwarded as they came: what pingora keeps.
const MAX_BODY: u64 = 64 * 1024;

impl Project<'_> {
    pub(crate) fn check_target(&self, template: &TargetTemplate, report: &mut Report) {
        if template.needs_body() && template.max_body > MAX_BODY {
            let message = format!("of a body at most {MAX_BODY} bytes can be read before it is forwarded");
            report.push(
                Diagnostic::error("link/body", message)
                    .at(template.span, format!("would read {}", template.max_body))
                    .help("state a smaller `max_bytes` under `body`"),
            );
        }
        let (kind, version) = (&template.kind.value, template.fixed_version());
        let version = version.as_deref();
        let never: Vec<_> = template
            .actions
            .iter()
            .filter(|action| !self.policies.can_allow(kind, version, &action.value))
            .collect();
        if !self.policies.knows_kind(kind, version) && never.len() == template.actions.len() {
            report.push(self.unknown_kind(template, version));
            return;
        }
        for action in never {
            let message = format!("no rule can ever allow `{}` on `{kind}`", action.value);
            report.push(
                Diagnostic::error("link/action-never-allowed", message)
                    .at(action.span, "always denied")
                    .help("correct the action, or add a rule that allows it"),
            );
        }
        self.check_attributes(template, version, report);
    }

    /// Neither a resource policy nor a principal's has anything to say about it.
    fn unknown_kind(&self, template: &TargetTemplate, version: Option<&str>) -> Diagnostic {
        let kind = &template.kind;
        let versions = self.policies.versions(&kind.value);
        if let (Some(version), false) = (version, versions.is_empty()) {
            let asked = if version.is_empty() { "default" } else { version };
            let message = format!(
                "no policy of version `{asked}` speaks of the resource `{}`, so this route denies everyone",
                kind.value
            );
            let place = template.version.as_ref().map_or(kind.span, |value| value.span());
            return Diagnostic::error("link/unknown-version", message).at(place, "unknown to policies").help(
                format!(
                    "its policies are of version `{}`; the route says which with `version`",
                    versions.join("`, `")
                ),
            );
        }
        let message =
            format!("no policy speaks of the resource `{}`, so this route denies everyone", kind.value);
        let found = Diagnostic::error("link/unknown-kind", message).at(kind.span, "unknown to policies");
        let kinds = self.policies.kinds();
        match suggest::nearest(&kind.value, kinds.iter().map(AsRef::as_ref)) {
            Some(near) => found.help(format!("did you mean `{near}`?")),
            None => found.help("write a resource policy for it, or correct the name"),
        }
    }

    /// An attribute that a policy reads and no route supplies makes every condition that reads it fail. What a stored
    /// resource has is not known here.
    fn check_attributes(&self, template: &TargetTemplate, version: Option<&str>, report: &mut Report) {
        if template.is_open() {
            return;
        }
        let kind = &template.kind.value;
        let actions: Vec<&str> = template.actions.iter().map(|action| &*action.value).collect();
        for (attribute, rule) in self.policies.attributes(kind, version, &actions) {
            if template.supplied().any(|(name, _)| *name.value == *attribute) {
                continue;
            }
            let message =
                format!("policies of `{kind}` read `R.attr.{attribute}`, which this route does not supply");
            let mut diagnostic = Diagnostic::warning("link/attribute-not-supplied", message)
                .at(template.span, "supplies no such attribute");
            if let Some(rule) = self.policies.rule(rule) {
                diagnostic = diagnostic.at(rule.span, "read here");
            }
            let help = "state it under `attr`, or read the stored resource with `load`";
            report.push(diagnostic.help(help));
        }
    }
}
