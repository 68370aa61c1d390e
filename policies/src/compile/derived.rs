//! Derived roles.

use portreeve_diagnostics::{Diagnostic, suggest};

use super::{Linker, index, push};
use crate::{
    finding::Cause,
    glob::Glob,
    raw::{self, Text},
    set::Derived,
};

impl Linker<'_, '_> {
    /// The derived role that a rule names, among those that its policy imports.
    pub(super) fn derived_role(&mut self, imports: &[Text], name: &Text, file: u32) -> Option<u32> {
        let index = self.index;
        let defined = |import: &&Text| {
            let (set, policy) = index.derived_roles.get(import.value.as_str())?;
            let definition = set.definitions.iter().find(|definition| definition.name.value == name.value)?;
            Some((*set, *policy, definition))
        };
        let found: Vec<_> =
            imports.iter().filter_map(|import| defined(&import).map(|found| (import, found))).collect();
        match found.as_slice() {
            [] => {
                self.unknown(imports, name);
                None
            }
            [(import, (set, policy, definition))] => {
                let key = (import.value.clone(), name.value.clone());
                if let Some(id) = self.derived.get(&key) {
                    return Some(*id);
                }
                let id = self.define(set, policy, definition);
                self.derived.insert(key, id);
                Some(id)
            }
            several => {
                let places: Vec<String> =
                    several.iter().map(|(import, (set, ..))| self.imported(import, set)).collect();
                let text = format!(
                    "Derived role \"{}\" is defined in more than one import: {}",
                    name.value,
                    places.join(", ")
                );
                let mut diagnostic = Diagnostic::error(
                    "policy/ambiguous-derived-role",
                    format!("several imports define the derived role `{}`", name.value),
                )
                .at(name.span, "which one?");
                for (_, (_, _, definition)) in several {
                    diagnostic = diagnostic.at(definition.name.span, "defined here");
                }
                let cause = Cause::Compile("ambiguous derived role");
                self.findings.push(file, cause, text, None, diagnostic);
                None
            }
        }
    }

    fn imported(&self, import: &Text, set: &raw::DerivedRoles) -> String {
        let file = self.bundle.file(set.name.span).map(|file| file.name.to_string()).unwrap_or_default();
        let place = self.bundle.place(import.span);
        let place = place.map(|place| format!("{}:{}", place.line, place.column)).unwrap_or_default();
        format!("{file} (imported as \"{}\" at {place})", import.value)
    }

    fn unknown(&mut self, imports: &[Text], name: &Text) {
        let sets = imports.iter().filter_map(|import| self.index.derived_roles.get(import.value.as_str()));
        let known: Vec<&str> =
            sets.flat_map(|(set, _)| &set.definitions).map(|d| d.name.value.as_str()).collect();
        let mut diagnostic = Diagnostic::error(
            "policy/unknown-derived-role",
            format!("no import defines the derived role `{}`", name.value),
        )
        .at(name.span, "unknown derived role");
        if let Some(near) = suggest::nearest(&name.value, known) {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
        }
        let text = format!("Derived role \"{}\" is not defined in any imports", name.value);
        let cause = Cause::Compile("unknown derived role");
        self.findings.only_the_last(name.span.file, &cause, &text);
        self.findings.push(name.span.file, cause, text, Some(name.span), diagnostic);
    }

    fn define(
        &mut self,
        set: &raw::DerivedRoles,
        policy: &raw::Policy,
        definition: &raw::DerivedRole,
    ) -> u32 {
        let names = self.names(&set.names, &policy.variables);
        let condition = definition.condition.as_ref().and_then(|condition| self.condition(names, condition));
        let parents =
            super::units::widest(&definition.parents).filter_map(|parent| self.glob(parent)).collect();
        let name = definition.name.value.as_str().into();
        let policy = index::key(policy).into();
        let span = definition.name.span;
        let used = self.set.used(condition.into_iter(), std::iter::empty());
        push(&mut self.set.derived, Derived { policy, name, span, parents, condition, names, used })
    }

    /// A pattern in a rule.
    pub(super) fn glob(&mut self, text: &Text) -> Option<Glob> {
        let glob = Glob::in_rule(&text.value);
        if glob.is_none() {
            self.bad_glob(text);
        }
        glob
    }

    pub(super) fn bad_glob(&mut self, text: &Text) {
        let message = format!("`{}` is not a pattern", text.value);
        let diagnostic = Diagnostic::error("policy/bad-pattern", message.clone())
            .at(text.span, "a bracket or brace is not closed")
            .help("write a backslash before a character that stands for itself");
        self.findings.push(
            text.span.file,
            Cause::Compile("invalid pattern"),
            message,
            Some(text.span),
            diagnostic,
        );
    }
}
