//! Which questions are asked.

use regex::Regex;

use crate::{glob::Glob, names};

/// Which questions of the suites are asked; by default all.
#[derive(Debug, Default)]
pub struct Selection {
    pattern: Option<Regex>,
    wanted: [Vec<Glob>; 5],
    excluded: Vec<String>,
}

/// Why a selection cannot be made, for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadSelection(pub String);

impl std::fmt::Display for BadSelection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadSelection {}

const DIMENSIONS: [&str; 5] = ["suite", "test", "principal", "resource", "action"];
const SUITE: usize = 0;
const TEST: usize = 1;
const PRINCIPAL: usize = 2;
const RESOURCE: usize = 3;
const ACTION: usize = 4;

/// Who asks what, by the names of their fixtures.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'s> {
    pub(super) suite: &'s str,
    pub(super) test: &'s str,
    pub(super) principal: &'s str,
    pub(super) resource: &'s str,
}

/// Why a question is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) reason: &'static str,
    /// It is as if the question were not there.
    pub(super) uncounted: bool,
}

impl Selection {
    /// Only tests whose `suite/test`, or what Cerbos calls them, this regular expression finds.
    ///
    /// # Errors
    /// It is none.
    pub fn matching(mut self, pattern: &str) -> Result<Self, BadSelection> {
        let pattern = Regex::new(pattern).map_err(|error| BadSelection(error.to_string()))?;
        self.pattern = Some(pattern);
        Ok(self)
    }

    /// Only what matches: `suite=a*;action=view,edit`. Several filters are one.
    ///
    /// # Errors
    /// It is no such text.
    pub fn filtered(mut self, filter: &str) -> Result<Self, BadSelection> {
        for part in filter.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let Some((name, globs)) = part.split_once('=') else {
                let text =
                    format!("invalid filter dimension format \"{part}\": expected 'dimension=glob1,glob2'");
                return Err(BadSelection(text));
            };
            let name = name.trim();
            let wanted = DIMENSIONS.iter().position(|known| *known == name);
            let Some(wanted) = wanted.and_then(|at| self.wanted.get_mut(at)) else {
                let known = DIMENSIONS.join(", ");
                let text = format!("unknown filter dimension \"{name}\": valid dimensions are {known}");
                return Err(BadSelection(text));
            };
            for glob in globs.split(',').map(str::trim).filter(|glob| !glob.is_empty()) {
                let glob =
                    Glob::in_rule(glob).ok_or_else(|| BadSelection(format!("invalid glob \"{glob}\"")))?;
                wanted.push(glob);
            }
        }
        Ok(self)
    }

    /// Without the questions that these policies would be asked: `cerbos.resource.expense.vdefault`.
    #[must_use]
    pub fn without_policies(mut self, policies: impl IntoIterator<Item = String>) -> Self {
        self.excluded.extend(policies);
        self
    }

    /// Why a pair is left out, if it is.
    pub(super) fn leaves(&self, asked: &Asked<'_>) -> Option<Left> {
        let named = |reason| Left { reason, uncounted: false };
        let filtered = |reason| Left { reason, uncounted: true };
        if let Some(pattern) = &self.pattern {
            let Asked { suite, test, principal, resource } = asked;
            let theirs = |gap: &str| {
                format!(
                    "{suite}/test_table_name:\"{test}\"{gap}principal_key:\"{principal}\"{gap}resource_key:\"{resource}\""
                )
            };
            let texts = [format!("{suite}/{test}"), theirs(" "), theirs("  ")];
            if !texts.iter().any(|text| pattern.is_match(text)) {
                return Some(named("Test name did not match the provided pattern"));
            }
        }
        for (dimension, name, reason) in [
            (SUITE, asked.suite, "Suite did not match the test filter"),
            (TEST, asked.test, "Test did not match the test filter"),
            (PRINCIPAL, asked.principal, "Principal did not match the test filter"),
            (RESOURCE, asked.resource, "Resource did not match the test filter"),
        ] {
            if !self.wants(dimension, name) {
                return Some(filtered(reason));
            }
        }
        None
    }

    /// Why an action is left out, if it is.
    pub(super) fn leaves_action(&self, action: &str) -> Option<Left> {
        let left = Left { reason: "No actions matched the test filter", uncounted: true };
        (!self.wants(ACTION, action)).then_some(left)
    }

    fn wants(&self, dimension: usize, name: &str) -> bool {
        self.wanted
            .get(dimension)
            .is_none_or(|globs| globs.is_empty() || globs.iter().any(|glob| glob.matches(name)))
    }

    /// Why a pair is left out because of the policies that it would ask, if it is.
    pub(super) fn leaves_policies(
        &self,
        (principal, principal_place): (&str, (&str, &str)),
        (kind, place): (&str, (&str, &str)),
    ) -> Option<Left> {
        if self.excluded.is_empty() {
            return None;
        }
        let excluded = |family: &str, name: &str, (version, scope): (&str, &str)| {
            let key = format!("cerbos.{}", names::key(family, name, version, scope));
            self.excluded.contains(&key)
        };
        let named = |reason| Some(Left { reason, uncounted: false });
        if excluded("principal", principal, principal_place) {
            return named("Principal matched a policy that was excluded from the bundle");
        }
        if excluded("resource", kind, place) {
            return named("Resource matched a policy that was excluded from the bundle");
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Asked<'_> = Asked { suite: "S", test: "a test", principal: "ann", resource: "doc" };

    #[test]
    fn a_pattern_finds_the_names_of_suites_and_tests() {
        for (pattern, left) in [
            ("a test", false),
            ("^S/a test$", false),
            ("principal_key:\"ann\"", false),
            ("^a test", true),
            ("bob", true),
        ] {
            let selection = Selection::default().matching(pattern).unwrap();
            assert_eq!(selection.leaves(&ASKED).is_some(), left, "{pattern}");
        }
        assert!(Selection::default().matching("[").is_err());
    }

    #[test]
    fn filters_are_added_up_by_dimension() {
        let selection = Selection::default().filtered("principal=bob;action=v*,edit").unwrap();
        let left = selection.leaves(&ASKED).unwrap();
        assert_eq!((left.reason, left.uncounted), ("Principal did not match the test filter", true));
        let selection = selection.filtered("principal=a*").unwrap();
        assert_eq!(selection.leaves(&ASKED), None);
        assert_eq!(selection.leaves_action("view"), None);
        assert!(selection.leaves_action("delete").is_some());
    }

    #[test]
    fn a_filter_that_is_none_says_so() {
        for (filter, said) in [
            ("x", "invalid filter dimension format \"x\": expected 'dimension=glob1,glob2'"),
            (
                "foo=bar",
                "unknown filter dimension \"foo\": valid dimensions are suite, test, principal, resource, action",
            ),
        ] {
            assert_eq!(Selection::default().filtered(filter).unwrap_err().0, said);
        }
    }

    #[test]
    fn questions_of_excluded_policies_are_left_out() {
        let selection =
            Selection::default().without_policies(["cerbos.resource.a_b.vdefault/acme".to_owned()]);
        let at = ("default", "acme");
        assert!(selection.leaves_policies(("u", at), ("a:b", at)).is_some());
        assert_eq!(selection.leaves_policies(("u", at), ("a:b", ("default", ""))), None);
    }
}
